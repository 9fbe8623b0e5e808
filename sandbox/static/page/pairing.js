'use strict';
// Linking without a scan: a code that is typed on the phone, and a passkey that a phone may ask for.

define('WAWebPairingType', (_require, exports) => {
  exports.PairingType = {
    QR_CODE: 'QR_CODE', ALT_DEVICE_LINKING: 'ALT_DEVICE_LINKING', SHORTCAKE_PASSKEY: 'SHORTCAKE_PASSKEY',
  };
});

define('WAWebAltDeviceLinkingIq', (require, exports) => {
  /** `type.name` is the name of the server's refusal, such as IQErrorBadRequest. */
  class CompanionHelloError extends Error {
    constructor(message, type) {
      super(message);
      this.name = 'CompanionHelloError';
      this.type = type;
    }
  }
  exports.CompanionHelloError = CompanionHelloError;

  exports.sendCompanionHello = async (phone) => {
    const { name, os } = require('WAWebBrowserInfo').default();
    const said = { op: 'pairing_code', number: String(phone).replace(/\D/g, ''), display: `${name} (${os})` };
    const { code, error } = await require('SandboxConnection').ask(said);
    if (error) {
      const text = `alt pairing: Got an error from alt paring: companion hello: ${error}`;
      throw new CompanionHelloError(text, { name: error });
    }
    return code;
  };
});

define('WAWebAltDeviceLinkingApi', (require, exports) => {
  const { PairingType } = require('WAWebPairingType');
  let stage = 'NotStarted';
  let pairingType = PairingType.QR_CODE;

  exports.getPairingType = () => pairingType;
  exports.setPairingType = (type) => { pairingType = type; };

  /** The secret is cleared: from now on no QR links, until QR linking is initialised again. */
  exports.initializeAltDeviceLinking = async () => {
    await require('WAWebUserPrefsMultiDevice').setADVSecretKey();
    stage = 'Initialized';
    pairingType = PairingType.ALT_DEVICE_LINKING;
  };

  exports.initializeQRLinking = async () => {
    await require('WAWebAdvSignatureApi').generateADVSecretKey();
    stage = 'NotStarted';
    pairingType = PairingType.QR_CODE;
  };

  /** Eight letters and digits, without the dash that WhatsApp shows. Rejects if the number cannot be linked. */
  exports.startAltLinkingFlow = async (phone, _sendPushNotification) => {
    if (stage !== 'Initialized') throw new Error(`alt pairing: not to be started in ${stage}`);
    const code = await require('WAWebAltDeviceLinkingIq').sendCompanionHello(phone);
    stage = 'AfterSendCompanionHello';
    return code;
  };

  /** A phone has typed the code. A late code is not answered. */
  exports.handlePrimaryHello = async ({ late, finishes }) => {
    const events = require('WAWebLinkDeviceEvents').WAWebLinkDeviceEvents;
    events.triggerPrimaryHelloReceived();
    if (late) {
      events.triggerErrorAltLinking();
      return;
    }
    await require('WAWebAdvSignatureApi').generateADVSecretKey();
    stage = 'AfterSendCompanionFinish';
    if (finishes) require('SandboxConnection').say({ op: 'companion_finish' });
  };
});

define('WAWebLinkDeviceAction', (require, exports) => {
  const events = () => require('WAWebLinkDeviceEvents').WAWebLinkDeviceEvents;
  exports.genLinkDeviceCodeForPhoneNumber = (phone, push) =>
    require('WAWebAltDeviceLinkingApi').startAltLinkingFlow(phone, push);
  exports.refreshAltLinkingCode = () => events().triggerRefreshAltLinkingCode();
  exports.forceManualRefresh = () => events().triggerForceManualRefresh();
});

define('WAWebLinkDeviceEvents', (require, exports) => {
  const EventEmitter = require('WAWebEventEmitter').default;
  class LinkDeviceEvents extends EventEmitter {
    triggerRefreshAltLinkingCode() { this.trigger('link_device_events:refresh_alt_linking_code'); }
    triggerForceManualRefresh() { this.trigger('link_device_events:force_manual_refresh'); }
    triggerErrorAltLinking() { this.trigger('link_device_events:error_alt_linking'); }
    triggerPrimaryHelloReceived() { this.trigger('link_device_events:primary_hello_received'); }
    triggerPasskeyPrologueRequest() { this.trigger('link_device_events:passkey_prologue_request'); }
    triggerShortcakePrologueSent() { this.trigger('link_device_events:shortcake_prologue_sent'); }
    triggerShortcakeError(reason) { this.trigger('link_device_events:shortcake_error', reason); }
  }
  exports.WAWebLinkDeviceEvents = new LinkDeviceEvents();
});

// --- the secret is changed by the server, or because of a passkey

define('SandboxSecretRefresh', (require, exports) => {
  exports.handle = async () => {
    await require('WAWebAdvSignatureApi').generateADVSecretKey();
    require('WAWebUserPrefsMultiDevice').advSecretEventEmitter.trigger('change');
  };
});

define('WAWebShortcakeLinkingApi', (_require, exports) => {
  const same = (...names) => Object.fromEntries(names.map((name) => [name, name]));
  exports.ShortcakeLinkingStage = same('NotStarted', 'Initialized', 'WaitingForPrimaryIdentity',
    'WaitingForVerificationCodeConfirmation', 'WaitingForPairingCompletion');
  let stage = 'NotStarted';
  exports.getShortcakeLinkingStage = () => stage;
  exports.cancelShortcakeLinking = () => { stage = 'NotStarted'; };

  /** The step after a person has used the passkey in this page; here nobody can. */
  exports.initializeShortcakeLinking = async () => { stage = 'Initialized'; };
  exports.markPrologueSent = () => { stage = 'WaitingForPrimaryIdentity'; };
});

define('WAWebShortcakeLinkingHandlePasskeyPrologueRequest', (require, exports) => {
  exports.handlePasskeyPrologueRequestNotification = async () => {
    if (require('WAWebShortcakeLinkingApi').getShortcakeLinkingStage() === 'NotStarted') {
      await require('WAWebAdvSignatureApi').generateADVSecretKey();
    }
    require('WAWebAltDeviceLinkingApi').setPairingType(require('WAWebPairingType').PairingType.SHORTCAKE_PASSKEY);
    require('WAWebLinkDeviceEvents').WAWebLinkDeviceEvents.triggerPasskeyPrologueRequest();
  };
});
