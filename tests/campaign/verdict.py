"""What the service has promised and written down against what WhatsApp has seen. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

UNKNOWN_SHARE = 0.005
"""So many of the accepted messages may end in `unknown`, or set aside because the client crashed under them twice."""

GONE = frozenset({"sent", "delivered", "read"})
NEVER_LEFT = frozenset({"failed", "expired", "cancelled"})


@dataclass(frozen=True, slots=True)
class Row:
    """A message as the service has it, in the order of acceptance. `id` is WhatsApp's, `left_at` when it last left."""

    client_id: int
    chat: str
    id: str
    key: str | None
    text: str
    state: str
    reason: str | None = None
    attempts: int = 0
    left_at: float | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as WhatsApp has it, in the order of arrival; `times`: how often it was brought."""

    client_id: int
    chat: str
    id: str
    text: str
    times: int
    digest: str | None = None
    """The SHA-256 of its file."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What a consumer was told."""

    client_id: int
    key: str
    text: str
    accepted: bool
    uncertain: bool = False
    ids: frozenset[str] = frozenset()
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that is compared. Inbound messages are (client, bare id)."""

    promises: Sequence[Promise]
    rows: Sequence[Row]
    arrivals: Sequence[Arrival]
    written: Sequence[tuple[int, str]] = ()
    heard: Sequence[tuple[int, str]] = ()
    sequences: Sequence[tuple[int, int]] = ()
    """(client, sequence) of every event."""
    hooked: Sequence[str] = ()
    """Ids of events that webhooks were to be told of."""
    posted: Sequence[str] = ()
    """Ids that a receiver has taken, each time."""


@dataclass(slots=True)
class Verdict:
    """`problems` is empty where all held; `unsure` are the rows that were not settled, honestly."""

    problems: list[str] = field(default_factory=list)
    unsure: list[Row] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    def blame(self, what: str, found: Iterable[object]) -> None:
        """One line for all of one kind."""
        found = list(found)
        if found:
            shown = ", ".join(str(one) for one in found[:5])
            self.problems.append(f"{len(found)} {what}: {shown}{' …' if len(found) > 5 else ''}")


def judge(records: Records) -> Verdict:
    """Compare."""
    verdict = Verdict()
    _promises(verdict, records)
    _deliveries(verdict, records)
    _files(verdict, records)
    _order(verdict, records)
    _inbound(verdict, records)
    _webhooks(verdict, records)
    return verdict


def _promises(verdict: Verdict, records: Records) -> None:
    by_key = {(row.client_id, row.key): row for row in records.rows}
    accepted = [promise for promise in records.promises if promise.accepted]
    verdict.blame(
        "accepted messages are not in the outbox",
        (p.text for p in accepted if (p.client_id, p.key) not in by_key),
    )
    verdict.blame("keys were answered with several messages", (p.text for p in records.promises if len(p.ids) > 1))
    verdict.blame(
        "messages were never accepted", (p.text for p in records.promises if not p.accepted and not p.uncertain)
    )
    verdict.figures["messages handed in"] = len(records.promises)
    verdict.figures["accepted"] = len(accepted)


def _deliveries(verdict: Verdict, records: Records) -> None:
    arrived = {(a.client_id, a.id): a for a in records.arrivals}
    texts = Counter((a.client_id, a.text) for a in records.arrivals)
    twice = [a.text for a in records.arrivals if a.times > 1] + [text for (_, text), n in texts.items() if n > 1]
    verdict.blame("messages arrived more than once", twice)
    told = {state: [row for row in records.rows if row.state in states] for state, states in _KINDS.items()}
    verdict.blame("messages are called sent and did not arrive", _of(told["gone"], arrived, there=False))
    set_aside = [row for row in told["never left"] if row.state == "failed" and row.attempts]
    verdict.blame("messages are said not to have left, and arrived", _of(told["never left"], arrived, there=True))
    verdict.blame("messages are still open", (f"{row.text} ({row.state})" for row in told["open"]))
    verdict.unsure = [*told["unknown"], *set_aside]
    allowed = max(1, int(len(records.promises) * UNKNOWN_SHARE))
    if len(verdict.unsure) > allowed:
        verdict.blame(f"messages are unknown or set aside, more than {allowed}", (row.text for row in verdict.unsure))
    known = {(row.client_id, row.id) for row in records.rows}
    verdict.blame("messages arrived that nobody knows of", (a.text for a in records.arrivals if _id(a) not in known))
    verdict.figures |= {
        "delivered exactly once": sum(a.times == 1 for a in records.arrivals),
        "unknown": len(told["unknown"]),
        "set aside": len(set_aside),
        "did not leave, and said so": len(told["never left"]) - len(set_aside),
        "duplicates": len(twice),
    }


def _files(verdict: Verdict, records: Records) -> None:
    """Every file has arrived as it was handed in, byte for byte."""
    by_key = {(row.client_id, row.key): row for row in records.rows}
    by_id = {_id(row): row for row in records.rows}
    kept = ((p, by_key[p.client_id, p.key]) for p in records.promises if (p.client_id, p.key) in by_key)
    verdict.blame("files are kept as others", (p.text for p, row in kept if p.digest != row.digest))
    arrived = [(a, by_id[_id(a)]) for a in records.arrivals if _id(a) in by_id]
    verdict.blame("files arrived as others", (a.text for a, row in arrived if a.digest != row.digest))
    verdict.figures["files delivered"] = sum(a.digest is not None for a in records.arrivals)


_KINDS: dict[str, frozenset[str]] = {
    "gone": GONE,
    "never left": NEVER_LEFT,
    "open": frozenset({"queued", "sending"}),
    "unknown": frozenset({"unknown"}),
}


def _id(one: Row | Arrival) -> tuple[int, str]:
    return one.client_id, one.id


def _of(rows: Iterable[Row], arrived: dict[tuple[int, str], Arrival], *, there: bool) -> list[str]:
    return [f"{row.text} ({row.state})" for row in rows if (_id(row) in arrived) is there]


def _order(verdict: Verdict, records: Records) -> None:
    """In each chat the settled messages have arrived in the order in which they were accepted."""
    settled = {_id(row) for row in records.rows if row.state in GONE}
    accepted, arrived = defaultdict(list), defaultdict(list)
    for row in records.rows:
        if _id(row) in settled:
            accepted[row.client_id, row.chat.partition("@")[0]].append(row.text)
    for arrival in records.arrivals:
        if _id(arrival) in settled:
            arrived[arrival.client_id, arrival.chat.partition("@")[0]].append(arrival.text)
    verdict.blame("chats are out of order", (chat for chat in accepted if accepted[chat] != arrived[chat]))
    verdict.figures["chats in order"] = sum(accepted[chat] == arrived[chat] for chat in accepted)


def _inbound(verdict: Verdict, records: Records) -> None:
    heard = Counter(records.heard)
    verdict.blame("inbound messages are no event", (one for one in records.written if not heard[one]))
    verdict.blame("inbound messages are several events", (one for one in records.written if heard[one] > 1))
    verdict.blame("events are of messages nobody wrote", heard.keys() - set(records.written))
    by_client: dict[int, list[int]] = defaultdict(list)
    for client_id, sequence in records.sequences:
        by_client[client_id].append(sequence)
    gaps = [client_id for client_id, found in by_client.items() if found != list(range(1, len(found) + 1))]
    verdict.blame("clients have gaps in the sequence of their events", gaps)
    verdict.figures |= {
        "inbound messages": len(records.written),
        "inbound events": len(records.heard),
        "events in all": len(records.sequences),
    }


def _webhooks(verdict: Verdict, records: Records) -> None:
    posted = Counter(records.posted)
    verdict.blame("events never reached the webhook", (id for id in records.hooked if not posted[id]))
    verdict.figures |= {
        "events for the webhook": len(records.hooked),
        "webhook: taken": len(records.posted),
        "webhook: taken again": len(records.posted) - len(posted),
    }
