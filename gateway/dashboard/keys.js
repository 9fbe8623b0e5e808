// Keys: who may call, what, and for which clients.

import { call } from './api.js';
import { act, confirm, showOnce } from './dialogs.js';
import { button, draw, drawEach, element, field } from './dom.js';
import { moment, t } from './texts.js';

const SCOPES = ['read', 'send', 'control', 'admin'];

/** The view; it reads the keys whenever it is opened. */
export function keysView() {
  const list = element('tbody', { id: 'keys' });
  const nothing = element('div', { class: 'nothing' });
  const heads = ['name', 'scopes', 'forClients', 'created', 'lastUsed'];
  const table = element('table', {}, element('thead', {}, element('tr', {}, heads.map((name) => element('th', {}, t(name))), element('th', {}))), list);

  async function read() {
    const keys = await act(null, () => call('GET', '/keys'));
    if (!keys) return;
    table.hidden = !keys.length;
    draw(nothing, !keys.length, () => !keys.length && [element('p', {}, t('noKeys')), element('p', {}, t('noKeysHint'))]);
    drawEach(list, keys, { key: ({ id }) => id, what: (key) => key, build: (key) => row(key, read) });
  }
  return { root: element('div', { class: 'page' }, element('h2', {}, t('keys')), createForm(read), element('div', { class: 'card' }, table, nothing)), update() {}, open: read };
}

function row(key, read) {
  const cell = (name, ...said) => element('td', { 'data-label': t(name) }, element('div', {}, said));
  const end = async (event) => {
    const pressed = event.currentTarget;
    if (!await confirm(t('revokeTitle', { name: key.name }), t('revokeWhy'), t('revoke'))) return;
    await act(pressed, () => call('DELETE', `/keys/${key.id}`), t('revoked'));
    read();
  };
  return [
    cell('name', element('b', { class: 'long' }, key.name), key.id !== key.name && element('small', {}, key.id)),
    cell('scopes', key.scopes.map((scope) => element('span', { class: 'tag' }, t(`scope_${scope}`)))),
    cell('forClients', key.clients === null ? t('allClients') : key.clients.join(', ')),
    cell('created', key.created_at ? moment(key.created_at) : '–'),
    cell('lastUsed', key.last_used_at ? moment(key.last_used_at) : t('never')),
    element('td', {}, key.created_at && button(t('revoke'), end, { class: 'danger', id: `revoke-${key.id}` })),
  ];
}

function createForm(read) {
  const name = element('input', { name: 'name', required: true, maxlength: 100, autocomplete: 'off' });
  const clients = element('input', { name: 'clients', inputmode: 'numeric', pattern: '[0-9]+(\\s*,\\s*[0-9]+)*\\s*', autocomplete: 'off' });
  const boxes = SCOPES.map((scope) => element('label', { class: 'box' }, element('input', { type: 'checkbox', name: 'scope', value: scope, checked: scope === 'read' }), t(`scope_${scope}`)));
  const form = element('form', { class: 'card line', id: 'create-key' },
    field(t('name'), name), element('fieldset', {}, element('legend', {}, t('scopes')), element('div', { 'data-field': 'scopes', tabindex: '-1' }, boxes)),
    field(t('forClients'), clients, t('forClientsHint')), element('button', { class: 'primary' }, t('createKey')));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const scopes = [...form.querySelectorAll('[name=scope]:checked')].map((box) => box.value);
    const listed = clients.value.split(',').map((one) => one.trim()).filter(Boolean).map(Number);
    const body = { name: name.value, scopes, ...(listed.length ? { clients: listed } : {}) };
    const made = await act(event.submitter, () => call('POST', '/keys', { body }), null, form);
    if (!made) return;
    form.reset();
    read();
    showOnce(t('newKey'), t('newKeyWhy'), made.key);
  });
  return form;
}
