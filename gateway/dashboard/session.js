// Signing in, where a key is needed.

import { Refused, signIn } from './api.js';
import { inWords } from './dialogs.js';
import { element, field } from './dom.js';
import { t } from './texts.js';

/** The form that asks for a key; `entered` gets the session. */
export function signInForm(entered) {
  const key = element('input', {
    name: 'key', type: 'password', id: 'key', required: true, autocomplete: 'current-password', spellcheck: 'false',
  });
  const wrong = element('p', { class: 'wrong', role: 'alert' });
  const send = element('button', { class: 'primary' }, t('signIn'));
  const form = element('form', { id: 'sign-in', class: 'card' },
    element('h1', {}, t('signIn')), element('p', { class: 'quiet' }, t('signInWhy')), field(t('key'), key), wrong, send);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    wrong.textContent = '';
    try {
      entered(await signIn(key.value));
    } catch (error) {
      const refused = error.status === 401 ? t('wrongKey') : inWords(error);
      wrong.textContent = error instanceof Refused ? refused : t('noAnswer');
      key.select();
    }
  });
  return form;
}
