"""The events of WAHA, made of ours: one row for each of our types that WAHA knows.

A row gives the WAHA events of one of ours, none where it has nothing to tell. `KNOWN` are all names that WAHA has;
those that no row makes are accepted by webhooks and never told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from actors.clients.registry.registry import Registered
from actors.store.events import Event
from actors.waha.messages import PRESENCES, Json, account, ack_name, bare_of, media_of, of_payload, person
from actors.waha.statuses import STATUSES

EVERY_MESSAGE = "message.any"
"""Own messages and those of others: the only event that comes beside another (`message`) of the same cause."""


@dataclass(frozen=True, slots=True)
class WahaEvent:
    """One event of WAHA: its name, and its payload."""

    name: str
    payload: Json


Row = Callable[[Event, Registered, str], Iterator[WahaEvent]]
"""Takes our event, its client, and the session's name."""


def told(event: Event, client: Registered, session: str) -> tuple[WahaEvent, ...]:
    """Return WAHA's events of one of ours."""
    row = ROWS.get(event.type)
    return () if row is None else tuple(row(event, client, session))


def wanted(patterns: Iterable[str], name: str) -> bool:
    """Return True if a webhook with these names wants this event. `message.*` means `message` too."""
    return any(
        name.startswith(pattern[:-1]) or name == pattern[:-2] if pattern.endswith("*") else name == pattern
        for pattern in patterns
    )


def types(patterns: Iterable[str]) -> tuple[str, ...]:
    """Return the types of our events that may be these of WAHA."""
    patterns = tuple(patterns)
    return tuple(type for type, names in MADE_OF.items() if any(wanted(patterns, name) for name in names))


def _status(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    changes = [{"status": STATUSES[change.state], "timestamp": int(change.at * 1000)} for change in client.changes]
    status = STATUSES.get(event.payload.get("state", client.state), "STOPPED")
    statuses = changes or [{"status": status, "timestamp": int(event.at * 1000)}]
    yield WahaEvent("session.status", {"name": session, "status": status, "statuses": statuses, "data": None})


def _new_qr(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    statuses = [{"status": "SCAN_QR_CODE", "timestamp": int(event.at * 1000)}]
    payload = {"name": session, "status": "SCAN_QR_CODE", "statuses": statuses, "data": None}
    yield WahaEvent("session.status", payload)


def _file(payload: Mapping[str, Any], session: str) -> Json:
    """Return where a message's file is served by WAHA's calls; nothing where there is none."""
    media = media_of(payload, session)
    return {} if media is None else {"media": media}


def _message(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    message = of_payload(event.payload, account(client.phone), event.at, **_file(event.payload, session))
    if not message["fromMe"]:
        yield WahaEvent("message", message)
    yield WahaEvent(EVERY_MESSAGE, message)


def _edited(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    message = of_payload(event.payload, account(client.phone), event.at)
    yield WahaEvent("message.edited", {**message, "editedMessageId": bare_of(event.payload.get("id"))})


def _parties(event: Event, client: Registered) -> Json:
    """Return the common fields of events about a message."""
    payload, me = event.payload, account(client.phone)
    chat, from_me = person(payload.get("chat"), payload.get("phone")), bool(payload.get("from_me"))
    in_group = str(chat).endswith("@g.us")
    return {
        "id": payload.get("id"),
        "from": me if from_me else chat,
        "to": chat if from_me else me,
        "participant": person(payload.get("author"), payload.get("author_phone")) if in_group else None,
        "fromMe": from_me,
    }


def _ack(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    ack, in_group = event.payload.get("ack"), str(event.payload.get("chat")).endswith("@g.us")
    payload = {**_parties(event, client), "ack": ack, "ackName": ack_name(ack), "_data": dict(event.payload)}
    yield WahaEvent("message.ack.group" if in_group else "message.ack", payload)


def _outbox(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    """The failure of a message of the outbox, as an acknowledgement of -1."""
    payload, me = event.payload, account(client.phone)
    if payload.get("state") == "failed":
        chat, id = str(person(payload.get("chat"), payload.get("phone"))), str(payload.get("message_id"))
        full = id if "_" in id else f"true_{chat}_{id}"
        failed = {"id": full, "from": me, "to": chat, "participant": None, "fromMe": True, "ack": -1}
        why = payload.get("reason")
        name = "message.ack.group" if chat.endswith("@g.us") else "message.ack"
        yield WahaEvent(name, {**failed, "ackName": "ERROR", "error": why, "_data": dict(payload)})


def _reaction(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    payload, me = event.payload, account(client.phone)
    author = person(payload.get("author"), payload.get("author_phone"))
    own = author is not None and author == me
    chat = person(payload.get("chat"), payload.get("phone"))
    told = {
        **_parties(event, client),
        "fromMe": own,
        "from": me if own else chat,
        "to": chat if own else me,
        "timestamp": int(payload.get("t") or event.at),
        "source": "app",
        "reaction": {"text": payload.get("reaction") or "", "messageId": payload.get("id")},
    }
    yield WahaEvent("message.reaction", told)


def _revoked(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    after = {**_parties(event, client), "timestamp": int(event.payload.get("t") or event.at)}
    payload = {"revokedMessageId": bare_of(event.payload.get("id")), "after": after, "before": None}
    yield WahaEvent("message.revoked", {**payload, "_data": dict(event.payload)})


def _call(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    payload = event.payload
    told = {
        "id": payload.get("id"),
        "from": person(payload.get("chat"), payload.get("phone")),
        "timestamp": int(payload.get("t") or event.at),
        "isVideo": bool(payload.get("video")),
        "isGroup": bool(payload.get("group")),
        "_data": dict(payload),
    }
    yield WahaEvent("call.rejected" if event.type == "call.rejected" else "call.received", told)


_JOINS = {"add": "join", "invite": "join", "linked_group_join": "join", "create": "join"}
_LEAVES = {"remove": "leave", "leave": "leave"}
_ROLES = {"promote": "promote", "demote": "demote"}
_AFTER = {"join": "participant", "leave": "left", "promote": "admin", "demote": "participant"}
"""Kind of a change of members -> the role afterwards."""


_OF_A_GROUP = (
    *("subject", "description", "invite"),
    *("membersCanAddNewMember", "membersCanSendMessages", "newMembersApprovalRequired"),
)
"""The facts that WAHA tells of a group that the account has joined; what the notice does not say is null."""


def _group(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    payload = event.payload
    change, group = str(payload.get("change")), {"id": payload.get("chat")}
    base = {"timestamp": int(payload.get("t") or event.at), "_data": dict(payload)}
    kind = {**_JOINS, **_LEAVES, **_ROLES}.get(change)
    if change in ("subject", "description"):
        yield WahaEvent("group.v2.update", {**base, "group": {**group, change: payload.get("value")}})
    elif kind == "join" and payload.get("me"):
        subject = payload.get("value") if change == "create" else None
        joined = {**group, **dict.fromkeys(_OF_A_GROUP), "subject": subject, "participants": _roles(event)}
        yield WahaEvent("group.v2.join", {**base, "group": joined})
    elif kind == "leave" and payload.get("me"):
        yield WahaEvent("group.v2.leave", {**base, "group": group})
    elif kind is not None and (people := _roles(event, _AFTER[kind])):
        yield WahaEvent("group.v2.participants", {**base, "type": kind, "group": group, "participants": people})


def _roles(event: Event, role: str = "participant") -> list[Json]:
    """Return whom a change of a group concerns, with both addresses where they are known."""
    told = event.payload.get("participants") or [{"id": one} for one in event.payload.get("people") or ()]
    return [{"id": one.get("id"), "pn": account(one.get("phone")), "role": role} for one in told]


def _label(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    payload = event.payload
    told = {"id": payload.get("id"), "name": payload.get("name"), "color": payload.get("color")}
    name = "label.deleted" if payload.get("deleted") else "label.upsert"
    yield WahaEvent(name, {**told, "colorHex": payload.get("hex")})


def _chat_label(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    payload = event.payload
    label = {"id": payload.get("label"), "name": payload.get("name"), "color": None, "colorHex": None}
    told = {"labelId": payload.get("label"), "chatId": person(payload.get("chat"), payload.get("phone"))}
    name = "label.chat.added" if payload.get("added") else "label.chat.deleted"
    yield WahaEvent(name, {**told, "label": label})


def _vote(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    payload, me = event.payload, account(client.phone)
    poll = _parties(event, client)
    voter = person(payload.get("author"), payload.get("author_phone"))
    chat = person(payload.get("chat"), payload.get("phone"))
    own = voter is not None and voter == me
    vote = {
        "id": payload.get("id"),
        "from": me if own else voter or chat,
        "to": chat if own else me,
        "fromMe": own,
        "participant": voter if str(chat).endswith("@g.us") else None,
        "selectedOptions": list(payload.get("choices") or ()),
        "timestamp": int((payload.get("t") or event.at) * 1000),
    }
    yield WahaEvent("poll.vote", {"vote": vote, "poll": poll, "_data": dict(payload)})


def _presence(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    payload = event.payload
    chat = person(payload.get("chat"), payload.get("phone"))
    state = str(payload.get("state"))
    one = {
        "participant": person(payload.get("author"), payload.get("author_phone")) or chat,
        "lastKnownPresence": PRESENCES.get(state, state),
        "lastSeen": payload.get("t") if state == "unavailable" else None,
    }
    yield WahaEvent("presence.update", {"id": chat, "presences": [one]})


def _archive(event: Event, client: Registered, session: str) -> Iterator[WahaEvent]:
    payload = event.payload
    told = {"id": person(payload.get("chat"), payload.get("phone")), "archived": bool(payload.get("archived"))}
    yield WahaEvent("chat.archive", {**told, "timestamp": int(payload.get("t") or event.at)})


ROWS: dict[str, Row] = {
    "client.state": _status,
    "client.qr": _new_qr,
    "message": _message,
    "message.outgoing": _message,
    "message.ack": _ack,
    "message.edited": _edited,
    "message.reaction": _reaction,
    "message.revoked": _revoked,
    "message.state": _outbox,
    "poll.vote": _vote,
    "presence": _presence,
    "chat.archive": _archive,
    "call": _call,
    "call.rejected": _call,
    "group.changed": _group,
    "label.changed": _label,
    "label.chat": _chat_label,
}
"""Our type -> WAHA's events."""
MADE_OF: dict[str, tuple[str, ...]] = {
    "client.state": ("session.status",),
    "client.qr": ("session.status",),
    "message": ("message", EVERY_MESSAGE),
    "message.outgoing": (EVERY_MESSAGE,),
    "message.ack": ("message.ack", "message.ack.group"),
    "message.edited": ("message.edited",),
    "message.reaction": ("message.reaction",),
    "message.revoked": ("message.revoked",),
    "message.state": ("message.ack", "message.ack.group"),
    "poll.vote": ("poll.vote",),
    "presence": ("presence.update",),
    "chat.archive": ("chat.archive",),
    "call": ("call.received",),
    "call.rejected": ("call.rejected",),
    "label.changed": ("label.upsert", "label.deleted"),
    "label.chat": ("label.chat.added", "label.chat.deleted"),
    "group.changed": ("group.v2.join", "group.v2.leave", "group.v2.participants", "group.v2.update"),
}
"""Our type -> the names of the WAHA events that it may be."""
KNOWN = frozenset(
    {
        *(name for names in MADE_OF.values() for name in names),
        *("message.waiting", "presence.update", "poll.vote", "poll.vote.failed", "chat.archive", "engine.event"),
        *("call.rejected", "call.accepted", "label.upsert", "label.deleted", "label.chat.added", "label.chat.deleted"),
        *("group.join", "group.leave", "state.change", "event.response", "event.response.failed"),
        "group.v2.participants.join-request",
    }
)
"""Every name WAHA has."""
UNTOLD = KNOWN - {name for names in MADE_OF.values() for name in names}
"""Those that are accepted and not told."""
