'use strict';
// Incoming: the server's messages, converted for scripts.

define('SandboxReceiving', (require, exports) => {
  const MsgKey = require('WAWebMsgKey').default;
  const { addressOf, chatWith } = require('SandboxAddressBook');
  const { MsgCollection } = require('WAWebMsgCollection');
  const me = () => {
    const prefs = require('WAWebUserPrefsMeUser');
    return require('SandboxLogin').login().lids ? prefs.getMaybeMeLidUser() : prefs.getMaybeMePnUser();
  };

  /** A message of the server as WhatsApp's own raw message. */
  function raw(said, isNewMsg) {
    const chat = addressOf(said);
    const inGroup = said.chat.includes('@') && !said.from_me;
    const author = inGroup ? addressOf({ chat: said.author, lid: said.author_lid }) : undefined;
    return {
      id: new MsgKey({ fromMe: said.from_me, remote: chat, id: said.id, participant: author }),
      type: said.revoked ? 'revoked' : said.type,
      body: said.media ? undefined : said.text,
      t: Math.floor(said.t),
      from: said.from_me ? me() : chat,
      to: said.from_me ? chat : me(),
      author,
      self: said.from_me ? 'out' : 'in',
      ack: said.from_me ? said.ack : 1,
      notifyName: said.name,
      isNewMsg,
      isSendFailure: Boolean(said.error),
      ...(said.notice ? noticed(said) : {}),
      ...(said.media ? require('SandboxFiles').attributes(said.media, said.text) : {}),
    };
  }

  /** The further fields of a notice of WhatsApp's own. */
  function noticed({ notice: { people, ...more }, author, author_lid: lid }) {
    return { body: undefined, ...more, author: addressOf({ chat: author, lid }), recipients: people.map(addressOf) };
  }

  /** Messages from before this load: known, but not new. */
  exports.restore = (messages) => {
    for (const said of messages) {
      const chat = chatWith(said);
      MsgCollection.startChat(chat, Math.floor(said.t), false);
      MsgCollection.processMultipleMessages(chat.id, [raw(said, false)]);
    }
  };

  exports.receive = ({ messages }) => {
    for (const said of messages) {
      const chat = chatWith(said);
      if (!said.from_me && !said.notice) chat.unreadCount += 1;
      MsgCollection.startChat(chat, Math.floor(said.t), true);
      MsgCollection.processMultipleMessages(chat.id, [raw(said, true)]);
    }
    require('SandboxConnection').say({ op: 'got', ids: messages.map(({ id }) => id) });
  };

  /** A change of an earlier message: {kind: edit | revoke | react, message, emoji?, by, by_lid}. */
  exports.change = ({ kind, message, change_id: changeId, ...more }) => {
    require('SandboxConnection').say({ op: 'got', ids: [changeId] });
    const was = raw(message, true);
    const key = (id) => new MsgKey({ ...was.id, id });
    CHANGES[kind](was, key(changeId), more, message);
  };

  const CHANGES = {
    edit(was, key, _more, message) {
      const msg = MsgCollection.get(was.id);
      if (!msg) return;
      msg.body = message.text;
      msg.latestEditSenderTimestampMs = Date.now();
      msg.latestEditMsgKey = key;
    },

    revoke(was, key) {
      MsgCollection.processMultipleMessages(was.id.remote, [{
        ...was, id: key, type: 'protocol', subtype: 'sender_revoke', protocolMessageKey: was.id, body: undefined,
      }]);
    },

    react(was, key, { emoji, by, by_lid: byLid }) {
      const msg = MsgCollection.get(was.id);
      const from = addressOf({ chat: by, lid: byLid });
      const t = Date.now() + 1000; // wa-js drops a reaction that is older than the moment it hears of it
      if (msg) msg.hasReaction = true;
      require('WAWebAddonReactionTableMode').reactionTableMode.bulkUpsert([{
        id: key, reactionParentKey: was.id, reactionText: emoji, reactionTimestamp: t, from, author: from, read: false,
      }]);
      require('WAWebReactionsMsgAction').addOrUpdateReactionsModelCollection([{
        id: String(key),
        orphan: msg ? 0 : 1,
        orphanReason: null,
        reactionParentKey: String(was.id),
        reactionText: emoji,
        read: false,
        from,
        t,
      }]);
    },
  };

  exports.call = ({ id, video, ...person }) => {
    const CallModel = require('WAWebCallModel').default;
    const peerJid = chatWith(person).id;
    require('WAWebCallCollection').default.processIncomingCall(
      new CallModel({ id, peerJid, isVideo: video, offerTime: Math.floor(Date.now() / 1000) }));
  };
});

define('WAWebReactionsMsgAction', (_require, exports) => {
  exports.addOrUpdateReactionsModelCollection = async () => {};
});

define('WAWebCallModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  class CallModel extends BaseModel {
    getState() { return 'INCOMING_RING'; }
  }
  exports.default = defineModel(CallModel, 'call', {
    id: undefined, peerJid: undefined, isGroup: false, isVideo: false, outgoing: false, offerTime: 0,
  });
});

define('WAWebCallCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  class CallCollectionImpl extends BaseCollection {
    constructor() {
      super();
      this.calls = this._index; // an own Map that can be seen: whatsapp-web.js hears of calls through its `set`
    }

    processIncomingCall(call) {
      this.add(call);
      this.trim(50);
      return call;
    }

    setActiveCall(call) { this.activeCall = call; }
  }
  exports.default = new CallCollectionImpl();
});
