'use strict';
// The names of people, groups and messages: Wid `5491…@c.us`, `…@lid`, `…@g.us`; MsgKey `true_<chat>_<id>[_<who>]`.

define('WAWebWid', (_require, exports) => {
  class Wid {
    constructor(user, server) {
      this.server = server;
      this.user = user;
      this._serialized = `${user}@${server}`;
    }

    toString() { return this._serialized; }
    toJid() { return this._serialized.replace('@c.us', '@s.whatsapp.net'); }
    toLogString() { return this._serialized; }
    toJSON() { return this._serialized; }
    equals(other) { return Boolean(other) && String(other) === this._serialized; }
    isUser() { return this.server === 'c.us' || this.server === 'lid'; }
    isRegularUser() { return this.isUser(); }
    isRegularUserPn() { return this.server === 'c.us'; }
    isLid() { return this.server === 'lid'; }
    isGroup() { return this.server === 'g.us'; }
    isGroupCall() { return this.server === 'call'; }
    isNewsletter() { return this.server === 'newsletter'; }
    isBroadcast() { return this.server === 'broadcast'; }
    isStatusV3() { return this._serialized === 'status@broadcast'; }
    isBot() { return this.server === 'bot'; }
    isPSA() { return this._serialized === '0@c.us'; }
    isServer() { return this.server === 'server'; }

    static isWid(text) { return /^[^@\s]+@[a-z.]+$/.test(String(text)); }
    static isXWid(kind, text) { return String(text).endsWith(`@${kind}`); }
    static isUser(text) { return /@(c\.us|lid)$/.test(String(text)); }
    static isGroup(text) { return Wid.isXWid('g.us', text); }
    static isLid(text) { return Wid.isXWid('lid', text); }
    static isNewsletter(text) { return Wid.isXWid('newsletter', text); }
    static isBroadcast(text) { return Wid.isXWid('broadcast', text); }
    static isStatusV3(text) { return String(text) === 'status@broadcast'; }
  }
  exports.default = Wid;
});

define('WAWebWidFactory', (require, exports) => {
  const Wid = require('WAWebWid').default;

  /** Throws if `text` is not an address. A device part (`:12`) is left out: chats are with people. */
  function createWid(text) {
    const [, user, server] = /^([^@\s:]+)(?::\d+)?@([a-z.]+)$/.exec(String(text)) ?? [];
    if (!user) throw new Error(`wid error: invalid wid "${text}"`);
    return new Wid(user, server === 's.whatsapp.net' ? 'c.us' : server);
  }

  const createUserWidOrThrow = (user, server = 'c.us') => createWid(`${String(user).split('@')[0]}@${server}`);

  Object.assign(exports, {
    createWid,
    createUserWidOrThrow,
    createUserLidOrThrow: (user) => createUserWidOrThrow(user, 'lid'),
    createWidFromWidLike: (like) => createWid(like._serialized ?? `${like.user}@${like.server}`),
    isWidlike: (thing) => typeof thing?.user === 'string' && typeof thing?.server === 'string',
    asUserWidOrThrow: (wid) => createWid(wid),
    asChatWid: (wid) => createWid(wid),
  });
});

define('WAWebMsgKey', (require, exports) => {
  const { createWid } = require('WAWebWidFactory');

  class MsgKey {
    constructor(parts) {
      if (!parts) throw new Error('MsgKey error: obj is null/undefined');
      this.fromMe = parts.fromMe ?? parts.selfDir === 'out';
      const remote = parts.remote ?? (parts.selfDir === 'out' ? parts.to : parts.from);
      this.remote = typeof remote === 'string' ? createWid(remote) : remote;
      this.id = parts.id;
      if (parts.participant) this.participant = parts.participant;
      const fields = [this.fromMe, this.remote, this.id, this.participant];
      const written = fields.filter((field) => field !== undefined).join('_');
      // Current builds keep the text in a minified field: `_serialized` is missing.
      if (page.classic) this._serialized = written;
      else this.$1 = written;
    }

    equals(other) { return String(other) === String(this); }
    clone() { return new MsgKey(this); }

    static fromString(text) {
      const [, fromMe, remote, id, participant] = /^(true|false)_([^_]+)_([^_]+)(?:_(.+))?$/.exec(String(text)) ?? [];
      if (!id) throw new Error(`MsgKey error: cannot read "${text}"`);
      return new MsgKey({ fromMe: fromMe === 'true', remote, id, participant: participant && createWid(participant) });
    }

    static newId() {
      const bytes = crypto.getRandomValues(new Uint8Array(9));
      return `3EB0${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('').toUpperCase()}`;
    }

    static from(thing) { return thing instanceof MsgKey ? thing : MsgKey.fromString(thing); }
  }
  MsgKey.prototype.toString = page.classic
    ? function toString() { return this._serialized; }
    : function toString() { return this.$1; };
  exports.default = MsgKey;
});
