'use strict';
// Who is online, types or records: of the account, told to the server; of others, told by it to whoever has subscribed.

define('WAWebPresenceModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  const { BaseCollection } = require('WAWebBaseCollection');

  class Chatstate extends BaseModel {}
  defineModel(Chatstate, 'chatstate', { id: undefined, type: undefined, t: undefined, deny: undefined });

  class ChatstateCollection extends BaseCollection {}

  class Presence extends BaseModel {
    constructor(values) {
      super(values);
      const chatstate = new Chatstate({ id: values.id });
      Object.defineProperties(this, { chatstate: { value: chatstate }, chatstates: { value: new ChatstateCollection() } });
    }

    get isGroup() { return this.id.isGroup(); }
    get isUser() { return this.id.isUser(); }

    async subscribe() { await require('SandboxPresence').subscribe(this); }
  }
  defineModel(Presence, 'presence', { id: undefined, isOnline: undefined, hasData: false, isSubscribed: false });
  Object.assign(exports, { Chatstate, ChatstateCollection, Presence });
});

define('WAWebPresenceCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  class PresenceCollectionImpl extends BaseCollection {
    /** The presence of `id`, made if there is none. A change of its chat state reaches the collection's listeners. */
    gadd(id) {
      const known = this.get(id);
      if (known) return known;
      const { Presence } = require('WAWebPresenceModel');
      const presence = new Presence({ id });
      presence.chatstate.on('change:type', (chatstate) => this.trigger('change:chatstate.type', chatstate));
      this.add(presence);
      return presence;
    }

    async find(id) { return this.gadd(id); }
  }
  exports.PresenceCollection = new PresenceCollectionImpl();
});

define('SandboxPresence', (require, exports) => {
  const { addressOf } = require('SandboxAddressBook');
  const say = (message) => require('SandboxConnection').say(message);
  const TYPES = { typing: 'typing', recording: 'recording_audio' };

  /** A script may have put a value of its own in the place of `available`: the event comes all the same. */
  exports.listen = (Stream) => Stream.on('change:available', () =>
    require('WAWebPresenceChatAction')[Stream.available ? 'sendPresenceAvailable' : 'sendPresenceUnavailable']());

  exports.subscribe = async (presence) => {
    if (presence.isSubscribed) return;
    presence.isSubscribed = true;
    say({ op: 'subscribe', chat: String(presence.id) });
  };

  exports.subscribeAgain = () => {
    const { PresenceCollection } = require('WAWebPresenceCollection');
    for (const presence of PresenceCollection.filter((one) => one.isSubscribed)) say({ op: 'subscribe', chat: String(presence.id) });
  };

  /** {chat, lid, online, state: typing | recording | null, last_seen, by?: {chat, lid}}: `by` is a member of a group. */
  exports.told = ({ online, state, last_seen: seen, by, ...place }) => {
    const presence = require('WAWebPresenceCollection').PresenceCollection.gadd(addressOf(place));
    presence.hasData = true;
    if (by) {
      const { Chatstate } = require('WAWebPresenceModel');
      const id = addressOf(by);
      if (!presence.chatstates.get(id)) presence.chatstates.add(new Chatstate({ id }));
      presence.chatstates.get(id).type = TYPES[state] ?? 'available';
      presence.chatstate.type = undefined; // so that the second who types is a change too
    } else {
      presence.isOnline = online;
      presence.chatstate.t = seen ?? undefined;
    }
    presence.chatstate.type = TYPES[state] ?? (online ? 'available' : 'unavailable');
  };
});

define('WAWebPresenceChatAction', (require, exports) => {
  const say = (chat, state) => require('SandboxConnection').say({ op: 'chatstate', chat: String(chat.id), state });
  const PAUSE = 2500; // ms after which the page itself takes the typing back, unless a script stops that

  Object.assign(exports, {
    async markComposing(chat) {
      say(chat, 'typing');
      clearTimeout(chat.pausedTimerId);
      chat.pausedTimerId = setTimeout(() => exports.markPaused(chat), PAUSE);
    },

    async markRecording(chat) {
      clearTimeout(chat.pausedTimerId);
      say(chat, 'recording');
    },

    async markPaused(chat) {
      clearTimeout(chat.pausedTimerId);
      say(chat, 'paused');
    },

    sendPresenceAvailable: () => require('SandboxConnection').say({ op: 'available', available: true }),
    sendPresenceUnavailable: () => require('SandboxConnection').say({ op: 'available', available: false }),
  });
});

define('WAWebContactPresenceBridge', (require, exports) => {
  const subscribe = (wid) => require('WAWebPresenceCollection').PresenceCollection.gadd(wid).subscribe();
  const actions = () => require('WAWebPresenceChatAction');
  Object.assign(exports, {
    setPresenceAvailable: () => actions().sendPresenceAvailable(),
    setPresenceUnavailable: () => actions().sendPresenceUnavailable(),
    subscribeUserPresence: subscribe,
    subscribeGroupPresence: subscribe,
  });
});
