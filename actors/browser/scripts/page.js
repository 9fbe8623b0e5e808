// What session-manager adds to WhatsApp Web: it tells what happens, through one binding, and does what it is ordered.
//
// An expression: a function of {home, binding, handle, starved, qrAddress}, of the starter of wa-js, and of the scripts
// beside this one: a list of functions of `page` that give tables of orders, name -> function of the arguments; the one
// that finds people, chats and messages (lookups.js); the one that gives the account events (events.js); and the reader of
// the page contract (contract.js). A document that is not full ready after `starved` seconds says what it lacks. It runs
// before any script of the page, in every document.
// `binding` is the name of the function that takes one JSON text; `handle` the name of the one that takes orders: it
// answers {value} in JSON, or {error: {message, code}} where the order was not carried out; `qrAddress` what a code begins
// with, empty for the code as it was until July 2026.
// `setTimeout` and its like are the browser's own: WhatsApp Web replaces those of the window by its own scheduler's, which
// may not come back to them for minutes.
//
// Rules: 1. It only reads and passes on; what a thing means is decided in whatsapp_web.py.
//        2. Nothing in here may disturb the page: every listener is wrapped in `quietly`.
//        3. Texts are cut to bounded lengths before they leave.
(function (settings, startWaJs, tables, readLookups, readEvents, readContract) {
  'use strict';
  const { home, binding, handle, starved, qrAddress } = settings;
  const tellText = window[binding];
  delete window[binding]; // nobody else is to speak through it
  if (window !== window.top || location.origin + location.pathname !== home || !tellText) return;

  const TEXT = 65536; // WhatsApp's own limit of a message
  const NAME = 512;
  const PEOPLE = 1024; // of one notice: as many as a group has
  const KEPT = 5000; // messages remembered by their bare id
  const LOOK_AGAIN = [500, 5000]; // ms from full ready to further looks at the page contract
  const SETTLED = 3000; // ms that wa-js may take to find the page's modules; it waits for 750 without a new one
  const FIRST_LOOK = 10; // ms between two looks for the page's modules
  const LAUNCH = 5000; // ms that wa-js waits for the page to open its connection, once its modules have run

  const CUT = '\uffff'; // ends a text that was cut: no character of Unicode's
  const LONGEST = 64; // of one character, families of emoji included

  /** Where the last character ends that is whole within this length. */
  function wholeTo(text, length) {
    const from = Math.max(0, length - LONGEST);
    let end = from;
    for (const { segment } of new Intl.Segmenter().segment(text.slice(from, length + LONGEST))) {
      if (end + segment.length > length) break;
      end += segment.length;
    }
    if (end > from) return end;
    return /[\ud800-\udbff]/.test(text[length - 1]) ? length - 1 : length;
  }

  const cut = (value, length = NAME) => {
    if (value === null || value === undefined) return null;
    try {
      const text = String(value);
      return text.length <= length ? text : `${text.slice(0, wholeTo(text, length))}${CUT}`;
    } catch {
      return 'something that cannot be written'; // an object may have no way to
    }
  };
  /** The values as texts; the last one bears the sign of a cut where some are not told. */
  function cutAll(values, most = PEOPLE) {
    if (!Array.isArray(values)) return [];
    const told = values.slice(0, most).map((value) => cut(value));
    const last = told.at(-1) ?? '';
    if (values.length > most && !last.endsWith(CUT)) told[most - 1] = `${last}${CUT}`;
    return told;
  }

  const tell = (event) => tellText(JSON.stringify(event));
  const quietly = (act) => (...args) => {
    try {
      const outcome = act(...args);
      if (outcome instanceof Promise) outcome.catch((error) => trouble(error));
      return outcome;
    } catch (error) {
      trouble(error);
      return undefined;
    }
  };
  let troubles = 0;
  const trouble = (error) => {
    if (troubles++ < 20) tell({ e: 'trouble', text: cut(error?.stack ?? error) });
  };

  // --- the connection: one picture of it, told whenever it changes

  const wa = () => window.WPP.whatsapp;
  const injected = () => Boolean(window.WPP?.isInjected);
  let connection = null; // the page's {Stream, Socket, Conn}
  let qr = null; // {code, lifetime}: what can be scanned now, and how many seconds it lasts from when it was told
  let refSince = null; // when the present ref came, on performance's clock
  let pictured = '';

  /**
   * What a module of the page exports, once the page itself has run it; undefined before. A module is known by name long
   * before it can be had, and to ask for it then is not harmless: wa-js, which asks for all when it looks for one, takes
   * what it does not find for missing until more modules come.
   */
  function ran(id) {
    const known = window.__d && window.require?.('__debug')?.modulesMap;
    return known?.[id]?.factoryFinished ? window.require(id) : undefined;
  }

  /** Everything a reader must know to say what the connection is in. Until wa-js is there, what the page itself has run. */
  function view() {
    const { Stream, Socket } = connection;
    const users = injected() ? wa().UserPrefs : ran('WAWebUserPrefsMeUser');
    const me = users?.getMaybeMePnUser?.();
    const authenticated = injected() ? Boolean(window.WPP.conn.isAuthenticated()) : Boolean(me);
    const lid = authenticated ? users?.getMaybeMeLidUser?.() : null;
    const online = injected() ? wa().NetworkStatus?.online : navigator.onLine;
    return {
      e: 'view',
      mode: cut(Stream.mode),
      info: cut(Stream.info),
      state: cut(Socket.state),
      stream: cut(Socket.stream),
      online: online !== false,
      needs_update: Boolean(Stream.needsUpdate),
      hard_refresh: Boolean(Stream.isHardRefresh),
      authenticated,
      full_ready: Boolean(window.WPP?.isFullReady),
      code: authenticated ? null : qr?.code ?? null, // the ref outlives the pairing: `Conn.ref` proves nothing
      lifetime: qr?.lifetime ?? null,
      phone: authenticated ? cut(me?.user) : null,
      lid: lid ? cut(lid) : null,
      push_name: authenticated && window.WPP?.isFullReady ? pushName() : null,
    };
  }

  /** The name that the account gives itself; null where the page does not say it. */
  function pushName() {
    try {
      return cut(window.WPP.profile.getMyProfileName() || null);
    } catch {
      return null; // a page without it is as good in all else
    }
  }

  let watched = false; // whether the looks at the contract are under way
  const contract = quietly((hooked) => tell(readContract({ hooked })));

  /** Told before the page is first called full ready, and again once wa-js has wrapped its hooks, and later. */
  function watchContract() {
    watched = true;
    contract(false);
    for (const later of LOOK_AGAIN) setTimeout(() => contract(true), later);
  }

  const picture = quietly(() => {
    if (window.WPP?.isFullReady && !watched) watchContract();
    const text = JSON.stringify(view());
    if (text === pictured) return;
    pictured = text;
    tellText(text);
  });

  /**
   * The text of the code as the page draws it: since July 2026 an address, and the platform last. Null where none can
   * be scanned: there is no ref, or a pairing code was asked for, which takes the secret away.
   */
  async function codeText() {
    if (!window.WPP || !connection.Conn.ref || linking) return null;
    const told = await window.WPP.conn.getAuthCode();
    quietly(watchLinking)();
    if (!told) return null; // paired meanwhile
    return qrAddress ? cut(`${qrAddress}${told.fullCode},${platform()}`, 4096) : cut(told.fullCode, 4096);
  }

  const CHROME = '1'; // as WhatsApp numbers what a page may run in
  const platform = () => ran('WAWebCompanionRegClientUtils')?.DEVICE_PLATFORM ?? CHROME;

  let readings = 0;
  let missed = 0; // readings in a row that failed

  /** Reads the code again, once its ref or its secret has changed. The latest reading counts. */
  const readCode = quietly(async () => {
    const turn = ++readings;
    let code;
    try {
      code = await codeText();
      missed = 0;
    } catch {
      // A module it needs is not there yet, or the secret is not.
      if (turn === readings) setTimeout(readCode, Math.min(250, 5 * FIRST_LOOK * 2 ** missed++));
      return;
    }
    if (turn !== readings) return;
    if (code !== (qr?.code ?? null)) qr = code && { code, lifetime: lifetimeLeft() };
    picture();
  });

  /** Seconds for which the present ref is good: its TTL, less what is over. Null where the page does not say. */
  function lifetimeLeft() {
    const ttl = Number(connection.Conn.refTTL);
    if (!ttl) return null;
    const over = refSince === null ? 0 : performance.now() - refSince;
    return Math.max(0, Math.round(ttl - over)) / 1000;
  }

  const heardOf = new Set();
  const watch = (name, emitter, listeners) => {
    if (!emitter?.on || heardOf.has(name)) return;
    heardOf.add(name);
    for (const [event, listener] of Object.entries(listeners)) emitter.on(event, quietly(listener));
  };

  /** The page runs this module only when a person asks for a code; it needs nothing but the emitter of events. */
  function linkDeviceEvents() {
    const known = window.require('__debug')?.modulesMap ?? {};
    return 'WAWebLinkDeviceEvents' in known ? window.require('WAWebLinkDeviceEvents')?.WAWebLinkDeviceEvents : null;
  }

  /**
   * Hears what changes the secret under the same ref: a code with the old one does nothing when it is scanned. Only what
   * the server orders is told by the emitter; a passkey that is asked for changes the secret silently.
   */
  function watchLinking() {
    watch('secrets', ran('WAWebUserPrefsMultiDevice')?.advSecretEventEmitter, { change: readCode });
    watch('linking', linkDeviceEvents(), {
      'link_device_events:passkey_prologue_request': () => {
        tell({ e: 'passkey' });
        readCode();
      },
      'link_device_events:primary_hello_received': () => {
        if (linking?.code && !linking.over) tellPairingCode(linking, linking.code, HELLO_LIFE, HELLO_LIFE);
      },
      'link_device_events:refresh_alt_linking_code': renew,
      'link_device_events:force_manual_refresh': () => endLinking('WhatsApp Web shows no further code by itself'),
      'link_device_events:error_alt_linking': () => endLinking('WhatsApp Web could not link with the code'),
    });
  }

  // --- linking by a code that is typed

  const CODE_LIFE = 180; // s; the page takes no code that is older
  const RENEWED_AFTER = 195; // s
  const HELLO_LIFE = 60; // s; once a phone has begun with a code and has not finished, there is a new one
  const MOST_RENEWALS = 5; // then a person has to ask
  const ASKED_FOR = 20000; // ms that the server may take to answer with a code
  let linking = null; // {phone, code, until, renewals, timer, renewing, over}: until it is over no QR can be scanned
  let turn = Promise.resolve();

  /** Each step that changes the secret ends before the next begins: a code clears it, and the QR has another one. */
  function inTurn(step) {
    const done = turn.then(step);
    turn = done.catch(() => {});
    return done;
  }

  function tellPairingCode(one, code, lifetime, renewedAfter) {
    one.code = code;
    one.until = performance.now() + lifetime * 1000;
    clearTimeout(one.timer);
    one.timer = setTimeout(renew, renewedAfter * 1000);
    tell({ e: 'pairing_code', code: cut(code), lifetime });
  }

  /** In turn only. */
  async function newCode(one) {
    const late = new Promise((_go, fail) => setTimeout(fail, ASKED_FOR, new Error('WhatsApp gave no code in time')));
    const code = bare(await Promise.race([window.WPP.conn.genLinkDeviceCodeForPhoneNumber(one.phone), late]));
    if (!code) throw new Error('WhatsApp Web gave no code');
    tellPairingCode(one, code, CODE_LIFE, RENEWED_AFTER);
  }

  /** As the page does it: for a while by itself. Whoever orders it while it is under way gets that one. */
  const renew = quietly(() => {
    const one = linking;
    if (!one?.code || one.renewing) return;
    if (one.renewals === MOST_RENEWALS) {
      endLinking('WhatsApp Web shows no further code by itself');
      return;
    }
    one.renewals++;
    one.renewing = true;
    inTurn(async () => {
      try {
        if (!one.over && !window.WPP.conn.isAuthenticated()) await newCode(one);
      } catch (error) {
        endLinking(said(error).message);
      }
      one.renewing = false;
    });
  });

  /** Back to the QR, once what is under way is through. `why` is told where a code was shown. */
  function endLinking(why) {
    const one = linking;
    if (!one || one.over) return;
    one.over = true;
    clearTimeout(one.timer);
    if (one.code) tell({ e: 'pairing_code_over', text: cut(why) });
    inTurn(quietly(async () => {
      if (linking !== one || window.WPP.conn.isAuthenticated()) return;
      try {
        await ran('WAWebAltDeviceLinkingApi')?.initializeQRLinking?.();
      } finally {
        linking = null;
        readCode();
      }
    }));
  }

  /** A code to type on that phone, {code, lifetime}. Asked for again while it lasts, it is the same one. */
  const pairingCode = (phone) => inTurn(async () => {
    if (linking?.phone !== phone || linking.over) {
      clearTimeout(linking?.timer);
      linking = { phone, code: null, until: 0, renewals: 0, timer: null, renewing: false, over: false };
    }
    const one = linking;
    readCode();
    try {
      watchLinking();
      if (!one.code) await newCode(one);
      return { code: one.code, lifetime: (one.until - performance.now()) / 1000 };
    } catch (error) {
      tell({ e: 'pairing_refused', name: cut(error?.type?.name) });
      endLinking(said(error).message);
      throw error;
    }
  });

  const bare = (code) => cut(code)?.replaceAll('-', '');

  /** Listens as soon as the page has run its models, which is long before wa-js calls itself injected. False: not yet. */
  function listen() {
    const Stream = ran('WAWebStreamModel')?.Stream;
    const Socket = ran('WAWebSocketModel')?.Socket;
    const Conn = ran('WAWebConnModel')?.Conn;
    if (!Stream?.on || !Socket?.on || !Conn?.on) return false;
    connection = { Stream, Socket, Conn };
    for (const event of ['change:mode', 'change:info', 'change:needsUpdate', 'change:isHardRefresh']) {
      Stream.on(event, picture);
    }
    for (const event of ['change:state', 'change:stream']) Socket.on(event, picture);
    Conn.on('change:ref', () => {
      refSince = performance.now();
      readCode();
    });
    listenToCmd(ran('WAWebCmd')?.Cmd);
    picture();
    return true;
  }

  const tellReason = quietly((reason) => tell({ e: 'logout_reason', reason: cut(reason) }));

  /**
   * Hears the reason of a logout where the page asks for the number of it, from when the page opens its connection. wa-js
   * does the same from its injection on, which is a second after the first code: a phone may have scanned it by then.
   */
  function listenToReasons() {
    window.requireLazy?.(['WAWebLogoutReason'], quietly(() => {
      const reasons = window.require('WAWebLogoutReason');
      const numberOf = reasons?.getErrorCodeFromLogoutReason;
      if (injected() || typeof numberOf !== 'function') return; // wa-js's own stands there
      reasons.getErrorCodeFromLogoutReason = (...args) => {
        tellReason(args[0]);
        return numberOf(...args);
      };
    }));
  }

  let heardCmd = false;

  function listenToCmd(Cmd) {
    if (heardCmd || !Cmd?.on) return;
    heardCmd = true;
    Cmd.on('account_temporarily_banned_from_bridge', quietly((told) =>
      tell({
        e: 'temporary_ban',
        banned: Boolean(told?.banned),
        until: Number(told?.expire) || null,
        text: cut(told?.message),
      })));
    Cmd.on('service_unavailable_503_from_bridge', quietly(() => tell({ e: 'unavailable' })));
  }

  /** From now on wa-js says what only it can find. */
  const listenThroughWaJs = quietly(() => {
    wa().NetworkStatus?.on('change:online', picture);
    listenToCmd(wa().Cmd);
    picture();
    readCode();
  });

  /**
   * wa-js takes the page for whole once no module has come for 750 ms, and what it does not find then it never hears of:
   * on a slow network the next bundle takes longer. So it begins when the page opens its connection, for which it needs
   * what wa-js needs.
   */
  function startWhenLaunched(since) {
    const launched = connection.Socket.state && connection.Socket.state !== 'UNLAUNCHED';
    if (!launched && performance.now() - since < LAUNCH) {
      setTimeout(quietly(startWhenLaunched), FIRST_LOOK, since);
      return;
    }
    begin();
    window.WPP.on('loader.injected', listenThroughWaJs);
    readCode();
    listenToMessages();
  }

  let waJsStarted = 0; // ms since the epoch

  function begin() {
    if (waJsStarted) return;
    waJsStarted = Date.now();
    startWaJs();
    listenToReasons();
  }

  /** A page that never becomes full ready says at least what it lacks; wa-js is what finds that out. */
  async function starve() {
    if (!watched && window.require && window.__d) tell({ ...(await lookAtContract()), early: true });
  }

  /** Looks often at first; a look that took long, on a big page, is paid back with a rest. */
  function lookForModules() {
    const began = performance.now();
    let done = false;
    try {
      done = listen();
    } catch {
      // not all of it is there
    }
    if (done) quietly(startWhenLaunched)(performance.now());
    else setTimeout(lookForModules, Math.max(FIRST_LOOK, 4 * (performance.now() - began)));
  }

  // --- restrictions: for a while WhatsApp may refuse an account's first messages to strangers

  const TIMELOCKED = 463; // WhatsApp's code of what its server refused for it
  const ASKED = 5000; // ms that WhatsApp may take to say how long
  let restricted = '';

  /** What a module of the page exports, by WhatsApp's own id; null where there is none. */
  function own(id) {
    try {
      return window.require(id) ?? null;
    } catch {
      return null;
    }
  }

  /** The present restriction; null: there is none, or its time is over and the page has not been told yet. */
  function restriction() {
    const lock = own('WAWebReachoutTimelockUtils');
    if (!lock?.isUserReachoutTimelocked?.()) return null;
    const kept = own('WAWebUserPrefsIndexedDBStorage')?.userPrefsIdb?.get?.(lock.REACHOUT_TIMELOCK_IDB_KEY);
    const until = Number(kept?.time_enforcement_ends) || null;
    if (until && until <= Date.now()) return null;
    return { kind: cut(kept?.enforcement_type), until: until && until / 1000, known_chats: Boolean(lock.canSendMsgWhileTimelocked) };
  }

  /** Told at first, and whenever it is another. */
  const tellRestriction = quietly(() => {
    const now = restriction();
    const text = JSON.stringify({ e: 'restriction', active: Boolean(now), ...now });
    if (text === restricted) return;
    restricted = text;
    tellText(text);
  });

  /** Whether the page itself would not let a person write to this chat now. */
  function isHeldBack(chat) {
    try {
      tellRestriction();
      const lock = own('WAWebReachoutTimelockUtils');
      return Boolean(restriction()) && lock.canSendMsgWhileTimelocked({ chat, contact: chat.contact }) === false;
    } catch {
      return false;
    }
  }

  /** The server knows of a restriction before the page does: have the page ask it, as it does after a login. */
  async function learnRestriction() {
    try {
      const asked = own('WAWebGetReachoutTimelockJob')?.fetchReachoutTimelock?.();
      await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, ASKED))]);
    } catch (error) {
      trouble(error);
    }
    tellRestriction();
  }

  /** WhatsApp's code of a refusal, or null; of one for a restriction the page learns before it is answered. */
  async function refused(result) {
    const code = Number(result?.ackErrorCode) || null;
    if (code === TIMELOCKED) await learnRestriction();
    return code;
  }

  // --- what wa-js hears

  function listenToMessages() {
    const { WPP } = window;
    WPP.on('loader.full_ready', picture);
    WPP.on('loader.full_ready', quietly(watchLinking));
    WPP.on('loader.full_ready', tellRestriction);
    WPP.on('loader.full_ready', quietly(() => wa().Cmd.on('reachout_timelock_state_change', tellRestriction)));
    WPP.on('conn.stream_mode_changed', picture);
    WPP.on('conn.stream_info_changed', picture);
    WPP.on('conn.logout_reason', tellReason);
    WPP.on('conn.backend_event', quietly((name) => {
      if (name === 'logout' || name === 'storage_initialization_error') tell({ e: name });
      if (name === 'on_critical_sync_done') tell({ e: 'accepted' });
    }));
    const hear = (name, read) => quietly((...args) => {
      for (const fields of [read(...args)].flat()) if (fields) tell({ e: name, ...fields });
    });
    for (const [name, [event, read]] of Object.entries(accountEvents.rows)) WPP.on(event, hear(name, read));
    WPP.on('loader.full_ready', quietly(() => {
      for (const [name, [store, events, read]] of Object.entries(accountEvents.stores)) {
        watch(name, store(), Object.fromEntries(events.split(' ').map((event) => [event, hear(name, read)])));
      }
    }));
  }

  // --- orders

  /** What an order throws where nothing was done, and where it may have been. */
  const refusal = (code, message) => Object.assign(new Error(message), { code });
  const unsure = (message) => refusal('UNSURE', message);

  const PERIOD = 50; // ms between two looks
  const SHOWN = 10000; // ms that the page may take to show what it was asked for

  /** Waits until the page shows a change. That it does not proves nothing. */
  async function shown(test, what) {
    for (const began = performance.now(); !test(); await new Promise((go) => setTimeout(go, PERIOD))) {
      if (performance.now() - began > SHOWN) throw unsure(`WhatsApp Web did not show within ${SHOWN / 1000} s that ${what}`);
    }
  }

  const PRESENCE = { composing: 'typing', recording_audio: 'recording' };

  /** What somebody does, in our words: `available`, `unavailable`, `typing`, `recording`, `unknown`. */
  function presenceState(type, online) {
    const words = ['available', 'unavailable', 'typing', 'recording'];
    const state = PRESENCE[type] ?? type;
    if (words.includes(state)) return state;
    return online === undefined || online === null ? 'unknown' : online ? 'available' : 'unavailable';
  }

  /** Why something failed. Not everything that is thrown is an Error; of other objects only what names them is told. */
  function said(error) {
    const words = error?.message || (error?.code ?? error?.name ?? (typeof error === 'object' ? null : error));
    return { message: cut(words) || 'no reason given', code: cut(error?.code ?? error?.status) }; // `status`: of its server
  }

  /** Of what the server refused, the ack may stay 0 for ever: that it failed says more. */
  function ackOf(msg) {
    if (msg?.isSendFailure && !(msg.ack > 0)) return -1;
    return Number.isFinite(msg?.ack) ? msg.ack : null;
  }

  /** Of a page that never got as far as wa-js too: it is started for that, and not used any more. */
  async function lookAtContract() {
    begin();
    const began = performance.now();
    const loading = () => window.require && window.__d && !injected(); // without a loader there is nothing to wait for
    while (loading() && performance.now() - began < SETTLED) await new Promise((go) => setTimeout(go, FIRST_LOOK));
    const looked = performance.now();
    const read = readContract({ hooked: Boolean(window.WPP.isFullReady) });
    return { ...read, ms: performance.now() - looked };
  }

  /**
   * Asks WhatsApp's server for the answer to a keepalive, as WhatsApp's own page does all the time: it goes there and
   * back, and changes nothing. `asked` is false where the page has no way to; `answered`, whether the server did.
   */
  async function askServer() {
    let answer;
    try {
      const { smax, sendSmaxStanza, generateId } = wa().websocket;
      const to = window.require('WAWap').S_WHATSAPP_NET;
      answer = sendSmaxStanza(smax('iq', { to, type: 'get', xmlns: 'w:p', id: generateId() }, [smax('ping', null, null)]));
    } catch (error) {
      return { asked: false, error: said(error) };
    }
    try {
      await answer;
    } catch (error) {
      return { asked: true, answered: false, error: said(error) };
    }
    tell({ e: 'accepted' }); // whom the server answers, it has let in
    return { asked: true, answered: true };
  }

  /** What the other scripts need of this one. */
  const page = {
    wa, cut, cutAll, tell, trouble, ackOf, said, TEXT, PEOPLE, KEPT, pairingCode,
    startedAt: () => waJsStarted, isHeldBack, refused, own, refusal, unsure, shown, presenceState,
  };
  Object.assign(page, readLookups(page));
  const accountEvents = readEvents(page);
  Object.assign(page, accountEvents.shapes);
  const orders = Object.assign({ ...accountEvents.orders, askServer, probe: () => ({}), contract: lookAtContract }, ...tables.map((table) => table(page)));
  Object.defineProperty(window, handle, {
    value: async (name, order) => {
      try {
        return JSON.stringify({ value: (await orders[name](order)) ?? null });
      } catch (error) {
        return JSON.stringify({ error: said(error) });
      }
    },
  });

  tell({ e: 'loaded', search: cut(location.search) });
  lookForModules();
  setTimeout(quietly(starve), starved * 1000);
});
