// What the page knows of the service, and who is told when that changes.

import { call } from './api.js';

const SPAN = 3600_000;
const AT_A_TIME = 4;

/** States in groups, as operators think of them. */
export const GROUPS = {
  ready: ['READY'],
  waiting: ['QR_REQUIRED'],
  recovering: ['INITIALIZING', 'RECONNECTING', 'DISCONNECTED_RECOVERABLE'],
  ended: ['AUTH_FAILURE', 'DISCONNECTED_LOGOUT', 'DISCONNECTED_BANNED', 'ERROR'],
  stopped: ['NOT_INITIALIZED'],
};
export const groupOf = (state) => Object.keys(GROUPS).find((group) => GROUPS[group].includes(state)) ?? 'stopped';

/** What a state looks like: the class that colours it. */
export const lookOf = (state) => ({
  DISCONNECTED_BANNED: 'bad', ERROR: 'bad', AUTH_FAILURE: 'bad', NOT_INITIALIZED: 'ended',
}[state] ?? groupOf(state));

export const world = {
  session: { signed_in: false, scopes: [] },
  clients: new Map(),
  histories: new Map(),
  known: false,
};

export const may = (scope) => world.session.scopes.includes(scope);

const listeners = new Set();

/** Calls `listener` with the state changes seen, whenever something is known anew. */
export const onChange = (listener) => listeners.add(listener);

export function tell(changes = []) {
  for (const listener of listeners) listener(changes);
}

/** Since when a client is where it is: of one that does not run its history knows. */
export const sinceOf = ({ id, since }) => since ?? world.histories.get(id)?.at(-1)?.at ?? null;

let asked = 0;
let newest = 0;

/** What was asked until now and is yet to be answered tells of the past. */
const outdate = () => { newest = asked += 1; };

/** Reads all clients, and the histories of those that moved. An answer that a later one has overtaken is passed over. */
export async function refresh() {
  const turn = asked += 1;
  const { told, whole } = await listed();
  if (turn < newest) return;
  newest = turn;
  const changes = [];
  const there = new Set(told.map(({ id }) => id));
  for (const client of told) {
    const before = world.clients.get(client.id);
    if (before?.state !== client.state || before?.since !== client.since) {
      if (before || world.known) changes.push(client);
      wanted.add(client.id);
    }
    if (isBehind(client)) wanted.add(client.id);
    world.clients.set(client.id, { ...client, phone: client.phone ?? before?.phone });
  }
  for (const { id } of [...world.clients.values()]) {
    if (whole && !there.has(id)) {
      world.clients.delete(id);
      world.histories.delete(id);
    }
  }
  world.known = true;
  tell(changes);
  readHistories();
}

/**
 * A state is seen before its transition is on disk, and answers may overtake one another: then the history lacks it.
 * One of long ago may be lacking for good, as old transitions are forgotten, and is not drawn anyway.
 */
function isBehind({ id, state, since }) {
  const last = world.histories.get(id)?.at(-1);
  return last?.state !== state && Date.now() - Date.parse(since) < SPAN;
}

/** Every client that is known; without the store those that run, and not `whole`. */
async function listed() {
  try {
    return { told: await call('GET', '/clients?detail=1&known=1'), whole: true };
  } catch (error) {
    if (error.code !== 'STORE_UNAVAILABLE') throw error;
    return { told: await call('GET', '/clients?detail=1'), whole: false };
  }
}

/** Forgets a client that was deleted. */
export function forget(id) {
  outdate();
  world.clients.delete(id);
  world.histories.delete(id);
  tell();
}

/** Forgets everything: somebody else may come. */
export function forgetAll() {
  outdate();
  world.clients.clear();
  world.histories.clear();
  world.known = false;
}

// --- histories, a few at a time

const wanted = new Set();
let reading = 0;

function readHistories() {
  while (reading < AT_A_TIME && wanted.size) {
    const [id] = wanted;
    wanted.delete(id);
    reading += 1;
    readHistory(id).finally(() => {
      reading -= 1;
      readHistories();
    });
  }
}

async function readHistory(id) {
  try {
    const told = await call('GET', `/clients/${id}/history?limit=200`);
    world.histories.set(id, told.transitions);
    tell();
  } catch {
    // A client nothing is known of has no history; what the page has seen itself is drawn.
  }
}

/** What a client's states were in the last hour: `[{state, from, to}]`, in epoch milliseconds; the last one is now's. */
export function lastHour(client, now = Date.now()) {
  const began = now - SPAN;
  const moves = (world.histories.get(client.id) ?? [])
    .map(({ at, state, previous_state: before }) => ({ at: Date.parse(at), before, state }))
    .filter(({ at }) => at > began);
  const first = Date.parse(sinceOf(client) ?? '') || now;
  if (!moves.length) return [{ state: client.state, from: Math.max(began, first), to: now }];
  const spans = [{ state: moves[0].before, from: began, to: moves[0].at }];
  moves.forEach(({ at, state }, place) => spans.push({ state, from: at, to: moves[place + 1]?.at ?? now }));
  spans.at(-1).state = client.state;
  return spans.filter(({ from, to }) => to > from);
}

/** How much of the last hour, as far as it ran, a client was ready: 0 … 1. */
export function readyShare(client) {
  const spans = lastHour(client).filter(({ state }) => state !== 'NOT_INITIALIZED');
  const sum = (some) => some.reduce((total, { from, to }) => total + to - from, 0);
  return sum(spans.filter(({ state }) => state === 'READY')) / (sum(spans) || 1);
}
