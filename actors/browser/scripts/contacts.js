// Orders about people.
(function (page) {
  'use strict';
  const { wa, cut, said, addresses, whoIs, heldIn, refusal, shown, KEPT } = page;

  const unasked = (address, why) => refusal('UNASKED', `WhatsApp did not say who ${address} is (${why}): ask again`);

  /** WhatsApp's own way to write a person's address; null: nobody is there. */
  async function canonical(address) {
    const { id, unknown } = await whoIs(address);
    if (unknown) throw unasked(address, unknown);
    return id;
  }

  /** The address under which the page knows a person, or else WhatsApp's own. */
  async function personAt(address) {
    const known = heldIn(wa().ContactStore, address) ?? heldIn(wa().ChatStore, address);
    const id = known ? known.id : await canonical(address);
    if (!id) throw refusal('NOBODY', `${address} is not on WhatsApp`);
    return wa().WidFactory.createWid(cut(id));
  }

  const isBlocked = (address) => Boolean(heldIn(wa().BlocklistStore, address));
  const name = (value) => (value ? cut(value) : null);

  const described = (contact) => ({
    id: cut(contact.id),
    ...addresses(contact.id),
    name: name(contact.name),
    short_name: name(contact.shortName),
    push_name: name(contact.pushname),
    verified_name: name(contact.verifiedName),
    mine: Boolean(contact.isMyContact),
    me: Boolean(contact.isMe),
    business: Boolean(contact.isBusiness),
    blocked: isBlocked(cut(contact.id)),
  });

  const label = ({ name: own, push_name: push, verified_name: verified, phone, lid }) => own ?? push ?? verified ?? phone ?? lid ?? '';

  /** Everybody once, though the page may have one person under both addresses: the entry with the name. */
  function listContacts({ limit, offset, mine }) {
    const found = new Map();
    for (const contact of wa().ContactStore.getModelsArray()) {
      if (!/@(c\.us|lid)$/.test(String(contact.id))) continue;
      const told = described(contact);
      const key = told.phone ?? told.lid;
      const other = found.get(key);
      if (!other || (told.name && !other.name)) found.set(key, told);
    }
    const wanted = [...found.values()].filter((one) => mine === null || one.mine === mine);
    const { compare } = new Intl.Collator();
    wanted.sort((a, b) => compare(label(a), label(b)));
    return { contacts: wanted.slice(offset, offset + limit), total: wanted.length };
  }

  function getContact({ contact: address }) {
    const known = heldIn(wa().ContactStore, address);
    if (known) return described(known);
    return { id: address, ...addresses(wa().WidFactory.createWid(address)), blocked: isBlocked(address) };
  }

  const DAY = 24 * 3600 * 1000; // ms
  const kept = new Map(); // what and of whom -> {value, until}

  /** What WhatsApp's server limits questions about, asked once a day. What failed is not kept. */
  async function daily(key, refresh, ask) {
    const had = kept.get(key);
    if (had && !refresh && had.until > Date.now()) return had.value;
    const value = await ask();
    kept.delete(key);
    kept.set(key, { value, until: Date.now() + DAY });
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return value;
  }

  const unanswered = (what, error) => refusal('UNASKED', `WhatsApp did not answer for ${what} (${said(error).message}): ask again`);

  async function getPicture({ chat, refresh }) {
    const url = await daily(`picture ${chat}`, refresh, async () => {
      const id = chat.endsWith('@g.us') ? wa().WidFactory.createWid(chat) : await personAt(chat);
      const picture = await wa().ProfilePicThumbStore.find(id).catch((error) => {
        throw unanswered('a picture', error);
      });
      if (picture?.stale) throw unanswered('a picture', 'the page is not connected'); // what the page has is old
      return name(picture?.eurl ?? picture?.imgFull ?? picture?.img);
    });
    return { url };
  }

  async function getAbout({ contact, refresh }) {
    const about = await daily(`about ${contact}`, refresh, async () => {
      const id = await personAt(contact);
      const found = await wa().StatusStore.find(id).catch((error) => {
        throw unanswered('a status', error);
      });
      return name(found?.status);
    });
    return { about };
  }

  async function blockContact({ contact, blocked }) {
    if (isBlocked(contact) === blocked) return;
    const { blocklist } = window.WPP;
    const id = await personAt(contact);
    await (blocked ? blocklist.blockContact(id) : blocklist.unblockContact(id));
    await shown(() => isBlocked(contact) === blocked, `it is ${blocked ? 'blocked' : 'blocked no more'}`);
  }

  async function nameContact({ contact, first_name: first, last_name: last }) {
    const { phone } = addresses(await personAt(contact));
    if (!phone) throw refusal('NO_PHONE', 'WhatsApp keeps names by phone number, and the number of this person is not known');
    await window.WPP.contact.save(`${phone}@c.us`, first, { lastName: last, syncAddressBook: true });
  }

  async function findAddresses({ address }) {
    const known = addresses(wa().WidFactory.createWid(address));
    if (address.endsWith('@lid') || known.lid) return known;
    const id = await canonical(address);
    return id ? addresses(wa().WidFactory.createWid(id)) : { lid: null, phone: null };
  }

  return {
    checkContact: async ({ number }) => {
      const id = await canonical(`${number}@c.us`);
      return id ? { on_whatsapp: true, id, ...addresses(wa().WidFactory.createWid(id)) } : { on_whatsapp: false };
    },
    listContacts,
    getContact,
    getPicture,
    getAbout,
    blockContact,
    nameContact,
    findAddresses,
  };
})
