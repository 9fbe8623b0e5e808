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

  const KNOWN_TEXTS = new Set(['chat', 'buttons_response', 'list_response', 'template_button_reply']);

  /** What a message has besides a text and a file, by its type; what the server does not tell is left out. */
  const CONTENTS = {
    location: ({ location }) => location ?? {},
    vcard: ({ contacts }) => (contacts ? { body: contacts[0].vcard, vcardFormattedName: contacts[0].name } : {}),
    multi_vcard: ({ contacts }) => (
      { vcardList: (contacts ?? []).map(({ name, vcard }) => ({ displayName: name, vcard })) }),
    poll_creation: ({ poll }) => (poll ? {
      pollName: poll.name,
      pollOptions: poll.options.map((name, localId) => ({ name, localId })),
      pollSelectableOptionsCount: poll.selectable,
    } : {}),
    buttons_response: ({ reply }) => ({ body: reply?.text, selectedButtonId: reply?.id }),
    template_button_reply: ({ reply }) => ({ body: reply?.text, selectedId: reply?.id }),
    list_response: ({ reply }) => (
      { body: reply?.text, listResponse: { title: reply?.text, singleSelectReply: { selectedRowId: reply?.id } } }),
  };

  const quoting = ({ quoted }) => (quoted ? {
    quotedStanzaID: quoted.id,
    quotedParticipant: addressOf(quoted),
    quotedMsg: { type: quoted.type, ...(KNOWN_TEXTS.has(quoted.type) ? { body: quoted.text } : { caption: quoted.text }) },
  } : {});

  /** The file of a message: WhatsApp tells the name of a document only. */
  function filed(said) {
    const { filename, ...attributes } = require('SandboxFiles').attributes(said.media, said.text || undefined);
    const { duration } = said.media;
    return { ...attributes, ...(said.type === 'document' ? { filename } : {}), ...(duration === null ? {} : { duration }) };
  }

  /** A message of the server as WhatsApp's own raw message. */
  exports.raw = raw;
  function raw(said, isNewMsg) {
    const chat = addressOf(said);
    const inGroup = said.chat.includes('@') && !said.from_me;
    const author = inGroup ? addressOf({ chat: said.author, lid: said.author_lid }) : undefined;
    return {
      id: new MsgKey({ fromMe: said.from_me, remote: chat, id: said.id, participant: author }),
      type: said.revoked ? 'revoked' : said.type,
      body: said.type === 'chat' ? said.text : undefined,
      t: Math.floor(said.t),
      from: said.from_me ? me() : chat,
      to: said.from_me ? chat : me(),
      author,
      self: said.from_me ? 'out' : 'in',
      ack: said.from_me ? said.ack : 1,
      notifyName: said.from_me ? undefined : said.author_name,
      isNewMsg,
      isSendFailure: Boolean(said.error),
      star: Boolean(said.starred),
      isForwarded: said.forwarded,
      forwardingScore: said.forwarded ? 1 : 0,
      mentionedJidList: said.mentions.map(addressOf),
      hasReaction: said.reactions.some(({ emoji }) => emoji),
      latestEditSenderTimestampMs: said.edited_at ? Math.floor(said.edited_at * 1000) : undefined,
      ...quoting(said),
      ...require('SandboxContent').preview(said),
      ...(said.notice ? noticed(said) : {}),
      ...(said.media ? filed(said) : {}),
      ...(said.revoked ? {} : CONTENTS[said.type]?.(said) ?? {}),
    };
  }

  /** The further fields of a notice of WhatsApp's own. */
  function noticed({ notice: { people, group: _group, reason: _reason, ...more }, author, author_lid: lid }) {
    return { body: undefined, ...more, author: addressOf({ chat: author, lid }), recipients: people.map(addressOf) };
  }

  /** Chats, people and messages from before this load: known, but not new. */
  exports.restore = ({ history, chats, people }) => {
    const states = require('SandboxChatStates'); // it also hears what people do from now on
    for (const said of people) require('SandboxPeople').apply(said);
    for (const said of chats) states.apply(said);
    for (const said of history) {
      const chat = chatWith(said);
      MsgCollection.startChat(chat, Math.floor(said.t), false);
      const known = raw(said, false);
      MsgCollection.processMultipleMessages(chat.id, [known]);
      for (const reaction of said.reactions) require('SandboxReactions').keep(known.id, reaction);
      require('SandboxVotes').keep(known.id, said.votes);
    }
  };

  exports.receive = ({ messages }) => {
    for (const said of messages) {
      const chat = chatWith(said);
      if (!said.from_me && !said.notice) chat.unreadCount += 1;
      MsgCollection.startChat(chat, Math.floor(said.t), true);
      if (said.notice?.group) require('SandboxGroups').heard(said);
      MsgCollection.processMultipleMessages(chat.id, [raw(said, true)]);
    }
    require('SandboxConnection').say({ op: 'got', ids: messages.map(({ id }) => id) });
  };

  /** A change of an earlier message: {kind: edit | revoke | react, message, reaction?}. */
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
      if (message.media) msg.caption = message.text;
      else msg.body = message.text;
      msg.latestEditSenderTimestampMs = was.latestEditSenderTimestampMs;
      msg.latestEditMsgKey = key;
    },

    revoke(was, key) {
      MsgCollection.processMultipleMessages(was.id.remote, [{
        ...was, id: key, type: 'protocol', subtype: 'sender_revoke', protocolMessageKey: was.id, body: undefined,
      }]);
    },

    vote: (was, key, { vote }) => require('SandboxVotes').heard(was.id, key, vote),

    react(was, _key, { reaction }) {
      const msg = MsgCollection.get(was.id);
      if (msg) msg.hasReaction = Boolean(reaction.emoji);
      require('SandboxReactions').heard(was.id, reaction, Boolean(msg));
    },
  };

  exports.call = ({ id, video, ...person }) => {
    const CallModel = require('WAWebCallModel').default;
    const peerJid = chatWith(person).id;
    const call = new CallModel({ id, peerJid, isVideo: video, offerTime: Math.floor(Date.now() / 1000) });
    const calls = require('WAWebCallCollection').default;
    // Current builds have a stack of their own for calls, which makes one the active call.
    if (page.classic) calls.processIncomingCall(call);
    else calls.setActiveCall(call);
  };
});
