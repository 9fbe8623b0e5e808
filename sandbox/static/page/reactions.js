'use strict';
// Reactions: the table that the page keeps of them, and the functions through which scripts hear of one.

define('SandboxReactions', (require, exports) => {
  const MsgKey = require('WAWebMsgKey').default;
  const { addressOf } = require('SandboxAddressBook');
  const table = new Map(); // text of a message's key -> Map of person -> row, as WhatsApp stores it

  exports.of = (parent) => [...(table.get(String(parent))?.values() ?? [])];

  /** Keeps a person's reaction {emoji, t, by, by_lid} in place of the one before; without an emoji it is taken back. */
  exports.keep = (parent, { emoji, t, by, by_lid: byLid }) => {
    const person = addressOf({ chat: by, lid: byLid });
    const key = new MsgKey({ ...parent, id: `3EB0${by.padStart(16, '0')}` });
    const row = {
      msgKey: String(key), parentMsgKey: String(parent), reactionText: emoji, senderUserJid: String(person), timestamp: t,
      orphan: 0, read: false,
    };
    if (!table.has(row.parentMsgKey)) table.set(row.parentMsgKey, new Map());
    table.get(row.parentMsgKey).set(row.senderUserJid, row);
    return { row, person, key };
  };

  /** Through the modules' exports: scripts listen by replacing them. */
  exports.heard = (parent, reaction, isKnown) => {
    const { row: { reactionText, timestamp: t }, person: from, key } = exports.keep(parent, reaction);
    require('WAWebAddonReactionTableMode').reactionTableMode.bulkUpsert([{
      id: key, reactionParentKey: parent, reactionText, reactionTimestamp: t, from, author: from, read: false,
    }]);
    require('WAWebReactionsMsgAction').addOrUpdateReactionsModelCollection([{
      id: String(key),
      orphan: isKnown ? 0 : 1,
      orphanReason: null,
      reactionParentKey: String(parent),
      reactionText,
      read: false,
      from,
      t,
    }]);
  };
});

define('WAWebReactionsMsgAction', (_require, exports) => {
  exports.addOrUpdateReactionsModelCollection = async () => {};
});

define('WAWebDBGetReactions', (require, exports) => {
  /** The reactions to a message that stand, by their emoji. */
  exports.getReactions = async (parent) => {
    const { isMeAccount } = require('WAWebUserPrefsMeUser');
    const { createWid } = require('WAWebWidFactory');
    const rows = require('SandboxReactions').of(parent).filter(({ reactionText }) => reactionText);
    const mine = rows.find(({ senderUserJid }) => isMeAccount(createWid(senderUserJid))) ?? null;
    const emojis = [...new Set(rows.map(({ reactionText }) => reactionText))];
    return {
      reactions: emojis.map((emoji) => ({
        aggregateEmoji: emoji,
        senders: rows.filter(({ reactionText }) => reactionText === emoji),
        hasReactionByMe: mine?.reactionText === emoji,
      })),
      reactionByMe: mine,
    };
  };
});
