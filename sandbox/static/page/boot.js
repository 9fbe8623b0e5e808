'use strict';
// Last: shows what a person would see, and starts.
(() => {
  const { Stream } = window.require('WAWebStreamModel');
  const { Conn } = window.require('WAWebConnModel');
  const { Socket } = window.require('WAWebSocketModel');
  const show = (id, text) => { document.getElementById(id).textContent = text; };

  async function draw() {
    show('mode', `${Stream.mode} · ${Stream.info} · ${Socket.state}`);
    const { keys, login } = window.require('SandboxLogin');
    const { noise, identity, adv } = keys();
    show('code', Conn.ref ? [Conn.ref, noise, identity, adv].join(',') : '');
    show('me', login()?.number ? `+${login().number} ${login().name}` : '');
  }

  for (const model of [Stream, Conn, Socket]) model.on('change', draw);
  window.require('SandboxConnection').launch();
  draw();
})();
