'use strict';
// Curve25519 with numbers of any size: agreements (RFC 7748), and XEdDSA signatures by the same keys
// (https://signal.org/docs/specifications/xeddsa/). Not in constant time: it plays a page.

const curve = (() => {
  const P = 2n ** 255n - 19n;
  const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
  const mod = (value, by = P) => ((value % by) + by) % by;

  function power(base, exponent) {
    let result = 1n;
    for (let left = exponent, factor = mod(base); left > 0n; left >>= 1n, factor = (factor * factor) % P) {
      if (left & 1n) result = (result * factor) % P;
    }
    return result;
  }
  const inverse = (value) => power(value, P - 2n);

  const D = mod(-121665n * inverse(121666n));
  const ROOT = power(2n, (P - 1n) / 4n); // of -1
  const BASE_Y = mod(4n * inverse(5n));
  const BASE = [15112221349535400772501151409588531511454012693041857206046113283949847762202n, BASE_Y];

  const number = (bytes) => bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const bytesOf = (value) => Uint8Array.from({ length: 32 }, (_, place) => Number((value >> BigInt(8 * place)) & 255n));
  const hashed = async (...parts) =>
    mod(number(new Uint8Array(await crypto.subtle.digest('SHA-512', bytes.concat(...parts)))), ORDER);

  function scalarOf(secret) {
    const clamped = Uint8Array.from(secret);
    clamped[0] &= 248;
    clamped[31] = (clamped[31] & 127) | 64;
    return number(clamped);
  }

  /** The ladder of RFC 7748: the agreement of a secret with a public key; both are 32 bytes. */
  function agree(secret, theirs) {
    const scalar = scalarOf(secret);
    const x1 = mod(number(theirs) & ((1n << 255n) - 1n));
    let [x2, z2, x3, z3] = [1n, 0n, x1, 1n];
    for (let bit = 254n; bit >= 0n; bit--) {
      const swap = (scalar >> bit) & 1n;
      if (swap) [x2, x3, z2, z3] = [x3, x2, z3, z2];
      const [a, b, c, d] = [x2 + z2, mod(x2 - z2), x3 + z3, mod(x3 - z3)];
      const [aa, bb, da, cb] = [mod(a * a), mod(b * b), mod(d * a), mod(c * b)];
      const e = mod(aa - bb);
      x3 = mod((da + cb) ** 2n);
      z3 = mod(x1 * mod((da - cb) ** 2n));
      x2 = mod(aa * bb);
      z2 = mod(e * (aa + 121665n * e));
      if (swap) [x2, x3, z2, z3] = [x3, x2, z3, z2];
    }
    return bytesOf(mod(x2 * inverse(z2)));
  }

  // --- points of the Edwards form, in extended coordinates

  const extended = ([x, y]) => [x, y, 1n, mod(x * y)];

  function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
    const [a, b] = [mod((y1 - x1) * (y2 - x2)), mod((y1 + x1) * (y2 + x2))];
    const [c, d] = [mod(2n * D * mod(t1 * t2)), mod(2n * z1 * z2)];
    const [e, f, g, h] = [b - a, d - c, d + c, b + a];
    return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
  }

  function times(scalar, point) {
    let result = [0n, 1n, 1n, 0n];
    for (let left = scalar, doubled = point; left > 0n; left >>= 1n, doubled = add(doubled, doubled)) {
      if (left & 1n) result = add(result, doubled);
    }
    return result;
  }

  function compressed([x, y, z]) {
    const over = inverse(z);
    return bytesOf(mod(y * over) | ((mod(x * over) & 1n) << 255n));
  }

  function point(written) {
    const value = number(written);
    const y = value & ((1n << 255n) - 1n);
    const [up, down] = [mod(y * y - 1n), mod(D * y * y + 1n)];
    let x = mod(up * power(down, 3n) * power(up * power(down, 7n), (P - 5n) / 8n));
    if (mod(down * x * x) !== up) x = mod(x * ROOT);
    if (mod(down * x * x) !== up) throw new Error('no point of the curve');
    if ((x & 1n) !== value >> 255n) x = mod(-x);
    return extended([x, y]);
  }

  // --- what others use

  function pair() {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    return { secret, public: agree(secret, bytesOf(9n)) };
  }

  async function sign(secret, message) {
    let scalar = scalarOf(secret);
    const whole = compressed(times(scalar, extended(BASE)));
    if (whole[31] & 128) scalar = mod(-scalar, ORDER);
    const ours = Uint8Array.from(whole);
    ours[31] &= 127;
    const start = new Uint8Array(32).fill(255);
    start[0] = 254;
    const nonce = await hashed(start, bytesOf(mod(scalar, ORDER)), message, crypto.getRandomValues(new Uint8Array(64)));
    const commitment = compressed(times(nonce, extended(BASE)));
    const answer = mod(nonce + (await hashed(commitment, ours, message)) * scalar, ORDER);
    return bytes.concat(commitment, bytesOf(answer));
  }

  /** Rejects unless the owner of the public key has signed the message. */
  async function verify(theirs, message, signature) {
    const u = number(theirs) & ((1n << 255n) - 1n);
    const edwards = bytesOf(mod((u - 1n) * inverse(u + 1n)));
    edwards[31] |= signature[63] & 128;
    const second = Uint8Array.from(signature.slice(32));
    second[31] &= 127;
    const challenge = await hashed(signature.slice(0, 32), edwards, message);
    const right = add(point(signature.slice(0, 32)), times(challenge, point(edwards)));
    const [one, other] = [compressed(times(number(second), extended(BASE))), compressed(right)];
    if (bytes.hex(one) !== bytes.hex(other)) throw new Error('a signature is wrong');
  }

  return { pair, agree, sign, verify };
})();
