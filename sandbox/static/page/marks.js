'use strict';
// What the account does to earlier messages: reactions, edits, revokes, deletions, stars, pins, votes of others.

define('SandboxMarks', (require, exports) => {
  /** Brings a change of `msg` to the server. Resolves once the server has taken it; throws WhatsApp's words if not. */
  exports.mark = async (kind, msg, more = {}) => {
    const { error } = await require('SandboxConnection').ask({ op: 'mark', kind, id: msg.id.id, chat: String(msg.id.remote), ...more });
    if (error) throw new Error(error);
  };

  const each = (kind, then) => (chat, given) => {
    const done = Promise.all((given.list ?? given).map(async (msg) => {
      await exports.mark(kind, msg);
      then(msg, chat);
    }));
    done.catch(() => {}); // as on WhatsApp's own page, who ordered it hears nothing of a failure
    return done;
  };

  /** The page's own handling of the orders on Cmd, which only begin something. */
  exports.listen = (Cmd) => {
    const star = (kind, starred) => (chat, given) => {
      chat.promises.sendStarMsgs = each(kind, (msg) => { msg.star = starred; })(chat, given);
    };
    Cmd.on('send_star_msgs', star('star', true));
    Cmd.on('send_unstar_msgs', star('unstar', false));
    Cmd.on('send_revoke_msgs', each('revoke', (msg) => msg.set({ type: 'revoked', body: undefined, subtype: 'sender' })));
    Cmd.on('send_delete_msgs', each('delete', (msg, chat) => {
      chat.msgs.remove(msg);
      require('WAWebMsgCollection').MsgCollection.remove(msg);
    }));
  };
});

define('WAWebSendReactionMsgAction', (require, exports) => {
  exports.sendReactionToMsg = async (msg, emoji) => {
    await require('SandboxMarks').mark('react', msg, { emoji }).catch(() => { throw new Error('Reaction send error'); });
  };
});

define('WAWebMsgActionCapability', (require, exports) => {
  const WINDOW = 15 * 60; // seconds in which a message may be edited
  const young = (msg) => Date.now() / 1000 < msg.t + WINDOW;
  const admin = (msg) => Boolean(msg.chat?.groupMetadata?.participants?.iAmAdmin?.());
  Object.assign(exports, {
    canEditText: (msg) => msg.id.fromMe && msg.type === 'chat' && young(msg),
    canEditCaption: (msg) => msg.id.fromMe && ['image', 'video', 'document'].includes(msg.type) && young(msg),
    canSenderRevokeMsg: (msg) => msg.id.fromMe && msg.type !== 'revoked',
    canAdminRevokeMsg: (msg) => !msg.id.fromMe && admin(msg),
    canStarMsg: (msg) => msg.type !== 'revoked',
    canForwardMsg: (msg) => msg.type !== 'revoked',
  });
});

define('WAWebSendMessageEditAction', (require, exports) => {
  exports.addAndSendMessageEdit = async (msg, { body, caption, latestEditMsgKey }) => {
    const text = body ?? caption;
    await require('SandboxMarks').mark('edit', msg, { text });
    if (msg.type === 'chat') msg.body = text;
    else msg.caption = text;
    msg.latestEditSenderTimestampMs = Date.now();
    msg.latestEditMsgKey = latestEditMsgKey;
  };
});

define('WAWebPinMsgConstants', (_require, exports) => {
  const same = (...names) => Object.fromEntries(names.map((name) => [name, name]));
  exports.PIN_STATE = { INVALID: 0, PIN: 1, UNPIN: 2 };
  exports.PinExpiryDurationOption = same('FiveSeconds', 'FifteenSeconds', 'OneMinute', 'OneDay', 'SevenDays', 'ThirtyDays');
});

define('WAWebPinInChatCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  const idOf = (key) => `!!${key}`;
  class PinInChatCollectionImpl extends BaseCollection {
    getByParentMsgKey(key) { return this.get(idOf(key)); }

    /** Keeps what was last done with a message: it was pinned, or unpinned. */
    put(key, pinType) {
      this.remove(idOf(key));
      this.add({ id: idOf(key), parentMsgKey: key, pinType });
    }
  }
  exports.PinInChatCollection = new PinInChatCollectionImpl();
});

define('WAWebSendPinMessageAction', (require, exports) => {
  const DAYS = { OneDay: 1, SevenDays: 7, ThirtyDays: 30 };
  exports.sendPinInChatMsg = async (msg, pinType, duration) => {
    const { PIN_STATE } = require('WAWebPinMsgConstants');
    const pins = pinType === PIN_STATE.PIN;
    const { messageSendResult } = await require('SandboxMarks')
      .mark(pins ? 'pin' : 'unpin', msg, pins ? { seconds: (DAYS[duration] ?? 0) * 86400 } : {})
      .then(() => ({ messageSendResult: 'OK' }), () => ({ messageSendResult: 'ERROR_UNKNOWN' }));
    if (messageSendResult === 'OK') require('WAWebPinInChatCollection').PinInChatCollection.put(msg.id, pinType);
    return { messageSendResult };
  };
});

// --- votes

define('WAWebPollsVotesSchema', (_require, exports) => {
  const rows = [];
  exports.getTable = () => {
    const name = "poll-votes"; // in these quotes, by which scripts find the module
    return { name, rows, anyOf: async (_fields, keys) => rows.filter(({ parentMsgKey }) => keys.includes(parentMsgKey)) };
  };
});

define('WAWebPollsDbSerialization', (_require, exports) => {
  exports.voteFromDbRow = (row) => row;
});

define('WAWebDBPollsUpsertVotes', (require, exports) => {
  exports.upsertVotesDb = async (votes) => {
    const { rows } = require('WAWebPollsVotesSchema').getTable();
    for (const vote of votes) {
      const row = { ...vote, parentMsgKey: String(vote.parentMsgKey), sender: String(vote.sender) };
      const known = rows.findIndex((one) => one.parentMsgKey === row.parentMsgKey && one.sender === row.sender);
      rows.splice(known < 0 ? rows.length : known, known < 0 ? 0 : 1, row);
    }
  };
});

define('SandboxVotes', (require, exports) => {
  const { addressOf } = require('SandboxAddressBook');
  const MsgKey = require('WAWebMsgKey').default;

  /** A vote {by, by_lid, choices, t} is the whole new choice of one person: numbers of options. */
  const row = (parentMsgKey, msgKey, { by, by_lid: lid, choices, t }) => ({
    ack: 1, msgKey, parentMsgKey, sender: addressOf({ chat: by, lid }), selectedOptionLocalIds: choices, senderTimestampMs: t,
  });

  /** Through the module's exports: scripts listen by replacing them. */
  exports.heard = (parent, key, vote) => {
    require('WAWebDBPollsUpsertVotes').upsertVotesDb([row(parent, key, vote)]);
  };

  const { upsertVotesDb } = require('WAWebDBPollsUpsertVotes'); // the page's own, before any script replaces it

  /** Those from before this load. */
  exports.keep = (parent, votes) => {
    upsertVotesDb(votes.map((vote) => row(parent, new MsgKey({ ...parent, id: `3EB1${vote.by.padStart(16, '0')}` }), vote)));
  };
});
