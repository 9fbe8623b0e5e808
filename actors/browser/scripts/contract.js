// Which version of WhatsApp Web a page is, and which of the names it has that are looked for.
//
// An expression: a function of {symbols, hooks}, whose result reads the page. A name is a path from `window`, as in
// `WPP.whatsapp.functions.addAndSendMsgToChat`. What it means that one is missing is decided in contract.py.
// Rule: reading changes nothing, and never throws.
(function (asked) {
  'use strict';
  const { symbols, hooks } = asked;

  function at(path) {
    try {
      return path.split('.').reduce((value, name) => value?.[name], window);
    } catch {
      return undefined; // a getter that throws gives nothing to work with
    }
  }

  const isMissing = (path) => at(path) === undefined || at(path) === null;

  /** The last part of a path that leads to a function begins with a small letter. */
  const isNoFunction = (path) => /\.[a-z]\w*$/.test(path) && !isMissing(path) && typeof at(path) !== 'function';

  function exported(id) {
    try {
      return window.require(id) ?? {};
    } catch {
      return {}; // builds differ in whether an unknown id throws
    }
  }

  /** wa-js's own function stands in the place: its wrapper, or a property of the object itself where the class has one. */
  function isHooked(path, how) {
    const value = at(path);
    if (typeof value !== 'function') return true; // told as missing
    const wrap = window.WPP.util?.wrapFunction;
    if (how === 'wrapped') return typeof wrap !== 'function' || String(value) === String(wrap(() => {}, () => {}));
    const dot = path.lastIndexOf('.');
    return Object.hasOwn(at(path.slice(0, dot)), path.slice(dot + 1));
  }

  /**
   * The field in which a message's id keeps its text. Where that is not `_serialized`, wa-js puts accessors of both names
   * on the class.
   */
  function keyField() {
    const proto = at('WPP.whatsapp.MsgKey.prototype');
    if (!proto) return null;
    const accessors = Object.entries(Object.getOwnPropertyDescriptors(proto)).filter(([, { get }]) => get).map(([name]) => name);
    if (accessors.includes('_serialized')) return accessors.find((name) => name !== '_serialized') ?? null;
    return /\breturn this\.([$\w]+)/.exec(String(proto.toString))?.[1] ?? null;
  }

  /** `hooked`: whether wa-js has had the time to wrap what it wraps. */
  return ({ hooked }) => {
    const build = exported('WAWebBuildConstants');
    const site = exported('SiteData');
    return {
      e: 'contract',
      version: build.VERSION_STR ?? window.Debug?.VERSION ?? null,
      revision: Number(site.client_revision) || null,
      push_phase: site.push_phase ?? null,
      wa_js: window.WPP?.version ?? null,
      injected: Boolean(window.WPP?.isInjected),
      is_main_loaded: at('WPP.whatsapp.Cmd.isMainLoaded') !== undefined,
      key_field: keyField(),
      missing: symbols.filter(isMissing),
      no_functions: symbols.filter(isNoFunction),
      unhooked: hooked ? Object.entries(hooks).filter(([path, how]) => !isHooked(path, how)).map(([path]) => path) : [],
    };
  };
});
