// A message to try a client with, and its ticks.

import { call } from './api.js';
import { act } from './dialogs.js';
import { drawEach, element, field } from './dom.js';
import { moment, t } from './texts.js';

const TICKS = { queued: '◷', sending: '◷', sent: '✓', delivered: '✓✓', read: '✓✓', failed: '✗', expired: '✗', cancelled: '✗', unknown: '?' };
const LAST = new Set(['read', 'failed', 'expired', 'cancelled']);
const EVERY_MS = 1000;
const WATCHED_MS = 120_000;
const KEPT = 5;
const sent = new Map();

/** The card of one client. What it has sent is remembered as long as the page is open. */
export function messageForm(id) {
  const to = element('input', { name: 'to', required: true, placeholder: '5491122334455', autocomplete: 'off' });
  const text = element('input', { name: 'text', 'data-field': 'message', required: true, value: t('testText'), autocomplete: 'off' });
  const send = element('button', { class: 'primary', id: 'send' }, t('send'));
  const hint = element('p', { class: 'quiet' }, t('notReady'));
  const list = element('ul', { class: 'messages', 'aria-live': 'polite' });
  const form = element('form', { id: 'test-message' },
    field(t('to'), to, t('toHint')), field(t('text'), text), send, hint);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = { to: to.value.trim(), message: text.value };
    const accepted = await act(send, () => call('POST', '/messages', { client: id, body }), null, form);
    if (!accepted) return;
    sent.set(id, [accepted, ...(sent.get(id) ?? [])].slice(0, KEPT));
    show();
    watch(accepted.id, Date.now() + WATCHED_MS);
  });

  function show() {
    drawEach(list, sent.get(id) ?? [], { key: (one) => one.id, what: (one) => one.state, build: message });
  }

  async function watch(message, until) {
    if (Date.now() > until) return;
    const told = await call('GET', `/messages/${message}`, { client: id }).catch(() => null);
    if (told) {
      sent.set(id, sent.get(id).map((one) => (one.id === message ? told : one)));
      show();
    }
    if (!LAST.has(told?.state)) setTimeout(() => watch(message, until), EVERY_MS);
  }

  function update({ state }) {
    send.disabled = state !== 'READY';
    hint.hidden = state === 'READY';
    show();
  }
  return { root: element('section', { class: 'card' }, element('h3', {}, t('test')), form, list), update };
}

function message({ state, to, message: text, reason, times }) {
  const at = times?.[state];
  return [
    element('span', { class: `ticks ${state}`, 'aria-hidden': 'true' }, TICKS[state]),
    element('span', {}, element('b', {}, t(state)), ` · ${to.replace('@c.us', '')} · ${at ? moment(at) : ''}`,
      element('small', {}, reason ? `${text} — ${reason}` : text)),
  ];
}
