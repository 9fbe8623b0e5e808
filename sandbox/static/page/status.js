'use strict';
// Statuses: what the account shows to its contacts for a day. They are messages of a chat of their own.

define('WAJids', (_require, exports) => {
  exports.STATUS_JID = 'status@broadcast';
});

define('WAWebStatusModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  const { ChatMsgsCollection } = require('WAWebChatMsgsCollection');
  class StatusV3 extends BaseModel {
    constructor(values) {
      super(values);
      Object.defineProperty(this, 'msgs', { value: new ChatMsgsCollection() });
    }

    sendReadStatus() {}
    revokeMsgs(ids) { this.msgs.remove(ids); }
  }
  exports.default = defineModel(StatusV3, 'status_v3', { id: undefined, t: undefined, unreadCount: 0, lastReceivedKey: undefined });
});

define('WAWebStatusCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  const isMe = (wid) => require('WAWebUserPrefsMeUser').isMeAccount(wid);

  class StatusCollectionImpl extends BaseCollection {
    getMyStatus() { return this.findFirst(({ id }) => isMe(id)); }

    async find(id) {
      const StatusV3 = require('WAWebStatusModel').default;
      return this.get(id) ?? this.add(new StatusV3({ id }));
    }

    async addStatusMessages(id, msgs) { (await this.find(id)).msgs.add(msgs); }
    handleUpdate() {}
  }
  exports.StatusCollection = new StatusCollectionImpl();
});

define('SandboxStatuses', (require, exports) => {
  /** Files a status of the account's own. */
  exports.posted = async (msg) => {
    const { StatusCollection } = require('WAWebStatusCollection');
    const me = require('WAWebUserPrefsMeUser').getMaybeMePnUser();
    const mine = StatusCollection.getMyStatus() ?? await StatusCollection.find(me);
    mine.msgs.add(msg);
    mine.lastReceivedKey = msg.id;
  };
});

define('WARandomHex', (_require, exports) => {
  exports.randomHex = (bytes) =>
    Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
});

define('WAWebEncryptAndSendStatusMsg', (_require, exports) => {
  exports.encryptAndSendStatusMsg = async () => {};
});

define('WAWebRevokeStatusAction', (require, exports) => {
  exports.sendStatusRevokeMsgAction = async (status, msg) => {
    status.revokeMsgs([String(msg.id)]);
    await require('SandboxActs').act('status.delete', { id: msg.id.id });
    require('WAWebMsgCollection').MsgCollection.remove(msg);
  };
});
