// Orders about the account's own profile, and calls to it.
(function (page) {
  'use strict';
  const { wa, cut, tell, addresses, TEXT } = page;
  const refusal = (code, message) => Object.assign(new Error(message ?? code), { code });
  const me = () => wa().UserPrefs.getMaybeMePnUser();

  return {
    getProfile: async () => {
      const { profile, contact } = window.WPP;
      const id = me();
      const [about, picture] = await Promise.all([profile.getMyStatus(), contact.getProfilePictureUrl(id, true)]);
      return {
        id: cut(id),
        ...addresses(id),
        name: cut(profile.getMyProfileName()),
        about: about ? cut(about) : null,
        picture: picture ? cut(picture, TEXT) : null,
        business: Boolean(profile.isBusiness()),
      };
    },

    changeProfile: async ({ name, about }) => {
      if (name !== null) await window.WPP.profile.setMyProfileName(name);
      if (about === null) return;
      try {
        await window.WPP.profile.setMyStatus(about);
      } catch (error) {
        if (name === null) throw error;
        throw refusal(error.code ?? error.status, `Partly done: the name is changed, the about text is not (${error.message || error.status})`);
      }
    },

    setProfilePicture: async ({ picture }) => {
      const { status } = await window.WPP.profile.setMyProfilePicture(picture);
      if (status >= 300) throw refusal(status, `WhatsApp refused the picture (${status})`);
    },

    deleteProfilePicture: async () => {
      if (!(await window.WPP.profile.removeMyProfilePicture())) throw refusal('403', 'WhatsApp refused it');
    },

    /** Told as an event of its own: the page has none for what it did itself. */
    rejectCall: async ({ call: id }) => {
      const call = wa().CallStore.get(id);
      await window.WPP.call.reject(id);
      tell({
        e: 'call_rejected',
        id: cut(id),
        chat: call?.peerJid ? cut(call.peerJid) : null,
        ...addresses(call?.peerJid),
        group: Boolean(call?.isGroup),
        video: Boolean(call?.isVideo),
        t: Math.floor(Date.now() / 1000),
      });
    },
  };
})
