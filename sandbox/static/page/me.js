'use strict';
// Who this page is: the keys that a QR shows, and the login that lives in the page's own storage.
// While a login is stored the page resumes without a QR; erasing it is what "logged out" means.

define('WABase64', (_require, exports) => {
  exports.encodeB64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  exports.decodeB64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
});

define('SandboxLogin', (require, exports) => {
  const { encodeB64 } = require('WABase64');
  const LOGIN = 'whatsapp-sandbox-login';
  const KEYS = 'whatsapp-sandbox-keys';
  const randomBase64 = (count) => encodeB64(crypto.getRandomValues(new Uint8Array(count)));
  const read = (name) => JSON.parse(localStorage.getItem(name) ?? 'null');

  /** {token, device, number, lid, name, lids} of the linked account, or null. */
  exports.login = () => read(LOGIN);
  exports.keepLogin = (login) => localStorage.setItem(LOGIN, JSON.stringify(login));

  /** The three public halves a QR carries, made once per pairing: {noise, identity, adv}, each base64. */
  exports.keys = () => {
    if (!read(KEYS)) {
      const made = { noise: randomBase64(32), identity: randomBase64(32), adv: randomBase64(32) };
      localStorage.setItem(KEYS, JSON.stringify(made));
    }
    return read(KEYS);
  };

  /** Forgets the login and the keys: the next QR is another one. */
  exports.erase = () => {
    localStorage.removeItem(LOGIN);
    localStorage.removeItem(KEYS);
  };
});

define('WAWebUserPrefsMeUser', (require, exports) => {
  const { createWid } = require('WAWebWidFactory');
  const { login } = require('SandboxLogin');

  const getMaybeMePnUser = () => {
    const me = login();
    return me ? createWid(`${me.number}@c.us`) : undefined;
  };
  const getMaybeMeLidUser = () => {
    const me = login();
    return me ? createWid(`${me.lid}@lid`) : undefined;
  };
  const orThrow = (get) => () => {
    const wid = get();
    if (!wid) throw new Error('not logged in');
    return wid;
  };

  Object.assign(exports, {
    getMaybeMePnUser,
    getMaybeMeLidUser,
    getMePnUserOrThrow_DO_NOT_USE: orThrow(getMaybeMePnUser),
    getMeLidUserOrThrow: orThrow(getMaybeMeLidUser),
    getMaybeMeDevicePn: getMaybeMePnUser,
    getMaybeMeDeviceLid: getMaybeMeLidUser,
    getMaybeMeDisplayName: () => login()?.name,
    isMeAccount: (wid) => getMaybeMePnUser()?.equals(wid) || getMaybeMeLidUser()?.equals(wid) || false,
  });
});

define('WAWebUserPrefsIsLoggedIn', (require, exports) => {
  exports.isLoggedIn = () => require('WAWebUserPrefsMultiDevice').isRegistered();
});

define('WAWebUserPrefsMultiDevice', (require, exports) => {
  exports.isRegistered = () => Boolean(require('SandboxLogin').login());
  exports.getADVSecretKey = () => require('SandboxLogin').keys().adv; // at once; of WAWebAdvSignatureApi, a promise
});

define('WAWebSignalStoreApi', (require, exports) => {
  const { decodeB64 } = require('WABase64');
  const { keys } = require('SandboxLogin');
  exports.waSignalStore = {
    getRegistrationInfo: async () => ({ identityKeyPair: { pubKey: decodeB64(keys().identity) } }),
  };
});

define('WAWebUserPrefsInfoStore', (require, exports) => {
  const { decodeB64 } = require('WABase64');
  const { keys } = require('SandboxLogin');
  exports.waNoiseInfo = { get: async () => ({ staticKeyPair: { pubKey: decodeB64(keys().noise) } }) };
});

define('WAWebAdvSignatureApi', (require, exports) => {
  exports.getADVSecretKey = async () => require('WAWebUserPrefsMultiDevice').getADVSecretKey();
  exports.setADVSignedIdentity = () => {};
});
