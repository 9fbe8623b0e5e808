// Orders about reading, typing and being online.
(function (page) {
  'use strict';
  const { wa, cut, addressesOf, refusal, presenceState } = page;
  const TYPING = { typing: 'markIsComposing', recording: 'markIsRecording', paused: 'markIsPaused' };

  /** wa-js wants a chat that the page knows under that very address. */
  const inChat = (act) => async (order) => {
    const chat = await window.WPP.chat.find(order.chat);
    await act(chat, order);
  };

  function told(id) {
    const known = [...addressesOf(id)].map((address) => wa().PresenceStore.get(wa().WidFactory.createWid(address)));
    const presence = known.find((one) => one?.hasData) ?? known.find(Boolean);
    if (!presence) return { id, state: 'unknown' };
    const acting = presence.chatstates?.getModelsArray?.().filter(({ type }) => type) ?? [];
    return {
      id: cut(presence.id),
      state: presenceState(presence.chatstate?.type, presence.isOnline),
      online: presence.hasData ? Boolean(presence.isOnline) : null,
      last_seen: Number(presence.chatstate?.t) || null,
      participants: presence.id.isGroup() ? acting.map((one) => ({ id: cut(one.id), state: presenceState(one.type) })) : [],
    };
  }

  return {
    markRead: inChat((chat) => window.WPP.chat.markIsRead(chat.id)),
    markUnread: inChat((chat) => window.WPP.chat.markIsUnread(chat.id)),
    showTyping: inChat((chat, { state }) => window.WPP.chat[TYPING[state]](chat.id)),
    showPresence: async ({ online }) => {
      await window.WPP.conn.markAvailable(online);
    },

    subscribePresence: async ({ id }) => {
      const chat = await window.WPP.chat.find(id);
      const subscribed = await window.WPP.contact.subscribePresence(String(chat.id)); // it passes over what fails
      if (!subscribed.length) throw refusal('NOT_AVAILABLE', 'WhatsApp Web could not subscribe to this presence');
      return told(String(chat.id));
    },

    getPresence: ({ id }) => told(id),
  };
})
