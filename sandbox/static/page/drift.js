'use strict';
// The modules as scripts from outside see them when the setting `drift` plays a later build: some names are missing,
// others have changed. The page's own code is not affected, as in a real later build.

/** The page's own way to its modules. */
page.require = window.require;

(() => {
  const { hide = [], rename = {} } = page.settings.drift ?? {};
  const gone = new Set([...hide, ...Object.keys(rename)]);
  const before = new Map(Object.entries(rename).map(([from, to]) => [to, from])); // name now -> name in the module
  if (!gone.size) return;
  const views = new WeakMap();

  function drifted(exports) {
    if (exports === null || typeof exports !== 'object' || !Object.keys(exports).some((name) => gone.has(name))) return exports;
    if (!views.has(exports)) views.set(exports, view(exports));
    return views.get(exports);
  }

  function view(exports) {
    const named = (name) => (gone.has(name) ? undefined : before.get(name) ?? name);
    return new Proxy(exports, {
      get: (target, name) => target[named(name)],
      set: (target, name, value) => Reflect.set(target, before.get(name) ?? name, value),
      has: (target, name) => named(name) in target,
      ownKeys: (target) => Reflect.ownKeys(target).filter((name) => !hide.includes(name)).map((name) => rename[name] ?? name),
      getOwnPropertyDescriptor: (target, name) => Reflect.getOwnPropertyDescriptor(target, named(name)),
    });
  }

  for (const name of ['require', 'importNamespace']) {
    const inside = window[name];
    window[name] = (id) => drifted(inside(id));
  }
})();
