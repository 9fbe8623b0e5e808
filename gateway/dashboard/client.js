// One client, closely: what to do next, how it is, how it came there, and a message to try it.

import { call } from './api.js';
import { strip } from './chart.js';
import { act, confirm, picture } from './dialogs.js';
import { button, draw, element } from './dom.js';
import { heldCard } from './held.js';
import { messageForm } from './messages.js';
import { pairingCard } from './pairing.js';
import { reason, reasonText } from './reasons.js';
import { start } from './starting.js';
import { duration, has, mebibytes, moment, secondsSince, t } from './texts.js';
import { forget, lookOf, may, readyShare, refresh, sinceOf, world } from './world.js';

const CAN_START = new Set(['NOT_INITIALIZED', 'AUTH_FAILURE', 'DISCONNECTED_LOGOUT', 'DISCONNECTED_BANNED', 'ERROR']);
const SHOWN = 50;

/** The panel of one client; `update` draws what has changed. */
export function clientPanel(id) {
  const head = element('header', { class: 'head' });
  const todo = element('p', { class: 'todo' });
  const facts = element('section', { class: 'card' });
  const hour = element('section', { class: 'card hour' });
  const timeline = element('section', { class: 'card' });
  const pairing = pairingCard(id);
  const held = heldCard(id);
  const message = may('send') ? messageForm(id) : null;
  const root = element('div', { class: 'client' },
    element('a', { class: 'back', href: '#/clients' }, `‹ ${t('back')}`),
    head, todo, pairing.root, element('div', { class: 'cards' }, held.root, facts, hour, message?.root, timeline));

  function update() {
    const client = world.clients.get(id) ?? { id, state: 'NOT_INITIALIZED' };
    draw(head, [client.state, client.phone, minute(sinceOf(client))], () => heading(client));
    draw(todo, [client.state, client.reason, client.reason_text, client.has_login], () => advice(client));
    todo.className = `todo ${lookOf(client.state)}`;
    todo.hidden = !todo.textContent;
    draw(facts, factRows(client), () => [element('h3', {}, t('facts')), element('dl', {}, factRows(client).map(([name, said]) => element('div', {}, element('dt', {}, name), element('dd', {}, said))))]);
    draw(hour, [client.state, sinceOf(client), world.histories.get(id)?.length, Math.floor(Date.now() / 10_000)], () => hourChart(client));
    draw(timeline, [world.histories.get(id)], () => moves(world.histories.get(id) ?? []));
    pairing.update(client);
    held.update(client);
    message?.update(client);
  }
  return { root, update };
}

const minute = (instant) => instant && duration(Math.floor(secondsSince(instant) / 10) * 10);

function heading(client) {
  const { id, state } = client;
  return [
    element('div', {},
      element('h2', { id: 'client-title', tabindex: '-1' }, t('client', { id })),
      element('p', { class: 'quiet' },
        element('span', { class: `badge ${lookOf(state)}` }, t(`state_${state}`)),
        [client.phone && ` +${client.phone}`, sinceOf(client) && t('since', { time: minute(sinceOf(client)) })].filter(Boolean).join(' · '))),
    may('control') && element('div', { class: 'buttons' }, actions(client)),
  ];
}

/** True if a deleted client may still be among the linked devices on its phone. */
const isLeft = (answer) => answer.logged_out === false && answer.logged_out_reason !== 'NOT_LINKED';

function actions({ id, state }) {
  const running = state !== 'NOT_INITIALIZED';
  const order = (name, method, path, after) => async (event) => {
    const pressed = event.currentTarget;
    if (!await confirm(t(`${name}Title`, { id }), t(`${name}Why`), t(name))) return;
    const done = { stop: 'hasStopped', logOut: 'loggedOut', delete: 'deleted' }[name];
    const said = await act(pressed, () => call(method, path, { client: method === 'POST' ? id : undefined }), (answer) => t(isLeft(answer) ? 'deletedLinked' : done, { id }));
    if (said) after?.();
    refresh().catch(() => {});
  };
  return [
    CAN_START.has(state) && button(t(running ? 'startAgain' : 'start'), (event) => start(event.currentTarget, id), { class: 'primary', id: 'do-start' }),
    may('admin') && running && !CAN_START.has(state) && button(t('screenshot'), () => picture(t('screenshotTitle', { id }), `/clients/${id}/screenshot`, t('noScreenshot')), { id: 'do-screenshot' }),
    running && button(t('stop'), order('stop', 'POST', '/stop'), { id: 'do-stop' }),
    state === 'READY' && button(t('logOut'), order('logOut', 'POST', '/logout'), { id: 'do-log-out' }),
    button(t('delete'), order('delete', 'DELETE', `/session/${id}`, () => { forget(id); location.hash = '#/clients'; }), { class: 'danger', id: 'do-delete' }),
  ];
}

function advice(client) {
  const todo = client.state === 'NOT_INITIALIZED' && !client.has_login ? 'todo_noLogin' : `todo_${client.state}`;
  const said = [`todo_${client.reason}`, todo].find(has);
  const why = client.reason ? reason(client) : '';
  return [
    why && element('b', {}, `${why}. `), said && t(said),
    client.state !== 'READY' && client.reason_text && client.reason_text !== why && inEnglish(client.reason_text),
  ];
}

/** The service's own words, which are English. */
const inEnglish = (text) => element('small', { lang: 'en' }, text);

function factRows(client) {
  const running = !CAN_START.has(client.state);
  const health = client.state === 'READY' ? t(client.healthy ? 'healthy' : 'unhealthy') : '–';
  return [
    [t('health'), health],
    [t('memory'), client.memory ? mebibytes(client.memory) : running ? t('notMeasured') : '–'],
    client.max_reconnection_attempts !== undefined && [t('attempts'), `${client.reconnection_attempts} / ${client.max_reconnection_attempts}`],
    client.queue_position && [t('queuePosition'), client.queue_position],
    client.next_attempt_at && [t('nextAttempt'), moment(client.next_attempt_at)],
    client.restricted_until && [t('restricted'), moment(client.restricted_until)],
    client.restriction && [t('restriction'), t(client.may_write_to_known_chats ? 'noStrangers' : 'noStrangersUnsure', { kind: client.restriction })],
    client.last_event_at && [t('lastSign'), moment(client.last_event_at)],
    client.phone && [t('phone'), `+${client.phone}`],
    ...pageRows(client.whatsapp_web),
  ].filter(Boolean);
}

/** What the page is, and what is not done for want of a name in it. */
function pageRows(page) {
  if (!page) return [];
  const does = (name) => (has(`use_${name}`) ? t(`use_${name}`) : name);
  return [
    ['WhatsApp Web', `${page.version ?? t('unknownVersion')} · ${t(`contract_${page.contract}`)}`],
    page.missing.length && [t('missing'), page.missing.join(', ')],
    page.without.length && [t('without'), page.without.map(does).join(', ')],
  ];
}

function hourChart(client) {
  return [
    element('h3', {}, t('hour')), strip(client, { width: 600, height: 48, titled: true }),
    element('p', { class: 'axis' }, element('span', {}, t('hourAgo')), element('span', {}, t('halfAgo')), element('span', {}, t('now'))),
    element('p', { class: 'quiet share' }, t('readyShare', { n: Math.round(readyShare(client) * 100) })),
  ];
}

function moves(history) {
  const newest = [...history].reverse().slice(0, SHOWN);
  return [
    element('h3', {}, t('timeline')),
    newest.length ? element('ol', { class: 'timeline', tabindex: '0', 'aria-label': t('timeline') }, newest.map(move)) : element('p', { class: 'quiet' }, t('noTimeline')),
  ];
}

function move({ at, state, reason: code, reason_text: text }) {
  const why = code && reasonText(code, state);
  return element('li', {},
    element('time', { datetime: at }, moment(at)),
    element('span', {}, element('i', { class: `dot ${lookOf(state)}`, 'aria-hidden': 'true' }), element('b', {}, t(`state_${state}`)), why && ` · ${why}`, text && text !== why && inEnglish(text)));
}
