'use strict';
// Last: shows what a person would see, and starts.
(() => {
  const { Stream } = page.require('WAWebStreamModel');
  const { Conn } = page.require('WAWebConnModel');
  const { Socket } = page.require('WAWebSocketModel');
  const show = (id, text) => { document.getElementById(id).textContent = text; };

  async function draw() {
    show('mode', `${Stream.mode} · ${Stream.info} · ${Socket.state}`);
    const { keys, login } = page.require('SandboxLogin');
    const { noise, identity, adv } = keys();
    const code = Conn.ref ? [Conn.ref, noise, identity, adv].join(',') : '';
    show('code', code);
    page.require('SandboxQrCode').show(code, Socket.state === 'UNPAIRED_IDLE' && (() => Socket.poke()));
    show('me', login()?.number ? `+${login().number} ${login().name}` : '');
  }

  page.require('WAWebDebugSetup').setupDebugGlobal();
  for (const model of [Stream, Conn, Socket]) model.on('change', draw);
  page.require('SandboxConnection').launch();
  draw();
})();
