'use strict';
// Calls: they ring, and may be rejected. Nobody ever speaks.

define('WAWebVoipWaCallEnums', (_require, exports) => {
  exports.CallState = {
    None: 0, Calling: 1, PreacceptReceived: 2, ReceivedCall: 3, AcceptSent: 4, AcceptReceived: 5, CallActive: 6,
    CallActiveElseWhere: 7, ReceivedCallWithoutOffer: 8, Rejoining: 9, Link: 10, ConnectedLonely: 11, PreCalling: 12,
    CallStateEnding: 13, CallBCallStarting: 14,
  };
});

define('WAWebCallModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  const { CallState } = require('WAWebVoipWaCallEnums');
  class CallModel extends BaseModel {
    getState() { return this.state; }
  }
  exports.default = defineModel(CallModel, 'call', {
    id: undefined, peerJid: undefined, isGroup: false, isVideo: false, outgoing: false, offerTime: 0,
    state: CallState.ReceivedCall,
  });
});

define('WAWebCallCollection', (require, exports) => {
  const { BaseCollection } = require('WAWebBaseCollection');
  class CallCollectionImpl extends BaseCollection {
    constructor() {
      super();
      this.calls = this._index; // an own Map that can be seen: whatsapp-web.js hears of calls through its `set`
    }

    processIncomingCall(call) {
      this.add(call);
      this.trim(50);
      return call;
    }

    setActiveCall(call) {
      this.activeCall = call;
      if (call) this.add(call);
      this.trim(50);
    }
  }
  exports.default = new CallCollectionImpl();
});

define('SandboxCalls', (require, exports) => {
  exports.reject = async (id) => {
    await require('SandboxActs').act('call.reject', { id });
    const calls = require('WAWebCallCollection').default;
    calls.get(id)?.set('state', require('WAWebVoipWaCallEnums').CallState.None);
    if (calls.activeCall?.id === id) calls.setActiveCall(null);
  };
});

define('WAWebVoipStackInterface', (require, exports) => {
  /** The stack of current builds; older ones reject a call by a stanza of their own. */
  exports.getVoipStackInterface = async () => (page.classic ? null : {
    rejectCall: () => require('SandboxCalls').reject(require('WAWebCallCollection').default.activeCall.id),
  });
});

define('WAWebManageE2ESessionsJob', (_require, exports) => {
  exports.ensureE2ESessions = async () => {};
});
