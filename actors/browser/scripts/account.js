// Orders about the account's link to this page.
(function (page) {
  'use strict';
  const { wa, trouble, pairingCode } = page;
  return {
    requestPairingCode: ({ phone }) => pairingCode(phone),

    /** Not waited for: on current pages its promise never ends, because the page reloads under it. */
    logOut: () => {
      Promise.resolve().then(() => window.WPP.conn.logout()).catch(trouble);
    },

    refreshQr: () => {
      const bus = wa().BackendEventBus;
      if (bus?.triggerRefreshQR) bus.triggerRefreshQR();
      else wa().Cmd.refreshQR();
    },
  };
})
