'use strict';
// Events, models and collections: the base of every other module of the page.
// A model's change reaches its listeners as `change:<attribute>` with (model, value, previous), then its collections'.

define('WAWebEventEmitter', (_require, exports) => {
  exports.default = class EventEmitter {
    on(names, listener, context) {
      if (typeof listener !== 'function') throw new TypeError('Callback parameter passed is not a function');
      for (const name of String(names).split(/\s+/)) this._heard(name).push({ listener, context });
      return this;
    }

    once(name, listener, context) {
      const first = (...args) => {
        this.off(name, first);
        listener.apply(context ?? this, args);
      };
      first.listener = listener;
      return this.on(name, first);
    }

    off(name, listener) {
      if (!this._listeners) return this;
      if (name === undefined) this._listeners.clear();
      else if (!listener) this._listeners.delete(name);
      else {
        const left = this._heard(name).filter((one) => one.listener !== listener && one.listener.listener !== listener);
        this._listeners.set(name, left);
      }
      return this;
    }

    trigger(name, ...args) {
      for (const { listener, context } of [...(this._listeners?.get(name) ?? [])]) {
        try {
          listener.apply(context ?? this, args);
        } catch (error) {
          console.error(`listener of ${name} failed`, error); // one listener must not keep the others from hearing
        }
      }
      return this;
    }

    listenTo(other, name, listener) {
      other.on(name, listener, this);
      return this;
    }

    listenToOnce(other, name, listener) {
      other.once(name, listener, this);
      return this;
    }

    listenToAndRun(other, name, listener) {
      this.listenTo(other, name, listener);
      listener.call(this);
      return this;
    }

    stopListening() { return this; }
    isListening(name) { return Boolean(this._listeners?.get(name)?.length); }
    bind(...args) { return this.on(...args); }
    unbind(...args) { return this.off(...args); }
    removeListener(...args) { return this.off(...args); }
    removeAllListeners() { return this.off(); }
    emit(...args) { return this.trigger(...args); }

    _heard(name) {
      if (!this._listeners) Object.defineProperty(this, '_listeners', { value: new Map() });
      if (!this._listeners.has(name)) this._listeners.set(name, []);
      return this._listeners.get(name);
    }
  };
});

define('WAWebBaseModel', (require, exports) => {
  const EventEmitter = require('WAWebEventEmitter').default;

  class BaseModel extends EventEmitter {
    constructor(values = {}) {
      super();
      Object.defineProperties(this, {
        attributes: { value: { ...this.constructor.defaults } },
        collections: { value: new Set() },
      });
      for (const [name, value] of Object.entries(values)) {
        if (name in this.constructor.defaults) this.attributes[name] = value;
        else Reflect.set(this, name, value); // where a script made the name read-only, its own value stays
      }
    }

    get isState() { return true; }
    get collection() { return this.collections.values().next().value; }

    get(name) { return this[name]; }

    set(names, value) {
      Object.assign(this, typeof names === 'string' ? { [names]: value } : names);
      return this;
    }

    trigger(name, ...args) {
      super.trigger(name, ...args);
      for (const collection of this.collections) collection.trigger(name, ...args);
      return this;
    }

    toJSON() { return { ...this.attributes }; }
    serialize() { return this.toJSON(); }
  }
  BaseModel.defaults = {};

  /** Gives `Model` its attributes: `defaults` names each. A change of value emits an event. */
  function defineModel(Model, proxyName, defaults) {
    Model.defaults = defaults;
    Model.prototype.proxyName = proxyName;
    for (const name of Object.keys(defaults)) {
      Object.defineProperty(Model.prototype, name, {
        configurable: true,
        enumerable: true,
        get() { return this.attributes[name]; },
        set(value) {
          const previous = this.attributes[name];
          if (Object.is(previous, value)) return;
          this.attributes[name] = value;
          this.trigger(`change:${name}`, this, value, previous);
          this.trigger('change', this);
        },
      });
    }
    return Model;
  }

  Object.assign(exports, { BaseModel, defineModel });
});

define('WAWebBaseCollection', (require, exports) => {
  const EventEmitter = require('WAWebEventEmitter').default;

  const keyOf = (id) => String(typeof id?._serialized === 'string' ? id._serialized : id);

  exports.BaseCollection = class BaseCollection extends EventEmitter {
    constructor(models = []) {
      super();
      Object.defineProperties(this, { _index: { value: new Map() } });
      this.add(models);
    }

    get length() { return this._index.size; }
    get _models() { return this.getModelsArray(); }

    get(id) { return id == null ? undefined : this._index.get(keyOf(id.id ?? id)) ?? this._index.get(keyOf(id)); }

    /** Adds one or several models; existing ones stay as they are. Returns its argument. */
    add(models) {
      for (const model of [models].flat()) {
        const key = keyOf(model.id);
        if (this._index.has(key)) continue;
        this._index.set(key, model);
        model.collections?.add(this);
        this.trigger('add', model);
      }
      return models;
    }

    remove(models) {
      for (const given of [models].flat()) {
        const model = this.get(given);
        if (!model) continue;
        this._index.delete(keyOf(model.id));
        model.collections?.delete(this);
        this.trigger('remove', model);
      }
    }

    reset() { this.remove(this.getModelsArray()); }

    /** Drops the oldest models above `limit`, so that a page that runs for weeks stays small. */
    trim(limit) {
      for (const model of this._index.values()) {
        if (this._index.size <= limit) break;
        this.remove(model);
      }
    }

    async find(id) { return this.get(id); }

    getModelsArray() { return [...this._index.values()]; }
    toArray() { return this.getModelsArray(); }
    at(position) { return this.getModelsArray().at(position); }
    head() { return this.at(0); }
    last() { return this.at(-1); }
    slice(...args) { return this.getModelsArray().slice(...args); }
    forEach(visit) { this.getModelsArray().forEach(visit); }
    map(visit) { return this.getModelsArray().map(visit); }
    filter(test) { return this.getModelsArray().filter(test); }
    some(test) { return this.getModelsArray().some(test); }
    every(test) { return this.getModelsArray().every(test); }
    findFirst(test) { return this.getModelsArray().find(test); }
    indexOf(model) { return this.getModelsArray().indexOf(model); }
    [Symbol.iterator]() { return this._index.values(); }
  };
});
