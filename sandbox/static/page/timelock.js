'use strict';
// WhatsApp's reach-out time-lock: for a while the account may write only to people who trust it.
// As in release 2.3000.1044822804: the lock is a preference that the page keeps, with its end in milliseconds.

define('WAWebUserPrefsIndexedDBStorage', (_require, exports) => {
  const PREFIX = 'userPrefs:';
  exports.userPrefsIdb = {
    get: (key) => JSON.parse(localStorage.getItem(PREFIX + key)) ?? undefined,
    set: async (key, value) => localStorage.setItem(PREFIX + key, JSON.stringify(value)),
    remove: async (key) => localStorage.removeItem(PREFIX + key),
  };
});

define('WAWebReachoutTimelockUtils', (require, exports) => {
  const KEY = 'WAReachoutTimelockState';
  const { userPrefsIdb } = require('WAWebUserPrefsIndexedDBStorage');
  Object.assign(exports, {
    REACHOUT_TIMELOCK_IDB_KEY: KEY,
    isUserReachoutTimelocked: () => userPrefsIdb.get(KEY) != null,
    /** Groups may be written to, and people whose trusted-contact token is in the chat. */
    canSendMsgWhileTimelocked: ({ chat, contact }) =>
      !exports.isUserReachoutTimelocked() || !contact?.id.isUser() || chat?.getTcToken() != null,
  });
});

define('WAWebMexReachoutTimelockNotificationHandler', (require, exports) => {
  const { userPrefsIdb } = require('WAWebUserPrefsIndexedDBStorage');
  /** `ends`: seconds since 1970, as text; without it the lock is for a minute. */
  exports.handleReachoutTimelockUpdate = async (active, kind, ends) => {
    const key = require('WAWebReachoutTimelockUtils').REACHOUT_TIMELOCK_IDB_KEY;
    const until = ends == null ? Date.now() + 60_000 : parseInt(ends, 10) * 1000;
    if (active) await userPrefsIdb.set(key, { state: 'HIDDEN', time_enforcement_ends: until, enforcement_type: kind });
    else await userPrefsIdb.remove(key);
    require('WAWebCmd').Cmd.reachoutTimelockStateChange();
  };
});

define('WAWebGetReachoutTimelockJob', (require, exports) => {
  /** Asks WhatsApp for the lock, as the page does after each login. */
  exports.fetchReachoutTimelock = async () => {
    const { active, kind, ends } = await require('SandboxConnection').ask({ op: 'timelock' });
    await require('WAWebMexReachoutTimelockNotificationHandler').handleReachoutTimelockUpdate(active, kind, ends);
  };
});
