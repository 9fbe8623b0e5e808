// Orders about chats, and about the messages in them.
(function (page) {
  'use strict';
  const { wa, cut, addresses, chatOf, messageOf, described, isNotice, ackOf, refusal, shown } = page;

  const FOREVER = -1; // as WhatsApp writes a muting without an end
  const BATCH = 100; // messages read from the page's storage at once
  const MOST_BATCHES = 100;

  /** The newest message in the page's memory that somebody wrote. */
  function lastOf(chat) {
    const all = chat.msgs?.getModelsArray?.() ?? [];
    for (let at = all.length - 1; at >= 0; at--) if (!isNotice(all[at])) return all[at];
    return null;
  }

  function told(chat) {
    const last = lastOf(chat);
    const unread = Number(chat.unreadCount) || 0;
    return {
      id: cut(chat.id),
      group: String(chat.id).endsWith('@g.us'),
      ...addresses(chat.id),
      name: cut(chat.name || chat.formattedTitle || null),
      t: Number(chat.t) || null,
      unread: Math.max(0, unread),
      marked_unread: unread < 0,
      archived: Boolean(chat.archive),
      pinned: Boolean(chat.pin),
      muted_until: mutedUntil(chat),
      read_only: Boolean(chat.isReadOnly),
      last_message: last && described(last),
    };
  }

  const mutedUntil = (chat) => Number(chat.mute?.expiration ?? chat.muteExpiration) || null;

  const { compare } = new Intl.Collator();
  const ORDERS = {
    t: (a, b) => (a.t ?? 0) - (b.t ?? 0),
    name: (a, b) => compare(a.name || a.formattedTitle || '', b.name || b.formattedTitle || ''),
    id: (a, b) => (String(a.id) < String(b.id) ? -1 : 1),
  };

  function listChats({ limit, offset, sort, descending, archived }) {
    const wanted = wa().ChatStore.getModelsArray().filter((chat) =>
      /@(c\.us|lid|g\.us)$/.test(String(chat.id)) && (archived === null || Boolean(chat.archive) === archived));
    wanted.sort(ORDERS[sort]);
    if (descending) wanted.reverse();
    return { chats: wanted.slice(offset, offset + limit).map(told), total: wanted.length };
  }

  // --- messages

  /** Newest first: what the memory has, then what the page's storage has, a batch at a time. `anchor` is not among it. */
  async function* backwards(chat, anchor) {
    const seen = new Set(anchor ? [anchor.id.id] : []);
    let oldest = anchor;
    for (let batch = 0; batch < MOST_BATCHES; batch++) {
      const older = oldest ? { id: String(oldest.id) } : {};
      const found = await window.WPP.chat.getMessages(chat.id, { count: BATCH, direction: 'before', ...older });
      // Of the newest the storage says no more than what was there when the chat was last opened.
      if (!oldest) found.push(...chat.msgs.getModelsArray());
      const fresh = [];
      for (const msg of found) {
        if (msg?.id && !seen.has(msg.id.id)) {
          seen.add(msg.id.id);
          fresh.push(msg);
        }
      }
      if (!fresh.length) return;
      fresh.sort((a, b) => (a.t ?? 0) - (b.t ?? 0)); // stable: as the page has them where they are of one second
      fresh.reverse();
      yield* fresh;
      oldest = fresh.at(-1);
    }
  }

  async function getChatMessages({ chat: address, limit, offset, before, from_me: fromMe, since, until, ack }) {
    const chat = chatOf(address);
    const anchor = before === null ? null : await messageOf(chat.id, before);
    const isWanted = (msg) => !isNotice(msg)
      && (fromMe === null || Boolean(msg.id.fromMe) === fromMe)
      && (until === null || (msg.t ?? 0) <= until)
      && (ack === null || (ackOf(msg) ?? 0) >= ack);
    const messages = [];
    let passed = 0;
    for await (const msg of backwards(chat, anchor)) {
      if (since !== null && (msg.t ?? 0) < since) break;
      if (!isWanted(msg) || passed++ < offset) continue;
      messages.push(described(msg));
      if (messages.length === limit) break;
    }
    return { messages };
  }

  // --- changes

  async function archiveChat({ chat: address, archived }) {
    const chat = chatOf(address);
    if (Boolean(chat.archive) === archived) return; // wa-js rejects what is so already
    await window.WPP.chat.archive(chat.id, archived); // on current pages this only asks for it
    await shown(() => Boolean(chat.archive) === archived, `the chat is ${archived ? '' : 'not '}archived`);
  }

  async function pinChat({ chat: address, pinned }) {
    const chat = chatOf(address);
    if (Boolean(chat.pin) === pinned) return;
    await window.WPP.chat.pin(chat.id, pinned);
    await shown(() => Boolean(chat.pin) === pinned, `the chat is ${pinned ? '' : 'not '}pinned`);
  }

  async function muteChat({ chat: address, muted_until: until }) {
    const chat = chatOf(address);
    if (until === null) {
      if (mutedUntil(chat) !== null) await window.WPP.chat.unmute(chat.id);
    } else if (until === FOREVER) { // wa-js takes it for an instant that is over
      await chat.mute.mute({ expiration: FOREVER, isAutoMuted: false, sendDevice: true });
    } else {
      await window.WPP.chat.mute(chat.id, { expiration: until });
    }
    await shown(() => mutedUntil(chat) === until, `the chat is ${until === null ? 'not ' : ''}muted`);
  }

  /** wa-js does not wait for it. WhatsApp Web's own promise ends well where it failed too: what is left tells. */
  async function clearChat({ chat: address, keep_starred: keepStarred }) {
    const chat = chatOf(address);
    const ids = new Set(chat.msgs.getModelsArray().filter((msg) => !(keepStarred && msg.star)).map((msg) => msg.id.id));
    await wa().functions.sendClear(chat, keepStarred);
    await shown(() => !chat.msgs.getModelsArray().some((msg) => ids.has(msg.id.id)), 'the messages are gone');
  }

  async function remove(chat) {
    const { status } = await window.WPP.chat.delete(chat.id);
    if (status >= 400) throw refusal(String(status), `WhatsApp refused to delete the chat (${status})`);
    await shown(() => !wa().ChatStore.get(chat.id), 'the chat is gone');
  }

  page.removeChat = remove;

  return {
    listChats,
    getChat: ({ chat }) => told(chatOf(chat)),
    getChatMessages,
    getChatMessage: async ({ chat, message }) => described(await messageOf(chatOf(chat).id, message)),
    archiveChat,
    pinChat,
    muteChat,
    clearChat,
    deleteChat: ({ chat }) => remove(chatOf(chat)),
  };
})
