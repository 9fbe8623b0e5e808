'use strict';
// The end of a login, by any cause: sent on the busses, erased from the storage; then the page navigates away.

define('WAWebLogoutReasonConstants', (_require, exports) => {
  const REASONS = [
    'user_initiated', 'syncd_failure', 'invalid_adv_status', 'critical_sync_timeout', 'syncd_timeout',
    'history_sync_timeout', 'account_sync_timeout', 'md_opt_out', 'unknown_companion', 'client_version_outdated',
    'syncd_error_during_bootstrap', 'account_sync_error', 'storage_quota_exceeded', 'primary_identity_key_change',
    'missing_enc_salt',
    'missing_screen_lock_salt', 'account_locked', 'lid_migration_split_thread_mismatch',
    'lid_migration_no_lid_available', 'lid_migration_primary_mappings_obsolete',
    'lid_migration_peer_mapping_not_received', 'lid_migration_state_discrepancy',
    'lid_migration_peer_mapping_malformed', 'lid_migration_failed_to_parse_mapping',
    'lid_migration_companion_incompatible_killswitch', 'lid_migration_one_on_one_thread_migration_internal_error',
    'lid_migration_unmigrated_primary', 'lid_migration_unmigrated_companion', 'lid_blocklist_pn_when_migrated',
    'lid_blocklist_chat_db_unmigrated', 'web_fail_add_chat', 'web_fail_offline_resume',
    'web_fail_storage_initialization', 'web_fail_enc_salt', 'cache_storage_open_failed',
  ];
  const NAMES = {
    md_opt_out: 'MDOptOut',
    lid_migration_peer_mapping_not_received: 'LidMigrationPeerMappingsNotReceived',
    lid_migration_peer_mapping_malformed: 'LidMigrationPeerMappingsMalformed',
  };
  const camel = (text) => text.replace(/(?:^|_)(\w)/g, (_all, letter) => letter.toUpperCase());
  exports.LogoutReason = Object.fromEntries(REASONS.map((reason) => [NAMES[reason] ?? camel(reason), reason]));
  exports.LOGOUT_REASON_CODE = {
    CLIENT_FATAL: '0', SYNC_FAIL: '1', INITIAL_HISTORY_SYNC_TIMEOUT: '2', ACCOUNT_LOCKED: '3',
  };
});

define('WAWebLogoutReason', (require, exports) => {
  const { LOGOUT_REASON_CODE: CODE } = require('WAWebLogoutReasonConstants');
  const WITHOUT = new Set([
    'user_initiated', 'invalid_adv_status', 'account_sync_timeout', 'md_opt_out', 'unknown_companion',
    'client_version_outdated', 'storage_quota_exceeded', 'primary_identity_key_change', 'missing_enc_salt',
    'missing_screen_lock_salt', 'cache_storage_open_failed',
  ]);
  let previous = null;

  /** The number in the address after the logout, or null if a login just ended. */
  exports.getErrorCodeFromLogoutReason = (reason) => {
    if (WITHOUT.has(reason)) return null;
    if (reason === 'account_locked') return CODE.ACCOUNT_LOCKED;
    if (reason.startsWith('lid_')) return null;
    if (reason === 'history_sync_timeout') return CODE.INITIAL_HISTORY_SYNC_TIMEOUT;
    if (/sync/.test(reason)) return CODE.SYNC_FAIL;
    return CODE.CLIENT_FATAL;
  };
  exports.setPrevLogoutReasonCode = (code) => { previous = code; };
  exports.getPrevLogoutReasonCode = () => previous;
});

define('SandboxLogout', (require, exports) => {
  const STORAGE = /^web_fail_storage|^cache_storage/;
  let over = false;

  /**
   * Ends the login once. `reason` is a LogoutReason or null; `removed`: the phone took this device off its list;
   * `header` and `subtext` are WhatsApp's texts for the user; they go into the address.
   */
  exports.logout = ({ reason = null, removed = false, header, subtext } = {}) => {
    if (over) return;
    over = true;
    const { Cmd } = require('WAWebCmd');
    const { BackendEventBus } = require('WAWebBackendEventBus');
    require('SandboxConnection').stop();
    if (removed) Cmd.trigger('starting_logout_from_bridge');
    if (STORAGE.test(reason)) BackendEventBus.triggerStorageInitializationError(new Error(reason));
    const code = reason ? require('WAWebLogoutReason').getErrorCodeFromLogoutReason(reason) : null;
    BackendEventBus.triggerLogout();
    Cmd.trigger('logout_from_bridge');
    if (page.classic) Cmd.trigger('logout');
    require('SandboxLogin').erase();
    setTimeout(() => location.replace(afterwards(code, header, subtext)), 20); // listeners hear it before the page goes
  };

  exports.logoutByUser = () => {
    require('SandboxConnection').say({ op: 'logout' });
    exports.logout({ reason: 'user_initiated' });
  };

  function afterwards(code, header, subtext) {
    const query = new URLSearchParams({ post_logout: '1' });
    if (code !== null) query.set('logout_reason', code);
    if (header) query.set('logout_message_header', header);
    if (subtext) query.set('logout_message_subtext', subtext);
    const asked = new URLSearchParams(location.search);
    for (const kept of ['compat', 'lids']) if (asked.has(kept)) query.set(kept, asked.get(kept));
    return `/?${query}`;
  }
});
