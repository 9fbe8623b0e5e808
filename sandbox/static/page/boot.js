'use strict';
// Shows the page's display, and starts as soon as everything that the connection needs has loaded.
window.requireLazy([
  'WAWebStreamModel', 'WAWebConnModel', 'WAWebSocketModel', 'SandboxLogin', 'SandboxQrText', 'SandboxQrCode',
  'WAWebUserPrefsMultiDevice', 'SandboxConnection', 'WAWebDebugSetup',
], ({ Stream }, { Conn }, { Socket }, storage, text, drawing, secrets, connection, debug) => {
  const show = (id, text) => { document.getElementById(id).textContent = text; };

  async function draw() {
    show('mode', `${Stream.mode} · ${Stream.info} · ${Socket.state}`);
    const { login } = storage;
    const code = text.ofQr();
    show('code', code);
    drawing.show(code, Socket.state === 'UNPAIRED_IDLE' && (() => Socket.poke()));
    show('me', login()?.number ? `+${login().number} ${login().name}` : '');
  }

  page.loaded.then(() => {
    require('SandboxMarks').listen(require('WAWebCmd').Cmd);
    require('SandboxPresence').listen(Stream);
  });
  page.loaded.then(debug.setupDebugGlobal); // whoever waits for Debug.VERSION takes it that every module is there
  for (const model of [Stream, Conn, Socket]) model.on('change', draw);
  secrets.advSecretEventEmitter.on('change', draw);
  connection.launch();
  draw();
});
