// Asking before what cannot be undone, showing a secret once, and saying how something went.

import { Refused, at } from './api.js';
import { button, element } from './dom.js';
import { has, t } from './texts.js';

const SHOWN_MS = 6000;
let dialogs = 0;

function open(title, content, buttons) {
  dialogs += 1;
  const heading = element('h2', { id: `dialog-${dialogs}` }, title);
  const dialog = element('dialog', { 'aria-labelledby': heading.id }, heading, content, element('div', { class: 'buttons' }, buttons));
  const { id } = document.activeElement;
  dialog.addEventListener('close', () => {
    dialog.remove();
    // What had the focus may have been drawn anew meanwhile.
    if (id && document.activeElement === document.body) document.getElementById(id)?.focus();
  });
  document.body.append(dialog);
  dialog.showModal(); // the browser keeps the focus inside, lets Escape close it, and gives the focus back
  return dialog;
}

/** Whether a person says yes. The safe answer has the focus. */
export function confirm(title, why, yes) {
  return new Promise((resolve) => {
    const no = button(t('cancel'), () => dialog.close(), { autofocus: true });
    const dialog = open(title, element('p', {}, why), [no, button(yes, () => dialog.close('yes'), { class: 'danger', id: 'confirm' })]);
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'));
  });
}

/** Shows what will not be shown again. */
export function showOnce(title, why, secret) {
  const text = element('input', { readonly: true, value: secret, class: 'secret', 'aria-label': title, autofocus: true });
  const copy = button(t('copy'), async () => {
    text.select();
    await navigator.clipboard?.writeText(secret).catch(() => {});
    copy.textContent = t('copied');
  }, { class: 'primary' });
  const dialog = open(title, [element('p', {}, why), text], [button(t('close'), () => dialog.close()), copy]);
}

/** Shows a picture of the service's, or `none` where there is none. */
export function picture(title, source, none) {
  const said = element('p', { class: 'wrong', role: 'alert' });
  const shown = element('img', { src: at(source), alt: title, onerror: () => { shown.hidden = true; said.textContent = none; } });
  const dialog = open(title, [said, shown], button(t('close'), () => dialog.close(), { autofocus: true }));
  dialog.classList.add('large');
}

/** A refusal in the page's language, where there are words for it; else the service's own. */
export const inWords = ({ code, message }) => (has(`error_${code}`) ? t(`error_${code}`) : message);

/** Says beside its field what is wrong with it, if the form has the field. */
function sayBeside(form, { field, message }) {
  const input = field && form?.querySelector(`[data-field="${field}"], [name="${field}"]`);
  if (!input) return false;
  const words = has(`wrong_${field}`) ? t(`wrong_${field}`) : message;
  input.after(element('small', { class: 'wrong', role: 'alert', title: message }, words));
  input.setAttribute('aria-invalid', 'true');
  input.focus();
  return true;
}

/** Says something for a few seconds. */
export function notice(text, kind = 'good') {
  const said = element('p', { class: kind }, text);
  document.getElementById('notices').append(said);
  setTimeout(() => said.remove(), SHOWN_MS);
}

/** Does what a person asked for, and says how it went; the button rests meanwhile. Answers what `what` does.
 *  What is wrong with a field of `form` is said beside it. */
export async function act(pressed, what, done, form = null) {
  pressed?.setAttribute('aria-disabled', 'true');
  form?.querySelectorAll('.wrong').forEach((said) => said.remove());
  form?.querySelectorAll('[aria-invalid]').forEach((input) => input.removeAttribute('aria-invalid'));
  try {
    const said = await what();
    const words = typeof done === 'function' ? done(said) : done;
    if (words) notice(words);
    return said;
  } catch (error) {
    if (!(error instanceof Refused)) notice(t('noAnswer'), 'bad');
    else if (!sayBeside(form, error)) notice(inWords(error), 'bad');
    return undefined;
  } finally {
    pressed?.removeAttribute('aria-disabled');
  }
}
