// Keeping what is shown fresh: told by the service's stream of events, or by asking again where there is none.

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
  timer = null;
  try {
    await refresh();
    trouble = false;
  } catch {
    trouble = true;
  }
  if (!world.session.signed_in) return;
  said(trouble ? 'offline' : isLive() ? 'live' : 'polling');
  timer = setTimeout(ask, isLive() ? CALM_MS : ASK_MS);
}

const isLive = () => source?.readyState === EventSource.OPEN;
