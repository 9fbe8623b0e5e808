'use strict';
// Nodes {tag, attrs, content} and their binary form. Texts are written by the dictionary or as they are; what the server
// may write besides (packed digits, addresses) is read.

const nodes = (() => {
  const [LIST_EMPTY, AD_JID, LIST_8, LIST_16, JID_PAIR, HEX_8, BINARY_8, BINARY_20, BINARY_32, NIBBLE_8] =
    [0, 247, 248, 249, 250, 251, 252, 253, 254, 255];
  const DICTIONARY = 236;
  const DOMAINS = { 0: 's.whatsapp.net', 1: 'lid' };
  const codes = new Map();
  dictionary.double.forEach((words, page) => words.forEach((word, place) => codes.set(word, [DICTIONARY + page, place])));
  dictionary.single.forEach((word, place) => { if (word) codes.set(word, [place]); });

  const start = (size) => (size === 0 ? [LIST_EMPTY] : size < 256 ? [LIST_8, size] : [LIST_16, size >> 8, size & 255]);
  const raw = (data) => bytes.concat(data.length < 256 ? [BINARY_8, data.length] : [BINARY_20, ...bytes.big(data.length, 3)], data);
  const word = (text) => codes.get(text) ?? raw(bytes.utf8(text));

  function write({ tag, attrs = {}, content }) {
    const given = Object.entries(attrs).filter(([, value]) => value !== undefined);
    const parts = [start(1 + 2 * given.length + (content === undefined ? 0 : 1)), word(tag)];
    for (const [name, value] of given) parts.push(word(name), word(String(value)));
    if (content instanceof Uint8Array) parts.push(raw(content));
    else if (content !== undefined) parts.push(start(content.length), ...content.map(write));
    return bytes.concat(...parts);
  }

  function read(data) {
    let at = 1; // after the flags: nothing here is compressed
    const byte = () => data[at++];
    const slice = (length) => data.slice(at, at += length);
    const length = (tag) => bytes.number(slice({ [BINARY_8]: 1, [BINARY_20]: 3, [BINARY_32]: 4 }[tag]));
    const size = (tag) => (tag === LIST_EMPTY ? 0 : bytes.number(slice(tag === LIST_8 ? 1 : 2)));
    const isBytes = (tag) => tag >= BINARY_8 && tag <= BINARY_32;

    function packed(alphabet) {
      const first = byte();
      const digits = [...slice(first & 127)].flatMap((pair) => [alphabet[pair >> 4], alphabet[pair & 15]]);
      return (first & 128 ? digits.slice(0, -1) : digits).join('');
    }

    function text(tag = byte()) {
      if (tag === LIST_EMPTY) return '';
      if (tag < dictionary.single.length) return dictionary.single[tag];
      if (tag >= DICTIONARY && tag < AD_JID - 7) return dictionary.double[tag - DICTIONARY][byte()];
      if (isBytes(tag)) return bytes.text(slice(length(tag)));
      if (tag === NIBBLE_8) return packed('0123456789-.');
      if (tag === HEX_8) return packed('0123456789ABCDEF');
      if (tag === JID_PAIR) {
        const user = text();
        return `${user}@${text()}`;
      }
      if (tag === AD_JID) {
        const [domain, device] = [byte(), byte()];
        return `${text()}:${device}@${DOMAINS[domain]}`;
      }
      throw new Error(`${tag} begins no text`);
    }

    function content(tag) {
      if (tag === LIST_EMPTY || tag === LIST_8 || tag === LIST_16) return Array.from({ length: size(tag) }, node);
      return isBytes(tag) ? slice(length(tag)) : bytes.utf8(text(tag));
    }

    function node() {
      const parts = size(byte());
      const tag = text();
      const attrs = {};
      for (let left = Math.floor((parts - 1) / 2); left > 0; left--) {
        const name = text();
        attrs[name] = text();
      }
      return { tag, attrs, content: parts % 2 ? undefined : content(byte()) };
    }
    return node();
  }

  const child = (node, tag) => (Array.isArray(node?.content) ? node.content.find((one) => one.tag === tag) : undefined);
  return { write: (node) => bytes.concat([0], write(node)), read, child };
})();
