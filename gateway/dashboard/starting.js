// Starting a client: one that is known, or one by its number.

import { call } from './api.js';
import { act } from './dialogs.js';
import { element } from './dom.js';
import { t } from './texts.js';
import { refresh } from './world.js';

/** A field for a number, and a button. */
export function startForm() {
  const number = element('input', { name: 'number', id: 'start-number', inputmode: 'numeric', pattern: '[0-9]{1,10}', required: true, placeholder: t('clientNumber'), 'aria-label': t('clientNumber') });
  const send = element('button', { class: 'primary', id: 'start' }, t('startClient'));
  const form = element('form', { class: 'start' }, number, send);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const id = Number(number.value);
    start(send, id);
    number.value = '';
    location.hash = `#/clients/${id}`;
  });
  return form;
}

/** Starts a client; what becomes of it is seen in the list. */
export async function start(pressed, id) {
  const soon = setTimeout(() => refresh().catch(() => {}), 300);
  await act(pressed, () => call('POST', '/init', { client: id }), t('started', { id }));
  clearTimeout(soon);
  await refresh().catch(() => {});
}
