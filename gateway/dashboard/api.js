// The service's API as the page calls it: the cookie says who, the token says that it was this page.

/** The path below which a proxy has put the service, mostly empty: this file is at dashboard/api.js there. */
const BELOW = new URL('..', import.meta.url).pathname.slice(0, -1);
/** The address of a call, by its path. */
export const at = (path) => BELOW + path;

let token = null;
let ended = () => {};

/** What a refusal is about, where its code says so. */
const FIELDS = { KEY_REFUSED: 'scopes', PAIRING_UNAVAILABLE: 'phone' };

/** An answer that is an error, in the service's own words. */
export class Refused extends Error {
  constructor(status, said) {
    super(said?.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = said?.code;
    // The service's sentence about a field begins with the field's name.
    this.field = said?.field ?? (this.code === 'INVALID_REQUEST' ? /^[a-z_]+/.exec(this.message)?.[0] : FIELDS[this.code]) ?? null;
  }
}

/** One call. `client` is the number it is about. Raises Refused, or TypeError where nothing answers. */
export async function call(method, path, { client, body, form } = {}) {
  const headers = {};
  if (client !== undefined) headers['X-Cliente-Id'] = String(client);
  if (token && method !== 'GET') headers['X-CSRF-Token'] = token;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const content = form ? new URLSearchParams(form) : body === undefined ? undefined : JSON.stringify(body);
  const answer = await fetch(at(path), { method, headers, body: content });
  const said = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (answer.status === 401 && !path.startsWith('/dashboard/session')) ended();
  if (!answer.ok) throw new Refused(answer.status, said);
  return said;
}

/** Calls `listener` when the session turns out to be over. */
export function onEnd(listener) {
  ended = listener;
}

/** Who is signed in: `{signed_in, key_needed, scopes, clients, …}`. */
export const whoami = () => remembered('GET');

/** Signs in with a key. Raises Refused. */
export const signIn = (key) => remembered('POST', { key });

/** Ends the session. */
export const signOut = () => remembered('DELETE');

async function remembered(method, form) {
  const session = await call(method, '/dashboard/session', { form });
  token = session.csrf;
  return session;
}
