"""`docs/security.md`, made from the tables of the code."""

from __future__ import annotations

from collections.abc import Iterable

from actors.settings import Settings, env_name
from gateway.api import CALLS
from gateway.calls import Call
from gateway.security.auth import Whose
from gateway.security.origins import HEADERS

HEAD = """# Who may call, and how much

The tables here are made from the tables the code runs on (`make docs`).

## Keys

Without any key the service listens on loopback only, refuses to start with another `SM_HOST`, and lets whoever reaches
it there do anything. `SM_API_KEY` gives a first key, with every scope. Further ones are made by an admin:

```sh
curl -X POST localhost:3001/keys -H "X-Api-Key: $SM_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"name": "shop", "scopes": ["read", "send"], "clients": [1, 2]}'
```

The answer holds the key; it is shown this once. `GET /keys` lists keys without them, `DELETE /keys/{id}` ends one at
once. A key goes into `X-Api-Key` or `Authorization: Bearer`, never into a URL: URLs are logged by everything they pass.
Two keys that differ are no key.

* A key has 256 random bits. What is stored is its SHA-256, compared in constant time; a slow hash would protect
  passwords, which can be guessed, and this cannot.
* `X-Cliente-Id` selects a client, the key decides. A key without `clients` is for all, those to come included.
* The first key must be an admin's, and the last admin's key cannot be ended, unless `SM_API_KEY` is set. Once there was
  a key, nobody is let in without one until the service starts again.
* A change made straight in the database counts within 15 s, one made over HTTP at once.
* `last_used_at` is written every 15 s, not with every call.
* Streams and polls that a key has open end with it, told `UNAUTHORIZED`; those of a session at the dashboard with the
  session.
* No key, or a wrong one: 401 `UNAUTHORIZED`. A key that is not for this: 403 `FORBIDDEN`.

"""

RATES = """
A number alone is per minute. Beyond a rate: 429 `RATE_LIMIT_EXCEEDED`, with `Retry-After`, `RateLimit-Limit`,
`RateLimit-Remaining`, `RateLimit-Reset` and `RateLimit-Policy`. A `POST /init` that starts nothing (409, or
`NO_ACTION_NEEDED`) is not counted. The addresses of one IPv6 /64 count as one. Rates are kept in memory: a restart
forgets them.

A wrong key is answered 401, however often, unless `SM_WRONG_KEY_RATE` is set (`30/minute`): a flood of them is then
seen, and told to wait. Guessing is not what that prevents, as a right key is let in at any time: one bad caller behind
a shared proxy shuts nobody out, and a key has 256 random bits. Calls without a key, and public calls, are
not counted.

"""

CHECKS = """## Request checks

* **Hosts.** With `SM_ALLOWED_HOSTS`, a request for any other Host is refused (421). Without it, and without a key, only
  the names of loopback are ours: so a site whose name was made to point at 127.0.0.1 (DNS rebinding) reaches nothing.
* **Pages of others.** None may call, unless `SM_ALLOWED_ORIGINS` lists its origin: a request whose `Origin` is neither
  listed nor our own Host is refused (403), so a page cannot even send blindly.
* **Proxies.** `X-Forwarded-For` and `X-Forwarded-Proto` count only from `SM_TRUSTED_PROXIES`. A proxy that serves pages
  must hand on the Host it was asked for.
* **HTTPS.** `SM_TLS_CERT` and `SM_TLS_KEY`; or a proxy in front.
* **Framing.** Content-Length beside Transfer-Encoding, two lengths that differ, any coding but `chunked`, blanks before
  a colon: 400, and the connection is closed.

"""

PAGES = """
## Headers

Every answer has `X-Content-Type-Options: nosniff`, over HTTPS `Strict-Transport-Security` too. Pages have besides:

"""

LIMITS = (
    "max_connections",
    "max_header_size",
    "header_timeout",
    "body_timeout",
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
    """The page."""
    return "".join(
        (
            HEAD,
            "## Calls\n\nThe scope `admin` includes the others.\n\n",
            _table(("call", "scope", "a key for"), map(_call, sorted(CALLS, key=lambda call: call.path))),
            "\n## Rates\n\n",
            _table(("setting", "default", "what it bounds"), map(_setting, RATE_SETTINGS)),
            RATES,
            CHECKS,
            "## Bounds\n\nA body may have 1 MiB (413).\n\n",
            _table(("setting", "default", "what it bounds"), map(_setting, LIMITS)),
            PAGES,
            _table(
                ("header", "value"), ((f"`{name.decode()}`", f"`{value.decode()}`") for name, value in HEADERS.items())
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
