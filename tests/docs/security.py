"""Generates `docs/security.md` from the tables of the code."""

from __future__ import annotations

from collections.abc import Iterable

from actors.settings import Settings, env_name
from gateway.api import CALLS
from gateway.calls import Call
from gateway.security.auth import Whose
from gateway.security.origins import HEADERS

HEAD = """# Security

The tables are generated from the tables in the code (`make docs`).

## Keys

Without any key the service listens on loopback only, refuses to start with another `SM_HOST`, and gives every
caller there every scope. `SM_API_KEY` sets a first key, with every scope. An admin creates further keys:

```sh
curl -X POST localhost:3001/keys -H "X-Api-Key: $SM_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"name": "shop", "scopes": ["read", "send"], "clients": [1, 2]}'
```

The answer contains the key, which is shown only once. `GET /keys` lists the keys without their secrets,
`DELETE /keys/{id}` revokes a key at once. A key goes into `X-Api-Key` or `Authorization: Bearer`, never into a URL:
every server on the way logs URLs. Two different keys in one request count as none. Only [WAHA's calls](waha.md) for
pictures, files and its WebSocket take a key in the query too, because its consumers put it there.

* A key has 256 random bits. Only its SHA-256 is stored, and compared in constant time; a slow hash would protect
  passwords, which can be guessed, unlike a key.
* `X-Cliente-Id` selects a client, the key decides. A key without `clients` is for all clients, present and future.
* `session-manager keys create NAME` makes the first key an admin's, and says so; later keys name what they may do
  (`--scope`).
* The first key must be an admin's, and the last admin's key cannot be revoked, unless `SM_API_KEY` is set. Once a key
  has existed, every call needs a key until the service restarts.
* A change made directly in the database takes effect within 15 s, a change over HTTP at once.
* `last_used_at` is written every 15 s, not with every call.
* Open streams and polls of a key end with it (`UNAUTHORIZED`); those of a dashboard session end with the session.
* Messages that a key had accepted, scheduled ones too, stay accepted when it is revoked: they are the client's. The
  answer to `DELETE /keys/{id}`, and `session-manager keys revoke`, count the messages that are not sent yet of all
  clients the key could send for; which key handed a message in is not recorded. `DELETE /messages/{id}` cancels one.
* A webhook does not end with the key that made it: it is the operator's. `GET /webhooks` names the key that made each,
  or changed it last, and the answer to `DELETE /keys/{id}` lists those of the revoked key.
* A key for some clients names by `digest` only files of these: uploaded for one of them, or sent or received by it.
* A key for some clients sees those alone, in every answer, list, stream and count; of a webhook that was for more
  clients once, only the letters and the progress of its own. If a key's rights become fewer, its streams and sessions
  end.
* Who has no key, where one is needed, sees no client: `GET /health` answers as if there were none (`whatsapp_state` is
  `NOT_INITIALIZED`). Give a monitor that is to see more a key with the scope `read`.
* No key, or a wrong one: 401 `UNAUTHORIZED`. A key without the scope or the client: 403 `FORBIDDEN`.

"""

RATES = """
A number alone is per minute. Beyond a rate: 429 `RATE_LIMIT_EXCEEDED`, with `Retry-After`, `RateLimit-Limit`,
`RateLimit-Remaining`, `RateLimit-Reset` and `RateLimit-Policy`. A `POST /init` that starts nothing (409, or
`NO_ACTION_NEEDED`) is not counted. The addresses of one IPv6 /64 count as one. Rates are kept in memory: a restart
forgets them.

A wrong key is always answered 401, unless `SM_WRONG_KEY_RATE` is set (`30/minute`): a flood of them is then visible,
and answered 429. This is not a protection against guessing, since a valid key is accepted at any time: one bad caller
behind a shared proxy locks nobody out, and a key has 256 random bits. Calls without a key, and public calls, are not
counted. All others are, WebSockets and keys in a query (WAHA's) too; WAHA's `/ws` closes with 1013 where others answer
429.

"""

CHROMIUM = """
## Chromium

A page has a WhatsApp login, and its Chromium runs as the service's user.

* **Nobody else speaks to it.** The service gives Chromium one end of a socket pair (`--remote-debugging-pipe`). No port
  listens, no file names one, no other process has the pair, not even another client's Chromium. The profile directory
  has mode 0700. Chromium exits when the pair ends, so it does not outlive the service.
* **It reaches WhatsApp only.** No other name is resolved than `whatsapp.com`, `whatsapp.net`, their subdomains, the
  host of `SM_WHATSAPP_URL`, those of proxies, and `SM_CHROMIUM_HOSTS`. The page cannot be led to another address, nor
  to a file: the navigation is aborted, and logged (`page.address_refused`).
* **It saves nothing but a message's file that the service asked for**, in the media directory.
* **Its environment has none of the service's settings and secrets.**

What remains:

* A process of the same user, or root, can read everything: profiles, memory, the database. Run one service a user.
* Behind a proxy, names are resolved by the proxy: there the page's documents are judged, but not what its scripts
  fetch. The proxy can judge that.
* An operator's own `--host-resolver-rules` in `SM_CHROMIUM_ARGS` replace ours.
* A Chromium whose renderer is taken over has what its own sandbox leaves it. As root that sandbox is off (see
  `SM_NO_SANDBOX`), and a taken-over renderer has all that the service's user has. Do not run the service as root.
* The list of WhatsApp's hosts was never seen against the live WhatsApp Web. If something does not load there, the host
  goes into `SM_CHROMIUM_HOSTS`.

"""
CHECKS = """## Request checks

* **Hosts.** With `SM_ALLOWED_HOSTS`, a request for any other Host is refused (421). Without it, and without a key, only
  the names of loopback are accepted: so a site whose name points at 127.0.0.1 (DNS rebinding) reaches nothing.
* **Other origins.** No page of another origin may call, unless `SM_ALLOWED_ORIGINS` lists it: a request whose `Origin`
  is neither listed nor the service's own Host is refused (403), so a page cannot even send blindly.
* **Other sites, without a key.** While no key exists, what another site makes a browser fetch (an image, a frame, a
  link) is refused as well (403), by `Sec-Fetch-Site`; only the dashboard and the pages of the API open from a link. A
  page of a listed origin may show files. Programs, which send no such header, are not concerned.
* **Proxies.** `X-Forwarded-For`, `-Proto` and `-Prefix` count only from `SM_TRUSTED_PROXIES`. A proxy that serves pages
  must pass on the original Host.
* **HTTPS.** `SM_TLS_CERT` and `SM_TLS_KEY`; or a proxy in front.
* **Framing.** Content-Length beside Transfer-Encoding, two lengths, any coding but `chunked`, trailers, blanks before a
  colon, folded lines, line feeds alone, no Host or two, a target that names a server or has a fragment: 400, and the
  connection is closed. Offers to upgrade to anything but a WebSocket are ignored.

"""

PAGES = """
## Headers

Every answer has `X-Content-Type-Options: nosniff`, over HTTPS also `Strict-Transport-Security`. Pages also have:

"""

LIMITS = (
    "max_connections",
    "max_connections_each",
    "max_header_size",
    "header_timeout",
    "body_timeout",
    "keep_alive",
    "write_timeout",
)
RATE_SETTINGS = ("init_rate", "init_address_rate", "send_rate", "request_rate", "wrong_key_rate")
WHOSE = {
    Whose.CLIENT: "that client (`X-Cliente-Id`)",
    Whose.PATH: "that client (path)",
    Whose.ALL: "all clients",
    Whose.SEEN: "any; shows only its clients",
}


def security_page() -> str:
    """Return the page."""
    return "".join(
        (
            HEAD,
            "## Calls\n\nThe scope `admin` includes the others.\n\n",
            _table(("Call", "Scope", "Key for"), map(_call, sorted(CALLS, key=lambda call: call.path))),
            "\n## Rates\n\n",
            _table(("Setting", "Default", "Limit"), map(_setting, RATE_SETTINGS)),
            RATES,
            CHROMIUM,
            CHECKS,
            "## Limits\n\nA body may have 1 MiB (413); files in it count on their own.\n\n",
            _table(("Setting", "Default", "Limit"), map(_setting, LIMITS)),
            PAGES,
            _table(
                ("Header", "Value"), ((f"`{name.decode()}`", f"`{value.decode()}`") for name, value in HEADERS.items())
            ),
        )
    )


def _call(call: Call) -> tuple[str, ...]:
    name, need = f"`{call.method} {call.path}`", call.need
    if need.scope is None:
        return name, "public", ""
    return name, f"`{need.scope}`", WHOSE[need.whose]


def _setting(name: str) -> tuple[str, ...]:
    field = Settings.model_fields[name]
    default = field.default if isinstance(field.default, str) else f"{field.default:g}"
    return f"`{env_name(name)}`", f"`{default}`", field.description or ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]]) + "\n"
