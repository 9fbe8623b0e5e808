'use strict';
// The page's one WebSocket, and the WhatsApp stream that is played over it.
// The wire stays open while the stream is down: an "offline" page still hears the sandbox, as a wire-tap would.
// Everything the server sends is a key of HEARD; everything the page does about its login is in this file.
// As on WhatsApp's own page, Socket.state is CONNECTED once the socket is open, before the login is accepted or refused,
// and stays so while the page waits to try again: only Socket.stream shows that no login is on it.

define('SandboxConnection', (require, exports) => {
  const { Socket } = require('WAWebSocketModel');
  const { Conn } = require('WAWebConnModel');
  const { Stream } = require('WAWebStreamModel');
  const { Cmd } = require('WAWebCmd');
  const { BackendEventBus } = require('WAWebBackendEventBus');
  const NetworkStatus = require('WAWebNetworkStatus').default;
  const storage = require('SandboxLogin');

  const load = crypto.randomUUID(); // this load of the page
  const RETURNS = 'whatsapp-sandbox-returns'; // in sessionStorage: this load was ordered by the page itself
  const FORCED = 'whatsapp-sandbox-forced'; // in sessionStorage: a reload for a version that is too old was tried
  const LONGEST_TIMER = 3600; // seconds: a timer of 30 days would overflow
  const questions = new Map(); // number -> {message, resolve}: asked, not yet answered
  const hog = [];
  let wire = null;
  let stopped = false; // for good: logged out, outdated, opened elsewhere
  let network = { online: true, reachable: true };
  let usable = navigator.onLine; // whether the network lets a stream through, as far as the page knows
  let attempts = 0;
  let retry = 0;
  let asked = 0;

  const login = () => storage.login();
  /** True while messages pass. */
  const streaming = () => Socket.stream === 'CONNECTED';

  function become(values) {
    Socket.set(values);
    Stream.compute();
  }

  function say(message) {
    if (wire?.readyState !== WebSocket.OPEN) return false;
    wire.send(JSON.stringify(message));
    return true;
  }

  /** Resolves with the server's answer; waits for the stream if it is down. */
  function ask(message) {
    const question = { ...message, rid: ++asked };
    return new Promise((resolve) => {
      questions.set(question.rid, { question, resolve });
      if (streaming() || !login()) say(question);
    });
  }

  // --- opening, and opening again

  function open() {
    clearTimeout(retry);
    if (stopped) return;
    become({ state: 'OPENING' });
    wire = new WebSocket(`${location.origin.replace('http', 'ws')}/link`);
    wire.onopen = hello;
    wire.onmessage = ({ data }) => hear(JSON.parse(data));
    wire.onclose = () => lost();
  }

  function hello() {
    if (stopped) return;
    clearTimeout(retry);
    if (login() && !navigator.onLine) return setNetwork({}); // the event that ends this calls again
    if (login() && usable) {
      become({ state: 'PAIRING' });
      become({ state: 'CONNECTED' });
    }
    say({
      op: 'hello',
      load,
      compat: page.settings.compat,
      lids: page.settings.lids,
      keys: storage.keys(),
      platform: require('WAWebCompanionRegClientUtils').DEVICE_PLATFORM,
      qr_url: page.settings.qr_url,
      token: login()?.token ?? null,
    });
  }

  /** The stream ended and may return: a refusal backs off and keeps the state, a network loss waits for a message. */
  function drop(state = Socket.state) {
    const was = Socket.stream;
    say({ op: 'down' });
    become({ state, stream: 'DISCONNECTED' });
    if (was !== 'DISCONNECTED') BackendEventBus.trigger('socket_stream_disconnected');
  }

  function lost() {
    if (stopped) return;
    if (login()) drop();
    again(open);
  }

  function again(how) {
    const { reconnect_delay: first, reconnect_cap: cap } = page.settings;
    clearTimeout(retry);
    retry = setTimeout(how, Math.min(cap, first * 2 ** attempts++) * 1000);
  }

  function reconnect() {
    become({ state: 'OPENING' });
    hello();
  }

  // --- reloaded by itself

  function reload() {
    sessionStorage.setItem(RETURNS, '1');
    location.reload();
  }

  /** True if this load follows a reload that the page ordered itself; may be asked once. */
  function returns() {
    const marked = sessionStorage.getItem(RETURNS) !== null;
    sessionStorage.removeItem(RETURNS);
    return marked;
  }

  /** Shows a banner that asks the user to reload; the page goes on working. */
  function softUpdate() {
    Stream.needsUpdate = true;
  }

  function hardUpdate() {
    Stream.set({ isHardRefresh: true, needsUpdate: true });
    setTimeout(reload, 20); // listeners hear it before the page goes
  }

  /** WhatsApp's own page does this 3 days after its load, and 30 days after it. */
  function age() {
    const { soft_update_after: soft, hard_update_after: hard } = page.settings;
    const up = performance.now() / 1000;
    if (up >= hard) return hardUpdate();
    if (up >= soft) softUpdate();
    return setTimeout(age, Math.min(LONGEST_TIMER, (up < soft ? Math.min(soft, hard) : hard) - up) * 1000);
  }

  function setNetwork(now) {
    const could = usable;
    network = { ...network, ...now };
    usable = network.online && network.reachable && navigator.onLine;
    NetworkStatus.online = network.online && navigator.onLine;
    Stream.compute();
    if (!login() || stopped) return;
    if (!usable) drop('OPENING');
    else if (!could) reconnect();
  }

  // --- messages of the server

  const HEARD = {
    code({ ref, ttl }) {
      become({ state: 'UNPAIRED', stream: 'DISCONNECTED' });
      Conn.set({ refTTL: ttl, ref });
    },

    idle() {
      become({ state: 'UNPAIRED_IDLE' });
      Conn.ref = undefined;
    },

    paired({ login: given, migrated }) {
      storage.keepLogin(given);
      Conn.set({ blockStoreAdds: false, platform: 'android' });
      become({ state: 'OPENING' });
      if (!migrated) {
        say({ op: 'logout' });
        require('SandboxLogout').logout({ reason: 'lid_migration_unmigrated_primary' });
        return;
      }
      setTimeout(hello, 10); // WhatsApp ends the pairing stream and opens one that is logged in
    },

    keys_wanted: () => say({ op: 'keys', keys: storage.keys() }),
    companion_reg_refresh: () => require('SandboxSecretRefresh').handle(),
    primary_hello: (said) => require('WAWebAltDeviceLinkingApi').handlePrimaryHello(said),
    refresh_code: ({ force }) => require('WAWebLinkDeviceAction')[force ? 'forceManualRefresh' : 'refreshAltLinkingCode'](),
    passkey_prologue_request: () =>
      require('WAWebShortcakeLinkingHandlePasskeyPrologueRequest').handlePasskeyPrologueRequestNotification(),

    welcome({ login: given, ...known }) {
      attempts = 0;
      storage.keepLogin({ ...login(), ...given });
      become({ state: 'CONNECTED', stream: 'SYNCING' });
      sessionStorage.removeItem(FORCED);
      Cmd.trigger('account_temporarily_banned_from_bridge', { banned: false });
      require('SandboxReceiving').restore(known);
      require('SandboxLabels').keep(known);
      if (page.classic && !Cmd.isMainLoaded) {
        Cmd.isMainLoaded = true;
        Cmd.trigger('main_loaded');
      }
    },

    synced() {
      const me = login();
      const first = !Socket.hasSynced;
      const tell = (...names) => names.forEach((name) => BackendEventBus.trigger(name));
      tell('open_socket_stream', 'on_ab_props_update', 'offline_process_ready', 'offline_process_ready');
      Conn.set({ pushname: me.name, platform: 'android' });
      if (page.classic) Conn.set({ wid: require('WAWebUserPrefsMeUser').getMaybeMePnUser(), connected: true });
      become({ hasSynced: true, stream: 'CONNECTED' });
      tell('main_stream_mode_ready', 'offline_delivery_end', 'app_state_sync_completed', 'app_state_sync_completed');
      if (first) tell('on_initial_chat_synced', 'on_critical_sync_done');
      for (const { question } of questions.values()) say(question);
      require('WAWebGetReachoutTimelockJob').fetchReachoutTimelock();
      require('SandboxSending').sendAgain();
      require('SandboxPresence').subscribeAgain();
    },

    /** WhatsApp refused or ended the login. FAILURES gives the meaning of each code. */
    failure(said) {
      (FAILURES[said.code] ?? FAILURES[503])(said);
    },

    removed() {
      require('SandboxLogout').logout({ removed: true });
    },

    /** Opened elsewhere: current builds do not show it. */
    replaced() {
      stopped = true;
      become({ stream: 'DISCONNECTED' });
      BackendEventBus.trigger('socket_stream_disconnected');
    },

    conflict() {
      become({ state: 'CONFLICT', stream: 'DISCONNECTED' });
      BackendEventBus.trigger('socket_stream_disconnected');
    },

    block({ state }) {
      if (state) become({ state });
      else reconnect();
    },

    net(now) {
      setNetwork(now);
    },

    /** The page's regular query to its server: whether it must reload. */
    spin({ refresh }) {
      if (refresh === 'HARD_REFRESH') hardUpdate();
      else softUpdate();
    },

    storage_failure({ reason }) {
      require('SandboxLogout').logout({ reason });
    },

    timelock: ({ active, kind, ends }) =>
      require('WAWebMexReachoutTimelockNotificationHandler').handleReachoutTimelockUpdate(active, kind, ends),

    answer({ rid, ...answer }) {
      questions.get(rid)?.resolve(answer);
      questions.delete(rid);
    },

    /** After this the page may be unable to send, so it confirms first. */
    fate({ act, ...more }) {
      say({ op: 'fate', act });
      FATES[act](more);
    },

    messages: (said) => require('SandboxReceiving').receive(said),
    change: (said) => require('SandboxReceiving').change(said),
    call: (said) => require('SandboxReceiving').call(said),
    labels: (said) => require('SandboxLabels').keep(said),
    chat: (said) => require('SandboxChatStates').apply(said),
    contact: (said) => require('SandboxPeople').apply(said),
    ack: (said) => require('SandboxSending').acknowledged(said),
    receipt: (said) => require('SandboxSending').receipt(said),
    presence: (said) => require('SandboxPresence').told(said),
  };

  const FATES = {
    hang({ seconds }) {
      const end = performance.now() + seconds * 1000;
      while (performance.now() < end); // on purpose: nothing else runs in this renderer meanwhile
    },

    leave() {
      location.assign('/elsewhere');
    },

    reload,

    hog({ mib }) {
      hog.push(new Uint8Array(mib * 1024 * 1024).fill(1));
    },
  };

  const FAILURES = {
    401: () => require('SandboxLogout').logout(),
    402({ temp_ban: { until, code, message, url } }) {
      Cmd.trigger('account_temporarily_banned_from_bridge', { banned: true, code, expire: until, message, url });
      drop();
      again(reconnect);
    },
    403: ({ header, subtext }) => require('SandboxLogout').logout({ reason: 'account_locked', header, subtext }),
    /** Too old: the page reloads itself. If that was tried, or on old builds, it stops. */
    405() {
      stopped = true;
      drop();
      if (page.classic) become({ state: 'DEPRECATED_VERSION' });
      else if (sessionStorage.getItem(FORCED) === null) {
        sessionStorage.setItem(FORCED, '1');
        hardUpdate();
        return;
      }
      sessionStorage.removeItem(FORCED);
      Stream.needsUpdate = true;
    },
    406: () => require('SandboxLogout').logout(),
    503() {
      Cmd.trigger('service_unavailable_503_from_bridge');
      drop();
      again(reconnect);
    },
  };

  function hear(message) {
    const act = HEARD[message.op];
    if (act) act(message);
  }

  Object.assign(exports, {
    say,
    ask,
    streaming,
    reconnect,
    reload,

    /** The page's own: the stream seems dead, so it opens another. */
    startAnew() {
      if (stopped || !login()) return;
      drop();
      again(hello);
    },

    /** Called once, when all of the page's scripts have loaded. */
    launch() {
      Stream.compute();
      window.addEventListener('online', () => setNetwork({}));
      window.addEventListener('offline', () => setNetwork({}));
      BackendEventBus.on('refresh_qr', () => say({ op: 'refresh' }));
      if (!storage.keys().adv) require('WAWebAdvSignatureApi').generateADVSecretKey(); // cleared before it was loaded
      const { start_delay: late, return_delay: later } = page.settings;
      setTimeout(open, (late + (returns() ? later : 0)) * 1000);
      age();
    },

    /** No more attempts: the login is over. */
    stop() {
      stopped = true;
      clearTimeout(retry);
    },
  });
});

// --- the wire for other scripts

define('WAWap', (_require, exports) => {
  let number = 0;
  exports.WapNode = class WapNode {
    constructor(tag, attrs = {}, content = null) { Object.assign(this, { tag, attrs, content }); }
  };
  exports.S_WHATSAPP_NET = { toString: () => 's.whatsapp.net' };
  exports.wap = (tag, attrs, content) => new exports.WapNode(tag, attrs ?? {}, content ?? null);
  exports.generateId = () => `sandbox-${++number}`;
});

define('WASmaxJsx', (require, exports) => {
  exports.smax = (...node) => require('WAWap').wap(...node);
});

define('WAComms', (require, exports) => {
  /** Resolves with the server's answer, which may never come. Known are the keepalive (`w:p`), and the end of a call. */
  exports.sendSmaxStanza = async ({ tag, attrs, content }) => {
    const [inside] = content ?? [];
    if (tag === 'iq' && attrs.xmlns === 'w:p') await require('SandboxConnection').ask({ op: 'keepalive' });
    else if (tag === 'call' && inside?.tag === 'reject') await require('SandboxCalls').reject(inside.attrs['call-id']);
    else throw new Error('the sandbox answers no stanza but the keepalive, and the rejection of a call');
    return require('WAWap').wap(tag, { id: attrs.id, type: 'result' });
  };
});
