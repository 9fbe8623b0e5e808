"""Generates `docs/waha.md` from the tables of WAHA's calls and events."""

from __future__ import annotations

import inspect

from actors.waha.events import MADE_OF, UNTOLD
from actors.waha.statuses import STATUSES
from gateway.waha.calls import Missing, WahaCall
from gateway.waha.table import NATIVE, WAHA_CALLS

HEAD = """# Moving from WAHA

The service answers the calls of [WAHA](https://waha.devlike.pro) (WhatsApp HTTP API) beside its own, so that a program
written for WAHA works here with another base URL and key. The tables on this page are generated from the tables in the
code (`make docs`). `SM_WAHA=false` turns the calls off.

```sh
curl -X POST localhost:3001/api/sessions -H "X-Api-Key: $SM_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"name": "default", "config": {"webhooks": [{"url": "https://example.com/hook", "events": ["message"]}]}}'
curl localhost:3001/api/default/auth/qr -H "X-Api-Key: $SM_API_KEY" -o qr.png
curl -X POST localhost:3001/api/sendText -H "X-Api-Key: $SM_API_KEY" -H 'Content-Type: application/json' \\
  -d '{"session": "default", "chatId": "5491122334455@c.us", "text": "Hello"}'
```

A call that sends refuses (400) names of content and of time that it does not have, such as `sendAt` or `file` beside a
text; all other unknown names mean nothing, as in WAHA.

## How to move

1. Start the service with `SM_API_KEY` set to the key that your program sends, or create one (`POST /keys`).
2. Point your program at it: only base URL and key change.
3. Create your sessions as before (`POST /api/sessions`), with their webhooks, and scan each QR again: logins do not
   move between the two.
4. Where your webhooks are in a private network, set `SM_WEBHOOK_ALLOW_PRIVATE=true`: such targets are refused
   otherwise.

## Sessions are clients

A session is a client with a name. A name of digits is that client's number (session `99` is `X-Cliente-Id: 99`), other
names get a free number from 1000000001 on. A client made natively is a session under its number, or under the name
that `PATCH /clients/{id}/config` gives it. Names and configurations are kept over stops, logouts and restarts of the
service.

What differs from WAHA:

* A message is on disk before the answer, and is sent once, in order, also after a crash: see
  [durability.md](durability.md). `Idempotency-Key` works on every call that sends.
* A stop keeps the login. A change of webhooks, metadata or ignored chats needs no restart; a new proxy does, and
  `PUT /api/sessions/{session}` restarts the session for it.
* Passwords of proxies and keys of signatures are shown as `…`. A configuration that comes back with `…` keeps them.
* Pages of other origins may call only if `SM_ALLOWED_ORIGINS` lists them. WAHA allows any.
* The key may come in the query (`?x-api-key=`) only for pictures, files and the WebSocket.
* `/ws` without an upgrade is answered 426, another method 405.
* Webhooks and proxies of a session need a key with the scope `admin`.
* `/docs` and `/openapi.json` describe the native calls only. WAHA's own document describes WAHA's; the tables below say
  which of them are answered, and how.
* A global webhook for all sessions is `POST /webhooks` with `"format": "waha"` and WAHA's names in `events`; where both
  `message` and `message.any` are wanted, two of them.
* `session.status` comes with each change and each new QR.
* `me.pushName` and `me.lid` are what the page said when the session became `WORKING`; a name in the metadata
  (`pushName`) stands in for one that the page did not know.
* Reading messages fetches the files that are not kept, as in WAHA (`downloadMedia=false` does not), of the types and
  sizes that `SM_MEDIA_IN_TYPES` and `SM_MEDIA_IN_MAX` allow, for at most 30 s; what is late has an `error`.
* `GET chats/all/messages` looks into the 200 chats with the latest activity.
* An overview asks WhatsApp for the pictures of its first 50 chats, once a day each, and waits at most 5 s for them.
* `DELETE groups/{id}` deletes the group's chat for this account, as WAHA does; with `?leave=true` it leaves first.
* Refused with a sentence: calls of tier 3 (501); a label's colour by `colorHex` alone (400): WhatsApp has 20 colours
  and takes their number, and which digits belong to it is for its page to say; a status for some contacts only (422):
  wa-js 4.6.0 can but replace the audience of all later statuses, and one that failed half-way would be shown to others.
* What the page does not tell is null: `presence` and `apps` of a session, `before` of `message.revoked`, `color` and
  `colorHex` in `label.chat.added` and `.deleted`, and of a group that was joined (`group.v2.join`) its text, link and
  rules. A vote has the poll's id, and a reaction the id of its message.
* The raw message in `_data` has the fields that this service knows, in the shape of WAHA's engine `WEBJS`, which is
  what the calls name (`SM_WAHA_ENGINE`). In the answer of a call that sends, `_data.outbox` has the message's `id`,
  `state` and `final` in the outbox ([durability.md](durability.md#idempotency)); an error about a message that was
  accepted has them at its top.

Three SDKs from PyPI (`waha-py`, `waha-python`, `waha`) are driven unmodified against the service by
`tests/peers/test_waha_sdks.py`, on the sandbox's modern and classic pages, and with LIDs. Nothing here was tried by a
program of WAHA's against the live WhatsApp Web.

## Statuses

"""


def waha_page() -> str:
    """Return the page."""
    answered = [call for call in WAHA_CALLS if not isinstance(call.work, Missing)]
    counts = {tier: sum(call.tier == tier for call in answered) for tier in (1, 2)}
    return "".join(
        (
            HEAD,
            "| State | Status |\n|---|---|\n",
            *(f"| `{state}` | `{status}` |\n" for state, status in STATUSES.items()),
            "\nA client that does not run is `STOPPED`, or `FAILED` if it ended by itself and nobody has stopped it.\n",
            "\n## Calls\n\n",
            f"Of WAHA's 192 calls, {counts[1] + len(NATIVE)} of tier 1 (67, which nearly every program makes) and ",
            f"{counts[2]} of tier 2 (64) are answered here; the others are answered 501 with a sentence.\n\n",
            "| Call | Tier | Here |\n|---|---|---|\n",
            *(f"| `{name}` | 1 | the native call |\n" for name in NATIVE),
            *map(_call, sorted(WAHA_CALLS, key=lambda call: (call.path, call.method))),
            "\n## Events\n\n| Event here | Event of WAHA |\n|---|---|\n",
            *(f"| `{ours}` | {', '.join(f'`{name}`' for name in names)} |\n" for ours, names in MADE_OF.items()),
            f"\nAccepted in `events`, and not sent yet: {', '.join(f'`{name}`' for name in sorted(UNTOLD))}.\n",
        )
    )


def _call(call: WahaCall) -> str:
    here = "501" if isinstance(call.work, Missing) else (inspect.getdoc(call.work) or "").split("\n\n")[0].rstrip(".")
    return f"| `{call.method} {call.path}` | {call.tier or 'none'} | {' '.join(here.split())} |\n"
