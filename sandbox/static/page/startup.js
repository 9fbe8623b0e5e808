'use strict';
// What wa-js wants to find or to wrap when it starts, and which does nothing here.

define('WAWebBlocklistCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  exports.BlocklistCollectionImpl = class BlocklistCollectionImpl extends BaseCollection {};
  exports.BlocklistCollection = new exports.BlocklistCollectionImpl();
});

define('WAWebStatusCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  exports.StatusCollectionImpl = class StatusCollectionImpl extends BaseCollection {};
  exports.StatusCollection = new exports.StatusCollectionImpl();
});

define('WAWebTextStatusCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  exports.TextStatusCollectionImpl = class TextStatusCollectionImpl extends BaseCollection {};
  exports.TextStatusCollection = new exports.TextStatusCollectionImpl();
});

define('WAWebPresenceCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  exports.PresenceCollection = new BaseCollection();
});

define('WAWebGroupMetadataCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  class GroupMetadataCollectionImpl extends BaseCollection {
    _handleParentGroupChange() {}
  }
  Object.assign(exports, { GroupMetadataCollectionImpl, default: new GroupMetadataCollectionImpl() });
});

define('WAWebNewsletterCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  exports.default = new BaseCollection();
});

define('WAWebChatSearchQuery', (_require, exports) => {
  exports.SearchQuery = class SearchQuery {
    updateLabelQuery(filter) { this.filter = filter; }
  };
});

// One module each: scripts look for them by the name of the export.
for (const name of [
  'getHistorySyncProgress', 'getNumChatsPinned', 'updateDBForGroupAction',
  'upsertVotes', 'getABPropConfigValue', 'genMinimalLinkPreview', 'mediaTypeFromProtobuf', 'typeAttributeFromProtobuf',
  'getIsUnreadType', 'createChatRecord', 'createMsgProtobuf', 'createFanoutMsgStanza', 'encodeMaybeMediaType',
  'encryptAndSendMsg', 'handleSingleMsg', 'generateVideoThumbsAndDuration', 'processRawSticker', 'uploadMedia',
  'primaryFeatureEnabled',
  'msgDataFromMsgModel', 'getHasUnread', 'isFilterExcludedFromSearchTreatmentInInboxFlow',
]) {
  define(`WAWeb${name[0].toUpperCase()}${name.slice(1)}`, (_require, exports) => {
    exports[name] = () => undefined;
  });
}

define('WAWebLabelCollectionActions', (_require, exports) => {
  Object.assign(exports, { addToLabelCollection: async () => {}, removeLabelFromCollection: async () => {} });
});

define('WAWebLid1X1MigrationUtils', (require, exports) => {
  exports.Lid1X1MigrationUtils = { isLidMigrated: () => Boolean(require('WAWebLoginStorage').login()?.lids) };
});

define('WAWebChatGetters', (_require, exports) => {
  Object.assign(exports, {
    getShouldAppearInList: () => true,
    getPreviewMessage: (chat) => chat.msgs.last(),
    getShowChangeNumberNotification: () => false,
    getShouldShowUnreadDivider: () => false,
  });
});
