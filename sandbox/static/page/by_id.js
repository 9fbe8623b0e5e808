'use strict';
// Modules that programs ask for by id and wa-js does not need: for whatsapp-web.js, and for people's own scripts.

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
  /** The loaded share of the messages missed while the page was closed, in percent: here all, at once. */
  exports.OfflineMessageHandler = { getOfflineDeliveryProgress: () => 100 };
});

define('WAWebSyncGatingUtils', (_require, exports) => {
  exports.isHistorySyncOnDemandEnabled = () => false;
});

define('WAWebAddonReactionTableMode', (_require, exports) => {
  /** The store of reactions; a script replaces `bulkUpsert` to receive them. */
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
