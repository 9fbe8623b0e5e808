// What happens to the account: one row for each event that the page tells, `name: [event of wa-js, (e) => fields]`.
//
// The name is the `page_name` of the event's declaration (actors/clients/events.py), which also says which fields are
// used. A row may give several, or null where there is nothing to tell.
// An expression: a function of `page`, as the tables of orders are. It gives {rows, stores, orders, shapes}: the shapes
// are how a message is told, for the orders that read messages too.
(function (page) {
  'use strict';
  const { wa, cut, cutAll, ackOf, addresses, models, remember, remembered, sent, trouble, withBareId, TEXT, PEOPLE, KEPT } = page;
  const { presenceState, messageOf } = page;

  const QUOTE = 1024; // characters of a quoted text
  const CARD = 16384; // characters of a contact card, and
  const CARDS = 100000; // of all in one message
  const OPTIONS = 64; // of a poll

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

  /** Who did it, with both addresses. */
  const by = (person) => {
    const { lid, phone } = addresses(person);
    return { author: person ? cut(person) : null, author_lid: lid, author_phone: phone };
  };

  const seconds = (instant) => (instant > 1e11 ? Math.floor(instant / 1000) : Number(instant) || null);
  const finite = (value) => (value !== null && value !== '' && Number.isFinite(Number(value)) ? Number(value) : null);

  function described(msg) {
    const key = keyed(msg.id);
    remember(key.bare_id, key.id);
    return {
      ...key,
      ...by(msg.author ?? msg.id.participant),
      source: sent.has(key.bare_id) ? 'api' : 'app',
      t: Number(msg.t) || null,
      ...content(msg),
      ack: ackOf(msg),
      ...(isNotice(msg) ? noticed(msg) : {}),
    };
  }

  // --- the content of a message

  /** Types whose `body` is what a person wrote or chose; of others it may be a preview picture. */
  const TEXTS = new Set(['chat', 'buttons_response', 'list_response', 'template_button_reply']);
  const textOf = ({ type, body }, length = TEXT) => (TEXTS.has(type) && typeof body === 'string' ? cut(body, length) : null);

  const content = (msg) => ({
    type: cut(msg.type),
    sender_name: msg.notifyName ? cut(msg.notifyName) : null,
    body: textOf(msg),
    caption: msg.caption ? cut(msg.caption, TEXT) : null,
    quoted: part(quotedIn, msg),
    mentions: cutAll(msg.mentionedJidList),
    forwarded: Boolean(msg.isForwarded),
    media: part(fileIn, msg),
    location: part(placeIn, msg),
    contacts: part(cardsIn, msg),
    reply: part(choiceIn, msg),
    poll: part(pollIn, msg),
  });

  /** A message is told without a part that cannot be read, rather than not at all. */
  function part(read, msg) {
    try {
      return read(msg);
    } catch (error) {
      trouble(error);
      return null;
    }
  }

  /** The message it answers. Its id is whole where the page has the message. */
  function quotedIn({ quotedStanzaID: bare, quotedParticipant: person, quotedMsg: quoted }) {
    if (!bare) return null;
    const here = withBareId(bare);
    return {
      id: here ? cut(here.id) : null,
      bare_id: cut(bare),
      ...by(person),
      type: cut(quoted?.type),
      body: quoted ? textOf(quoted, QUOTE) ?? cut(quoted.caption || null, QUOTE) : null,
    };
  }

  /** A message with a file has the file's MIME type. */
  const fileIn = ({ mimetype, size, filename, duration }) => (typeof mimetype !== 'string' || !mimetype ? null : {
    mimetype: cut(mimetype),
    size: finite(size),
    filename: filename ? cut(filename) : null,
    duration: finite(duration), // the page has it as a text or as a number
  });

  /** WhatsApp Web keeps name and address as the two lines of `loc`. */
  function placeIn({ type, lat, lng, loc, clientUrl, isLive }) {
    if (type !== 'location') return null;
    const [name, ...address] = String(loc ?? '').split('\n');
    const link = clientUrl ? cut(clientUrl) : null;
    return {
      latitude: finite(lat), longitude: finite(lng), name: cut(name || null), address: cut(address.join(' ') || null), url: link,
      live: Boolean(isLive),
    };
  }

  function cardsIn({ type, body, vcardFormattedName, vcardList }) {
    const cards = { vcard: [{ displayName: vcardFormattedName, vcard: body }], multi_vcard: vcardList }[type];
    if (!Array.isArray(cards)) return null;
    let left = CARDS;
    const told = [];
    for (const { displayName, vcard } of cards) {
      const text = cut(vcard ?? null, CARD);
      left -= (text?.length ?? 0) + String(displayName ?? '').length;
      if (left < 0) {
        if (told.length) told.at(-1).name = `${told.at(-1).name ?? ''}\uffff`; // as `cut` does: some are not told
        break;
      }
      told.push({ name: cut(displayName ?? null), vcard: text });
    }
    return told;
  }

  /** What was chosen of buttons or of a list. */
  function choiceIn({ type, body, selectedButtonId, selectedId, listResponse }) {
    const chosen = {
      buttons_response: [selectedButtonId, body],
      template_button_reply: [selectedId, body],
      list_response: [listResponse?.singleSelectReply?.selectedRowId, listResponse?.title ?? body],
    }[type];
    return chosen ? { id: cut(chosen[0] ?? null), text: cut(chosen[1] ?? null) } : null;
  }

  const pollIn = ({ type, pollName, pollOptions, pollSelectableOptionsCount: most }) => (type !== 'poll_creation' ? null : {
    name: cut(pollName ?? null),
    options: cutAll((Array.isArray(pollOptions) ? pollOptions : []).map((option) => option?.name ?? option), OPTIONS),
    selectable: finite(most), // 0: as many as there are
  });

  // --- notices

  /** Whether WhatsApp itself wrote it, by the page's own list of such types; whatsapp_web.py has one of ours too. */
  const isNotice = (msg) => {
    const system = wa().enums?.SYSTEM_MESSAGE_TYPES;
    return Array.isArray(system) && system.includes(msg.type);
  };

  const isMe = (address) => {
    const { getMaybeMePnUser, getMaybeMeLidUser } = wa().UserPrefs;
    return [getMaybeMePnUser?.(), getMaybeMeLidUser?.()].some((one) => one && String(one) === String(address));
  };

  /** What a notice says: who and what it is about. */
  const noticed = (msg) => ({
    notice: true,
    change: cut(msg.subtype),
    people: cutAll(msg.recipients?.length ? msg.recipients : msg.templateParams),
    participants: (msg.recipients ?? []).slice(0, PEOPLE).map((one) => ({ id: cut(one), ...addresses(one) })),
    me: (msg.recipients ?? []).some(isMe),
    value: typeof msg.body === 'string' ? cut(msg.body, TEXT) : null,
    outcome: cut(msg.callOutcome),
    video: Boolean(msg.isVideoCall),
    duration: Number.isFinite(msg.callDuration) ? msg.callDuration : null,
  });

  const isReadable = (msg) => msg.type !== 'ciphertext'; // it comes again once it can be read
  const isOurs = (msg) => sent.has(msg.id.id);
  const editedAt = (msg) => seconds(msg.latestEditSenderTimestampMs);

  const voted = ({ msgId, sender, selectedOptions, timestamp }) => (
    { ...known(msgId), ...by(sender), choices: selectedOptions.filter(Boolean).map(({ name }) => cut(name)), t: seconds(timestamp) });

  const rows = {
    message: ['chat.new_message', (msg) => (isReadable(msg) && !isOurs(msg) ? described(msg) : null)],
    outgoing: ['chat.new_message', (msg) => (isReadable(msg) && isOurs(msg) ? described(msg) : null)],
    ack: ['chat.msg_ack_change', ({ ack, ids, sender }) => ids.map((key) => ({ ...known(key), ack, ...by(sender) }))],
    edited: ['chat.msg_edited', ({ msg }) => ({ ...described(msg), t: editedAt(msg) ?? seconds(Date.now()) })],
    revoked: ['chat.msg_revoke', ({ refId, author, from }) => ({ ...known(refId), ...by(author ?? from) })],
    reaction: ['chat.new_reaction', ({ msgId, reactionText, sender, timestamp }) => (
      { ...keyed(msgId), reaction: cut(reactionText ?? ''), ...by(sender), t: seconds(timestamp) })],
    call: ['call.incoming_call', ({ id, isGroup, isVideo, offerTime, sender }) => (
      { id: cut(id), chat: cut(sender), ...addresses(sender), group: Boolean(isGroup), video: Boolean(isVideo), t: seconds(offerTime) })],
    chat_label: ['chat.update_label', ({ chat, labels, type }) => (labels ?? []).map(({ id, name }) => (
      { label: cut(id), name: cut(name), chat: cut(chat?.id), ...addresses(chat?.id), added: type === 'add' }))],
    poll_vote: ['chat.poll_response', voted],
    presence: ['chat.presence_change', presences],
    read: ['chat.unread_count_changed', ({ chat, unreadCount }) => (unreadCount > 0 ? null : (
      { chat: cut(chat.id), ...addresses(chat.id), unread: unreadCount < 0, t: Math.floor(Date.now() / 1000) }))],
  };

  /** Events of a store of WhatsApp Web where wa-js has none: `name: [store, its events, what is told]`. */
  const stores = {
    label: [() => wa().LabelStore, 'add remove change:name change:colorIndex', ({ id, name, colorIndex, hexColor }) => (
      { id: cut(id), name: cut(name), color: colorIndex ?? null, hex: cut(hexColor), deleted: !wa().LabelStore.get(id) })],
    archived: [() => wa().ChatStore, 'change:archive', (chat) => (
      { chat: cut(chat.id), ...addresses(chat.id), archived: Boolean(chat.archive), t: seconds(Date.now()) })],
  };

  const states = new Map(); // group and member -> what the member was told to do last

  /** Of a group wa-js tells all who do something: only what is new is told. */
  function presences({ id, isOnline, isGroup, state, participants }) {
    const told = { chat: cut(id), ...addresses(id), t: Math.floor(Date.now() / 1000) };
    if (!isGroup) return [{ ...told, ...by(id), state: presenceState(state, isOnline), online: Boolean(isOnline) }];
    if (states.size > KEPT) states.clear();
    return (participants ?? []).map((one) => ({ ...told, ...by(one.id), state: presenceState(one.state), online: null }))
      .filter(({ author, state: now }) => {
        const place = `${told.chat} ${author}`;
        const isNew = states.get(place) !== now;
        states.set(place, now);
        return isNew;
      });
  }

  // --- what happened while nobody listened

  let held = []; // what was in the memory when its reading began: what comes later is heard

  /**
   * What the page has in its memory, oldest first, each message with what became of it: its acknowledgement, its edit, its
   * revocation, the reactions to it, the votes in it. Some at a time, `most` at once: `told` says how many were read before, and an empty
   * answer that there are no more.
   */
  async function stored({ since, told, most }) {
    if (!told) held = inOrder(models().filter((msg) => msg?.id && (msg.t ?? 0) >= since && isReadable(msg)));
    const found = held.slice(told, told + most);
    if (!found.length) held = [];
    return Promise.all(found.map(retold));
  }

  const inOrder = (messages) => messages.sort((a, b) => (a.t ?? 0) - (b.t ?? 0));

  /**
   * The reactions and votes that are older than wa-js, which tells none of them, of the newest messages that have any:
   * `most` messages. Others are heard.
   */
  async function marks({ since, most }) {
    const marked = models().filter((msg) => msg?.id && (msg.t ?? 0) >= since && (msg.hasReaction || msg.type === 'poll_creation'));
    const found = await Promise.all(inOrder(marked).slice(-most).map(marksOf));
    return found.map((events) => events.filter(({ t }) => t !== null && t * 1000 < page.startedAt()));
  }

  const marksOf = async (msg) => [
    ...(msg.hasReaction ? await reactionsTo(msg) : []),
    ...(msg.type === 'poll_creation' ? await votesIn(msg) : []),
  ];

  async function retold(msg) {
    const fields = described(msg);
    const itsOwn = msg.id.fromMe && !isNotice(msg);
    return [
      ...(itsOwn && isOurs(msg) ? [] : [{ e: 'message', ...fields }]),
      ...(itsOwn ? [{ e: 'ack', ...fields }] : []),
      ...(editedAt(msg) ? [{ e: 'edited', ...fields, t: editedAt(msg) }] : []),
      ...(msg.type === 'revoked' ? [{ e: 'revoked', ...fields, ...by(msg.author ?? msg.id.participant ?? msg.from) }] : []),
      ...(await marksOf(msg)),
    ];
  }

  /** The last vote of each person, also one that was taken back. wa-js tells none that is older than its own start. */
  async function votesIn(msg) {
    try {
      const { votes } = await window.WPP.chat.getVotes(String(msg.id));
      return votes.slice(0, PEOPLE).map((vote) => ({ e: 'poll_vote', ...voted({ msgId: msg.id, ...vote }) }));
    } catch (error) {
      trouble(error);
      return [];
    }
  }

  /** Who reacts now to each of these messages; null for one that the page does not know, or cannot say of. */
  const reactors = ({ messages }) => Promise.all(messages.map(async ({ chat, id }) => {
    try {
      const msg = await messageOf(chat, id);
      if (msg.type === 'revoked') return null;
      const { reactions } = await window.WPP.chat.getReactions(String(msg.id));
      return reactions.flatMap(({ senders }) => senders).map(({ sender, senderUserJid }) => by(sender ?? senderUserJid));
    } catch (error) {
      if (error.code !== 'MESSAGE_NOT_FOUND') trouble(error);
      return null;
    }
  }));

  /** Those that stand; of one that was taken back the page tells nothing (`reactors`). */
  async function reactionsTo(msg) {
    try {
      const { reactions } = await window.WPP.chat.getReactions(String(msg.id));
      return reactions.flatMap(({ senders }) => senders).map(({ reactionText, sender, senderUserJid, timestamp }) => (
        { e: 'reaction', ...keyed(msg.id), reaction: cut(reactionText), ...by(sender ?? senderUserJid), t: seconds(timestamp) }));
    } catch (error) {
      trouble(error);
      return [];
    }
  }

  return { rows, stores, orders: { stored, marks, reactors }, shapes: { described, isNotice } };
})
