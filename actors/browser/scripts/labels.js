// Orders about labels. All but reading need a business account: wa-js asks `Conn.isSMB`.
(function (page) {
  'use strict';
  const { wa, cut, addresses } = page;
  const LOOK_AGAIN = 50; // ms between two looks at the labels of a chat
  const SEEN_WITHIN = 60_000; // ms; nobody waits as long, and the outcome is told as unknown
  const refusal = (code, message) => Object.assign(new Error(message ?? code), { code });

  const label = ({ id, name, colorIndex, hexColor }) => (
    { id: cut(id), name: cut(name) ?? '', color: Number.isFinite(colorIndex) ? colorIndex : null, hex: cut(hexColor) });
  const itemsOf = (id) => wa().LabelStore.get(id)?.labelItemCollection?.getModelsArray?.() ?? [];
  const has = (id, chat) => itemsOf(id).some(({ parentType, parentId }) => parentType === 'Chat' && parentId === String(chat.id));
  const all = async () => (await window.WPP.labels.getAllLabels()).map(label);

  function forBusiness() {
    if (!window.WPP.profile.isBusiness()) throw refusal('is_not_business');
  }

  async function known(id) {
    forBusiness();
    if (!wa().LabelStore.get(id)) throw refusal('label_not_exist');
    return label(await window.WPP.labels.getLabelById(id));
  }

  const ofChat = async (chat) => ({ labels: (await all()).filter(({ id }) => has(id, chat)) });

  return {
    listLabels: async () => {
      forBusiness();
      return { labels: await all() };
    },

    /** As a text: wa-js takes the number 0 for no colour. */
    createLabel: async ({ name, color }) =>
      label(await window.WPP.labels.addNewLabel(name, color === null ? {} : { labelColor: String(color) })),

    /** Not through wa-js's `editLabel`, which cannot set the colour 0. */
    changeLabel: async ({ label: id, name, color }) => {
      const before = await known(id);
      await wa().functions.labelEditAction(id, name ?? before.name, 0, color ?? before.color);
      return known(id);
    },

    deleteLabel: async ({ label: id }) => {
      await known(id);
      const { deleteLabelResult: gone } = await window.WPP.labels.deleteLabel(id);
      if (!gone) throw refusal('label_not_deleted', 'WhatsApp Web did not delete the label');
    },

    listLabelsOfChat: async ({ chat }) => {
      forBusiness();
      return ofChat(await window.WPP.chat.find(chat));
    },

    /** WhatsApp's own function ends before it is done, and tells no failure: the labels are looked at until they are so. */
    setLabelsOfChat: async ({ chat: address, labels }) => {
      for (const id of labels) await known(id);
      forBusiness();
      const chat = await window.WPP.chat.find(address);
      const changes = (await all()).filter(({ id }) => has(id, chat) !== labels.includes(id))
        .map(({ id }) => ({ labelId: id, type: labels.includes(id) ? 'add' : 'remove' }));
      if (!changes.length) return ofChat(chat);
      await window.WPP.labels.addOrRemoveLabels(chat.id, changes);
      const began = performance.now();
      while (changes.some(({ labelId, type }) => has(labelId, chat) !== (type === 'add'))) {
        if (performance.now() - began > SEEN_WITHIN) throw new Error('WhatsApp Web did not change the labels');
        await new Promise((go) => setTimeout(go, LOOK_AGAIN));
      }
      return ofChat(chat);
    },

    listChatsOfLabel: async ({ label: id }) => {
      await known(id);
      const chats = itemsOf(id).filter(({ parentType }) => parentType === 'Chat').map(({ parentId }) => wa().ChatStore.get(parentId));
      return {
        chats: chats.filter(Boolean).map((chat) => ({ id: cut(chat.id), ...addresses(chat.id), name: cut(chat.name ?? chat.formattedTitle) })),
      };
    },
  };
})
