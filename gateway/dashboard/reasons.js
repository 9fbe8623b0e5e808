// Why a client is where it is, in words.

import { has, t } from './texts.js';

/** Why a client is where it is, shortly; nothing where all is well. */
export function reason(client) {
  if (client.state === 'NOT_INITIALIZED') return t(client.has_login ? 'loginKept' : 'noLogin');
  if (!client.reason || (client.state === 'READY' && client.reason !== 'WA_JS_OUTDATED')) return '';
  return reasonText(client.reason, client.state);
}

/** A reason in words; nothing where the state says as much already. */
export function reasonText(code, state) {
  const text = has(`reason_${code}`) ? t(`reason_${code}`) : code;
  return text === t(`state_${state}`) ? '' : text;
}
