'use strict';
// What the account keeps of people: its address book, and whom it has blocked.

define('SandboxPeople', (require, exports) => {
  const { addressOf } = require('SandboxAddressBook');

  /** A person as the server knows him: {chat, lid, name, saved: {name, short} or null, blocked}. */
  exports.apply = ({ saved, blocked, ...person }) => {
    const { ContactCollection } = require('WAWebContactCollection');
    const { BlocklistCollection } = require('WAWebBlocklistCollection');
    const contact = require('SandboxAddressBook').contactOf(person);
    contact.set({ name: saved?.name, shortName: saved?.short, pushname: person.name, isContactBlocked: blocked });
    const id = addressOf(person);
    if (blocked) BlocklistCollection.add(new (require('WAWebBlocklistModel').default)({ id }));
    else BlocklistCollection.remove(id);
    return ContactCollection.get(id);
  };

  /** Has the server change what the account keeps of a person. Rejects with WhatsApp's status. */
  exports.change = async (address, values) => {
    const { status, ...told } = await require('SandboxConnection').ask({ op: 'contact', address, ...values });
    if (status !== 200) throw Object.assign(new Error(`the server answered ${status}`), { status });
    exports.apply(told.person);
  };
});

define('WAWebBlocklistModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  class Blocked extends BaseModel {}
  exports.default = defineModel(Blocked, 'blocklist', { id: undefined });
});

define('WAWebBlocklistCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  class BlocklistCollectionImpl extends BaseCollection {}
  exports.BlocklistCollection = new BlocklistCollectionImpl();
});

define('WAWebBlockContactAction', (require, exports) => {
  const { BlocklistCollection } = require('WAWebBlocklistCollection');
  const change = async ({ id }, blocked) => {
    if (Boolean(BlocklistCollection.get(id)) !== blocked) await require('SandboxPeople').change(String(id), { blocked });
  };
  /** Current builds are given {contact, blockEntryPoint, bizOptOutArgs}. */
  exports.blockContact = (given) => change(given.contact ?? given, true);
  exports.unblockContact = (contact) => change(contact, false);
});

define('WAWebSaveContactAction', (require, exports) => {
  /** Current builds take one object, older ones seven values: number, …, first name, last name, … */
  exports.saveContactAction = async (given, ...more) => {
    const [, , , first, last] = more;
    const { phoneNumber, firstName, lastName } = typeof given === 'object' ? given
      : { phoneNumber: given, firstName: first, lastName: last };
    if (!require('WAWebNetworkStatus').default.online) throw new Error('NetworkUnavailable');
    if (!phoneNumber) return; // somebody who is known by a name at WhatsApp alone
    const name = [firstName, lastName].filter(Boolean).join(' ');
    await require('SandboxPeople').change(`${phoneNumber}@c.us`, { saved: { name, short: firstName || lastName } });
  };
});
