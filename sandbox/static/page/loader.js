'use strict';
// The module loader as it looks from outside: __d, require, importNamespace, ErrorGuard.
// Rule: a factory only builds its exports. It runs when somebody asks for the module; whoever searches asks for all.
const page = {
  /** What the server wrote into the document: compat, lids, start_delay, reconnect_delay, reconnect_cap. */
  settings: JSON.parse(document.documentElement.dataset.settings),
  get classic() { return this.settings.compat === 'classic'; },
};

(() => {
  const modulesMap = {};

  function resolve(id) {
    if (id === '__debug') return { modulesMap };
    const entry = modulesMap[id];
    if (!entry) throw new Error(`Requiring unknown module "${id}"`);
    if (!entry.module) {
      entry.module = { exports: {} };
      entry.factory(window, resolve, importDefault, resolve, requireLazy, entry.module, entry.module.exports);
    }
    return entry.module.exports;
  }

  function importDefault(id) {
    return resolve(id).default;
  }

  function requireLazy(ids, then) {
    queueMicrotask(() => then(...ids.map(resolve)));
  }

  window.ErrorGuard = { skipGuardGlobal() {} };
  window.importNamespace = resolve;
  window.__d = (id, deps, factory, flags) => {
    modulesMap[id] = { factory, deps, flags };
  };
  // What exports nothing but its default is its default here, where importNamespace gives the namespace.
  window.require = (id) => {
    const exports = resolve(id);
    return Object.keys(exports ?? {}).join() === 'default' ? exports.default : exports;
  };
})();

const ES_MODULE = 98;

/** Registers a module whose factory needs only `require` and `exports`. */
function define(id, build) {
  const factory = (_global, require, _default, _namespace, _lazy, _module, exports) => build(require, exports);
  window.__d(id, [], factory, ES_MODULE);
}
