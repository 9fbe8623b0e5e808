'use strict';
// Messages: the model, the collection of all of them, and the enums of their states.

define('WAWebAck', (_require, exports) => {
  exports.ACK = {
    MD_DOWNGRADE: -7, INACTIVE: -6, CONTENT_UNUPLOADABLE: -5, CONTENT_TOO_BIG: -4, CONTENT_GONE: -3, EXPIRED: -2,
    FAILED: -1, CLOCK: 0, SENT: 1, RECEIVED: 2, READ: 3, PLAYED: 4, PEER: 5,
  };
  exports.ACK_STRING = {
    SENDER: 'sender', DELIVERY: 'delivery', READ: 'read', PLAYED: 'played', INACTIVE: 'inactive',
    READ_SELF: 'read-self', PLAYED_SELF: 'played-self',
  };
  exports.EDIT_ATTR = { SENDER_REVOKE: 7, ADMIN_REVOKE: 8 };
});

define('WAWebSendMsgResultAction', (_require, exports) => {
  const names = ['OK', 'ERROR_NETWORK', 'ERROR_EXPIRED', 'ERROR_CANCELLED', 'ERROR_UPLOAD', 'ERROR_UNKNOWN', 'ERROR_RATE_LIMIT'];
  exports.SendMsgResult = Object.fromEntries(names.map((name) => [name, name]));
});

// As in release 2.3000.1044822804. Types that the page itself writes are in SYSTEM_MESSAGE_TYPES.
define('WAWebMsgType', (_require, exports) => {
  const SYSTEM = [
    'broadcast_notification', 'call_log', 'debug', 'e2e_notification', 'gp2', 'newsletter_notification', 'notification',
    'notification_template', 'protocol', 'pinned_message', 'poll_add_option_decrypted',
  ];
  const PEOPLES = [
    'album', 'audio', 'buttons_response', 'chat', 'ciphertext', 'document', 'event_creation', 'groups_v4_invite',
    'history_bundle', 'image', 'interactive', 'list', 'list_response', 'location', 'multi_vcard', 'order', 'payment',
    'poll_creation', 'poll_update', 'product', 'ptt', 'ptv', 'reaction', 'revoked', 'sticker', 'template_button_reply',
    'unknown', 'vcard', 'video',
  ];
  exports.MSG_TYPE = Object.fromEntries([...SYSTEM, ...PEOPLES].map((type) => [type.toUpperCase(), type]));
  exports.SYSTEM_MESSAGE_TYPES = SYSTEM;
});

define('WAWebMsgModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  class Msg extends BaseModel {
    get sender() { return this.author ?? this.from; }
    get senderObj() { return { id: this.sender, isMe: this.id.fromMe }; }
    get chat() { return require('WAWebChatCollection').ChatCollection.get(this.id.remote); }
    get isNotification() { return require('WAWebMsgType').SYSTEM_MESSAGE_TYPES.includes(this.type); }

    updateAck(ack) {
      if (ack > this.ack || ack < 0) this.ack = ack;
    }

    /** The content of a reply to this message. */
    msgContextInfo(_chatId) {
      return { quotedMsg: this.toJSON(), quotedStanzaID: this.id.id, quotedParticipant: this.sender };
    }

    downloadMedia(options) { return require('SandboxDownload').download(this, options); }
  }
  exports.Msg = defineModel(Msg, 'msg', {
    id: undefined, body: undefined, type: 'chat', subtype: undefined, t: undefined, from: undefined, to: undefined,
    author: undefined, self: undefined, ack: 0, isNewMsg: false, notifyName: undefined, star: false, invis: false,
    local: false,
    lat: undefined, lng: undefined, loc: undefined,
    caption: undefined, filename: undefined, mimetype: undefined, size: undefined, filehash: undefined,
    mediaKey: undefined, directPath: undefined, latestEditMsgKey: undefined, latestEditSenderTimestampMs: undefined,
    isViewOnce: false, isGif: false, waveform: undefined,
    hasReaction: false,
    quotedMsg: undefined, quotedStanzaID: undefined, quotedParticipant: undefined, mentionedJidList: undefined,
    isForwarded: false, forwardingScore: 0, isViewOnce: false, duration: undefined,
    title: undefined, description: undefined, canonicalUrl: undefined, matchedText: undefined, thumbnail: undefined,
    vcardFormattedName: undefined, vcardList: undefined,
    pollName: undefined, pollOptions: undefined, pollSelectableOptionsCount: undefined,
    selectedButtonId: undefined, selectedId: undefined, listResponse: undefined,
    isLive: false,
    recipients: undefined, templateParams: undefined, callOutcome: undefined, isVideoCall: undefined,
    callDuration: undefined, isSendFailure: false,
  });
});

define('WAWebChatMsgsCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  exports.ChatMsgsCollection = class ChatMsgsCollection extends BaseCollection {};
});

define('WAWebMsgCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  const { Msg } = require('WAWebMsgModel');
  const KEPT = 5000; // messages in memory; the page is not the archive
  const KEPT_IN_CHAT = 500;
  const REVOKES = new Set(['revoke', 'sender_revoke', 'admin_revoke']);

  class MsgCollectionImpl extends BaseCollection {
    /** Stores the messages that arrived for one chat. A revoke is a message of its own and empties its target. */
    async processMultipleMessages(chatId, messages) {
      const chat = require('WAWebChatCollection').ChatCollection.get(chatId);
      return messages.map((raw) => (REVOKES.has(raw.subtype) ? this._protocol(raw) : this.keep(chat, new Msg(raw))));
    }

    /** The notice that a chat is encrypted, which WhatsApp Web writes before the first message of each. */
    startChat(chat, t, isNewMsg) {
      if (!chat.id.isUser() || chat.msgs.length) return;
      const MsgKey = require('WAWebMsgKey').default;
      const id = new MsgKey({ fromMe: false, remote: chat.id, id: `3EE2${chat.id.user.padStart(16, '0')}` });
      this.keep(chat, new Msg({ id, type: 'e2e_notification', subtype: 'encrypt', t, from: chat.id, isNewMsg }));
    }

    /** Adds `msg` to its chat and to all messages, unless it exists. Returns the stored message. */
    keep(chat, msg) {
      const known = this.get(msg.id);
      if (known) return known;
      chat?.msgs.add(msg);
      chat?.msgs.trim(KEPT_IN_CHAT);
      this.add(msg);
      this.trim(KEPT);
      if (chat) chat.set({ t: msg.t, lastReceivedKey: msg.id });
      return msg;
    }

    _protocol(raw) {
      const meant = this.get(raw.protocolMessageKey);
      if (meant) meant.set({ type: 'revoked', body: undefined, subtype: 'sender' });
      return meant;
    }
  }
  exports.MsgCollection = new MsgCollectionImpl();
});

define('SandboxReceipts', (require, exports) => {
  /**
   * Other people's receipts: {externalIds, from, ack, ackString, participant, recipient}. In a group each member's is told,
   * and the message has the least of all, `all`.
   */
  exports.settle = ({ externalIds, from, ack, all = ack }) => {
    const MsgKey = require('WAWebMsgKey').default;
    const { MsgCollection } = require('WAWebMsgCollection');
    // In groups and statuses the key has a participant too.
    const find = (id) => (from.isUser()
      ? MsgCollection.get(new MsgKey({ fromMe: true, remote: from, id }))
      : MsgCollection.findFirst((msg) => msg.id.fromMe && msg.id.id === id));
    for (const id of externalIds) find(id)?.updateAck(all);
  };
});

define('WAWebHandleDirectChatReceipt', (require, exports) => {
  exports.handleChatSimpleReceipt = async (receipt) => require('SandboxReceipts').settle(receipt);
});

define('WAWebHandleGroupChatReceipt', (require, exports) => {
  exports.handleGroupSimpleReceipt = async (receipt) => require('SandboxReceipts').settle(receipt);
});

define('WAWebHandleStatusReceipt', (require, exports) => {
  exports.handleStatusSimpleReceipt = async (receipt) => require('SandboxReceipts').settle(receipt);
});

define('WAWebChatMessageSearch', (require, exports) => {
  /** The messages around one, from the page's storage. */
  exports.getSearchContext = (given) => {
    const { ChatMsgsCollection } = require('WAWebChatMsgsCollection');
    const { Msg } = require('WAWebMsgModel');
    const collection = new ChatMsgsCollection();
    const found = require('SandboxStorage').read(given.msgKey, 1, 'at');
    collection.loadAroundPromise = found.then((raws) => { collection.add((raws ?? []).map((raw) => new Msg(raw))); });
    return { collection, highlightMsg: true };
  };
});

define('WAWebQuotedMsgModelUtils', (require, exports) => {
  exports.getQuotedMsgObj = (msg) =>
    require('WAWebMsgCollection').MsgCollection.findFirst((one) => one.id.id === msg.quotedStanzaID);
});
