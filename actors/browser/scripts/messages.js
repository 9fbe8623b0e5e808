// Orders about messages: sending them, each once and under an id of ours, and looking up what became of one.
(function (page) {
  'use strict';
  const { wa, cut, said, addresses, ackOf, withBareId, remember, sent, KEPT, isHeldBack, refused } = page;
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

  /** The key WhatsApp will file a message under: it begins with the chat as WhatsApp addresses it, maybe by LID. */
  async function bring(order, act) {
    const { WPP } = window;
    let filed = null;
    let answered = false;
    try {
      const chat = await WPP.chat.find(order.chat);
      if (isHeldBack(chat)) {
        return { error: { message: 'WhatsApp lets this account write to no stranger now', code: 'RESTRICTED' } };
      }
      const key = await WPP.chat.generateMessageID(chat);
      const { MsgKey } = wa();
      const participant = key.participant ?? (chat.id.isStatusV3?.() ? wa().UserPrefs.getMaybeMePnUser() : undefined);
      filed = new MsgKey({ fromMe: true, remote: chat.id, id: order.id, participant });
      remember(filed.id, String(filed));
      sent.add(filed.id);
      if (sent.size > KEPT) sent.delete(sent.values().next().value);
      const outcome = await act(order, chat, { messageId: filed, markIsRead: false, waitForAck: true });
      answered = true;
      const code = await refused(outcome.sendMsgResult);
      const stored = withBareId(filed.id);
      return {
        id: cut(stored?.id ?? outcome.id),
        chat: cut(stored?.id?.remote ?? outcome.to ?? chat.id),
        ack: ackOf(stored) ?? ackOf(outcome),
        result: cut(outcome.sendMsgResult?.messageSendResult ?? outcome.sendMsgResult),
        code,
      };
    } catch (error) {
      return { error: said(error), ...whatIsFiled(filed, answered) };
    }
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
    let msg = withBareId(id);
    for (const address of msg ? [] : addressesOf(chat)) {
      try {
        msg = await window.WPP.chat.getMessageById(`true_${address}_${id}`);
        break;
      } catch {
        // it says the same of a message that is not there and of one it could not look for
      }
    }
    msg ??= withBareId(id); // filed while it was looked for
    const { Stream, Socket } = wa();
    const current = Stream.info === 'NORMAL' && Stream.mode === 'MAIN' && Socket.stream !== 'DISCONNECTED';
    const complete = Boolean(window.WPP.isFullReady) && current && !beingFiled;
    return { ack: msg ? ackOf(msg) ?? 0 : null, complete };
  }

  function addressesOf(chat) {
    try {
      const { lid, phone } = addresses(wa().WidFactory.createWid(chat));
      return new Set([chat, ...(lid ? [lid] : []), ...(phone ? [`${phone}@c.us`] : [])]);
    } catch {
      return [chat];
    }
  }

  /**
   * An order that sends a file, as a kind of message: `more` are the options of that kind. All of wa-js's options are
   * set: its own defaults would have the chat read, links looked up, and the kind guessed.
   */
  const sendingFile = (type, more = () => ({})) => sending((order, chat, options) =>
    window.WPP.chat.sendFileMessage(chat.id, order.file, {
      ...options,
      linkPreview: false,
      detectMentioned: false,
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
    sendText: sending(({ text }, chat, options) =>
      window.WPP.chat.sendTextMessage(chat.id, text, { ...options, linkPreview: false, detectMentioned: false })),
    sendLocation: sending(({ latitude, longitude, name, address }, chat, options) =>
      window.WPP.chat.sendLocationMessage(chat.id, {
        ...options,
        lat: latitude,
        lng: longitude,
        ...(name === null ? {} : { name }),
        ...(address === null ? {} : { address }),
      })),
    lookUp,
  };
})
