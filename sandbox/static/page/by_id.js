'use strict';
// What programs ask for by its id and wa-js has no need of: whatsapp-web.js, and scripts that people write themselves.

define('WAWebCollections', (require, exports) => {
  exports.default = {
    Blocklist: require('WAWebBlocklistCollection').BlocklistCollection,
    WAWebCallCollection: require('WAWebCallCollection').default,
    Chat: require('WAWebChatCollection').ChatCollection,
    Contact: require('WAWebContactCollection').ContactCollection,
    WAWebGroupMetadataCollection: require('WAWebGroupMetadataCollection').default,
    Msg: require('WAWebMsgCollection').MsgCollection,
    Presence: require('WAWebPresenceCollection').PresenceCollection,
    Status: require('WAWebStatusCollection').StatusCollection,
    TextStatus: require('WAWebTextStatusCollection').TextStatusCollection,
    WAWebNewsletterCollection: require('WAWebNewsletterCollection').default,
  };
});

define('WAWebOfflineHandler', (_require, exports) => {
  /** How much of what came while the page was away is there, in percent: here all of it, at once. */
  exports.OfflineMessageHandler = { getOfflineDeliveryProgress: () => 100 };
});

define('WAWebSyncGatingUtils', (_require, exports) => {
  exports.isHistorySyncOnDemandEnabled = () => false;
});

define('WAWebAddonReactionTableMode', (_require, exports) => {
  /** Where reactions are kept; whoever wants to hear of them replaces `bulkUpsert`. */
  exports.reactionTableMode = { bulkUpsert: async () => {} };
});

define('WAWebLaunchSocketUtils', (require, exports) => {
  exports.refreshQR = () => require('WAWebBackendEventBus').BackendEventBus.triggerRefreshQR();
});

define('WAWebLidMigrationUtils', (require, exports) => {
  const { getCurrentLid, getPhoneNumber } = require('WAWebApiContact');
  exports.toPn = (wid) => (wid.isLid() ? getPhoneNumber(wid) : wid);
  exports.toLid = (wid) => (wid.isLid() ? wid : getCurrentLid(wid));
});
