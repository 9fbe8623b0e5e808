// Orders about messages: sending them, each once and under an id of ours, and looking up what became of one.
(function (page) {
  'use strict';
  const { wa, cut, said, addresses, ackOf, withBareId, remember, sent, KEPT, isHeldBack, refused } = page;
  const { own, isPerson, whoIs, addressesOf, heldIn, messageOf, refusal } = page;
  const underWay = new Map(); // bare id -> the answer there will be

  /**
   * An order that sends: `act(order, chat, options)` has wa-js send it. An id is sent once at a time: whoever orders it
   * again meanwhile hears the same answer.
   */
  const sending = (act) => (order) => {
    if (underWay.has(order.id)) return underWay.get(order.id);
    const answer = bring(order, act);
    underWay.set(order.id, answer);
    answer.finally(() => underWay.delete(order.id));
    return answer;
  };

  page.sending = sending; // for the tables of other kinds of messages
  /**
   * The chat to send to. WhatsApp is asked first who a stranger is: on accounts that have moved to LIDs the page makes no
   * chat with somebody it has never asked about, and a number may be written otherwise than WhatsApp does. Where it does
   * not say, the message goes to the address as it is.
   */
  async function chatFor(address) {
    const { WPP } = window;
    const known = heldIn(wa().ChatStore, address);
    if (known || !isPerson(address)) return WPP.chat.find(known?.id ?? address);
    const { id, unknown } = await whoIs(address);
    if (id === null) throw new Error(`There is no such chat on WhatsApp (${address})`);
    try {
      return await WPP.chat.find(id ?? address);
    } catch (error) {
      if (!unknown) throw error;
      throw new Error(`WhatsApp did not say who ${address} is (${unknown}), and the page has no chat with it: try again`);
    }
  }

  /** The key WhatsApp will file a message under: it begins with the chat as WhatsApp addresses it, maybe by LID. */
  async function bring(order, act) {
    const { WPP } = window;
    let filed = null;
    let answered = false;
    try {
      const chat = await chatFor(order.chat);
      if (isHeldBack(chat)) {
        return { error: { message: 'WhatsApp lets this account write to no stranger now', code: 'RESTRICTED' } };
      }
      const chosen = await options(order, chat);
      const key = await WPP.chat.generateMessageID(chat);
      const { MsgKey } = wa();
      const participant = key.participant ?? (chat.id.isStatusV3?.() ? wa().UserPrefs.getMaybeMePnUser() : undefined);
      filed = new MsgKey({ fromMe: true, remote: chat.id, id: order.id, participant });
      remember(filed.id, String(filed));
      sent.add(filed.id);
      if (sent.size > KEPT) sent.delete(sent.values().next().value);
      const outcome = await act(order, chat, { ...chosen, messageId: filed });
      answered = true;
      const code = await refused(outcome.sendMsgResult);
      const stored = withBareId(filed.id);
      return {
        id: cut(stored?.id ?? outcome.id),
        chat: cut(stored?.id?.remote ?? outcome.to ?? chat.id),
        ack: ackOf(stored) ?? ackOf(outcome),
        result: cut(outcome.sendMsgResult?.messageSendResult ?? outcome.sendMsgResult),
        code,
        why: code === null ? null : barrier(chat),
      };
    } catch (error) {
      return { error: said(error), ...whatIsFiled(filed, answered) };
    }
  }

  /** What keeps the account from writing to a group, in a sentence; null where the page knows of nothing. */
  function barrier({ id, groupMetadata: group }) {
    if (!id.isGroup() || !group) return null;
    if (group.participants?.iAmMember?.() === false) return 'The account is not in this group';
    return group.announce && group.participants?.iAmAdmin?.() === false ? 'Only admins may write in this group' : null;
  }

  /** Of a message whose sending failed: its id and ack, where it is filed or may be; no id is proof that it is not. */
  function whatIsFiled(key, answered) {
    try {
      const stored = key && withBareId(key.id);
      return { id: cut(stored?.id ?? (answered ? key : null)), ack: ackOf(stored) };
    } catch {
      return { id: cut(key), ack: null };
    }
  }

  /**
   * A message is looked for in memory, then in the page's storage under each address its chat may have. `complete`: that
   * it is not there proves that it never left. It does not while the page has yet to catch up, or to file the message.
   */
  async function lookUp({ chat, message_id: id }) {
    const beingFiled = underWay.has(id);
    let msg = withBareId(id) ?? await inStorage(chat, id);
    const { Stream, Socket } = wa();
    const current = Stream.info === 'NORMAL' && Stream.mode === 'MAIN' && Socket.stream !== 'DISCONNECTED';
    let complete = Boolean(window.WPP.isFullReady) && current && !beingFiled;
    if (!msg && complete && isPerson(chat) && !heldIn(wa().ChatStore, chat)) {
      // The page has no chat under the address that was asked for: it went to the one that WhatsApp had named.
      complete = !(await whoIs(chat)).unknown;
      msg = await inStorage(chat, id);
    }
    msg ??= withBareId(id); // filed while it was looked for
    return { ack: msg ? ackOf(msg) ?? 0 : null, complete };
  }

  async function inStorage(chat, id) {
    for (const address of addressesOf(chat)) {
      try {
        return await window.WPP.chat.getMessageById(`true_${address}_${id}`);
      } catch {
        // it says the same of a message that is not there and of one it could not look for
      }
    }
    return undefined;
  }

  /** wa-js's options, all of them: what it does by default when one is missing is not what was ordered. */
  async function options({ reply_to: answered, mentions }, chat) {
    const chosen = { markIsRead: false, waitForAck: true, linkPreview: false, detectMentioned: false };
    if (answered) chosen.quotedMsg = await messageOf(chat.id, answered);
    if (mentions) chosen.mentionedList = await mentioned(mentions, chat);
    return chosen;
  }

  /** The people as the chat addresses its members: WhatsApp shows no mention of another address. */
  async function mentioned(people, chat) {
    if (people === 'all') {
      if (!chat.id.isGroup()) throw refusal('NOT_A_GROUP', 'Only in a group can everybody be mentioned');
      const members = await window.WPP.group.getParticipants(chat.id);
      return members.map(({ id }) => id).filter((id) => !wa().UserPrefs.isMeAccount?.(id));
    }
    const byLid = chat.id.isLid() || Boolean(chat.groupMetadata?.isLidAddressingMode);
    return Promise.all(people.map(async (person) => {
      const known = addresses(wa().WidFactory.createWid(person));
      if (!byLid) return known.phone ? `${known.phone}@c.us` : person;
      return known.lid ?? cut((await window.WPP.contact.getPnLidEntry(person))?.lid?._serialized) ?? person;
    }));
  }

  /** A preview in the caller's words: nothing is fetched for it. */
  const previewed = (text, { url, title, description, thumbnail }) => ({
    type: 'chat',
    subtype: 'url',
    body: text,
    title,
    ...(description ? { description } : {}),
    ...(thumbnail ? { thumbnail } : {}),
    canonicalUrl: url,
    matchedText: url,
    richPreviewType: 0,
    doNotPlayInline: true,
  });

  const FOUND = 5000; // ms that the account's phone may take to make a preview

  /**
   * The message with the preview that WhatsApp Web makes, for which it asks the account's phone; null where there is none.
   * wa-js does not find WhatsApp Web's search for links any more (4.6.0, on the code of August 2026).
   */
  async function withPreview(text, chat) {
    try {
      const link = own('WAWebLinkify').findLink({ text, httpOnly: true });
      if (!link) return null;
      const late = new Promise((go) => setTimeout(go, FOUND, null));
      const made = await Promise.race([own('WAWebLinkPreviewChatAction').getLinkPreview(link, chat), late]);
      return made?.data ? { type: 'chat', subtype: 'url', body: text, ...made.data } : null;
    } catch {
      return null; // better a message without a preview than none
    }
  }

  async function sendText({ text, link_preview: preview }, chat, options) {
    const message = preview === true ? await withPreview(text, chat) : preview ? previewed(text, preview) : null;
    return message ? raw(chat, message, options) : window.WPP.chat.sendTextMessage(chat.id, text, options);
  }

  const escaped = (text) => text.replace(/[\\;,]/g, '\\$&');

  /** A vCard 3.0, with WhatsApp's own parameter of the number. */
  const cardOf = ({ name, phone, organization, vcard }) => ({
    displayName: name,
    isMultiVcard: false,
    vcard: vcard ?? [
      'BEGIN:VCARD',
      'VERSION:3.0',
      `N:;${escaped(name)};;;`,
      `FN:${escaped(name)}`,
      ...(organization ? [`ORG:${escaped(organization)};`] : []),
      ...(phone ? [`TEL;type=CELL;type=VOICE;waid=${phone}:+${phone}`] : []),
      'END:VCARD',
    ].join('\n'),
  });

  function cards(contacts) {
    const made = contacts.map(cardOf);
    if (made.length > 1) return { type: 'multi_vcard', vcardList: made };
    return { type: 'vcard', body: made[0].vcard, vcardFormattedName: made[0].displayName };
  }

  // --- forwarding: WhatsApp Web draws the id of a message that it forwards, but for the ones that wait here

  const forwards = []; // {chat, key}
  let ownIds = null;

  function drawOurIds() {
    if (ownIds) return;
    const made = own('WAWebMsgDataUtils');
    ownIds = made?.genOutgoingMsgData;
    if (typeof ownIds !== 'function') throw refusal('NOT_AVAILABLE', 'This WhatsApp Web cannot forward under an id of ours');
    made.genOutgoingMsgData = async (chat, ...more) => {
      const data = await ownIds(chat, ...more);
      const place = forwards.findIndex((one) => String(one.chat) === String(chat?.id));
      return place < 0 ? data : { ...data, id: forwards.splice(place, 1)[0].key };
    };
  }

  async function forward({ message, from_chat: from }, chat, { messageId: key }) {
    const source = from ? (await window.WPP.chat.find(from)).id : null;
    const msg = await messageOf(source, message);
    drawOurIds();
    const one = { chat: chat.id, key };
    forwards.push(one);
    try {
      const undelivered = await window.WPP.chat.forwardMessages(chat.id, [msg], { displayCaptionText: true });
      if (undelivered?.length && !withBareId(key.id)) throw new Error('WhatsApp Web could not forward the message');
      return { sendMsgResult: { messageSendResult: undelivered?.length ? 'ERROR_UNKNOWN' : 'OK' } };
    } finally {
      if (forwards.includes(one)) forwards.splice(forwards.indexOf(one), 1);
    }
  }

  const raw = (chat, message, options) => window.WPP.chat.sendRawMessage(chat.id, message, options);

  /**
   * An order that sends a file, as a kind of message: `more` are the options of that kind. The kind is never guessed.
   */
  const sendingFile = (type, more = () => ({})) => sending((order, chat, options) =>
    window.WPP.chat.sendFileMessage(chat.id, order.file, {
      ...options,
      type,
      filename: order.file.name,
      mimetype: order.file.type,
      ...(order.caption == null ? {} : { caption: order.caption }),
      ...more(order),
    }));

  return {
    sendImage: sendingFile('image', ({ view_once: isViewOnce }) => ({ isViewOnce })),
    sendDocument: sendingFile('document'),
    sendVideo: sendingFile('video', ({ view_once: isViewOnce, gif: isGif }) => ({ isViewOnce, isGif, isPtv: false })),
    sendVideoNote: sendingFile('video', () => ({ isGif: false, isPtv: true })),
    sendVoice: sendingFile('audio', ({ view_once: isViewOnce }) => ({ isViewOnce, isPtt: true, waveform: true })),
    sendSticker: sendingFile('sticker'),
    sendText: sending(sendText),
    sendLocation: sending(({ latitude, longitude, name, address }, chat, options) =>
      window.WPP.chat.sendLocationMessage(chat.id, {
        ...options,
        lat: latitude,
        lng: longitude,
        ...(name === null ? {} : { name }),
        ...(address === null ? {} : { address }),
      })),
    sendContacts: sending(({ contacts }, chat, options) => raw(chat, cards(contacts), options)),
    sendPoll: sending(({ name, options: choices, multiple_answers: multiple }, chat, options) =>
      window.WPP.chat.sendCreatePollMessage(chat.id, name, choices, {
        ...options,
        selectableCount: multiple ? choices.length : 1,
      })),
    forwardMessage: sending(forward),
    lookUp,
  };
})
