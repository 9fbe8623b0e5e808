'use strict';
// The state of the page's connection: Socket, Stream, Conn, NetworkStatus, and the busses Cmd and BackendEventBus.
// Stream.mode and Stream.info are never set by hand; `streamMode` and `streamInfo` compute them from the rest.

define('WAWebSocketConstants', (_require, exports) => {
  const same = (...names) => Object.fromEntries(names.map((name) => [name, name]));
  exports.SOCKET_STATE = same(
    'OPENING', 'PAIRING', 'UNPAIRED', 'UNPAIRED_IDLE', 'CONNECTED', 'CONFLICT', 'UNLAUNCHED', 'PROXYBLOCK',
    'TOS_BLOCK', 'SMB_TOS_BLOCK', 'SCREEN_LOCKED', ...(page.classic ? ['TIMEOUT', 'DEPRECATED_VERSION'] : []));
  exports.SOCKET_STREAM = same('DISCONNECTED', 'SYNCING', 'RESUMING', 'CONNECTED');
});

define('WAWebConnModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  class ConnImpl extends BaseModel {}
  defineModel(ConnImpl, 'conn', {
    ref: undefined, refTTL: undefined, id: '1', smbTos: 0, blockStoreAdds: true, // stores take nothing while unpaired
    connected: undefined, wid: undefined, pushname: undefined, platform: undefined, isSMB: false,
  });
  exports.Conn = new ConnImpl();
});

define('WAWebSocketModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  class SocketModel extends BaseModel {
    initConn() {}
    poke() { require('WAWebBackendEventBus').BackendEventBus.triggerRefreshQR(); }
    logout() { require('SandboxLogout').logoutByUser(); }

    /** Takes a session back that was opened elsewhere, if the build still has that state: by a reload. */
    takeover() {
      if (this.state !== 'CONFLICT') throw new Error('Takeover called without conflict!');
      require('SandboxConnection').reload();
    }
  }
  defineModel(SocketModel, 'socket', {
    state: 'UNLAUNCHED', stream: 'DISCONNECTED', hasSynced: undefined, retryTimestamp: null,
  });
  exports.Socket = new SocketModel();
});

define('WAWebNetworkStatus', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  class NetworkStatusModel extends BaseModel {
    checkOnline() { return this.online; }
  }
  defineModel(NetworkStatusModel, 'networkStatus', { online: true });
  exports.default = new NetworkStatusModel();
});

define('WAWebStreamModel', (require, exports) => {
  const { BaseModel, defineModel } = require('WAWebBaseModel');
  const ITSELF = new Set(['PROXYBLOCK', 'CONFLICT', 'TOS_BLOCK', 'SMB_TOS_BLOCK', 'DEPRECATED_VERSION']);

  function streamMode(registered, { state, hasSynced }, online) {
    if (!registered) return state === 'PROXYBLOCK' ? 'PROXYBLOCK' : 'QR';
    if (ITSELF.has(state)) return state;
    if (state === 'UNLAUNCHED') return 'SYNCING';
    if (state === 'OPENING' && !online && !hasSynced) return 'OFFLINE';
    return hasSynced ? 'MAIN' : 'SYNCING';
  }

  function streamInfo({ state, hasSynced }, online) {
    switch (state) {
      case 'OPENING': return online ? 'OPENING' : 'OFFLINE';
      case 'PAIRING': return hasSynced ? 'RESUMING' : 'PAIRING';
      case 'CONNECTED': return hasSynced ? 'NORMAL' : 'SYNCING';
      default: return 'NORMAL';
    }
  }

  class StreamModel extends BaseModel {
    /** Reads the other models again; called after each change of one of them. */
    compute() {
      const { Socket } = require('WAWebSocketModel');
      const { online } = require('WAWebNetworkStatus').default;
      this.info = streamInfo(Socket, online);
      this.mode = streamMode(require('WAWebUserPrefsMultiDevice').isRegistered(), Socket, online);
    }

    markAvailable() { this.available = true; }
    markUnavailable() { this.available = false; }
  }
  defineModel(StreamModel, 'stream', {
    mode: undefined, info: undefined, needsUpdate: undefined, isHardRefresh: undefined, available: false,
    displayInfo: undefined,
  });
  const same = (...names) => Object.fromEntries(names.map((name) => [name, name]));
  const modes = [...ITSELF].filter((mode) => page.classic || mode !== 'DEPRECATED_VERSION');
  const StreamMode = same('QR', 'MAIN', 'SYNCING', 'OFFLINE', ...modes);
  const StreamInfo = same('OFFLINE', 'OPENING', 'PAIRING', 'SYNCING', 'RESUMING', 'CONNECTING', 'NORMAL');
  Object.assign(exports, { Stream: new StreamModel(), StreamMode, StreamInfo });
});

define('WAWebCmd', (require, exports) => {
  const EventEmitter = require('WAWebEventEmitter').default;
  class CmdImpl extends EventEmitter {
    archiveChat(chat, archive, showToast = true) { this.trigger('archive_chat', { archive, chat, showToast }); }
    reachoutTimelockStateChange() { this.trigger('reachout_timelock_state_change'); }
    sendStarMsgs(chat, ...given) { this.trigger('send_star_msgs', chat, ...given); }
    sendUnstarMsgs(chat, ...given) { this.trigger('send_unstar_msgs', chat, ...given); }
    sendDeleteMsgs(chat, ...given) { this.trigger('send_delete_msgs', chat, ...given); }
    sendRevokeMsgs(chat, ...given) { this.trigger('send_revoke_msgs', chat, ...given); }
  }
  if (page.classic) {
    // Current builds have none of these.
    CmdImpl.prototype.isMainLoaded = false;
    CmdImpl.prototype.refreshQR = () => require('WAWebBackendEventBus').BackendEventBus.triggerRefreshQR();
  }
  Object.assign(exports, { CmdImpl, Cmd: new CmdImpl() });
});

define('WAWebBackendEventBus', (require, exports) => {
  const EventEmitter = require('WAWebEventEmitter').default;
  const NAMES = [
    'app_state_sync_completed', 'logout', 'refresh_qr', 'starting_logout', 'on_initial_chat_synced',
    'on_recent_chat_history_synced', 'on_full_chat_history_synced', 'on_critical_sync_done',
    'new_history_sync_chunk_processed', 'storage_initialization_error', 'socket_stream_disconnected',
    'open_socket_stream', 'reconnect_socket', 'set_socket_state', 'update_status_privacy_settings',
    'account_temporarily_banned',
    'account_sync_for_privacy', 'unexpected_logout_modal', 'initial_load_ready', 'main_stream_mode_ready',
    'service_unavailable_503', 'offline_process_ready', 'offline_delivery_end', 'offline_delivery_state_reset',
    'on_ab_props_update', 'ab_props_loaded',
  ];
  const BackendEvent = Object.fromEntries(NAMES.map((name) => [name.toUpperCase(), name]));

  class BackendEventBusClass extends EventEmitter {
    get isMainStreamReadyMd() { return require('WAWebStreamModel').Stream.mode === 'MAIN'; }
    get isOfflineDeliveryEnd() { return Boolean(require('WAWebSocketModel').Socket.hasSynced); }
    triggerRefreshQR() { this.trigger(BackendEvent.REFRESH_QR); }
    triggerLogout() { this.trigger(BackendEvent.LOGOUT); }
    onStorageInitializationError(handler) { return this.on(BackendEvent.STORAGE_INITIALIZATION_ERROR, handler); }
    triggerStorageInitializationError(error) { this.trigger(BackendEvent.STORAGE_INITIALIZATION_ERROR, error); }
  }
  Object.assign(exports, { BackendEvent, BackendEventBus: new BackendEventBusClass() });
});

define('WAWebBuildConstants', (_require, exports) => {
  const VERSION = page.settings.version;
  const [primary, secondary, tertiary] = VERSION.split('.').map(Number);
  Object.assign(exports, {
    VERSION_STR: VERSION,
    VERSION_BASE: VERSION,
    VERSION_PRIMARY: primary,
    VERSION_SECONDARY: secondary,
    VERSION_TERTIARY: tertiary,
    WINDOWS_BUILD: null,
  });
});

define('WAWebUpdaterVersion', (require, exports) => {
  exports.SANITIZED_VERSION_STR = require('WAWebBuildConstants').VERSION_STR.replace(/\.[di]$/, '');
});

define('WAWebDebugSetup', (require, exports) => {
  exports.setupDebugGlobal = () => {
    window.Debug = { VERSION: require('WAWebBuildConstants').VERSION_STR };
  };
});

define('WAWebIsOfficialClient', (_require, exports) => {
  Object.assign(exports, { isOfficialClient: true, isUnofficialStanzaId: () => false });
});
