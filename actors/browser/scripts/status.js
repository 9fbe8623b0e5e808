// Orders about statuses. Sending one goes the way of every message (messages.js).
(function (page) {
  'use strict';
  const { wa, withBareId, sending } = page;

  return {
    postTextStatus: sending(({ text, background, font }, _chat, options) =>
      window.WPP.status.sendTextStatus(text, { ...options, font, ...(background === null ? {} : { backgroundColor: background }) })),

    /** Not through wa-js 4.6.0, which looks for the account's statuses under its number alone. */
    deleteStatus: async ({ message }) => {
      const { StatusV3Store, UserPrefs, functions } = wa();
      const msg = withBareId(message);
      if (!msg || String(msg.id.remote) !== 'status@broadcast') throw Object.assign(new Error('no such status'), { code: 'status_not_found' });
      const mine = StatusV3Store.getMyStatus() ?? StatusV3Store.get(UserPrefs.getMaybeMePnUser());
      if (!mine) throw Object.assign(new Error('no statuses are known'), { code: 'status_not_found' });
      await functions.revokeStatus(mine, msg);
    },
  };
})
