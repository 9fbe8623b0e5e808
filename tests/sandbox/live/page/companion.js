'use strict';
// The device behind the page: in place of the sandbox's own wire, `/link`, it speaks WhatsApp's protocol, and tells the
// page in the sandbox's words what it has heard. Keys, login and sessions are kept in the page's storage.

(() => {
  const STORED = 'companion';
  const SHOWN = 'whatsapp-sandbox-keys'; // the public halves that the page's QR shows
  const [FIRST, NEXT] = [60, 20]; // seconds of a code
  const PREKEYS = 5;
  const NONE = ['history', 'chats', 'people', 'labels'];
  const { WebSocket } = window;
  const later = window.setTimeout.bind(window);

  // --- what is kept

  const packed = (_name, value) => (value instanceof Uint8Array ? { bytes: bytes.hex(value) } : value);
  const unpacked = (_name, value) => (typeof value?.bytes === 'string' ? bytes.unhex(value.bytes) : value);
  const shown = () => JSON.parse(localStorage.getItem(SHOWN) ?? 'null');
  const keep = () => localStorage.setItem(STORED, JSON.stringify(own, packed));

  function made() {
    const prekeys = Object.fromEntries(Array.from({ length: PREKEYS }, (_, place) => [place + 1, curve.pair()]));
    const [noisePair, identity, signed] = [curve.pair(), curve.pair(), curve.pair()];
    const registration = bytes.number(bytes.random(2)) & 16383;
    const [a, b, c] = [noisePair.public, identity.public, bytes.random(32)].map(bytes.base64);
    localStorage.setItem(SHOWN, JSON.stringify({ noise: a, identity: b, adv: c }));
    return { noise: noisePair, identity, signed, registration, prekeys, sessions: {}, numbers: {}, login: null, published: false };
  }

  let own = JSON.parse(localStorage.getItem(STORED) ?? 'null', unpacked);
  if (!own || shown()?.identity !== bytes.base64(own.identity.public)) { // none yet, or erased by a logout
    own = made();
    keep();
  }

  const user = (jid) => jid.split('@')[0].split(':')[0];
  /** One address for a person's sessions, whether by number or by LID. */
  const owner = (jid) => (jid.endsWith('@lid') ? own.numbers[user(jid)] ?? user(jid) : user(jid));
  const learn = (lid, number) => { if (lid && number) own.numbers[user(lid)] = user(number); };
  const lidOf = (number) => Object.keys(own.numbers).find((lid) => own.numbers[lid] === number);

  // --- the device

  let current = null; // the newest link

  class Link {
    constructor() {
      current = this;
      this.readyState = 0;
      this.questions = new Map();
      this.asked = 0;
      this.held = null; // messages that wait for the end of a login
      later(() => {
        this.readyState = 1;
        this.onopen();
      });
    }

    send(text) {
      const said = JSON.parse(text);
      const act = OPS[said.op];
      if (act) act(this, said);
      else if (said.rid) this.tell({ op: 'answer', rid: said.rid });
    }

    tell(message) { this.onmessage({ data: JSON.stringify(message) }); }

    /** Opens a stream in place of the one before. */
    async connect(payload) {
      this.leave();
      const stream = noise.connect(own.noise, await payload, (node) => HEARD[node.tag]?.(this, node), () => {
        if (this.stream !== stream) return;
        this.readyState = 3;
        this.onclose();
      });
      this.stream = stream;
    }

    leave() {
      const { stream } = this;
      this.stream = null;
      stream?.close();
    }

    say(node) { return this.stream?.send(node); }

    /** Resolves with the answer to a question of the page. */
    ask(xmlns, type, ...content) {
      const id = `page-${++this.asked}`;
      const answered = new Promise((resolve) => this.questions.set(id, resolve));
      this.say({ tag: 'iq', attrs: { id, xmlns, type, to: 's.whatsapp.net' }, content });
      return answered;
    }
  }

  async function registered() {
    const { signed, identity, registration } = own;
    const signature = await curve.sign(identity.secret, signal.typed(signed.public));
    return proto.write([19, proto.write([1, bytes.big(registration, 4)], [2, Uint8Array.of(5)], [3, identity.public],
      [4, bytes.big(1, 3)], [5, signed.public], [6, signature])]);
  }

  const loggedIn = () => proto.write([1, BigInt(own.login.number)], [3, 0], [18, 1]);

  function showCodes(link, refs) {
    const { stream } = link;
    const show = ([ref, ...others], ttl) => {
      if (link.stream !== stream || own.login) return;
      if (!ref) return link.tell({ op: 'idle' });
      link.tell({ op: 'code', ref, ttl: ttl * 1000 });
      later(() => show(others, NEXT), ttl * 1000);
    };
    show(refs, FIRST);
  }

  async function accept(link, node, success) {
    const sealed = proto.read(nodes.child(success, 'device-identity').content);
    const proof = await bytes.hmac(bytes.unbase64(shown().adv), sealed[1]);
    if (bytes.hex(proof) !== bytes.hex(sealed[2])) throw new Error('the phone has not seen this code');
    const signed = proto.read(sealed[1]);
    await curve.verify(signed[2], bytes.concat([6, 0], signed[1], own.identity.public), signed[3]);
    const { jid, lid } = nodes.child(success, 'device').attrs;
    own.login = { token: 'stored here', device: 1, number: user(jid), lid: user(lid), name: '', lids: true };
    keep();
    link.say({ tag: 'iq', attrs: { id: node.attrs.id, type: 'result', to: 's.whatsapp.net' }, content: [{ tag: 'pair-device-sign' }] });
  }

  async function catchUp(link) {
    if (!own.published) {
      const list = Object.entries(own.prekeys).map(([id, { public: value }]) => (
        { tag: 'key', content: [{ tag: 'id', content: bytes.big(Number(id), 3) }, { tag: 'value', content: value }] }));
      await link.ask('encrypt', 'set', { tag: 'list', content: list });
      own.published = true;
      keep();
    }
    await link.ask('passive', 'set', { tag: 'active' });
  }

  async function decrypted(address, { attrs, content }) {
    const sessions = own.sessions[address] ??= [];
    if (attrs.type === 'pkmsg') {
      const first = await signal.met(own, content);
      const known = sessions.find(({ base }) => base === first.base);
      if (!known) sessions.push(first.session);
      return signal.decrypt(known ?? first.session, first.message);
    }
    return signal.decrypt(sessions.at(-1), content);
  }

  async function receive(link, { attrs, ...node }) {
    learn(attrs.from, attrs.sender_pn);
    const plain = await decrypted(owner(attrs.from), nodes.child(node, 'enc'));
    const message = proto.read(plain.slice(0, -plain.at(-1)));
    keep();
    link.say({ tag: 'receipt', attrs: { id: attrs.id, to: attrs.from } });
    const text = message[1] ?? (message[6] && proto.read(message[6])[1]);
    if (attrs.category === 'peer' || !text) return;
    const said = {
      id: attrs.id, chat: owner(attrs.from), lid: user(attrs.from), name: attrs.notify ?? '', author_name: attrs.notify ?? '',
      type: 'chat', text: bytes.text(text), t: Number(attrs.t), from_me: false, mentions: [], reactions: [],
    };
    if (link.held) link.held.push(said);
    else link.tell({ op: 'messages', messages: [said] });
  }

  async function bundle(link, jid) {
    const answer = await link.ask('encrypt', 'get', { tag: 'key', content: [{ tag: 'user', attrs: { jid } }] });
    const theirs = nodes.child(nodes.child(answer, 'list'), 'user');
    const values = (node) => Object.fromEntries(node.content.map((one) => [one.tag, Array.isArray(one.content) ? values(one) : one.content]));
    return values(theirs);
  }

  async function send(link, { id, to, text }) {
    const jid = to.replace('@c.us', '@s.whatsapp.net');
    const sessions = own.sessions[owner(jid)] ??= [];
    if (!sessions.length) sessions.push(await signal.begin(own, await bundle(link, jid)));
    const [type, content] = await signal.encrypt(sessions.at(-1), bytes.concat(proto.write([1, text]), [1]));
    keep();
    const enc = { tag: 'enc', attrs: { v: 2, type }, content };
    link.say({ tag: 'message', attrs: { id, to: jid, type: 'text' }, content: [{ tag: 'participants', content: [{ tag: 'to', attrs: { jid }, content: [enc] }] }] });
  }

  /** {chat, lid, name} of an address, or null. */
  async function person(link, address) {
    const byNumber = address.endsWith('@c.us');
    const asked = byNumber ? { tag: 'user', content: [{ tag: 'contact', content: bytes.utf8(`+${user(address)}`) }] } : { tag: 'user', attrs: { jid: address } };
    const answer = await link.ask('usync', 'get', { tag: 'usync', attrs: { mode: 'query', context: 'interactive' }, content: [
      { tag: 'query', content: [{ tag: 'contact' }, { tag: 'lid' }] }, { tag: 'list', content: [asked] }] });
    const found = nodes.child(nodes.child(nodes.child(answer, 'usync'), 'list'), 'user');
    if (!found) return null;
    const lid = nodes.child(found, 'lid').attrs.val;
    if (byNumber) learn(lid, address);
    keep();
    return { chat: owner(lid), lid: user(lid), name: '' };
  }

  const answer = (link, { rid }, more = {}) => link.tell({ op: 'answer', rid, ...more });
  const OPS = {
    hello: (link, { token }) => void link.connect(token ? loggedIn() : registered()),
    refresh: (link) => void link.connect(registered()),
    down: (link) => link.leave(),
    send: (link, said) => void send(link, said).catch((error) => console.error('a message was not sent', error)),
    person: async (link, said) => answer(link, said, { found: await person(link, said.address) }),
    exists: async (link, said) => answer(link, said, { found: await person(link, said.address) }),
    keepalive: async (link, said) => answer(link, said, { told: (await link.ask('w:p', 'get')).attrs.type }),
  };

  const receipt = (link, { attrs }) => link.tell(
    { op: 'receipt', ids: [attrs.id], ack: attrs.type === 'read' ? 3 : 2, chat: owner(attrs.from), lid: attrs.from.endsWith('@lid') ? user(attrs.from) : lidOf(user(attrs.from)) });

  const HEARD = {
    iq(link, node) {
      const [content] = node.content ?? [];
      if (content?.tag === 'pair-device') {
        link.say({ tag: 'iq', attrs: { id: node.attrs.id, type: 'result', to: 's.whatsapp.net' } });
        showCodes(link, content.content.map((ref) => bytes.text(ref.content)));
      } else if (content?.tag === 'pair-success') return accept(link, node, content);
      link.questions.get(node.attrs.id)?.(node);
      return undefined;
    },

    success(link) {
      link.held = [];
      const nothing = Object.fromEntries(NONE.map((name) => [name, []]));
      link.tell({ op: 'welcome', login: own.login, business: false, ...nothing });
      catchUp(link);
    },

    ib(link, node) {
      if (!nodes.child(node, 'offline')) return;
      const messages = link.held;
      link.held = null;
      link.tell({ op: 'synced' });
      if (messages.length) link.tell({ op: 'messages', messages });
    },

    message: receive,
    ack: (link, { attrs }) => attrs.class === 'message' && link.tell({ op: 'ack', id: attrs.id, ack: 1, result: 'OK', t: Number(attrs.t), chat: owner(attrs.from), lid: lidOf(owner(attrs.from)) }),
    receipt,
    failure: (link, { attrs }) => link.tell({ op: 'failure', code: Number(attrs.reason), temp_ban: { until: 0 } }),

    'stream:error': (link, node) => {
      const { type } = nodes.child(node, 'conflict')?.attrs ?? {};
      link.leave();
      if (node.attrs.code === '515') link.tell({ op: 'paired', login: own.login, migrated: true });
      else link.tell({ op: type === 'replaced' ? 'replaced' : 'removed' });
    },
  };

  window.WebSocket = Object.assign(
    function open(address, ...more) { return String(address).endsWith('/link') ? new Link() : new WebSocket(address, ...more); },
    { OPEN: WebSocket.OPEN },
  );

  // The page leaves at once when its user logs out; WhatsApp's page asks its server first, and so does this one.
  document.addEventListener('DOMContentLoaded', () => window.requireLazy(['SandboxLogout', 'SandboxConnection'], (logout) => {
    logout.logoutByUser = async () => {
      const { lid } = own.login;
      await current?.ask('md', 'set', { tag: 'remove-companion-device', attrs: { jid: `${lid}:1@lid`, reason: 'user_initiated' } });
      logout.logout({ reason: 'user_initiated' });
    };
  }));
})();
