'use strict';
// Shows what a person would see, and starts: as soon as everything that the connection needs is there.
window.requireLazy([
  'WAWebStreamModel', 'WAWebConnModel', 'WAWebSocketModel', 'SandboxLogin', 'SandboxQrCode', 'SandboxConnection',
  'WAWebDebugSetup',
], ({ Stream }, { Conn }, { Socket }, storage, drawing, connection, debug) => {
  const show = (id, text) => { document.getElementById(id).textContent = text; };

  async function draw() {
    show('mode', `${Stream.mode} · ${Stream.info} · ${Socket.state}`);
    const { keys, login } = storage;
    const { noise, identity, adv } = keys();
    const code = Conn.ref ? [Conn.ref, noise, identity, adv].join(',') : '';
    show('code', code);
    drawing.show(code, Socket.state === 'UNPAIRED_IDLE' && (() => Socket.poke()));
    show('me', login()?.number ? `+${login().number} ${login().name}` : '');
  }

  page.loaded.then(debug.setupDebugGlobal); // whoever waits for Debug.VERSION takes it that every module is there
  for (const model of [Stream, Conn, Socket]) model.on('change', draw);
  connection.launch();
  draw();
});
