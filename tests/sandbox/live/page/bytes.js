'use strict';
// Bytes: their forms, and the ciphers of the browser over them.

const bytes = (() => {
  const concat = (...parts) => {
    const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const base64 = (data) => btoa(String.fromCharCode(...data));
  const unbase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const big = (value, length) => Uint8Array.from({ length }, (_, place) => Math.floor(value / 256 ** (length - 1 - place)) % 256);
  const number = (data) => data.reduce((value, byte) => value * 256 + byte, 0);
  const utf8 = (text) => new TextEncoder().encode(text);
  const text = (data) => new TextDecoder().decode(data);
  const random = (length) => crypto.getRandomValues(new Uint8Array(length));

  const { subtle } = crypto;
  const sha256 = async (...parts) => new Uint8Array(await subtle.digest('SHA-256', concat(...parts)));

  async function hmac(key, ...parts) {
    const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    return new Uint8Array(await subtle.sign('HMAC', imported, concat(...parts)));
  }

  async function hkdf(secret, salt, info, length) {
    const imported = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
    const how = { name: 'HKDF', hash: 'SHA-256', salt, info: utf8(info) };
    return new Uint8Array(await subtle.deriveBits(how, imported, length * 8));
  }

  /** One cipher of the browser, either way: `how` is its description without the key. */
  async function cipher(way, key, how, data) {
    const imported = await subtle.importKey('raw', key, how.name, false, [way]);
    return new Uint8Array(await subtle[way](how, imported, data));
  }
  const gcm = (count, additional) => ({
    name: 'AES-GCM', iv: big(count, 12), ...(additional ? { additionalData: additional } : {}),
  });
  const seal = (key, count, data, additional) => cipher('encrypt', key, gcm(count, additional), data);
  const open = (key, count, data, additional) => cipher('decrypt', key, gcm(count, additional), data);
  const cbc = (way, key, iv, data) => cipher(way, key, { name: 'AES-CBC', iv }, data);

  return {
    concat, hex, unhex, base64, unbase64, big, number, utf8, text, random, sha256, hmac, hkdf, seal, open, cbc,
  };
})();

/** Protocol Buffers without schemas: a message is written from [number, value] and read as number -> values. */
const proto = (() => {
  function varint(value) {
    const written = [];
    let left = BigInt(value);
    for (; left > 127n; left >>= 7n) written.push(Number(left & 127n) | 128);
    return Uint8Array.of(...written, Number(left));
  }

  const write = (...fields) => bytes.concat(...fields.map(([number, value]) => {
    if (typeof value === 'number' || typeof value === 'bigint') return bytes.concat(varint(number << 3), varint(value));
    const data = typeof value === 'string' ? bytes.utf8(value) : value;
    return bytes.concat(varint((number << 3) | 2), varint(data.length), data);
  }));

  /** Numbers come as numbers, everything else as bytes; of a repeated field the last counts. */
  function read(data) {
    const found = {};
    let at = 0;
    const next = () => {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = data[at++];
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
    };
    while (at < data.length) {
      const tag = next();
      if ((tag & 7) === 0) found[tag >> 3] = next();
      else {
        const length = next();
        found[tag >> 3] = data.slice(at, at += length);
      }
    }
    return found;
  }

  return { write, read };
})();
