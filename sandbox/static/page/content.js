'use strict';
// What a message holds besides its text and its file: quotation, mentions, preview, place, poll, contact cards.

define('SandboxContent', (require, exports) => {
  const given = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));

  /** The content of a message of the page, in the form for the server. */
  exports.of = (msg) => given({
    location: msg.type === 'location' ? { lat: msg.lat, lng: msg.lng, loc: msg.loc } : undefined,
    quoted: msg.quotedStanzaID,
    mentions: msg.mentionedJidList?.length ? msg.mentionedJidList.map(String) : undefined,
    preview: msg.matchedText
      ? given({ title: msg.title, description: msg.description, url: msg.matchedText, thumbnail: msg.thumbnail })
      : undefined,
    poll: msg.type === 'poll_creation'
      ? { name: msg.pollName, options: msg.pollOptions.map(({ name }) => name), selectable: msg.pollSelectableOptionsCount }
      : undefined,
    contacts: cardsOf(msg),
    forwarded: msg.isForwarded || undefined,
  });

  function cardsOf({ type, body, vcardFormattedName, vcardList }) {
    if (type === 'vcard') return [{ name: vcardFormattedName, vcard: body }];
    if (type === 'multi_vcard') return vcardList.map(({ displayName, vcard }) => ({ name: displayName, vcard }));
    return undefined;
  }

  /** The attributes of a message that shows a preview of a link. */
  exports.preview = ({ preview }) => (preview ? {
    subtype: 'url',
    title: preview.title,
    description: preview.description,
    matchedText: preview.url,
    canonicalUrl: preview.url,
    thumbnail: preview.thumbnail,
  } : {});
});

define('WAWebFrontendVcardUtils', (_require, exports) => {
  exports.vcardFromContactModel = ({ id, name, displayName = name }) => ({
    displayName,
    isMultiVcard: false,
    vcard: [
      'BEGIN:VCARD', 'VERSION:3.0', `N:;${displayName};;;`, `FN:${displayName}`,
      `TEL;type=CELL;type=VOICE;waid=${id.user}:+${id.user}`, 'END:VCARD',
    ].join('\n'),
  });
});

define('WAWebMsgDataUtils', (require, exports) => {
  /** The beginning of a message that the page itself is to send, under an id of its own. */
  exports.genOutgoingMsgData = async (chat, type) => {
    const MsgKey = require('WAWebMsgKey').default;
    const prefs = require('WAWebUserPrefsMeUser');
    const from = chat.id.isLid() ? prefs.getMaybeMeLidUser() : prefs.getMaybeMePnUser();
    const participant = chat.id.isGroup() ? from : undefined;
    const id = new MsgKey({ fromMe: true, remote: chat.id, id: await MsgKey.newId(), participant });
    return { id, from, to: chat.id, type, t: Math.floor(Date.now() / 1000), isNewMsg: true, local: true, ack: 0 };
  };
});

define('WAWebChatForwardMessage', (require, exports) => {
  const NOT_FORWARDED = ['caption', 'quotedMsg', 'quotedStanzaID', 'quotedParticipant', 'latestEditMsgKey',
    'latestEditSenderTimestampMs', 'author', 'star', 'hasReaction'];

  async function forward(msg, chat, includeCaption) {
    const data = Object.fromEntries(Object.entries(msg.toJSON()).filter(([name]) => !NOT_FORWARDED.includes(name)));
    const made = await require('WAWebMsgDataUtils').genOutgoingMsgData(chat, msg.type);
    const caption = includeCaption ? msg.caption : undefined;
    const raw = { ...data, ...made, self: 'out', caption, isForwarded: true, forwardingScore: msg.forwardingScore + 1 };
    if (!msg.directPath) {
      const [, result] = require('WAWebSendMsgChatAction').addAndSendMsgToChat(chat, raw);
      return result;
    }
    const { Msg } = require('WAWebMsgModel');
    const kept = require('WAWebMsgCollection').MsgCollection.keep(chat, new Msg(raw));
    return require('SandboxSending').bring(chat, kept, { media: msg.mediaKey });
  }

  /** Resolves with those that could not be forwarded. */
  exports.forwardMessages = async ({ chat, msgs, includeCaption }) => {
    const undelivered = [];
    for (const msg of msgs) {
      const result = await forward(msg, chat, includeCaption).catch(() => null);
      if (result?.messageSendResult !== 'OK') undelivered.push(msg);
    }
    return undelivered;
  };
});

define('WAWebForwardMessagesToChat', (require, exports) => {
  exports.forwardMessagesToChats = async (msgs, chats, includeCaption) => {
    for (const chat of chats) await require('WAWebChatForwardMessage').forwardMessages({ chat, msgs, includeCaption });
    return true;
  };
});
