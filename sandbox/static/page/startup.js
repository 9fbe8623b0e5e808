'use strict';
// Modules that wa-js looks for or wraps when it starts, and that do nothing here.

define('WAWebNewsletterCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  exports.default = new BaseCollection();
});

define('WAWebChatSearchQuery', (_require, exports) => {
  exports.SearchQuery = class SearchQuery {
    updateLabelQuery(filter) { this.filter = filter; }
  };
});

// Functions that scripts look for, and that do nothing here; some write to WhatsApp's database.
const IDLE = {
  WAWebABProps: ['getABPropConfigValue'],
  WAWebApiChat: ['createChatRecord'],
  WAWebBackendJobsCommon: ['encodeMaybeMediaType', 'mediaTypeFromProtobuf'],
  WAWebChatSearchFilters: ['isFilterExcludedFromSearchTreatmentInInboxFlow'],
  WAWebE2EProtoGenerator: ['createMsgProtobuf'],
  WAWebE2EProtoUtils: ['typeAttributeFromProtobuf'],
  WAWebGenMinimalLinkPreviewChatAction: ['genMinimalLinkPreview'],
  WAWebGetHistorySyncProgress: ['getHistorySyncProgress'],
  WAWebHandleSingleMsgWorkerCompatible: ['handleSingleMsg'],
  WAWebImageUtils: ['generateVideoThumbsAndDuration'],
  WAWebMediaDataUtils: ['processRawSticker'],
  WAWebMediaMmsV4Upload: ['uploadMedia'],
  WAWebMsgDataFromModel: ['msgDataFromMsgModel'],
  WAWebMsgGetters: ['getIsUnreadType'],
  WAWebPrimaryFeatures: ['primaryFeatureEnabled'],
  WAWebSendMsgCreateFanoutStanza: ['createFanoutMsgStanza'],
  WAWebSendMsgJob: ['encryptAndSendMsg'],
};
for (const [id, names] of Object.entries(IDLE)) {
  define(id, (_require, exports) => {
    for (const name of names) exports[name] = () => undefined;
  });
}

define('WAWebLid1X1MigrationGating', (require, exports) => {
  exports.Lid1X1MigrationUtils = { isLidMigrated: () => Boolean(require('SandboxLogin').login()?.lids) };
});

define('WAWebChatGetters', (_require, exports) => {
  Object.assign(exports, {
    getHasUnread: (chat) => chat.unreadCount !== 0,
    getIsUser: (chat) => chat.id.isUser(),
    getIsGroup: (chat) => chat.id.isGroup(),
    getIsBroadcast: (chat) => chat.id.isBroadcast(),
    getIsNewsletter: (chat) => chat.id.isNewsletter(),
  });
});

define('WAWebFrontendChatGetters', (_require, exports) => {
  Object.assign(exports, {
    getShouldAppearInList: () => true,
    getPreviewMessage: (chat) => chat.msgs.last(),
    getShowChangeNumberNotification: () => false,
    getShouldShowUnreadDivider: () => false,
  });
});
