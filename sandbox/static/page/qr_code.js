'use strict';
// The QR code as a person sees it: a canvas in an element whose `data-ref` is the code's text. Programs read both.
// One version is enough for every text of a page: version 13, correction level L, bytes, 425 of them at most
// (ISO/IEC 18004). Its codewords are four blocks of 107 and 26, so they interleave evenly.

define('SandboxQrCode', (_require, exports) => {
  const VERSION = 13;
  const SIZE = 17 + 4 * VERSION;
  const [BLOCKS, DATA, CORRECTION] = [4, 107, 26];
  const CENTRES = [6, 34, 62];
  const CAPACITY = BLOCKS * DATA;
  const FORMAT = checked(0b01000, 5, 0x537, 10) ^ 0x5412; // level L, mask 0
  const LABEL = checked(VERSION, 6, 0x1f25, 12);
  const PIXELS = 4;

  /** `value`, of `length` bits, with the `extra` bits of its BCH check. */
  function checked(value, length, polynomial, extra) {
    let left = value << extra;
    for (let bit = length - 1; bit >= 0; bit--) if ((left >> (bit + extra)) & 1) left ^= polynomial << bit;
    return (value << extra) | left;
  }

  function multiply(one, other) {
    let product = 0;
    for (let bit = 7; bit >= 0; bit--) {
      product = (product << 1) ^ ((product >> 7) * 0x11d);
      product ^= ((other >> bit) & 1) * one;
    }
    return product;
  }

  /** The Reed-Solomon remainder of one block. */
  function correction(block) {
    let divisor = Array.from({ length: CORRECTION }, (_, place) => Number(place === CORRECTION - 1));
    for (let times = 0, root = 1; times < CORRECTION; times++, root = multiply(root, 2)) {
      divisor = divisor.map((factor, place) => multiply(factor, root) ^ (divisor[place + 1] ?? 0));
    }
    const rest = new Array(CORRECTION).fill(0);
    for (const byte of block) {
      const factor = byte ^ rest.shift();
      rest.push(0);
      divisor.forEach((by, place) => { rest[place] ^= multiply(by, factor); });
    }
    return rest;
  }

  function codewords(text) {
    const bytes = [...new TextEncoder().encode(text)];
    if (bytes.length > CAPACITY - 3) throw new Error(`a QR of version ${VERSION} holds no ${bytes.length} bytes`);
    const data = [0x4, bytes.length >> 12, bytes.length >> 8, bytes.length >> 4, bytes.length]; // by four bits
    for (const byte of bytes) data.push(byte >> 4, byte);
    data.push(0);
    const packed = [];
    for (let place = 0; place < data.length; place += 2) packed.push(((data[place] & 15) << 4) | (data[place + 1] & 15));
    for (let pad = 0xec; packed.length < CAPACITY; pad ^= 0xec ^ 0x11) packed.push(pad);
    const blocks = Array.from({ length: BLOCKS }, (_, number) => packed.slice(number * DATA, (number + 1) * DATA));
    const woven = (parts) => parts[0].flatMap((_, place) => parts.map((part) => part[place]));
    return [...woven(blocks), ...woven(blocks.map(correction))];
  }

  /** The code of `text`: rows of booleans, true for dark, without the quiet zone. */
  exports.matrix = (text) => {
    const rows = Array.from({ length: SIZE }, () => new Array(SIZE).fill(undefined));
    const set = (x, y, dark) => { if (rows[y]?.[x] === undefined && rows[y] && x >= 0 && x < SIZE) rows[y][x] = Boolean(dark); };
    const square = (x, y, radius, dark) => {
      for (let down = -radius; down <= radius; down++) {
        for (let right = -radius; right <= radius; right++) {
          set(x + right, y + down, dark(Math.max(Math.abs(right), Math.abs(down))));
        }
      }
    };
    const far = SIZE - 4;
    for (const [x, y] of [[3, 3], [far, 3], [3, far]]) square(x, y, 4, (ring) => ring < 2 || ring === 3);
    for (const y of CENTRES) {
      for (const x of CENTRES) if (![[6, 6], [6, 62], [62, 6]].some(([a, b]) => a === x && b === y)) square(x, y, 2, (ring) => ring !== 1);
    }
    for (let place = 0; place < SIZE; place++) {
      set(place, 6, place % 2 === 0);
      set(6, place, place % 2 === 0);
    }
    for (let bit = 0; bit < 18; bit++) {
      const [short, long] = [SIZE - 11 + (bit % 3), Math.floor(bit / 3)];
      set(short, long, (LABEL >> bit) & 1);
      set(long, short, (LABEL >> bit) & 1);
    }
    for (let bit = 0; bit < 15; bit++) {
      const dark = (FORMAT >> bit) & 1;
      set(8, [0, 1, 2, 3, 4, 5, 7, 8][bit] ?? SIZE - 15 + bit, dark);
      set(bit < 8 ? SIZE - 1 - bit : [7, 5, 4, 3, 2, 1, 0][bit - 8], 8, dark);
    }
    set(8, SIZE - 8, true);

    const bits = codewords(text).flatMap((word) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (word >> bit) & 1));
    let next = 0;
    for (let right = SIZE - 1, up = true; right > 0; right -= 2, up = !up) {
      if (right === 6) right = 5; // the column of the timing pattern is no data's
      for (let step = 0; step < SIZE; step++) {
        const y = up ? SIZE - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (rows[y][x] === undefined) rows[y][x] = Boolean((bits[next++] ?? 0) ^ Number((x + y) % 2 === 0));
        }
      }
    }
    return rows;
  };

  /**
   * Shows the code of `text`. Without a text it shows none; while the page idles the last code stays, under
   * a button that asks for another (`reload`).
   */
  exports.show = (text, reload) => {
    const place = document.getElementById('qr');
    if (!text && !reload) place.replaceChildren();
    else if (text && place.firstElementChild?.dataset.ref !== text) place.replaceChildren(framed(text));
    else if (reload && !place.querySelector('button')) place.firstElementChild?.append(button(reload));
  };

  function framed(text) {
    const frame = document.createElement('div');
    frame.dataset.ref = text;
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = (SIZE + 8) * PIXELS;
    const brush = canvas.getContext('2d');
    brush.fillStyle = '#fff';
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.fillStyle = '#000';
    exports.matrix(text).forEach((row, y) => row.forEach((dark, x) => {
      if (dark) brush.fillRect((x + 4) * PIXELS, (y + 4) * PIXELS, PIXELS, PIXELS);
    }));
    frame.append(canvas);
    return frame;
  }

  function button(reload) {
    const made = document.createElement('button');
    made.textContent = 'Click to reload QR code';
    made.addEventListener('click', reload);
    return made;
  }
});
