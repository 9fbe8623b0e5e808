'use strict';
// The account's name, about text and picture; and the pictures of others and of groups.

define('WAWebUserPrefsGeneral', (require, exports) => {
  Object.assign(exports, {
    getPushname: () => require('SandboxLogin').login()?.name ?? null,
    setPushname: (name) => require('SandboxLogin').keepLogin({ ...require('SandboxLogin').login(), name }),
    getBrowserId: () => 'sandbox',
    setBrowserId: () => {},
    getUserPrivacySettings: () => ({ about: 'all', groupAdd: 'all', lastSeen: 'all', profilePicture: 'all', readReceipts: 'all' }),
  });
});

define('WAWebSetPushnameConnAction', (require, exports) => {
  exports.setPushname = async (name) => {
    await require('SandboxActs').act('profile.name', { name });
    require('WAWebUserPrefsGeneral').setPushname(name);
    require('WAWebConnModel').Conn.pushname = name;
  };
});

define('WAWebContactStatusBridge', (require, exports) => {
  const { act } = require('SandboxActs');
  Object.assign(exports, {
    getStatus: async ({ wid }) => ({ id: wid, status: (await act('about', { address: String(wid) })).text }),
    setMyStatus: async (text) => {
      await act('profile.about', { text });
      return { status: 200 };
    },
    queryStatusAll: async () => [],
  });
});

define('WAWebTextStatusCollection', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  const { BaseCollection } = require('WAWebBaseCollection');
  class TextStatus extends BaseModel {}
  defineModel(TextStatus, 'textStatus', { id: undefined, status: undefined, stale: false });

  class TextStatusCollectionImpl extends BaseCollection {
    /** Asks the server each time, as WhatsApp's own does of what is stale. */
    async find(id) {
      const wid = require('WAWebWidFactory').createWid(String(id));
      const { status } = await require('WAWebContactStatusBridge').getStatus({ wid });
      const known = this.get(wid) ?? this.add(new TextStatus({ id: wid }));
      known.status = status;
      return known;
    }
  }
  exports.TextStatusCollection = new TextStatusCollectionImpl();
});

define('WAWebContactProfilePicThumbBridge', (require, exports) => {
  const { act } = require('SandboxActs');
  const addressed = (wid) => (wid.isGroup() ? ['group.picture', { group: String(wid) }] : ['profile.picture', {}]);

  async function put(wid, data) {
    const [name, said] = addressed(wid);
    const { media } = await act(name, { ...said, data });
    return require('WAWebProfilePicThumbCollection').ProfilePicThumbCollection.keep(wid, media);
  }
  exports.sendSetPicture = async (wid, _thumb, picture) => {
    const { eurl } = await put(wid, picture.slice(picture.indexOf(',') + 1));
    return { status: 200, eurl, tag: eurl };
  };
  exports.requestDeletePicture = async (wid) => {
    await put(wid, null);
    return { status: 200 };
  };
});

define('WAWebProfilePicThumbCollection', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  const { BaseCollection } = require('WAWebBaseCollection');
  class ProfilePicThumb extends BaseModel {
    get img() { return this.eurl; }
    get imgFull() { return this.eurl; }
  }
  defineModel(ProfilePicThumb, 'profilePicThumb', { id: undefined, eurl: undefined, tag: undefined });

  class ProfilePicThumbCollectionImpl extends BaseCollection {
    keep(wid, media) {
      const known = this.get(wid) ?? this.add(new ProfilePicThumb({ id: wid }));
      const eurl = media ? `${location.origin}/media/${media}` : undefined;
      return known.set({ eurl, tag: media ?? undefined });
    }

    async find(id) {
      const wid = require('WAWebWidFactory').createWid(String(id));
      const { media } = await require('SandboxActs').act('picture', { address: String(wid) });
      return this.keep(wid, media);
    }
  }
  exports.ProfilePicThumbCollection = new ProfilePicThumbCollectionImpl();
});
