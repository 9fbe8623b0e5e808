'use strict';
// The page's identity: the keys that a QR shows, and the login in the page's own storage.
// While a login is stored the page resumes without a QR; erasing it is the logout.

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

  /** Replaces the secret with which a phone signs a link; null: there is none, so no QR links. */
  exports.keepSecret = (adv) => {
    localStorage.setItem(KEYS, JSON.stringify({ ...exports.keys(), adv }));
    require('SandboxConnection').say({ op: 'keys', keys: exports.keys() });
  };
  exports.newSecret = () => randomBase64(32);

  /** Forgets the login and the keys: the next QR differs. */
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

// The emitter reports only a refresh that the server orders: a pairing code and a passkey change the secret silently.
define('WAWebUserPrefsMultiDevice', (require, exports) => {
  const EventEmitter = require('WAWebEventEmitter').default;
  const { keys, keepSecret, login } = require('SandboxLogin');
  exports.advSecretEventEmitter = new EventEmitter();
  exports.isRegistered = () => Boolean(login());
  exports.getADVSecretKey = () => keys().adv ?? undefined; // at once; of WAWebAdvSignatureApi, a promise
  exports.setADVSecretKey = async (adv) => keepSecret(adv ?? null);
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
  const prefs = require('WAWebUserPrefsMultiDevice');

  exports.generateADVSecretKey = async () => {
    const adv = require('SandboxLogin').newSecret();
    await prefs.setADVSecretKey(adv);
    return adv;
  };

  exports.getADVSecretKey = async () => {
    const adv = prefs.getADVSecretKey();
    if (adv === undefined) throw new Error('secretKey is null or undefined');
    return adv;
  };

  exports.clearADVSecretKey = () => prefs.setADVSecretKey();
  exports.setADVSignedIdentity = () => {};
});

define('WAWebBrowserInfo', (_require, exports) => {
  const NAMES = [['Edge', /Edg\//], ['Opera', /OPR\//], ['Chrome Headless', /HeadlessChrome\//], ['Chrome', /Chrome\//],
    ['Firefox', /Firefox\//], ['Safari', /Safari\//]];
  const SYSTEMS = [['Windows', /Windows/], ['Android', /Android/], ['iOS', /iPhone|iPad/], ['Mac OS', /Mac OS/],
    ['Chromium OS', /CrOS/], ['Linux', /Linux/]];
  const named = (table) => table.find(([, pattern]) => pattern.test(navigator.userAgent))?.[0];

  /** The browser and its system, as the page reads them from the user agent: {name, os}. */
  exports.default = () => ({ name: named(NAMES), os: named(SYSTEMS) });
});

define('WAWebCompanionRegClientUtils', (require, exports) => {
  const PLATFORMS = { Chrome: '1', Edge: '2', Firefox: '3', IE: '4', Opera: '5', Safari: '6' };
  const OTHER = '9';
  exports.DEVICE_PLATFORM = PLATFORMS[require('WAWebBrowserInfo').default().name] ?? OTHER;
});

define('WAWebNativeCameraQRLinkedDeviceUtils', (_require, exports) => {
  /** True if the code is an address that a phone's own camera can open. */
  exports.isNativeCameraQRLinkedDeviceTest = () => page.settings.qr_url;
});

define('SandboxQrText', (require, exports) => {
  const ADDRESS = 'https://wa.me/settings/linked_devices#';

  /** The text of the QR, or "" while none can be scanned. */
  exports.ofQr = () => {
    const { Conn } = require('WAWebConnModel');
    const { keys, login } = require('SandboxLogin');
    const { noise, identity, adv } = keys();
    if (!Conn.ref || !adv || login()) return '';
    const fields = [Conn.ref, noise, identity, adv, require('WAWebCompanionRegClientUtils').DEVICE_PLATFORM];
    const address = require('WAWebNativeCameraQRLinkedDeviceUtils').isNativeCameraQRLinkedDeviceTest() ? ADDRESS : '';
    return address + fields.join(',');
  };
});
