// Lookups in the page: the addresses of a person, and the chats, contacts and messages that the page has under one.
//
// An expression: a function of `page`, as the tables of orders are; page.js adds what it gives to `page`.
(function (page) {
  'use strict';
  const { wa, cut, said, refusal, KEPT } = page;

  const remembered = new Map(); // bare id -> full id, as WhatsApp writes it
  const sent = new Set(); // bare ids that were ordered from here: their answer tells of them, and their acks do

  function remember(bare, full) {
    remembered.delete(bare);
    remembered.set(bare, full);
    if (remembered.size > KEPT) remembered.delete(remembered.keys().next().value);
  }

  /** A chat or person as both of WhatsApp's kinds of address, as far as the page knows them. */
  function addresses(given) {
    const text = String(given ?? '');
    const known = (ask) => {
      try {
        return ask() ?? null;
      } catch {
        return null;
      }
    };
    const wid = typeof given === 'string' ? known(() => wa().WidFactory.createWid(given)) : given;
    if (text.endsWith('@lid')) {
      return { lid: cut(text), phone: cut(known(() => wa().lidPnCache.getPhoneNumber(wid))?.user) };
    }
    if (text.endsWith('@c.us')) {
      return { lid: cut(known(() => wa().lidPnCache.getCurrentLid(wid))), phone: cut(wid?.user ?? text.split('@')[0]) };
    }
    return { lid: null, phone: null };
  }

  const ASKED_FOR_PERSON = 8000; // ms that WhatsApp's server may take to say who an address is
  const KNOWN_FOR = 24 * 3600 * 1000; // ms that its answer is kept; that nobody is there, for less
  const NOBODY_FOR = 5 * 60 * 1000;
  const people = new Map(); // address -> {id, until}

  const isPerson = (address) => /@(c\.us|lid)$/.test(address);

  /** Resolves as `promise`, or fails with this after so many ms. */
  const within = (ms, promise, why) => {
    let timer;
    const late = new Promise((_go, fail) => { timer = setTimeout(() => fail(new Error(why)), ms); });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  };

  /**
   * Who WhatsApp says an address is: {id}, its own way to write it, which may differ from the question (Brazil's ninth
   * digit); {id: null}: nobody; {unknown}: why it did not say. wa-js's own question answers null for nobody and for a
   * failure, so WhatsApp Web's is asked: it throws what failed.
   */
  async function whoIs(address) {
    const kept = people.get(address);
    if (kept && kept.until > Date.now()) return kept;
    let found;
    try {
      const asked = wa().functions.queryWidExists(wa().WidFactory.createWid(address));
      found = await within(ASKED_FOR_PERSON, asked, 'no answer in time');
    } catch (error) {
      return { unknown: said(error).message };
    }
    const id = found?.wid ? cut(found.wid) : null;
    const told = { id, until: Date.now() + (id ? KNOWN_FOR : NOBODY_FOR) };
    people.delete(address);
    people.set(address, told);
    if (people.size > KEPT) people.delete(people.keys().next().value);
    return told;
  }

  /** Every address under which the page may have a chat or a contact, the given one first. */
  function addressesOf(chat) {
    const address = String(chat);
    const found = new Set([address]);
    for (const one of [address, people.get(address)?.id]) {
      try {
        const { lid, phone } = one ? addresses(wa().WidFactory.createWid(one)) : {};
        for (const other of [one, lid, phone && `${phone}@c.us`]) if (other) found.add(other);
      } catch {
        // it is no address to this page
      }
    }
    return found;
  }

  /** What a collection of the page has under one of the addresses. */
  function heldIn(collection, address) {
    for (const one of addressesOf(address)) {
      const held = collection.get(wa().WidFactory.createWid(one));
      if (held) return held;
    }
    return undefined;
  }

  /** The chat the page has with this person or group. Nothing is made. */
  function chatOf(address) {
    const chat = heldIn(wa().ChatStore, address);
    if (!chat) throw refusal('CHAT_NOT_FOUND', `The account has no chat ${address}`);
    return chat;
  }

  const models = () => wa().MsgStore.getModelsArray?.() ?? wa().MsgStore.models ?? [];
  const withBareId = (bare) => models().find((msg) => msg?.id?.id === bare);

  /**
   * A message by its bare or full id: in memory, then in the page's storage, in the chat with any of these addresses.
   * Without a chat it is the one that the full id names. Throws where there is none.
   */
  async function messageOf(chat, id) {
    const [, , remote, named, who] = /^((?:true|false)_([^_]+)_)?([^_]+)(_.+)?$/.exec(id) ?? [null, null, null, id];
    const places = chat ?? remote ? addressesOf(chat ?? remote) : null;
    const known = withBareId(named);
    if (known && (!places || places.has(String(known.id.remote)))) return known;
    for (const place of places ?? []) {
      for (const fromMe of [false, true]) {
        try {
          return await window.WPP.chat.getMessageById(`${fromMe}_${place}_${named}${who ?? ''}`);
        } catch {
          // it says the same of a message that is not there and of one it could not look for
        }
      }
    }
    throw refusal('MESSAGE_NOT_FOUND', `WhatsApp Web knows no message ${named} ${chat ? 'in this chat' : 'here'}`);
  }

  return {
    remember, remembered, sent, addresses, isPerson, whoIs, addressesOf, heldIn, chatOf, models, withBareId, messageOf,
  };
})
