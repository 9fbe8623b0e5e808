// Messages that wait because the client was linked to another account: how many, for whom, and what to do about them.

import { call } from './api.js';
import { act, confirm } from './dialogs.js';
import { button, draw, element } from './dom.js';
import { t } from './texts.js';
import { may } from './world.js';

const EVERY_MS = 5000;

/** The card of one client; it is hidden while nothing waits. */
export function heldCard(id) {
  const root = element('section', { class: 'card', id: 'held', hidden: true });
  let seen = null;
  let asked = 0;

  /** A state is seen before what follows for messages is on disk: so it is asked again a little later. */
  function update({ state, since }) {
    const now = `${state} ${since}`;
    if (now === seen && Date.now() - asked < EVERY_MS) return;
    seen = now;
    read();
  }

  async function read() {
    asked = Date.now();
    const told = await call('GET', '/messages/held', { client: id }).catch(() => null);
    if (!told) return;
    root.hidden = !told.count;
    draw(root, told, () => [
      element('h3', {}, t('held')),
      element('p', {}, t('heldWhy')),
      element('ul', {}, told.accounts.map(({ account, messages }) => element('li', {}, `${nameOf(account)}: ${messages}`))),
      may('control') && element('div', { class: 'buttons' }, decide('release', 'POST', '/messages/held/release'), decide('cancelHeld', 'DELETE', '/messages/held')),
    ]);
  }

  function decide(name, method, path) {
    return button(t(name), async (event) => {
      const pressed = event.currentTarget;
      if (!await confirm(t(`${name}Title`), t(`${name}Why`), t(name))) return;
      const done = await act(pressed, () => call(method, path, { client: id }));
      if (done) read();
    }, { id: `do-${name}` });
  }
  return { root, update };
}

const nameOf = (account) => (account?.phone ? `+${account.phone}` : account?.lid ?? t('forgotten'));
