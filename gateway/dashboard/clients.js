// All clients on one screen: what each is, since when, why, and how its last hour was.

import { strip } from './chart.js';
import { clientPanel } from './client.js';
import { draw, drawEach, element } from './dom.js';
import { reason } from './reasons.js';
import { startForm } from './starting.js';
import { duration, mebibytes, secondsSince, t } from './texts.js';
import { GROUPS, groupOf, lookOf, may, sinceOf, world } from './world.js';

let filter = 'all';
let query = '';

/** The view; `update` draws what has changed, `choose` says which client is looked at closely. */
export function clientsView() {
  const list = element('ul', { id: 'clients', class: 'rows' });
  const chips = element('div', { class: 'chips', role: 'group', 'aria-label': t('filter') });
  const nothing = element('div', { class: 'nothing' });
  const search = element('input', {
    type: 'search', id: 'search', placeholder: t('searchHint'), 'aria-label': t('search'), value: query,
    oninput: (event) => { query = event.target.value.trim().toLowerCase(); update(); },
  });
  const panel = element('section', { id: 'panel', 'aria-live': 'off' });
  const root = element('div', { class: 'split' },
    element('section', { class: 'list', 'aria-label': t('clients') },
      element('div', { class: 'top' }, may('control') && startForm(), search, chips), list, nothing),
    panel);
  let chosen = null;
  let detail = null;

  function update() {
    const all = [...world.clients.values()].sort((one, other) => one.id - other.id);
    const seen = all.filter(matches);
    draw(chips, [filter, counts(all)], () => counts(all).map(([group, count]) => chip(group, count, update)));
    drawEach(list, seen, { key: ({ id }) => id, what: (client) => [client.id === chosen, rowText(client), spans(client)], build: (client) => row(client, client.id === chosen) });
    draw(nothing, [world.known, all.length, seen.length], () => nothingText(all.length, seen.length));
    root.classList.toggle('chosen', chosen !== null);
    detail?.update();
    if (!detail) draw(panel, 'empty', () => element('p', { class: 'nothing' }, t('choose')));
  }

  function choose(id) {
    if (id === chosen && detail) return;
    chosen = id;
    detail = id === null ? null : clientPanel(id);
    if (detail) draw(panel, ['client', id, Math.random()], () => detail.root);
    update();
  }
  return { root, update, choose };
}

const counts = (all) => [['all', all.length], ...Object.keys(GROUPS).map((group) => [group, all.filter(({ state }) => groupOf(state) === group).length])];

function chip(group, count, update) {
  const pressed = filter === group;
  return element('button', {
    type: 'button', id: `filter-${group}`, 'aria-pressed': String(pressed), class: `chip ${group}`,
    onclick: () => { filter = group; update(); },
  }, t(group), ' ', element('b', {}, String(count)));
}

function matches(client) {
  if (filter !== 'all' && groupOf(client.state) !== filter) return false;
  return !query || `${client.id} ${client.phone ?? ''} ${reason(client)} ${t(`state_${client.state}`)}`.toLowerCase().includes(query);
}

const spans = (client) => [client.state, sinceOf(client), world.histories.get(client.id)?.length, Math.floor(Date.now() / 30_000)];

const rowText = (client) => [
  client.phone, client.state, reason(client), sinceOf(client) && duration(rounded(secondsSince(sinceOf(client)))), client.memory && mebibytes(client.memory), client.healthy,
];

/** Seconds as a row shows them: below a minute the row need not be drawn anew each second. */
const rounded = (seconds) => (seconds < 60 ? Math.floor(seconds / 10) * 10 : seconds);

function row(client, chosen) {
  const [phone, state, why, since, memory] = rowText(client);
  const unwell = state === 'READY' && !client.healthy;
  return element('a', { href: `#/clients/${client.id}`, id: `row-${client.id}`, 'aria-current': chosen && 'true', class: `row ${lookOf(state)}` },
    element('span', { class: 'name' }, element('b', {}, String(client.id)), phone && element('span', { class: 'phone' }, `+${phone}`)),
    element('span', { class: 'state' }, element('i', { class: `dot ${lookOf(state)}`, 'aria-hidden': 'true' }), t(`state_${state}`)),
    element('span', { class: 'why' }, [why, unwell && t('unhealthy'), since && t('since', { time: since }), memory].filter(Boolean).join(' · ')),
    strip(client));
}

function nothingText(all, seen) {
  if (!world.known || seen) return null;
  if (all) return element('p', {}, t('noneMatch'));
  return [element('p', {}, element('b', {}, t('noClients'))), element('p', {}, t('noClientsHint'))];
}
