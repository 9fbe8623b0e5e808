// Orders about an earlier message: reactions, edits, deletions, stars and pins.
(function (page) {
  'use strict';
  const { messageOf, refusal, unsure } = page;
  const SHOWN = 20000; // ms that WhatsApp Web may take to show what it was told to do
  const DURATIONS = { 86400: 'OneDay', 604800: 'SevenDays', 2592000: 'ThirtyDays' };

  /** wa-js wants a chat that the page knows under that very address, and a message of it. */
  const changing = (act) => async (order) => {
    const chat = await window.WPP.chat.find(order.chat);
    await act(await messageOf(chat.id, order.message), order, chat);
  };

  /** Some functions of WhatsApp Web only begin something: it is done when the message, or its chat, shows it. */
  function shown(holds, emitter, events) {
    if (holds()) return Promise.resolve();
    return new Promise((done, failed) => {
      const end = (settle) => {
        clearTimeout(timer);
        emitter.off(events, look);
        settle();
      };
      const look = () => holds() && end(done);
      const timer = setTimeout(() => end(() => failed(unsure(`WhatsApp Web has not shown it within ${SHOWN / 1000} s`))), SHOWN);
      emitter.on(events, look);
    });
  }

  const isAdmin = async (chat) => {
    try {
      return chat.id.isGroup() && Boolean(await window.WPP.group.iAmAdmin(chat.id));
    } catch {
      return false;
    }
  };

  async function remove(msg, everyone, chat) {
    const isRevoked = () => msg.type === 'revoked';
    if (everyone && isRevoked()) return;
    // wa-js would delete it here alone, and call that done.
    if (everyone && !msg.id.fromMe && !(await isAdmin(chat))) {
      throw refusal('NOT_ALLOWED', 'Only its sender, or an admin of the group, can delete this message for everyone');
    }
    await window.WPP.chat.deleteMessage(chat.id, String(msg.id), true, everyone);
    if (everyone) await shown(isRevoked, msg, 'change:type');
    else await shown(() => !chat.msgs.get(msg.id), chat.msgs, 'remove');
  }

  async function edit(msg, text) {
    if (!msg.id.fromMe) throw refusal('NOT_YOURS', 'Only its sender can change this message');
    const options = { linkPreview: false, detectMentioned: false, markIsRead: false, waitForAck: true };
    try {
      await window.WPP.chat.editMessage(msg.id, text, options);
    } catch (error) {
      if (error?.code !== 'edit_message_error') throw error;
      throw refusal(error.code, 'WhatsApp changes texts and captions only, and only for 15 minutes after they were sent');
    }
  }

  async function pin(msg, pinned, duration) {
    try {
      const { result } = await window.WPP.chat.pinMsg(msg.id, pinned, DURATIONS[duration]);
      if (result !== 'OK') throw refusal('PIN_FAILED', `WhatsApp did not take it (${result})`);
    } catch (error) {
      if (!/is already (un)?pinned/.test(error?.message)) throw error; // it is as was ordered
    }
  }

  return {
    reactToMessage: changing((msg, { reaction }) => window.WPP.chat.sendReactionToMessage(msg, reaction || false)),
    editMessage: changing((msg, { text }) => edit(msg, text)),
    deleteMessage: changing((msg, { everyone }, chat) => remove(msg, everyone, chat)),
    starMessage: changing(async (msg, { starred }) => {
      if (Boolean(msg.star) === starred) return;
      await window.WPP.chat.starMessage(String(msg.id), starred);
      await shown(() => Boolean(msg.star) === starred, msg, 'change:star');
    }),
    pinMessage: changing((msg, { pinned, duration }) => pin(msg, pinned, duration)),
  };
})
