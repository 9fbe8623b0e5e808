'use strict';
// What a person does with a chat: archive, pin, mute, clear, delete. The server keeps it, and tells every page of the
// account, this one too. As in release 2.3000.1044822804.

define('WAWebStateUtils', (_require, exports) => {
  exports.unproxy = (model) => model;
});

define('WAWebMuteModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  class Mute extends BaseModel {
    canMute() { return true; }

    /** `expiration` is unix seconds, or -1 for ever. */
    async mute({ expiration, sendDevice }) {
      if (sendDevice) await require('SandboxChatStates').change(this.id, { muted_until: expiration });
      this.expiration = expiration;
    }

    async unmute({ sendDevice }) {
      if (sendDevice) await require('SandboxChatStates').change(this.id, { muted_until: 0 });
      this.expiration = 0;
    }
  }
  exports.Mute = defineModel(Mute, 'mute', { id: undefined, expiration: 0, isAutoMuted: false });
});

define('SandboxChatStates', (require, exports) => {
  const { Cmd } = require('WAWebCmd');
  const collection = () => require('WAWebChatCollection').ChatCollection;

  /** Has the server change a chat. Rejects with an error that has WhatsApp's `status`. */
  exports.change = async (id, values) => {
    const { status } = await require('SandboxConnection').ask({ op: 'chat', address: String(id), ...values });
    if (status !== 200) throw Object.assign(new Error(`the server answered ${status}`), { status });
    return { status };
  };

  /** A chat as the server knows it: {chat, lid, name, archived, pinned, muted_until, cleared, deleted}. */
  exports.apply = (said) => {
    const id = require('SandboxAddressBook').addressOf(said);
    if (said.deleted) {
      collection().remove(id);
      return;
    }
    const chat = require('SandboxAddressBook').chatWith(said);
    if (said.cleared) forget(chat, said.keep_starred);
    chat.set({ archive: said.archived, pin: said.pinned || undefined });
    chat.mute.expiration = said.muted_until;
  };

  function forget(chat, keepStarred) {
    const { MsgCollection } = require('WAWebMsgCollection');
    for (const msg of chat.msgs.getModelsArray()) {
      if (keepStarred && msg.star) continue;
      chat.msgs.remove(msg);
      MsgCollection.remove(msg);
    }
    chat.lastReceivedKey = chat.msgs.last()?.id;
  }

  // Current pages are asked by an event.
  Cmd.on('archive_chat', ({ chat, archive }) => {
    require('WAWebSetArchiveChatAction').setArchive(chat, archive).catch(() => {});
  });
});

define('WAWebSetArchiveChatAction', (require, exports) => {
  exports.setArchive = async (chat, archive) => {
    if (chat.archive === archive) throw new Error('ActionError');
    await require('SandboxChatStates').change(chat.id, { archived: archive });
    chat.archive = archive;
    if (archive) chat.pin = undefined;
  };
});

define('WAWebSetPinChatAction', (require, exports) => {
  /** Rejects with status 405 where as many chats are pinned as may be. */
  exports.setPin = async (chat, pin) => {
    const at = pin ? Date.now() : 0;
    await require('SandboxChatStates').change(chat.id, { pinned: at });
    chat.pin = at;
  };
});

define('WAWebSendClearChatAction', (require, exports) => {
  /** Ends well where it failed too, as WhatsApp's own does: a person is shown the failure, a caller is not. */
  exports.sendClear = (chat, keepStarred) => {
    const { id } = require('WAWebStateUtils').unproxy(chat);
    const later = new Promise((go) => setTimeout(go, page.settings.clear_delay * 1000));
    return later
      .then(() => require('SandboxChatStates').change(id, { cleared: true, keep_starred: Boolean(keepStarred) }))
      .then(() => {}, (error) => console.error('the chat was not cleared', error));
  };
});

define('WAWebDeleteChatAction', (require, exports) => {
  exports.sendDelete = (chat) => {
    const { promises } = chat;
    promises.sendDelete ??= require('SandboxChatStates').change(chat.id, { deleted: true })
      .catch(({ status }) => ({ status }))
      .finally(() => { delete promises.sendDelete; });
    return promises.sendDelete;
  };
});

// --- the page's own storage of messages, which is longer than its memory; here it is the server's

define('SandboxStorage', (require, exports) => {
  const LIMIT = 10_000;

  /** Raw messages of a chat, oldest first, without the one at `key`; null where there is none at it. */
  exports.read = async (key, count, direction) => {
    const { streaming, ask } = require('SandboxConnection');
    if (!streaming()) return null;
    const wanted = { address: String(key.remote), id: key.id, count: Math.min(count, LIMIT), direction };
    const { messages } = await ask({ op: 'messages', ...wanted });
    return messages && messages.map((said) => require('SandboxReceiving').raw(said, false));
  };
});

define('WAWebDBMessageFindLocal', (require, exports) => {
  const find = async ({ anchor, count = 20 }, direction) => {
    const messages = await require('SandboxStorage').read(anchor, count, direction);
    return messages ? { messages, status: 200 } : { messages: [], status: 404 };
  };
  exports.queryMessageType = async () => [];
  if (page.classic) {
    /** `anchor` is a key that has `count` with it. */
    exports.msgFindQuery = async (direction, anchor) => (await find({ anchor, count: anchor.count }, direction)).messages;
    return;
  }
  exports.msgFindBefore = (asked) => find(asked, 'before');
  exports.msgFindAfter = (asked) => find(asked, 'after');
  exports.msgFindByDirection = ({ direction, ...asked }) => find(asked, direction);
});
