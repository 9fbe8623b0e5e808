'use strict';
// Linking with a code that is typed on the phone instead of a QR.

define('WAWebAltDeviceLinkingApi', (require, exports) => {
  exports.initializeAltDeviceLinking = async () => {};
});

define('WAWebLinkDeviceAction', (require, exports) => {
  /** Eight letters and digits, without the dash that WhatsApp shows. Rejects where the number cannot be linked. */
  exports.genLinkDeviceCodeForPhoneNumber = async (phone, _sendPushNotification) => {
    const number = String(phone).replace(/\D/g, '');
    const { code, error } = await require('SandboxConnection').ask({ op: 'pairing_code', number });
    if (error) throw new Error(error);
    return code;
  };
});

define('WAWebLinkDeviceEvents', (require, exports) => {
  const EventEmitter = require('WAWebEventEmitter').default;
  exports.WAWebLinkDeviceEvents = new EventEmitter();
  exports.WAWebLinkDeviceEvents.triggerRefreshAltLinkingCode = () =>
    exports.WAWebLinkDeviceEvents.trigger('link_device_events:refresh_alt_linking_code');
});
