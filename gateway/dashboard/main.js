// The page as a whole: who is signed in, which view is open, language and theme.

import { onEnd, signOut, whoami } from './api.js';
import { clientsView } from './clients.js';
import { notice } from './dialogs.js';
import { element } from './dom.js';
import { keysView } from './keys.js';
import { goLive, stop } from './live.js';
import { signInForm } from './session.js';
import { switchLanguage, t } from './texts.js';
import { deadLettersView, webhooksView } from './webhooks.js';
import { forgetAll, may, onChange, world } from './world.js';

const byId = (id) => document.getElementById(id);
const VIEWS = {
  clients: { make: clientsView, scope: 'read', text: 'clients' },
  keys: { make: keysView, scope: 'admin', text: 'keys' },
  webhooks: { make: webhooksView, scope: 'admin', text: 'webhooks' },
  'dead-letters': { make: deadLettersView, scope: 'admin', text: 'deadLetters' },
};
let open = null;

// --- which view

function route() {
  const [, name, id] = location.hash.match(/^#\/([a-z-]+)(?:\/(\d+))?$/) ?? [];
  return { name: VIEWS[name] && may(VIEWS[name].scope) ? name : 'clients', id: id ? Number(id) : null };
}

function show({ again = false } = {}) {
  if (!world.session.signed_in) return;
  const { name, id } = route();
  if (again || open?.name !== name) {
    open = { name, ...VIEWS[name].make() };
    byId('main').replaceChildren(open.root);
    open.open?.();
  }
  open.choose?.(id);
  open.update();
  for (const tab of byId('tabs').children) tab.toggleAttribute('aria-current', false);
  for (const tab of byId('tabs').children) if (tab.dataset.view === name) tab.setAttribute('aria-current', 'page');
}

function tabs() {
  const allowed = Object.entries(VIEWS).filter(([, { scope }]) => may(scope));
  byId('tabs').setAttribute('aria-label', t('tabs'));
  byId('tabs').replaceChildren(...allowed.map(([name, { text }]) => element('a', { href: `#/${name}`, 'data-view': name }, t(text))));
}

// --- who

function enter(session) {
  world.session = session;
  byId('tabs').hidden = byId('live').hidden = !session.signed_in;
  byId('sign-out').hidden = !(session.signed_in && session.key_needed);
  open = null;
  if (session.signed_in) {
    tabs();
    show();
    goLive(live);
  } else {
    stop();
    byId('main').replaceChildren(signInForm(enter));
    byId('key').focus();
  }
}

function leave() {
  if (!world.session.signed_in) return;
  for (const dialog of document.querySelectorAll('dialog')) dialog.close();
  forgetAll();
  enter({ signed_in: false, key_needed: true, scopes: [] });
}

onEnd(() => {
  if (world.session.signed_in) notice(t('signedOut'), 'bad');
  leave();
});

byId('sign-out').addEventListener('click', async () => {
  await signOut().catch(() => {});
  leave();
});

// --- what changes by itself

function live(mode) {
  byId('live').className = mode;
  byId('live').textContent = t(mode);
}

onChange((changes) => {
  if (open?.name === 'clients') open.update();
  const said = changes.map(({ id, state }) => t('changed', { id, state: t(`state_${state}`) }));
  if (said.length) byId('announcer').textContent = said.slice(-3).join('. ');
});

setInterval(() => open?.name === 'clients' && open.update(), 10_000);

// --- language and theme

const THEMES = ['auto', 'light', 'dark'];
const KEPT_THEME = 'session-manager.theme';

function theme(name) {
  const chosen = THEMES.includes(name) ? name : 'auto';
  if (chosen === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  localStorage.setItem(KEPT_THEME, chosen);
  byId('theme').textContent = t('themeTo', { theme: t(chosen) });
  byId('theme').dataset.next = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length];
}

byId('theme').addEventListener('click', () => theme(byId('theme').dataset.next));
byId('language').addEventListener('click', () => {
  switchLanguage();
  labels();
  if (world.session.signed_in) {
    tabs();
    show({ again: true });
    live(byId('live').className);
  } else {
    enter(world.session);
  }
});

function labels() {
  for (const one of document.querySelectorAll('[data-text]')) one.textContent = t(one.dataset.text);
  byId('language').textContent = t('language');
  byId('language').lang = t('languageName');
  theme(localStorage.getItem(KEPT_THEME));
}

labels();

// --- the keyboard: choosing a client leads to it, Escape leads back to where one came from

let chosen = null;
addEventListener('hashchange', () => {
  show();
  const { name, id } = route();
  if (name === 'clients' && id !== null) byId('client-title')?.focus();
  else if (name === 'clients' && chosen !== null) byId(`row-${chosen}`)?.focus();
  chosen = id;
});
addEventListener('keydown', (event) => {
  const inside = event.target.closest?.('#panel') && !document.querySelector('dialog[open]');
  if (event.key !== 'Escape' || !inside) return;
  chosen = route().id;
  location.hash = '#/clients';
});
whoami().then(enter, () => notice(t('noAnswer'), 'bad'));
