'use strict';
// Messages between two devices: an agreement by prekeys, then the double ratchet, as sandbox/protocol/signal.py.
// A message that comes late, after a later one of its chain, is not read. All state is plain, so that it can be stored.

const signal = (() => {
  const VERSION = [0x33];
  const MAC = 8;
  const NO_SALT = new Uint8Array(32);
  const typed = (key) => bytes.concat([5], key);
  const rootOf = async (agreed) => (await bytes.hkdf(bytes.concat(new Uint8Array(32).fill(255), ...agreed), NO_SALT, 'WhisperText', 64)).slice(0, 32);

  async function turn(session, theirs) {
    const both = await bytes.hkdf(curve.agree(session.pair.secret, theirs), session.root, 'WhisperRatchet', 64);
    session.root = both.slice(0, 32);
    return { key: both.slice(32), counter: 0 };
  }

  async function start(session, theirs) {
    session.previous = session.sending?.counter ?? 0;
    session.pair = curve.pair();
    session.sending = await turn(session, theirs);
  }

  async function keysOf(chain) {
    const seed = await bytes.hmac(chain.key, [1]);
    chain.key = await bytes.hmac(chain.key, [2]);
    chain.counter += 1;
    const all = await bytes.hkdf(seed, NO_SALT, 'WhisperMessageKeys', 80);
    return { cipher: all.slice(0, 32), mac: all.slice(32, 64), iv: all.slice(64) };
  }

  async function encrypt(session, plain) {
    const { counter } = session.sending;
    const { cipher, mac, iv } = await keysOf(session.sending);
    const body = await bytes.cbc('encrypt', cipher, iv, plain);
    const message = bytes.concat(VERSION, proto.write([1, typed(session.pair.public)], [2, counter], [3, session.previous], [4, body]));
    const whole = bytes.concat(message, (await bytes.hmac(mac, session.ours, session.theirs, message)).slice(0, MAC));
    if (!session.introduction) return ['msg', whole];
    return ['pkmsg', bytes.concat(VERSION, session.introduction, proto.write([4, whole]))];
  }

  async function decrypt(session, data) {
    const [body, code] = [data.slice(0, -MAC), data.slice(-MAC)];
    const message = proto.read(body.slice(1));
    const key = message[1].slice(1);
    if (!session.receiving || bytes.hex(session.receivingKey) !== bytes.hex(key)) {
      session.receiving = await turn(session, key);
      session.receivingKey = key;
      await start(session, key);
    }
    while (session.receiving.counter < (message[2] ?? 0)) await keysOf(session.receiving);
    const { cipher, mac, iv } = await keysOf(session.receiving);
    const right = (await bytes.hmac(mac, session.theirs, session.ours, body)).slice(0, MAC);
    if (bytes.hex(code) !== bytes.hex(right)) throw new Error('the authentication code of a message is wrong');
    session.introduction = null;
    return bytes.cbc('decrypt', cipher, iv, message[4]);
  }

  /** A session towards a device whose keys are {registration, identity, skey: {id, value, signature}, key: {id, value}}. */
  async function begin(own, theirs) {
    await curve.verify(theirs.identity, typed(theirs.skey.value), theirs.skey.signature);
    const base = curve.pair();
    const root = await rootOf([
      curve.agree(own.identity.secret, theirs.skey.value), curve.agree(base.secret, theirs.identity),
      curve.agree(base.secret, theirs.skey.value), curve.agree(base.secret, theirs.key.value),
    ]);
    const introduction = proto.write([1, bytes.number(theirs.key.id)], [2, typed(base.public)], [3, typed(own.identity.public)],
      [5, own.registration], [6, bytes.number(theirs.skey.id)]);
    const session = { ours: typed(own.identity.public), theirs: typed(theirs.identity), root, pair: base, introduction, previous: 0 };
    await start(session, theirs.skey.value);
    return session;
  }

  /** The session that a first message opens, and the message in it: {session, message}. */
  async function met(own, data) {
    const first = proto.read(data.slice(1));
    const [base, identity] = [first[2].slice(1), first[3].slice(1)];
    const agreed = [curve.agree(own.signed.secret, identity), curve.agree(own.identity.secret, base), curve.agree(own.signed.secret, base)];
    if (first[1] !== undefined) agreed.push(curve.agree(own.prekeys[first[1]].secret, base));
    const session = {
      ours: typed(own.identity.public), theirs: first[3], root: await rootOf(agreed), pair: own.signed, base: bytes.hex(base), previous: 0,
    };
    return { session, message: first[4], base: bytes.hex(base) };
  }

  return { encrypt, decrypt, begin, met, typed };
})();
