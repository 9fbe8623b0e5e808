// Linking a phone: the QR as it rotates, with its countdown, or a code to type.

import { call } from './api.js';
import { act } from './dialogs.js';
import { draw, element, field } from './dom.js';
import { t } from './texts.js';
import { may, refresh } from './world.js';

const EVERY_MS = 1000;
const READ_EVERY = 2;

/** The card of one client; it reads the code itself, as long as it is in the document. */
export function pairingCard(id) {
  const picture = element('div', { class: 'qr' });
  const bar = element('progress', { max: 60, value: 0, 'aria-hidden': 'true' });
  const left = element('span', { class: 'quiet' });
  const typed = element('p', { class: 'typed', 'aria-live': 'polite' });
  const lasts = element('span', { class: 'quiet' });
  const steps = element('ol', {}, ['pairSteps1', 'pairSteps2', 'pairSteps3'].map((name) => element('li', {}, t(name))));
  const root = element('section', { class: 'card pairing', hidden: true },
    element('div', { class: 'shown' }, picture, bar, left),
    element('div', {}, element('h3', {}, t('pair')), steps, may('control') && codeForm(id), typed, lasts));
  let code = null;
  let codeExpires = null;
  let showing = null;
  let expires = null;
  let ticks = 0;
  let timer = null;

  async function read() {
    const status = await call('GET', '/status', { client: id }).catch(() => null);
    if (!status) return;
    if (!status.qr_code_base64) {
      if (status.pairing_code) forget(); // it voids the QR
      label();
      return;
    }
    if (status.qr_code_base64 !== showing) bar.max = Math.max(1, seconds(status.qr_expires_at));
    showing = status.qr_code_base64;
    expires = status.qr_expires_at;
    label();
    draw(picture, showing, () => element('img', { src: showing, alt: t('qr'), width: 296, height: 296 }));
  }

  function forget() {
    showing = null;
    expires = null;
    draw(picture, null, () => null);
  }

  function tick() {
    if (!root.isConnected || root.hidden) {
      clearInterval(timer);
      timer = null;
      return;
    }
    if (ticks % READ_EVERY === 0 || (expires && seconds(expires) <= 0)) read();
    ticks += 1;
    label();
  }

  function label() {
    const still = expires ? seconds(expires) : 0;
    bar.value = still;
    left.textContent = showing ? t('expiresIn', { n: Math.ceil(still) }) : t(code ? 'qrVoid' : 'waitsForQr');
    lasts.textContent = code ? t('codeLasts', { n: Math.ceil(seconds(codeExpires)) }) : '';
  }

  function update(client) {
    root.hidden = client.state !== 'QR_REQUIRED';
    [code, codeExpires] = [client.pairing_code, client.pairing_code_expires_at];
    draw(typed, code, () => code && [t('typeCode'), element('b', {}, spaced(code))]);
    if (root.hidden) {
      forget();
    } else if (timer === null) {
      ticks = 0;
      timer = setInterval(tick, EVERY_MS);
      queueMicrotask(tick);
    }
  }
  return { root, update };
}

const seconds = (instant) => Math.max(0, (Date.parse(instant) - Date.now()) / 1000) || 0;
const spaced = (code) => (code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code);

function codeForm(id) {
  const phone = element('input', { name: 'phone', inputmode: 'tel', required: true, placeholder: '5491122334455' });
  const send = element('button', {}, t('getCode'));
  const form = element('form', { class: 'line' }, field(t('phoneNumber'), phone), send);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    act(send, () => call('POST', '/pairing-code', { client: id, body: { phone: phone.value.trim() } }), null, form).then(() => refresh().catch(() => {}));
  });
  return element('details', {}, element('summary', {}, t('pairByCode')), form);
}
