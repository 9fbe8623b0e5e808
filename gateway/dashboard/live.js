// Keeping what is shown fresh: told by the service's stream of events, or by asking again where there is none.

import { at } from './api.js';
import { refresh, world } from './world.js';

const ASK_MS = 2000;
const CALM_MS = 10_000;
const TOGETHER_MS = 150;

let said = () => {};
let timer = null;
let soon = null;
let source = null;
let trouble = false;

/** Begins; `mode` is told `live`, `polling` or `offline` as that changes. */
export function goLive(mode) {
  stop();
  said = mode;
  ask();
}

/** Ends, with nothing left that would ask. */
export function stop() {
  clearTimeout(timer);
  clearTimeout(soon);
  source?.close();
  timer = soon = source = null;
}

async function ask() {
  clearTimeout(timer);
  clearTimeout(soon);
  timer = soon = null;
  try {
    await refresh();
    trouble = false;
  } catch {
    trouble = true;
  }
  if (!world.session.signed_in) return;
  if (!trouble) listen();
  said(trouble ? 'offline' : isLive() ? 'live' : 'polling');
  clearTimeout(timer); // of another that was answered meanwhile
  timer = setTimeout(ask, isLive() ? CALM_MS : ASK_MS);
}

/** Opens the stream, unless it is open or the browser is about to open it again by itself. */
function listen() {
  if (source && source.readyState !== EventSource.CLOSED) return;
  source = new EventSource(at('/events?types=client.state'));
  source.addEventListener('open', () => said('live'));
  source.addEventListener('message', hear);
  source.addEventListener('gap', hear);
  source.addEventListener('end', ended);
}

/** Asks, once for all that is told in a moment. */
function hear() {
  soon ??= setTimeout(ask, TOGETHER_MS);
}

/** The stream says that it ends. A session that is over shows as soon as one asks; a service that stops has no answer. */
function ended({ data }) {
  if (JSON.parse(data).code === 'UNAUTHORIZED') ask();
}

const isLive = () => source?.readyState === EventSource.OPEN;
