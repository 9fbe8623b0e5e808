// What happens to the account: one row for each event that the page tells, `name: [event of wa-js, (e) => fields]`.
//
// The name is the `page_name` of the event's declaration (actors/clients/events.py), which also says which fields are
// used. A row may give several, or null where there is nothing to tell.
// An expression: a function of `page`, as the tables of orders are. It gives {rows, orders}.
(function (page) {
  'use strict';
  const { wa, cut, cutAll, ackOf, addresses, models, remember, remembered, sent, TEXT } = page;

  const keyed = (key) => ({
    id: cut(key),
    bare_id: cut(key.id),
    from_me: Boolean(key.fromMe),
    chat: cut(key.remote),
    ...addresses(key.remote),
  });

  /** The same, under the id by which the message was told before. */
  const known = (key) => {
    const { id, ...rest } = keyed(key);
    return { id: remembered.get(rest.bare_id) ?? id, ...rest };
  };

  const by = (person) => (person ? cut(person) : null);
  const seconds = (instant) => (instant > 1e11 ? Math.floor(instant / 1000) : Number(instant) || null);

  function described(msg) {
    const key = keyed(msg.id);
    remember(key.bare_id, key.id);
    return {
      ...key,
      author: by(msg.author ?? msg.id.participant),
      t: Number(msg.t) || null,
      type: cut(msg.type),
      body: typeof msg.body === 'string' && msg.type === 'chat' ? cut(msg.body, TEXT) : null,
      caption: msg.caption ? cut(msg.caption, TEXT) : null,
      ack: ackOf(msg),
      ...(isNotice(msg) ? noticed(msg) : {}),
    };
  }

  /** Whether WhatsApp itself wrote it, by the page's own list of such types; whatsapp_web.py has one of ours too. */
  const isNotice = (msg) => {
    const system = wa().enums?.SYSTEM_MESSAGE_TYPES;
    return Array.isArray(system) && system.includes(msg.type);
  };

  /** What a notice says: who and what it is about. */
  const noticed = (msg) => ({
    notice: true,
    change: cut(msg.subtype),
    people: cutAll(msg.recipients?.length ? msg.recipients : msg.templateParams),
    value: typeof msg.body === 'string' ? cut(msg.body, TEXT) : null,
    outcome: cut(msg.callOutcome),
    video: Boolean(msg.isVideoCall),
    duration: Number.isFinite(msg.callDuration) ? msg.callDuration : null,
  });

  const isReadable = (msg) => msg.type !== 'ciphertext'; // it comes again once it can be read

  const rows = {
    message: ['chat.new_message', (msg) => (isReadable(msg) && !sent.has(msg.id.id) ? described(msg) : null)],
    ack: ['chat.msg_ack_change', ({ ack, ids, sender }) => ids.map((key) => ({ ...known(key), ack, author: by(sender) }))],
    edited: ['chat.msg_edited', ({ msg }) => ({ ...described(msg), t: seconds(msg.latestEditSenderTimestampMs ?? Date.now()) })],
    revoked: ['chat.msg_revoke', ({ refId, author, from }) => ({ ...known(refId), author: by(author ?? from) })],
    reaction: ['chat.new_reaction', ({ msgId, reactionText, sender, timestamp }) => (
      { ...keyed(msgId), reaction: cut(reactionText ?? ''), author: cut(sender), t: seconds(timestamp) })],
    call: ['call.incoming_call', ({ id, isGroup, isVideo, offerTime, sender }) => (
      { id: cut(id), chat: cut(sender), ...addresses(sender), group: Boolean(isGroup), video: Boolean(isVideo), t: seconds(offerTime) })],
  };

  let held = []; // what was in the memory when its reading began: what comes later is heard

  /**
   * What the page has in its memory, oldest first: what others sent, and how far our own messages have come. Some at a
   * time, `most` at once: `told` says how many were read before, and an empty answer that there are no more.
   */
  function stored({ since, told, most }) {
    if (!told) {
      held = models().filter((msg) => msg?.id && (msg.t ?? 0) >= since && isReadable(msg));
      held.sort((a, b) => (a.t ?? 0) - (b.t ?? 0));
    }
    const found = held.slice(told, told + most);
    if (!found.length) held = [];
    return found.map((msg) => ({ e: msg.id.fromMe && !isNotice(msg) ? 'ack' : 'message', ...described(msg) }));
  }

  return { rows, orders: { stored } };
});
