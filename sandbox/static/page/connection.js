'use strict';
// The page's one WebSocket, and the WhatsApp stream that is played over it.
// The wire stays open while the stream is down: an "offline" page still hears the sandbox, as a wire-tap would.
// Rule: everything that the server says is a key of HEARD; everything the page does about its login is in here.

define('SandboxConnection', (require, exports) => {
  const { Socket } = require('WAWebSocketModel');
  const { Conn } = require('WAWebConnModel');
  const { Stream } = require('WAWebStreamModel');
  const { Cmd } = require('WAWebCmd');
  const { BackendEventBus } = require('WAWebBackendEventBus');
  const NetworkStatus = require('WAWebNetworkStatus').default;
  const storage = require('SandboxLogin');

  const load = crypto.randomUUID(); // this load of the page
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
  /** Whether messages pass now. */
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

  /** Resolves with the server's answer; waits for the stream where it is down. */
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
    if (login() && usable) become({ state: 'PAIRING' });
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

  /** The stream ended and may come back: `failure` backs off, a network loss waits to be told. */
  function drop() {
    const was = Socket.stream;
    say({ op: 'down' });
    become({ state: 'OPENING', stream: 'DISCONNECTED' });
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

  function setNetwork(now) {
    const could = usable;
    network = { ...network, ...now };
    usable = network.online && network.reachable && navigator.onLine;
    NetworkStatus.online = network.online && navigator.onLine;
    Stream.compute();
    if (!login() || stopped) return;
    if (!usable) drop();
    else if (!could) reconnect();
  }

  // --- what the server says

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

    companion_reg_refresh: () => require('SandboxSecretRefresh').handle(),
    primary_hello: (said) => require('WAWebAltDeviceLinkingApi').handlePrimaryHello(said),
    refresh_code: ({ force }) => require('WAWebLinkDeviceAction')[force ? 'forceManualRefresh' : 'refreshAltLinkingCode'](),
    passkey_prologue_request: () =>
      require('WAWebShortcakeLinkingHandlePasskeyPrologueRequest').handlePasskeyPrologueRequestNotification(),

    welcome({ login: given, history }) {
      attempts = 0;
      storage.keepLogin({ ...login(), ...given });
      become({ state: 'CONNECTED', stream: 'SYNCING' });
      Cmd.trigger('account_temporarily_banned_from_bridge', { banned: false });
      require('SandboxReceiving').restore(history);
      if (page.classic && !Cmd.isMainLoaded) {
        Cmd.isMainLoaded = true;
        Cmd.trigger('main_loaded');
      }
    },

    synced() {
      const me = login();
      const resumed = Socket.hasSynced;
      const wid = require('WAWebUserPrefsMeUser').getMaybeMePnUser();
      Conn.set({ wid, pushname: me.name, platform: 'android', connected: true });
      become({ hasSynced: true, stream: 'CONNECTED' });
      if (resumed) BackendEventBus.trigger('open_socket_stream');
      for (const { question } of questions.values()) say(question);
      require('WAWebGetReachoutTimelockJob').fetchReachoutTimelock();
      require('SandboxSending').sendAgain();
    },

    /** WhatsApp refused or ended the login. What each code means is in FAILURES. */
    failure(said) {
      (FAILURES[said.code] ?? FAILURES[503])(said);
    },

    removed() {
      require('SandboxLogout').logout({ removed: true });
    },

    /** Opened elsewhere, as current builds show it: not at all. */
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

    storage_failure({ reason }) {
      require('SandboxLogout').logout({ reason });
    },

    timelock: ({ active, kind, ends }) =>
      require('WAWebMexReachoutTimelockNotificationHandler').handleReachoutTimelockUpdate(active, kind, ends),

    answer({ rid, ...answer }) {
      questions.get(rid)?.resolve(answer);
      questions.delete(rid);
    },

    /** After it the page may not speak any more: it says first that it has heard. */
    fate({ act, ...more }) {
      say({ op: 'fate', act });
      FATES[act](more);
    },

    messages: (said) => require('SandboxReceiving').receive(said),
    change: (said) => require('SandboxReceiving').change(said),
    call: (said) => require('SandboxReceiving').call(said),
    ack: (said) => require('SandboxSending').acknowledged(said),
    receipt: (said) => require('SandboxSending').receipt(said),
  };

  const FATES = {
    hang({ seconds }) {
      const end = performance.now() + seconds * 1000;
      while (performance.now() < end); // on purpose: nothing else runs in this renderer meanwhile
    },

    leave() {
      location.assign('/elsewhere');
    },

    hog({ mib }) {
      hog.push(new Uint8Array(mib * 1024 * 1024).fill(1));
    },
  };

  const FAILURES = {
    401: () => require('SandboxLogout').logout(),
    402({ temp_ban: { until, code, message, url } }) {
      Cmd.trigger('account_temporarily_banned_from_bridge', { banned: true, code, expire: until, message, url });
      drop();
      again(hello);
    },
    403: ({ header, subtext }) => require('SandboxLogout').logout({ reason: 'account_locked', header, subtext }),
    405() {
      stopped = true;
      if (page.classic) become({ state: 'DEPRECATED_VERSION', stream: 'DISCONNECTED' });
      else drop();
      Stream.needsUpdate = true;
    },
    406: () => require('SandboxLogout').logout(),
    503() {
      Cmd.trigger('service_unavailable_503_from_bridge');
      drop();
      again(hello);
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

    /** The page's own: the stream seems dead, so it opens another. */
    startAnew() {
      if (stopped || !login()) return;
      drop();
      again(hello);
    },

    /** Called once, when all of the page's scripts are there. */
    launch() {
      Stream.compute();
      window.addEventListener('online', () => setNetwork({}));
      window.addEventListener('offline', () => setNetwork({}));
      BackendEventBus.on('refresh_qr', () => say({ op: 'refresh' }));
      if (!storage.keys().adv) require('WAWebAdvSignatureApi').generateADVSecretKey(); // cleared before it was loaded
      setTimeout(open, page.settings.start_delay * 1000);
    },

    /** No more attempts: the login is over. */
    stop() {
      stopped = true;
      clearTimeout(retry);
    },
  });
});
