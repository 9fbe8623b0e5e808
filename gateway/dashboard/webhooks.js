// Webhooks, and what could not be delivered to them.

import { call } from './api.js';
import { act, confirm, notice, showOnce } from './dialogs.js';
import { button, draw, drawEach, element, field } from './dom.js';
import { moment, t } from './texts.js';
import { may } from './world.js';

const SHOWN = 100;

/** The view of all webhooks; it reads them whenever it is opened. */
export function webhooksView() {
  const { root, list, say } = tableOf('webhooks', ['url', 'events', 'forClients', 'state']);

  async function read() {
    const hooks = await act(null, () => call('GET', '/webhooks'));
    if (!hooks) return;
    const detailed = await Promise.all(hooks.map(({ id }) => call('GET', `/webhooks/${id}`).catch(() => null)));
    say(hooks.length, 'noHooks');
    drawEach(list, detailed.filter(Boolean), { key: ({ id }) => id, what: (hook) => hook, build: (hook) => hookRow(hook, read) });
  }
  root.insertBefore(createForm(read), root.children[1]);
  return { root, update() {}, open: read };
}

/** The view of everything that was given up. */
export function deadLettersView() {
  const { root, list, say } = tableOf('deadLetters', ['event', 'client', 'webhook', 'why', 'when']);

  async function read() {
    const hooks = await act(null, () => call('GET', '/webhooks'));
    if (!hooks) return;
    const told = await Promise.all(hooks.map(({ id, url }) => call('GET', `/webhooks/${id}/dead-letters?limit=${SHOWN}`)
      .then((answer) => answer.dead_letters.map((letter) => ({ ...letter, url })), () => [])));
    const letters = told.flat().sort((one, other) => (one.at < other.at ? 1 : -1));
    say(letters.length, 'noDead');
    drawEach(list, letters, { key: ({ webhook_id: hook, id }) => `${hook}-${id}`, what: (letter) => letter, build: (letter) => letterRow(letter, read) });
  }
  return { root, update() {}, open: read };
}

function tableOf(title, heads) {
  const list = element('tbody', { id: title });
  const table = element('table', { hidden: true }, element('thead', {}, element('tr', {}, heads.map((name) => element('th', {}, t(name, { id: '' }))), element('th', {}))), list);
  const nothing = element('div', { class: 'nothing' });
  const say = (count, text) => {
    table.hidden = !count;
    draw(nothing, !count, () => !count && t(text));
  };
  return { root: element('div', { class: 'page' }, element('h2', {}, t(title)), element('div', { class: 'card' }, table, nothing)), list, say };
}

const cell = (name, ...said) => element('td', { 'data-label': t(name, { id: '' }) }, element('div', {}, said));

function hookRow(hook, read) {
  const { id, url, active } = hook;
  const change = (event) => act(event.currentTarget, () => call('PATCH', `/webhooks/${id}`, { body: { active: !active } })).then(read);
  const end = async (event) => {
    const pressed = event.currentTarget;
    if (!await confirm(t('deleteHookTitle'), `${url}. ${t('deleteHookWhy')}`, t('delete'))) return;
    await act(pressed, () => call('DELETE', `/webhooks/${id}`), t('hookDeleted'));
    read();
  };
  const failing = hook.lines.find((line) => line.failing_since);
  return [
    cell('url', element('b', { class: 'long' }, url), element('small', {}, id)),
    cell('events', hook.events.map((one) => element('span', { class: 'tag' }, one))),
    cell('forClients', hook.clients.length ? hook.clients.join(', ') : t('allClients')),
    cell('state', t(active ? 'enabled' : 'disabled'), failing && element('small', { class: 'wrong' }, failing.why)),
    element('td', {}, element('div', { class: 'buttons' },
      button(t(active ? 'disable' : 'enable'), change, { id: `switch-${id}` }),
      button(t('delete'), end, { class: 'danger', id: `delete-${id}` }))),
  ];
}

function letterRow(letter, read) {
  const path = `/webhooks/${letter.webhook_id}/dead-letters/${letter.id}`;
  const again = (event) => act(event.currentTarget, () => call('POST', `${path}/replay`), t('resent')).then(read);
  const end = (event) => act(event.currentTarget, () => call('DELETE', path)).then(read);
  const content = element('details', {}, element('summary', {}, letter.event_type), element('pre', {}, JSON.stringify(letter.event, null, 1)));
  return [
    cell('event', content),
    cell('client', String(letter.cliente_id)),
    cell('webhook', element('span', { class: 'long' }, letter.url)),
    cell('why', element('span', { class: 'long' }, letter.why), element('small', {}, `${t('attemptsMade')}: ${letter.attempts}`)),
    cell('when', letter.at ? element('time', { datetime: letter.at }, moment(letter.at)) : '–'),
    element('td', {}, may('control') && element('div', { class: 'buttons' },
      button(t('resend'), again, { id: `again-${letter.id}` }), button(t('delete'), end, { class: 'danger', id: `drop-${letter.id}` }))),
  ];
}

function createForm(read) {
  const url = element('input', { name: 'url', type: 'url', required: true, autocomplete: 'off' });
  const events = element('input', { name: 'events', autocomplete: 'off', placeholder: '*' });
  const clients = element('input', { name: 'clients', inputmode: 'numeric', pattern: '[0-9]+(\\s*,\\s*[0-9]+)*\\s*', autocomplete: 'off' });
  const form = element('form', { class: 'card line', id: 'create-hook' },
    field(t('url'), url, t('urlHint')), field(t('events'), events, t('eventsHint')),
    field(t('forClients'), clients, t('forClientsHint')), element('button', { class: 'primary' }, t('add')));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = { url: url.value };
    if (events.value.trim()) body.events = listed(events.value);
    if (clients.value.trim()) body.clients = listed(clients.value).map(Number);
    const made = await act(event.submitter, () => call('POST', '/webhooks', { body }), null, form);
    if (!made) return;
    form.reset();
    read();
    if (made.secret) showOnce(t('newSecret'), t('newSecretWhy'), made.secret);
    else notice(t('hookAdded'));
  });
  return form;
}

const listed = (text) => text.split(',').map((one) => one.trim()).filter(Boolean);
