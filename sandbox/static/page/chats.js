'use strict';
// Chats and contacts. An account addresses people by number (`@c.us`) or, once migrated, by LID; the server decides.

define('WAWebApiContact', (require, exports) => {
  const { createWid } = require('WAWebWidFactory');
  const lids = new Map(); // number -> lid user
  const numbers = new Map();
  exports.lidPnCache = {
    learn(number, lid) {
      lids.set(number, lid);
      numbers.set(lid, number);
    },
    getCurrentLid: (wid) => (lids.has(wid.user) ? createWid(`${lids.get(wid.user)}@lid`) : undefined),
    getPhoneNumber: (wid) => (numbers.has(wid.user) ? createWid(`${numbers.get(wid.user)}@c.us`) : undefined),
    getAllLids: () => [...numbers.keys()].map((lid) => createWid(`${lid}@lid`)),
  };
  exports.getCurrentLid = (wid) => exports.lidPnCache.getCurrentLid(wid);
  exports.getPhoneNumber = (wid) => exports.lidPnCache.getPhoneNumber(wid);
  exports.getAlternateUserWid = (wid) => (wid.isLid() ? exports.getPhoneNumber(wid) : exports.getCurrentLid(wid));
});

define('WAWebContactModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  class Contact extends BaseModel {}
  exports.default = defineModel(Contact, 'contact', {
    id: undefined, name: undefined, shortName: undefined, pushname: undefined, type: 'in', isBusiness: false,
    isEnterprise: false, verifiedName: undefined, verifiedLevel: undefined, username: undefined,
    isContactBlocked: false,
  });
});

define('WAWebContactCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  class ContactCollectionImpl extends BaseCollection {}
  Object.assign(exports, { ContactCollectionImpl, ContactCollection: new ContactCollectionImpl() });
});

define('WAWebChatModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  const { ChatMsgsCollection } = require('WAWebChatMsgsCollection');
  class Chat extends BaseModel {
    constructor(values) {
      super(values);
      Object.defineProperties(this, {
        msgs: { value: new ChatMsgsCollection() },
        mute: { value: new (require('WAWebMuteModel').Mute)({ id: this.id }) },
        promises: { value: {} },
      });
    }

    get formattedTitle() { return this.name; }
    set formattedTitle(name) { this.name = name; }
    get presence() { return require('WAWebPresenceCollection').PresenceCollection.gadd(this.id); }
    unset(name) { this[name] = undefined; }
    get contact() { return require('WAWebContactCollection').ContactCollection.get(this.id); }
    get groupMetadata() { return this.id.isGroup() ? require('WAWebGroupMetadataCollection').default.get(this.id) : undefined; }

    get labels() { return require('WAWebLabelCollection').LabelCollection.getLabelsForModel(String(this.id), 'Chat'); }

    /** The trusted-contact token, which people give when they write to the account. */
    getTcToken() { return this.msgs.some(({ id, type }) => !id.fromMe && type === 'chat') ? 'token' : undefined; }
    getAllMsgs() { return this.msgs.getModelsArray(); }
  }
  exports.Chat = defineModel(Chat, 'chat', {
    id: undefined, name: undefined, t: undefined, unreadCount: 0, archive: false, pin: undefined, active: false,
    isReadOnly: false, lastReceivedKey: undefined,
  });
});

define('WAWebChatCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  class ChatCollectionImpl extends BaseCollection {
    getActive() { return this.findFirst((chat) => chat.active); }
  }
  Object.assign(exports, { ChatCollectionImpl, ChatCollection: new ChatCollectionImpl() });
});

define('SandboxAddressBook', (require, exports) => {
  const { createWid } = require('WAWebWidFactory');
  const { lidPnCache } = require('WAWebApiContact');
  const { login } = require('SandboxLogin');

  /** The address under which this account knows {chat: number or group id, lid}. */
  exports.addressOf = ({ chat, lid }) => {
    if (chat.includes('@')) return createWid(chat);
    lidPnCache.learn(chat, lid);
    return createWid(login()?.lids ? `${lid}@lid` : `${chat}@c.us`);
  };

  /** The contact of {chat, lid, name}, created if new. His name in the address book comes from the server. */
  exports.contactOf = (person) => {
    const { ContactCollection } = require('WAWebContactCollection');
    const id = exports.addressOf(person);
    if (!ContactCollection.get(id)) {
      const Contact = require('WAWebContactModel').default;
      ContactCollection.add(new Contact({ id, pushname: person.name }));
    }
    return ContactCollection.get(id);
  };

  /** The chat with {chat, lid, name}, created if new. */
  exports.chatWith = (person) => {
    const { ChatCollection } = require('WAWebChatCollection');
    const id = exports.addressOf(person);
    const known = ChatCollection.get(id);
    if (known) return known;
    if (id.isUser()) exports.contactOf(person);
    const { Chat } = require('WAWebChatModel');
    const chat = new Chat({ id, name: person.name });
    ChatCollection.add(chat);
    return chat;
  };
});

define('WAWebFindChatAction', (require, exports) => {
  /**
   * Rejects with WhatsApp's own plain Error if `wid` does not exist; on accounts that have moved to LIDs also if the page
   * has never asked about it. Waits while the stream is down.
   */
  exports.findOrCreateLatestChat = async (wid, _origin) => {
    const { ChatCollection } = require('WAWebChatCollection');
    const { lidPnCache } = require('WAWebApiContact');
    const known = ChatCollection.get(wid) ?? ChatCollection.get(lidPnCache.getCurrentLid(wid));
    if (known) return { chat: known, created: false };
    if (wid.isStatusV3()) return { chat: require('SandboxAddressBook').chatWith({ chat: String(wid), name: 'Status' }), created: true };
    const migrated = require('SandboxLogin').login()?.lids;
    if (migrated && wid.isRegularUserPn() && !lidPnCache.getCurrentLid(wid)) throw new Error('No LID for user');
    const { found } = await require('SandboxConnection').ask({ op: 'person', address: String(wid) });
    if (!found) {
      throw new Error(migrated ? 'No LID for user' : `findChat: new chat not found ${wid}`);
    }
    return { chat: require('SandboxAddressBook').chatWith(found), created: true };
  };
});

define('WAWebQueryExistsJob', (require, exports) => {
  const { createWid } = require('WAWebWidFactory');

  /**
   * {wid, biz}, or null if WhatsApp does not know the address. `wid` is WhatsApp's own, which may differ from the
   * question. Rejects if the server did not answer it.
   */
  exports.queryWidExists = async (wid) => {
    const { found, error } = await require('SandboxConnection').ask({ op: 'exists', address: String(wid) });
    if (error) throw Object.assign(new Error(`ServerStatusCodeError ${error}`), { status: error });
    if (!found || found.chat.includes('@')) return null;
    require('WAWebApiContact').lidPnCache.learn(found.chat, found.lid);
    return { wid: createWid(`${found.chat}@c.us`), biz: false };
  };
  exports.queryPhoneExists = (phone) => exports.queryWidExists(createWid(`${String(phone).replace(/\D/g, '')}@c.us`));
});

define('WAWebContactGetters', (require, exports) => {
  const no = () => false;
  Object.assign(exports, {
    getName: (contact) => contact.name,
    getShortName: (contact) => contact.shortName,
    getPushname: (contact) => contact.pushname,
    getVerifiedName: (contact) => contact.verifiedName,
    getVerifiedLevel: (contact) => contact.verifiedLevel,
    getIsBusiness: (contact) => contact.isBusiness,
    getIsEnterprise: (contact) => contact.isEnterprise,
    getStatusMute: no,
    getNotifyName: (contact) => contact.pushname,
    getPremiumMessageName: () => undefined,
    getUserid: (contact) => contact.id.user,
    getIsMe: (contact) => require('WAWebUserPrefsMeUser').isMeAccount(contact.id),
    getIsUser: (contact) => contact.id.isUser(),
    getIsGroup: (contact) => contact.id.isGroup(),
    getIsBroadcast: (contact) => contact.id.isBroadcast(),
    getIsNewsletter: (contact) => contact.id.isNewsletter(),
    getIsPSA: (contact) => contact.id.isPSA(),
    getIsIAS: no,
    getIsSupportAccount: no,
    getIsWAContact: () => true,
    getCanRequestPhoneNumber: no,
    getShowBusinessCheckmarkAsPrimary: no,
    getShowBusinessCheckmarkAsSecondary: no,
    getShowBusinessCheckmarkInChatlist: no,
    getIsDisplayNameApproved: no,
    getShouldForceBusinessUpdate: no,
  });
});

define('WAWebFrontendContactGetters', (require, exports) => {
  const name = (contact) => contact.name ?? contact.pushname ?? contact.id.user;
  const { lidPnCache } = require('WAWebApiContact');
  const phone = (contact) => `+${(lidPnCache.getPhoneNumber(contact.id) ?? contact.id).user}`;
  Object.assign(exports, {
    getPhoneNumber: phone,
    getTextStatusString: () => '',
    getDisplayName: name,
    getPnForLid: (contact) => lidPnCache.getPhoneNumber(contact.id),
    getUserDisplayNameForLid: name,
    getFormattedUsernameOrPhone: phone,
    getFormattedShortNameWithNonBreakingSpaces: name,
    getFormattedShortName: name,
    getFormattedName: name,
    getFormattedUser: phone,
    getSearchName: (contact) => name(contact).toLowerCase(),
    getIsMyContact: (contact) => Boolean(contact.name),
    getSearchVerifiedName: () => '',
    getHeader: (contact) => name(contact)[0],
  });
});
