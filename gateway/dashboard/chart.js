// States over the last hour as a strip: how high it stands says it without colour.

import { drawing } from './dom.js';
import { duration, t } from './texts.js';
import { lastHour, lookOf } from './world.js';

const HEIGHTS = { ready: 1, waiting: 0.55, recovering: 0.7, bad: 0.35, ended: 0.18 };
const SPAN = 3600_000;

/** The strip of one client, in units of its own; CSS says how large that is. */
export function strip(client, { width = 240, height = 24, titled = false } = {}) {
  const now = Date.now();
  const spans = lastHour(client, now);
  const bars = spans.map(({ state, from, to }) => {
    const look = lookOf(state);
    const high = state === 'NOT_INITIALIZED' ? 2 : HEIGHTS[look] * height;
    const x = (1 - (now - from) / SPAN) * width;
    const wide = Math.max(((to - from) / SPAN) * width, 1);
    const bar = drawing('rect', { x: x.toFixed(2), y: (height - high).toFixed(2), width: wide.toFixed(2), height: high.toFixed(2), class: `fill-${look}` });
    if (titled) bar.append(drawing('title', {}, `${t(`state_${state}`)}, ${duration((to - from) / 1000)}`));
    return bar;
  });
  const said = spans.map(({ state, from, to }) => `${t(`state_${state}`)} ${duration((to - from) / 1000)}`);
  return drawing('svg', {
    class: 'strip', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img',
    'aria-label': t('chart', { what: said.slice(-6).join(', ') }),
  }, drawing('rect', { width, height, class: 'ground' }), bars);
}
