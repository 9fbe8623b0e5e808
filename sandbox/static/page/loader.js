'use strict';
// The module loader, seen from outside: __d, require, importDefault, importNamespace, requireLazy, ErrorGuard;
// the bundles, which come in stages; and the page's own timers.
// A factory only builds its exports. It runs at the first request for the module; a search requests all modules.
//
// As on WhatsApp Web (seen in its page code of August 2026):
// - a module is known by name in `modulesMap` as soon as its bundle has run, but is available only once all its
//   dependencies are; `factoryFinished` shows that its factory has run;
// - an unavailable module is undefined, with an error on the console; it throws after `skipGuardGlobal(true)`;
// - a factory is dropped once it has run;
// - `setTimeout` and its like are the page's own scheduler's, with handles of their own.
const page = {
  /** Data that the server wrote into the document: see Document in app.py. */
  settings: JSON.parse(document.documentElement.dataset.settings),
  get classic() { return this.settings.compat === 'classic'; },
};

(() => {
  const { bundles, stages, timer_starvation: starvation, ballast } = page.settings;
  const { nonce } = document.currentScript;
  const native = {
    setTimeout: window.setTimeout.bind(window),
    clearTimeout: window.clearTimeout.bind(window),
    setInterval: window.setInterval.bind(window),
    clearInterval: window.clearInterval.bind(window),
  };

  // --- modules

  const DATA = 'SiteData'; // what every module may read; it is there once the page has handled what the server wrote
  const modulesMap = {};
  const awaited = []; // [ids, then]: to be called once all of them can be had
  let guarded = true;

  /** True if a module and all its direct and indirect dependencies exist. A circle waits for nothing. */
  function resolved(id, seen = new Set()) {
    const entry = modulesMap[id];
    if (!entry?.dependencies) return false;
    if (entry.factoryFinished || seen.has(id)) return true;
    seen.add(id);
    return entry.dependencies.every((other) => resolved(other, seen));
  }

  function missing(text, cause) {
    if (!guarded) throw new Error(text, { cause });
    console.error(text, ...(cause ? [cause] : []));
    return undefined;
  }

  function resolve(id) {
    if (id === '__debug') return { modulesMap };
    const entry = modulesMap[id];
    if (!entry) return missing(`Requiring unknown module "${id}"`);
    if (!entry.module) {
      if (!resolved(id)) return missing(`Requiring module "${id}" with missing dependencies`);
      const { factory } = entry;
      entry.factory = null;
      entry.module = { exports: {} };
      try {
        factory(window, resolve, importDefault, resolve, requireLazy, entry.module, entry.module.exports);
      } catch (error) {
        entry.failed = error;
      }
      entry.factoryFinished = !entry.failed;
    }
    return entry.failed ? missing(`Module "${id}" failed`, entry.failed) : entry.module.exports;
  }

  function importDefault(id) {
    const exports = resolve(id);
    return exports && 'default' in exports ? exports.default : exports;
  }

  function requireLazy(ids, then) {
    awaited.push([ids, then]);
    queueMicrotask(wake);
  }

  function wake() {
    for (const one of [...awaited]) {
      const [ids, then] = one;
      if (!ids.every((id) => resolved(id)) || !awaited.includes(one)) continue;
      awaited.splice(awaited.indexOf(one), 1);
      then(...ids.map(resolve));
    }
  }

  window.ErrorGuard = { skipGuardGlobal(skip) { guarded = !skip; } };
  window.TimeSlice = { guard: (act) => act, inGuard: () => true };
  window.importDefault = importDefault;
  window.importNamespace = resolve;
  window.requireLazy = requireLazy;
  window.__d = (id, dependencies, factory, flags) => {
    if (modulesMap[id]?.dependencies) return; // a bundle that runs twice changes nothing
    modulesMap[id] = { id, dependencies: [...dependencies, ...(id === DATA ? [] : [DATA])], factory, flags, factoryFinished: false };
    queueMicrotask(wake);
  };
  // A module that exports only its default is its default here; importNamespace gives the namespace.
  window.require = (id) => {
    const exports = resolve(id);
    return Object.keys(exports ?? {}).join() === 'default' ? exports.default : exports;
  };

  // --- timers: the page's own are punctual; those of other scripts are delayed by `timer_starvation` seconds

  const timers = new Map(); // handle -> how to stop it
  let last = 10 ** 9; // far from the browser's own handles, which mean nothing here

  /** The delay of a timer; the caller's caller is the script that sets it. */
  function held() {
    return starvation && !new Error().stack.split('\n')[3]?.includes('/bundle/') ? starvation * 1000 : 0;
  }

  function keep(begin) {
    const handle = ++last;
    begin(handle);
    return handle;
  }

  window.setTimeout = (act, delay = 0, ...args) => {
    const late = held();
    return keep((handle) => {
      const timer = native.setTimeout(() => {
        timers.delete(handle);
        act(...args);
      }, delay + late);
      timers.set(handle, () => native.clearTimeout(timer));
    });
  };

  window.setInterval = (act, delay = 0, ...args) => {
    const late = held();
    return keep((handle) => {
      const begin = () => {
        const timer = native.setInterval(act, delay, ...args);
        timers.set(handle, () => native.clearInterval(timer));
      };
      const first = late ? native.setTimeout(begin, late) : begin();
      if (late) timers.set(handle, () => native.clearTimeout(first));
    });
  };

  window.clearTimeout = window.clearInterval = (handle) => {
    timers.get(handle)?.();
    timers.delete(handle);
  };

  // --- the document's weight, bundles, and the start after they have loaded

  // Written to, so that the renderer really holds it; in parts, because no single buffer may be that big.
  page.ballast = Array.from({ length: ballast }, (_, number) => new Uint8Array(2 ** 20).fill(number + 1));

  function load(address) {
    return new Promise((loaded, failed) => {
      const script = document.createElement('script');
      script.async = false; // fetched side by side, run in their order
      script.nonce = nonce;
      script.src = address;
      script.onload = loaded;
      script.onerror = () => failed(new Error(`bundle ${address} did not load`));
      document.head.append(script);
    });
  }

  const handleData = () => window.__d(DATA, [], (_global, _require, _default, _namespace, _lazy, module) => {
    const { version, push_phase } = page.settings;
    module.exports = { client_revision: Number(version.split('.')[2]), push_phase };
  });

  /** One stage after the other; or all at once, known by name for a while before any is available. */
  async function loadAll() {
    if (bundles === 'at_once') {
      modulesMap[DATA] = { id: DATA, dependencies: null, factory: null, factoryFinished: false };
      await Promise.all(stages.flat().map(load));
      await new Promise((over) => native.setTimeout(over, 300));
      handleData();
      return;
    }
    handleData();
    for (const stage of stages) await Promise.all(stage.map(load));
  }

  /** Fulfilled once all bundles have run. The document's own scripts have run before the first of them. */
  page.loaded = new Promise((loaded, failed) => {
    document.addEventListener('DOMContentLoaded', () => loadAll().then(loaded, failed));
  });
})();

const ES_MODULE = 98;

/** Registers a module whose factory needs only `require` and `exports`. It depends on the names it uses, as Meta's do. */
function define(id, build) {
  const factory = (_global, require, _default, _namespace, _lazy, _module, exports) => build(require, exports);
  const named = [...String(build).matchAll(/\brequire\('([^']+)'\)/g)].map(([, other]) => other);
  window.__d(id, [...new Set(named)].filter((other) => other !== id && other !== '__debug'), factory, ES_MODULE);
}
