// The phones page: shows the sandbox's state and acts on it through the control API, nothing else.
// Rule: texts reach the document only as text; what is redrawn keeps the keyboard's place.

import { groups } from './groups.js';

const byId = (id) => document.getElementById(id);
const talk = byId('talk');
const scan = byId('scan');

async function call(method, path, body) {
  const answer = await fetch(`/api${path}`, { method, body: body && JSON.stringify(body) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error.message);
  return said;
}

function say(text, bad = false) {
  byId('notice').textContent = text;
  byId('notice').className = bad ? 'bad' : '';
}

/** Does what a person asked for and says how it went; `typed` is emptied once it has been of use. */
async function act(path, body, done, typed = null) {
  try {
    await call('POST', path, body);
    say(done);
    if (typed) typed.value = '';
  } catch (error) {
    say(error.message, true);
  }
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const drawn = new Map();

/** Rebuilds `region` where `what` differs from last time; the focus stays on what has the same id. */
function draw(region, what, build, nothing = '') {
  const text = JSON.stringify(what);
  if (drawn.get(region) === text) return;
  drawn.set(region, text);
  const focused = document.activeElement?.id;
  byId(region).replaceChildren(...(what.length || !nothing ? what.map(build) : [element('p', {}, nothing)]));
  if (focused) byId(focused)?.focus();
}

// --- linking

function waiting(page) {
  const button = element('button', { type: 'button', id: `scan-${page.id}`, textContent: 'Scan' });
  button.onclick = () => scan.elements.number.reportValidity() && link(page.id);
  const whole = page.code.split('#').at(-1);
  const code = whole ? `${whole.slice(0, 40)}…` : 'No QR: a pairing code was requested.';
  const shown = page.pairing_code ? ` · pairing code ${page.pairing_code} for ${page.pairing_number}` : '';
  return element('article', {},
    element('p', {}, `Page ${page.id}, ${page.compat}${shown}`),
    element('p', {}, element('code', {}, code)),
    whole ? button : null);
}

function link(page) {
  const { number, name, lids, code } = scan.elements;
  const how = page ? { page } : { code: code.value.trim() };
  const said = { ...how, number: number.value };
  if (name.value) said.name = name.value;
  if (lids.checked) said.lids = true;
  return act('/scan', said, `${number.value} is linked`, page ? null : code);
}

scan.onsubmit = (event) => {
  event.preventDefault();
  link(null);
};

byId('pair').onsubmit = (event) => {
  event.preventDefault();
  const { value: number } = scan.elements.number;
  const { code } = event.target.elements;
  act('/pair', { number, code: code.value }, `${number} is linked`, code);
};

// --- accounts

const ACTS = {
  'Log out from the phone': ['logout', {}],
  'Ban': ['ban', {}],
  'Lift the ban': ['unban', {}],
  'Lock the account': ['lock', {}],
  'Ban for a minute': ['temp-ban', { seconds: 60 }],
  'End the temporary ban': ['temp-ban', { seconds: 0 }],
  'Service unavailable for 10 s': ['unavailable', { seconds: 10 }],
  'Network off': ['network', { online: false }],
  'Network on': ['network', { online: true }],
  'Server unreachable': ['reachable', { reachable: false }],
  'Server reachable': ['reachable', { reachable: true }],
  'Open elsewhere': ['replace', {}],
  'Open elsewhere (old builds)': ['conflict', {}],
  'Outdated until reload': ['outdated', { mode: 'until_reload' }],
  'Ask for a reload': ['spin', { refresh: 'SOFT_REFRESH' }],
  'Reload for an update': ['spin', { refresh: 'HARD_REFRESH' }],
  'Reload the page': ['page', { do: 'reload' }],
  'Terms of service': ['block', { state: 'TOS_BLOCK' }],
  'Lock the screen': ['block', { state: 'SCREEN_LOCKED' }],
  'Remove the block': ['block', { state: '' }],
  'Sync failure': ['storage-failure', { reason: 'syncd_failure' }],
  'Hang the page for 30 s': ['page', { do: 'hang', seconds: 30 }],
  'Leave the page': ['page', { do: 'leave' }],
  'Refuse its messages': ['sending', { mode: 'refuse' }],
  'Never acknowledge': ['sending', { mode: 'never' }],
  'Send normally': ['sending', { mode: 'ok' }],
};

const STATES = {
  connected: 'connected',
  linked: 'linked; its page is closed or offline',
  gone: 'gone: no device is linked any more',
};
const chosen = new Map(); // by number: an account that is drawn again keeps what was chosen to happen to it

function account(one) {
  const choice = element('select', { id: `act-${one.number}`, ariaLabel: `Action for ${one.number}` },
    ...Object.keys(ACTS).map((name) => element('option', {}, name)));
  choice.value = chosen.get(one.number) ?? choice.value;
  choice.onchange = () => chosen.set(one.number, choice.value);
  const go = element('button', { type: 'button', id: `go-${one.number}`, textContent: 'Apply' });
  go.onclick = () => {
    const [action, said] = ACTS[choice.value];
    chosen.set(one.number, choice.value);
    act(`/accounts/${one.number}/${action}`, said, `${one.number}: ${choice.value}`);
  };
  const troubles = [
    one.banned && 'banned', one.locked && 'locked', one.block, !one.online && 'network off',
    !one.reachable && 'unreachable', one.temp_ban && 'temporarily banned',
    one.pending && `${one.pending} waiting for the page`,
  ].filter(Boolean);
  return element('article', {},
    element('h3', {}, `+${one.number} ${one.name}`),
    element('p', {}, [STATES[one.state] ?? one.state, one.lids && 'LIDs', ...troubles].filter(Boolean).join(' · ')),
    element('div', { className: 'buttons' }, choice, go));
}

// --- chat

const TICKS = { '-1': '✗', 0: '◷', 1: '✓', 2: '✓✓', 3: '✓✓ read' };

function message(one) {
  const mine = !one.from_me; // this side is the phone's
  const text = one.revoked ? '(deleted)' : content(one);
  const reactions = Object.values(one.reactions).join(' ');
  const line = element('li', { className: mine ? 'mine' : '' }, `${text} ${reactions}`);
  if (one.media && !one.revoked) line.prepend(...media(one));
  const when = new Date(one.t * 1000).toLocaleTimeString();
  const marks = [one.edited && 'edited', one.starred && '★', one.pinned_until && 'pinned', mine && one.read && 'read'];
  line.append(element('small', {}, when, ' ', marks.filter(Boolean).map((mark) => `${mark} `).join(''),
    element('span', { className: one.ack === 3 ? 'ticks read' : 'ticks' }, one.from_me ? TICKS[one.ack] : '')));
  if (!one.revoked) line.append(element('div', { className: 'buttons' }, ...choices(one, mine)));
  return line;
}

/** A message in one line of text. */
function content({ forwarded, quoted, location, contacts, poll, votes, preview, text }) {
  const chosen = (option) => Object.values(votes ?? {}).filter((choices) => choices.includes(option)).length;
  const parts = [
    forwarded && '↪ forwarded',
    quoted && `↩ ${quoted.slice(-6)}`,
    location && `Place: ${location.loc ?? ''} ${location.lat}, ${location.lng}`,
    contacts && `Contact: ${contacts.map(({ name }) => name).join(', ')}`,
    poll && `Poll: ${poll.name} ${poll.options.map((option) => `${option} (${chosen(option)})`).join(' / ')}`,
    text,
    preview && `Preview: ${[preview.title, preview.description].filter(Boolean).join(' · ')}`,
  ];
  return parts.filter(Boolean).join(' ');
}

const SHOWN = { image: 'img', sticker: 'img', video: 'video', ptv: 'video', audio: 'audio', ptt: 'audio' };
const MIB = 1024 * 1024;

/** A file as a phone shows it: the picture, the player, and its name and size. */
function media({ type, media: { id, filename, size, caption, view_once: once } }) {
  const tag = SHOWN[type];
  const shown = tag && element(tag, { src: `/media/${id}?phone`, className: type, controls: true, preload: 'metadata', alt: caption ?? filename });
  const how = [type, size < MIB ? `${Math.ceil(size / 1024)} KiB` : `${(size / MIB).toFixed(1)} MiB`, once && 'once'];
  const name = element('a', { href: `/media/${id}?phone`, download: filename, textContent: filename });
  return [...(shown ? [shown] : []), element('small', {}, name, ` ${how.filter(Boolean).join(' · ')}`)];
}

function choices(one, mine) {
  const { phone, account: to } = talk.elements;
  const button = (name, how) => {
    const made = element('button', { type: 'button', id: `${name}-${one.id}`, textContent: name });
    made.onclick = how;
    return made;
  };
  const change = (kind, more, done) =>
    act(`/phones/${phone.value}/${kind}`, { to: to.value, id: one.id, ...more }, done);
  const react = button('Like', () => change('react', { emoji: '👍' }, 'Reacted'));
  const vote = (option) => button(`Vote ${option}`, () => change('vote', { choices: [option] }, `Voted ${option}`));
  if (!mine) return [react, ...(one.poll?.options ?? []).map(vote)];
  const edit = button('Edit', () => {
    const text = prompt('New text', one.text);
    if (text !== null) change('edit', { text }, 'Edited');
  });
  return [react, edit, button('Delete', () => change('revoke', {}, 'Deleted'))];
}

/** A chosen file as the control API takes it. */
function encoded(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done({
      name: file.name,
      mimetype: file.type || 'application/octet-stream',
      base64: reader.result.slice(reader.result.indexOf(',') + 1),
    });
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
}

talk.onsubmit = async (event) => {
  event.preventDefault();
  const { phone, account: to, text, file } = talk.elements;
  if (!to.value) say('No account is linked yet: link a device first.', true);
  else if (file.files.length) {
    const said = { to: to.value, text: text.value, file: await encoded(file.files[0]) };
    await act(`/phones/${phone.value}/send`, said, 'Sent', text);
    file.value = '';
  } else if (text.value) act(`/phones/${phone.value}/send`, { to: to.value, text: text.value }, 'Sent', text);
};

for (const state of ['typing', 'recording', 'paused']) {
  byId(state).onclick = () => {
    const { phone, account: to } = talk.elements;
    act(`/phones/${phone.value}/typing`, { to: to.value, state }, `The phone is ${state}`);
  };
}

byId('call').onclick = () => {
  const { phone, account: to } = talk.elements;
  act(`/phones/${phone.value}/call`, { to: to.value }, 'Ringing');
};

const HABITS = ['online', 'reads', 'passkey', 'migrated', 'addable'];

byId('habits').onchange = () => {
  const { phone, delay } = talk.elements;
  const said = { delay: Number(delay.value) };
  for (const name of HABITS) said[name] = talk.elements[name].checked;
  act(`/phones/${phone.value}`, said, 'Saved');
};

for (const name of ['phone', 'account']) talk.elements[name].onchange = () => refresh(true);

async function showPhone() {
  const { phone, delay } = talk.elements;
  const told = await call('GET', `/phones/${phone.value}?last=0`);
  for (const name of HABITS) talk.elements[name].checked = told[name];
  delay.value = told.delay;
}

/** What the account shows to this phone. */
function showTyping(phones) {
  const { phone, account: to } = talk.elements;
  const state = phones.find(({ number }) => number === phone.value)?.typing[to.value];
  byId('seen').textContent = state && state !== 'paused' ? `The account is ${state}…` : '';
}

async function showChat() {
  const { phone, account: to } = talk.elements;
  const told = to.value ? await call('GET', `/accounts/${to.value}/messages?chat=${phone.value}&last=100`) : [];
  const list = byId('messages');
  const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 30;
  draw('messages', told, message);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

// --- groups

const inGroups = groups({ act, element, talk });
byId('group').onsubmit = inGroups.form;

// --- all of it, whenever something changed

let asking = false;
let again = null; // asked for meanwhile, once or more: {phoneToo}

/** One after the other: of two answers on their way, the older one could come last. */
async function refresh(phoneToo) {
  again = { phoneToo: phoneToo || Boolean(again?.phoneToo) };
  if (asking) return;
  asking = true;
  while (again) {
    const how = again;
    again = null;
    await showAll(how);
  }
  asking = false;
}

async function showAll({ phoneToo }) {
  try {
    const state = await call('GET', '/state');
    draw('waiting', state.pages.filter((page) => page.code || page.pairing_code), waiting,
      'No page shows a code. Start a client of the service: POST /init.');
    draw('accounts', state.accounts, account, 'No accounts. Link a device first.');
    draw('phones', state.phones.map(({ number, name }) => [number, name]).slice(0, 200),
      ([number, name]) => element('option', { value: number, label: name }));
    draw('groups', await call('GET', '/groups'), inGroups.one, 'No groups.');
    offer(state.accounts.map((one) => one.number));
    if (phoneToo) await showPhone();
    await showChat();
    showTyping(state.phones);
  } catch (error) {
    say(error.message, true);
  }
}

function offer(numbers) {
  const select = talk.elements.account;
  const was = select.value;
  if ([...select.options].map((one) => one.value).join() === numbers.join()) return;
  select.replaceChildren(...numbers.map((number) => element('option', {}, number)));
  if (numbers.includes(was)) select.value = was;
}

const changes = new EventSource('/api/changes');
changes.onmessage = () => refresh(false);
changes.onerror = () => say('The sandbox does not answer; trying again.', true);
changes.onopen = () => {
  say('');
  refresh(true);
};
