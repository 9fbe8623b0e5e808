'use strict';
// The stream: Noise_XX_25519_AESGCM_SHA256 as the client drives it, over WhatsApp's WebSocket.

const noise = (() => {
  const NAME = bytes.utf8('Noise_XX_25519_AESGCM_SHA256\0\0\0\0');
  const PROLOGUE = bytes.concat(bytes.utf8('WA'), [6, 3]);
  const ADDRESS = 'wss://web.whatsapp.com/ws/chat';
  /** WhatsApp's root of certificates, under which its page takes a server for WhatsApp's. */
  const ROOT = '142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b';

  const framed = (data) => bytes.concat(bytes.big(data.length, 3), data);

  /** The state of the handshake; each step changes it. */
  function handshake() {
    const state = { hash: NAME, chain: NAME, key: NAME, count: 0 };
    const mixHash = async (...parts) => { for (const part of parts) state.hash = await bytes.sha256(state.hash, part); };
    const derive = async (secret) => {
      const both = await bytes.hkdf(secret, state.chain, '', 64);
      return [both.slice(0, 32), both.slice(32)];
    };
    return {
      mixHash,
      split: () => derive(new Uint8Array()),
      async mixKey(secret) {
        [state.chain, state.key] = await derive(secret);
        state.count = 0;
      },
      async seal(data) {
        const sealed = await bytes.seal(state.key, state.count++, data, state.hash);
        await mixHash(sealed);
        return sealed;
      },
      async open(sealed) {
        const data = await bytes.open(state.key, state.count++, sealed, state.hash);
        await mixHash(sealed);
        return data;
      },
    };
  }

  async function check(chain, serverKey) {
    const { 1: leaf, 2: intermediate } = proto.read(chain);
    const [of, above] = [proto.read(leaf), proto.read(intermediate)];
    await curve.verify(bytes.unhex(ROOT), above[1], above[2]);
    await curve.verify(proto.read(above[1])[3], of[1], of[2]);
    if (bytes.hex(proto.read(of[1])[3]) !== bytes.hex(serverKey)) throw new Error('the certificate is of another key');
  }

  /**
   * Opens a stream. `ours` is the pair of the device, `payload` what it says of itself; `hear(node)` gets each node,
   * `ended()` is called once. Returns {send, close}, which may be used at once.
   */
  function connect(ours, payload, hear, ended) {
    const socket = new WebSocket(ADDRESS);
    socket.binaryType = 'arraybuffer';
    const frames = [];
    let buffer = new Uint8Array();
    let wake = () => {};
    let keys;
    let sent = 0;
    let read = 0;
    let writing;

    const frame = async () => {
      while (!frames.length) await new Promise((come) => { wake = come; });
      return frames.shift();
    };
    socket.onmessage = ({ data }) => {
      buffer = bytes.concat(buffer, new Uint8Array(data));
      while (buffer.length >= 3 && buffer.length >= 3 + bytes.number(buffer.slice(0, 3))) {
        const end = 3 + bytes.number(buffer.slice(0, 3));
        frames.push(buffer.slice(3, end));
        buffer = buffer.slice(end);
      }
      wake();
    };
    socket.onclose = () => frames.push(null) && wake();

    async function shake() {
      await new Promise((open, failed) => { socket.onopen = open; socket.onerror = failed; });
      const ephemeral = curve.pair();
      const step = handshake();
      socket.send(bytes.concat(PROLOGUE, framed(proto.write([2, proto.write([1, ephemeral.public])]))));
      const hello = proto.read(proto.read(await frame())[3]);
      await step.mixHash(PROLOGUE, ephemeral.public, hello[1]);
      await step.mixKey(curve.agree(ephemeral.secret, hello[1]));
      const serverKey = await step.open(hello[2]);
      await step.mixKey(curve.agree(ephemeral.secret, serverKey));
      await check(await step.open(hello[3]), serverKey);
      const sealed = await step.seal(ours.public);
      await step.mixKey(curve.agree(ours.secret, hello[1]));
      const finish = proto.write([1, sealed], [2, await step.seal(payload)]);
      keys = await step.split();
      socket.send(framed(proto.write([4, finish])));
    }

    async function run() {
      await shake();
      for (;;) {
        const data = await frame();
        if (data === null) return;
        await hear(nodes.read(await bytes.open(keys[1], read++, data)));
      }
    }
    const shaken = run().catch((error) => console.error('the stream failed', error)).finally(() => {
      socket.close();
      ended();
    });
    return {
      shaken,
      /** Sends a node, after those before it. */
      send(node) {
        const count = sent++;
        const before = writing;
        writing = (async () => {
          await before;
          if (socket.readyState === 1) socket.send(framed(await bytes.seal(keys[0], count, nodes.write(node))));
        })();
        return writing;
      },
      close() {
        frames.push(null);
        wake();
      },
    };
  }

  return { connect };
})();
