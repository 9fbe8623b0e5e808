'use strict';
// Outgoing: a message is shown with a clock, brought to the server, and acknowledged or not.
// Messages without the server's acknowledgement are sent again after each reconnection, under the same id. If an answer
// is missing for long, the page drops its connection and opens another.

define('WAWebSendMsgChatAction', (require, exports) => {
  /** Resolves twice: the message as soon as it is shown, the result once the server has answered (perhaps never). */
  exports.addAndSendMsgToChat = (chat, raw) => {
    const { Msg } = require('WAWebMsgModel');
    const { MsgCollection } = require('WAWebMsgCollection');
    MsgCollection.startChat(chat, raw.t, true);
    const msg = MsgCollection.keep(chat, new Msg(raw));
    return [Promise.resolve(msg), require('SandboxSending').bring(chat, msg)];
  };
});

define('SandboxSending', (require, exports) => {
  const unacknowledged = new Map(); // bare id -> {message, brought, msg, resolve}, in the order of sending

  /** Brings `msg`, and `more` with it, to the server. Resolves with WhatsApp's {messageSendResult, t, count}. */
  exports.bring = (chat, msg, more) => {
    const text = msg.body ?? msg.caption ?? '';
    const style = chat.id.isStatusV3() ? { style: { font: msg.font ?? null, background: msg.backgroundColor ?? null } } : {};
    const content = require('SandboxContent').of(msg);
    const message = { op: 'send', id: msg.id.id, to: String(chat.id), type: msg.type, text, ...style, ...content, ...more };
    return new Promise((resolve) => {
      const entry = { message, msg, resolve, brought: false };
      unacknowledged.set(message.id, entry);
      if (require('SandboxConnection').streaming()) put(entry);
    });
  };

  function put(entry) {
    if (!require('SandboxConnection').say({ ...entry.message, retry: entry.brought })) return;
    entry.brought = true;
    clearTimeout(entry.unanswered);
    entry.unanswered = setTimeout(() => require('SandboxConnection').startAnew(), page.settings.resend_after * 1000);
  }

  /** After a reconnection. */
  exports.sendAgain = () => {
    for (const entry of unacknowledged.values()) put(entry);
  };

  /** The server took the message (ack 1), or refused it: its ack stays 0, `error` is the server's code. */
  exports.acknowledged = ({ id, ack, result, error, t, ...person }) => {
    const entry = unacknowledged.get(id);
    unacknowledged.delete(id);
    clearTimeout(entry?.unanswered);
    const msg = entry?.msg ?? sentBefore(id, person);
    if (error) msg?.set({ isSendFailure: true });
    else msg?.updateAck(ack);
    entry?.resolve(error ? { messageSendResult: result, ackErrorCode: error } : { messageSendResult: result, t, count: null });
  };

  /** A message that an earlier load of the page sent. */
  function sentBefore(id, person) {
    const MsgKey = require('WAWebMsgKey').default;
    const remote = require('SandboxAddressBook').addressOf(person);
    const { MsgCollection } = require('WAWebMsgCollection');
    return MsgCollection.get(new MsgKey({ fromMe: true, remote, id })) ?? MsgCollection.findFirst((one) => one.id.id === id);
  }

  /** Ack 2, 3, 4 of messages to one chat: {ids, chat, lid, ack}; in a group of one member: {participant, participant_lid, all}. */
  exports.receipt = ({ ids, ack, participant, participant_lid: lid, all = ack, ...person }) => {
    const { addressOf } = require('SandboxAddressBook');
    const from = addressOf(person);
    const receipt = {
      externalIds: ids,
      from,
      ack,
      ackString: { 2: 'delivery', 3: 'read', 4: 'played' }[ack],
      participant: participant ? addressOf({ chat: participant, lid }) : null,
      recipient: null,
      all,
    };
    // Through the module's exports: scripts listen by replacing them.
    if (from.isGroup()) require('WAWebHandleGroupChatReceipt').handleGroupSimpleReceipt(receipt);
    else require('WAWebHandleDirectChatReceipt').handleChatSimpleReceipt(receipt);
  };
});

define('WATimeUtils', (_require, exports) => {
  exports.unixTime = () => Math.floor(Date.now() / 1000);
  exports.unixTimeMs = () => Date.now();
});

define('WAWebUpdateUnreadChatAction', (require, exports) => {
  exports.sendSeen = async (given) => {
    const chat = given.chat ?? given;
    chat.unreadCount = 0;
    await require('SandboxConnection').ask({ op: 'read', chat: String(chat.id) });
  };
  exports.markUnread = async (chat) => { chat.unreadCount = -1; };
});

define('WAWebGetEphemeralFieldsMsgActionsUtils', (_require, exports) => {
  exports.getEphemeralFields = () => ({});
});

define('WALinkify', (_require, exports) => {
  exports.findLinks = (text) => (String(text ?? '').match(/https?:\/\/\S+/g) ?? []).map((href) => ({ href, url: href }));
  exports.findLink = (text) => exports.findLinks(text)[0];
});

define('WAWebLinkify', (require, exports) => {
  const { findLinks } = require('WALinkify');
  exports.findLinks = findLinks;
  exports.findLink = ({ text }) => findLinks(text)[0];
  exports.hasHttpLink = ({ body }) => findLinks(body).length > 0;
});

define('WAWebLinkPreviewChatAction', (_require, exports) => {
  /** What the account's phone makes of a link: here it looks at the address alone. */
  exports.getLinkPreview = async ({ url }) => {
    const { hostname: title, pathname } = new URL(url);
    return { url, data: { title, description: pathname, canonicalUrl: url, matchedText: url, richPreviewType: 0, doNotPlayInline: true } };
  };
});

define('WAWebMsgReply', (_require, exports) => {
  exports.canReplyMsg = () => true;
});
