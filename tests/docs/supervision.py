"""Generates `docs/supervision.md` from the tables of the code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from actors.browser import whatsapp_web
from actors.browser.chromium import disk_space
from actors.browser.interpreter import MOST_LOADINGS, Interpreter
from actors.browser.loop import WEDGED_AFTER
from actors.browser.options import BrowserOptions
from actors.browser.page_events import RELOADS
from actors.clients import bans, health
from actors.clients.lifecycle import EVENTS, ON_ENTRY, ON_EVENT, TRANSITIONS, Action
from actors.clients.pages import SHARES, EndStep
from actors.clients.policy import LOADS_EACH, OVERDUE, Times
from actors.clients.protocol import PageFact
from actors.clients.supervisor import LAUNCH, Supervisor
from actors.clients.types import STARTING, TERMINAL, LinkLeft, Reason, State
from actors.clients.updates import HARD_REST, ITSELF, STAGGER
from actors.settings import Settings, env_name
from actors.system import CLIENTS_SHARE
from actors.watch import DIED
from gateway.server import LATER
from tests.chaos.faults import FAULTS
from tests.chaos.services import SERVICE_FAULTS
from tests.chaos.surroundings import SURROUNDINGS
from tests.docs.reasons import CONSEQUENCES

HEAD = """# Supervision

The unattended life of a client: its states, their transitions, deadlines, attempts, and ends. Every table is generated
from the tables in the code (`make docs`).

There are two kinds of loss. A page that has lost WhatsApp recovers by itself and keeps its browser; it costs no attempt
until its patience is over. A page that is gone, or unusable, must be replaced; that is an attempt, which the supervisor
grants from a budget. A start that a caller waits for (`POST /init`) is not tried again: the caller gets the reason of
the failure.

"""

ALONE: tuple[whatsapp_web.Event, ...] = (
    {"e": "temporary_ban", "banned": True, "until": 3600},
    {"e": "unavailable"},
    {"e": "passkey"},
    {"e": "pairing_code_over"},
    {"e": "pairing_refused", "name": "IQErrorBadRequest"},
)
"""Events that leave no trace in the state of the page."""

DISK = f"""## A full disk

A Chromium whose writes fail drops its stored data. Seen with version 156: after 25 writes of 3 KiB to localStorage on
a full disk it discarded the whole of localStorage, with a login that had been on the disk for long; the client asked
for a scan once it was reopened, although there was room by then. So the disk of the profiles is checked every
{disk_space.EVERY:g} s while a page is open. Below {disk_space.LEAST} MiB, or {disk_space.LEAST_FILES} files where the
file system counts them, Chromium is closed in order (`DISK_FULL`), and none is started: a start waits for room during
its patience, and goes on once there is some. After the last attempt the client is in ERROR with its login kept, and
the text names the missing room; one POST /init resumes it.

Meanwhile /status and /health answer, /ready reports that the store is not ready, and no message is accepted. A disk
that fills faster than that, while the page writes much, can still cost logins; so can a full disk during a new login.

"""

LINKS: dict[LinkLeft, str] = {
    LinkLeft.NOT_LINKED: "No login was stored, and no scan was reported: there was nothing to log out.",
    LinkLeft.NOT_REQUESTED: "The caller did not want a logout.",
    LinkLeft.NO_CAPACITY: "The client did not run, and the service runs as many clients as it may.",
    LinkLeft.NOT_REACHED: "The client was not READY in time, or its browser could not be started, or its code was "
    "scanned while it was being deleted: it is not known whether the device is linked.",
    LinkLeft.NOT_CONFIRMED: "WhatsApp Web did not confirm the logout in time.",
}
"""Why a deleted client may still be linked."""

SUDDEN = """## Losses after a sudden end

| End of | Logins | Messages |
| --- | --- | --- |
| a client, or the service, in order | none | messages being sent are waited for, or become unknown |
| Chromium, killed | a login younger than 2 s: scan again | unconfirmed messages are looked up afterwards |
| Chromium, closed because its disk is full | a login that was made on the full disk | the same |
| the service, killed: its Chromiums die with it | the same | accepted messages are on disk, and are sent later |
| the machine (not tried) | a login not yet written by the kernel, by default for 30 s | accepted messages are on disk |

Chromium keeps a page's writes to localStorage in memory for a while: 5 s the first time, and up to a minute from the
second time on, so that a login on a page that had shown codes for 8 s was lost to a kill 10 s after it was READY. With
the flag `--enable-aggressive-domstorage-flushing` it writes at once, and took less than a second, on both builds.
IndexedDB, in which the live WhatsApp Web has the keys of a login, kept completed writes after an immediate kill.

"""

ENDURANCE = """## An hour of constant traffic

`python -m tests.endurance --minutes 60 --clients 10 --every 6`, as the user `nobody` with Chromium's own sandbox on:
5,822 messages out and as many in, and every 15 s a client lost its Chromium, its network or its page (240 times). Every
client was READY at the end. In the last tenth of the hour the service held 69 descriptors and 28 threads, as in the
second tenth, and 122 MiB of memory, 7 MiB more. Each of the 11,644 messages costs 3 KiB of database until its retention
ends.

![Memory, descriptors, threads, database and Chromiums in an hour](endurance.svg)

"""

UNTESTED = """## Untested

These cases are handled as far as they are understood, and count as untested:

* Anything on the live service. Everything was run against the sandbox, a simulated WhatsApp Web.
* A real permanent ban. WhatsApp does not announce a ban; the service infers it (see Bans).
* The codes and texts of a real temporary ban, of terms of service, and of a network that WhatsApp refuses.
* A machine that runs out of memory as a whole, where the kernel may kill the service as well. The tests use a
  renderer with a limit of its own.
* A disk that fills by more than 16 MiB within a second while the page writes much: see A full disk.
* A power cut, or a kernel crash. Writes that SQLite has confirmed survive (`synchronous=FULL`) as far as the disk
  keeps its promises. Chromium passes a page's data to the kernel, which writes it in its own time: a newer login can
  be lost, and needs a new scan.
* A debugging pipe that stays open and carries nothing while its Chromium works. A pipe that ends
  is tested; the faults that ended pyppeteer's own receiving are mended, and tested.
* A host's clock that is set while the service runs; tests do so on a virtual clock. Waits use a clock that nobody
  sets, also those of webhooks between attempts. The time of day decides the ends of restrictions, early
  logouts, `send_at` and `expires_at`, dashboard sessions, and the age at which events and messages are deleted.
* A network that lets connections hang for hours, as some mobile networks and firewalls do. The tests use a WhatsApp
  that accepts and does not answer, for as long as a message may take. The sandbox's page, unlike WhatsApp Web's, has no
  keepalive by which it could detect a hanging connection: its client stays READY, and is not `healthy`.
"""


def supervision_page() -> str:
    """Return the page."""
    parts = (_diagram(), _transitions(), _deadlines(), _budgets(), _ends(), _parts(), _bans(), _reasons(), _signs())
    return HEAD + "\n".join(parts) + "\n" + DISK + SUDDEN + _played() + ENDURANCE + UNTESTED


def _played() -> str:
    rows = [
        (
            fault.name,
            ", then ".join(map(" or ".join, filter(None, (fault.reasons, fault.ended_by)))),
            " or ".join(fault.ends),
        )
        for fault in FAULTS
    ]
    services = [(name, "", "READY") for name, _ in (*SERVICE_FAULTS, *SURROUNDINGS)]
    return (
        "## Tested failures\n\n`make chaos` runs these on the real service, with real Chromium and the\n"
        "sandbox: one after the other, then at random on six clients at once.\n\n"
        + _table(("Failure", "`reason`", "Final state"), [*rows, *services])
        + "\n"
    )


# --- states ----------------------------------------------------------------------------------------------------------


def _diagram() -> str:
    edges: defaultdict[tuple[State, State], list[str]] = defaultdict(list)
    for before in State:
        for event, after in TRANSITIONS[before].items():
            if after is not State.NOT_INITIALIZED and after is not before:
                edges[before, after].append(event.__name__)
    lines = [f"    {before} --> {after}: {', '.join(events)}" for (before, after), events in edges.items()]
    return "\n".join(
        [
            "## States",
            "",
            "Not drawn: `Closed`, which leads from every state to NOT_INITIALIZED, and events that change no state.",
            "",
            "```mermaid",
            "stateDiagram-v2",
            "    [*] --> NOT_INITIALIZED",
            *lines,
            "```",
            "",
        ]
    )


def _transitions() -> str:
    rows = [
        (state, event.__name__, after, _actions(state, event, after))
        for state in State
        for event, after in TRANSITIONS[state].items()
    ]
    return (
        "## Transitions\n\nEvery event that is not listed is ignored in that state.\n\n"
        + _table(("State", "Event", "New state", "Actions"), rows)
        + "\n"
        + _table(("Event", "Meaning"), [(event.__name__, _first_sentence(event)) for event in EVENTS])
    )


def _actions(before: State, event: type, after: State) -> str:
    entered: tuple[Action, ...] = ON_ENTRY.get(after, ()) if after is not before else ()
    actions = ON_EVENT.get((event, after), ()) + entered
    return ", ".join(action.name.lower().replace("_", " ") for action in actions)


def _first_sentence(event: type) -> str:
    return " ".join((event.__doc__ or "").split("\n\n")[0].split())


# --- waits -----------------------------------------------------------------------------------------------------------

_PATIENCE = {
    State.INITIALIZING: "start_patience",
    State.RECONNECTING: "start_patience",
    State.QR_REQUIRED: "qr_lifetime",
    State.DISCONNECTED_RECOVERABLE: "link_patience",
}


def _deadlines() -> str:
    rows = [
        (state, _setting(_PATIENCE[state]), reason, text, _where_patience_leads(state))
        for state, (reason, text) in OVERDUE.items()
    ]
    times = Times()
    waits = [
        ("WhatsApp accepts a message", _setting("send_timeout"), "the caller learns that its fate is unknown"),
        ("a page closes", _setting("close_grace"), "it is killed"),
        ("a page answers a probe", _setting("probe_timeout"), "one miss: `healthy` is false"),
        ("WhatsApp's server answers a query", _setting("server_check_timeout"), "`healthy` is false until it answers"),
        ("a page reloads itself while it shows codes", _setting("start_patience"), "it is lost"),
        ("an ended client stays readable", _setting("cleanup_delay"), "it is destroyed"),
        ("WhatsApp confirms a logout", f"{times.log_out:g} s", "the caller learns that it did not; a deletion goes on"),
        ("a page gives a pairing code, or a screenshot", f"{times.answer:g} s", "the caller learns that it did not"),
        ("the service stops", _setting("shutdown_timeout"), "see Ends"),
    ]
    return (
        "## Deadlines\n\nEvery waiting state has a deadline. A restriction with a known end is waited out first.\n\n"
        + _table(("State", "Deadline", "Reason", "Text", "Next"), rows)
        + "\n"
        + _table(("Other wait", "Deadline", "Consequence"), waits)
        + f"\nA page is probed every {_setting('probe_interval')} from its first fact on; {health.MISSES} "
        "misses in a row mean that it hangs, and it is killed. So a hang is detected after at most two intervals and "
        "one timeout.\n" + _server() + _loadings()
    )


def _server() -> str:
    return f"""
## The meaning of READY and healthy

A page looks as if messages passed before its login is accepted, and again while it waits after a refusal: mode
MAIN, info NORMAL, socket CONNECTED (seen in WhatsApp Web's release 2.3000.1044822804, against a mock of its
server). So READY requires all of that, a stream that is not DISCONNECTED, and a sign since the last loss that the
server has accepted the login: `account_temporarily_banned_from_bridge` with `banned: false`, which the page sends at
each accepted login; `on_critical_sync_done`; or the server's answer to a query of ours, which is sent if the other
signs were missed.

A page that answers may have a dead connection. So WhatsApp's server is queried through the page every
{_setting("server_check_interval")} while the client is READY. The query is the keepalive that WhatsApp's own
clients send regularly: an `iq` of type `get` in the name space `w:p`, by wa-js's
`WPP.whatsapp.websocket.sendSmaxStanza`. It names nobody, changes nothing, and cannot be answered from the page's
memory. While it is not answered, `healthy` is false, `server_silent_since` gives the time, and the log has
`client.server_silent`. A page that cannot send the query (the log has `page.server_not_asked`) does not become
unhealthy by that. Never seen on the live service: that it answers this query of a page as it answers WhatsApp's own.
"""


def _loadings() -> str:
    return f"""
## Reloads

WhatsApp's page reloads itself: for updates, for a version that its server refuses, to take a session over.
Whatever the cause, the client is RECONNECTING from then on and has {_setting("start_patience")} to return, which
costs no attempt; after that the page is lost. {MOST_LOADINGS} loadings in a row without a code or a login are a
loop, and the page is lost too.

An update that the page asks for while it goes on working costs a healthy client nothing (`PLANNED_UPDATE`, the
metric `session_manager_planned_updates_total`, no attempt): it is reloaded in the same browser within
{_setting("update_within")}. The first {STAGGER:.0%} of that spread the clients, each by its number; then the
first moment is used in which nothing is being sent and no message or call was reported for
{_setting("update_quiet")}, and once the time is over any moment in which nothing is being sent. Calls in progress are
not visible, only their ringing. For an update on which WhatsApp Web insists the page reloads itself at once; the
service reloads it if it has not begun after {ITSELF:g} s. A second such update within {HARD_REST:g} s is
VERSION_OUTDATED, as is a page that wants an update and has stopped.
"""


def _where_patience_leads(state: State) -> str:
    if state in STARTING:
        return "a lost page; ERROR if a caller waits for the start"
    after = next(after for event, after in TRANSITIONS[state].items() if event.__name__ == "PatienceOver")
    return "an attempt" if after is state else str(after)


def _budgets() -> str:
    bugs, backoff = Supervisor.child_budget, Supervisor.child_backoff
    rows = [
        (
            "a client's page",
            f"{_setting('max_reconnection_attempts')} in a row; READY ends the row",
            f"{_setting('backoff_first')}, doubling, up to {_setting('backoff_cap')}, less up to a quarter by chance; "
            f"reset after READY for {_setting('stable_after')}",
            "ERROR, ATTEMPTS_EXHAUSTED",
        ),
        (
            "a page in MAIN on which wa-js is not ready",
            f"reloaded {RELOADS} times in a row, without an attempt",
            f"{BrowserOptions(Path(), '').injection_patience:g} s",
            "a lost page, WA_JS_NOT_READY",
        ),
        (
            "a client's actor, after a bug",
            f"{bugs.limit} within {bugs.window:g} s",
            f"{backoff.first:g} s, doubling, up to {backoff.cap:g} s, less by chance",
            "ERROR, ACTOR_CRASHED",
        ),
        (
            "a restart for memory over SM_CLIENT_MEMORY",
            f"one per {health.REST:g} s, when nothing is being sent",
            f"at {health.URGENT:g} times the limit at once, with the delays of a lost page",
            "",
        ),
        (
            "launches at a time for POST /init, and as many for clients that resume or reconnect",
            f"{_setting('start_concurrency')}, and {LOADS_EACH} pages that load for each",
            f"a launch ends when Chromium runs, a load when the page has loaded or is idle, both after {LAUNCH:g} s",
            "the others wait, each for its own kind, with a `queue_position`, and take messages; their time limits "
            "begin with their turn; after a restart those that were READY go first",
        ),
        ("clients at a time", _setting("max_clients"), "", "POST /init: 503 CAPACITY_EXCEEDED"),
    ]
    return (
        "## Budgets and delays\n\nEach client has its own budget, so that one client never delays another.\n\n"
        + _table(("Attempts of", "Number", "Delays", "Then"), rows)
        + "\nNot tried again: a browser that cannot be started, and a profile that another process holds.\n"
    )


# --- ends ------------------------------------------------------------------------------------------------------------


def _ends() -> str:
    names = ", ".join(f"`{state}`" for state in State if state in TERMINAL)
    return (
        f"## Ends\n\n{names} are ends: the browser is closed at once, and only POST /init leads out. For "
        f"{_setting('cleanup_delay')} the state can be read; then the client is destroyed and is NOT_INITIALIZED. "
        "POST /init before that cancels the cleanup and starts afresh.\n\n"
        "A void login (after a logout, a ban, or unscanned codes) is dropped at once, and its profile is deleted "
        "as soon as no page is open on it; after CONFLICT and ERROR the login is kept. A client is wanted again "
        "after a restart of the service unless it was logged out, banned, taken over, not scanned or deleted.\n\n"
        "Closing never logs out. `DELETE /session` and `POST /logout` do. To log out, `DELETE` starts a client that "
        f"has a login and does not run, or waits for one that is not READY, also one whose code was "
        f"scanned a moment ago, for {Times().connect:g} s at most; a page that shows a code is first asked, for "
        f"{Times().probe_timeout:g} s at most, whether it was scanned; "
        "`?logout=false` leaves that out. `logged_out` says what came of it. Where it is false, `logged_out_reason` "
        "says why, and the device may be listed on the phone still:\n\n"
        + _table(("`logged_out_reason`", "Meaning"), [(f"`{link}`", LINKS[link]) for link in LinkLeft])
        + "\n"
        + _shutdown()
    )


def _shutdown() -> str:
    seconds = Settings.model_fields["shutdown_timeout"].default * CLIENTS_SHARE
    log_out, close, kill = (
        f"{seconds * SHARES[step]:.3g} s" for step in (EndStep.LOG_OUT, EndStep.CLOSE, EndStep.KILL)
    )
    return (
        f"A service that is stopped has {_setting('shutdown_timeout')} in all. Clients end in parallel: a "
        f"logout that was ordered before may take the first {log_out} of them, a page that has not closed after "
        f"{close} is killed, and a page that still exists after {kill} is left to the browser, which kills "
        f"everything and "
        "ends. With another setting these times change in proportion. Every waiting caller gets an answer. The exit "
        "code is 0 if nothing is left, killed or not, and 3 otherwise: a Chromium that cannot be killed, an actor or "
        "a store that does not end.\n"
    )


def _parts() -> str:
    seconds = Settings.model_fields["shutdown_timeout"].default + LATER
    return (
        "## When a part of the service dies\n\nThe supervisor, an actor of the store, the outbox, the sender of "
        "webhooks, retention, or the browser's thread: the service needs all of them. When one "
        f"ends, or the browser's thread does not answer for {WEDGED_AFTER:g} s, the service logs which (critical), "
        f"stops in order, and ends with exit code {DIED}, so that the process manager starts it again. If it cannot "
        f"stop in order, it ends itself after {seconds:g} s at the latest, and Chromium with it.\n"
    )


def _bans() -> str:
    return (
        "## Bans\n\nA permanent ban looks like a removal on the phone. It is inferred: a logout within "
        f"{bans.EARLY_WITHIN:g} s of its pairing is early, and {bans.EARLY_LOGOUTS} early logouts in a row are "
        "DISCONNECTED_BANNED; the reason's text states that this is inferred. A login that lasted longer, or "
        "that sent a message, or that was ended by POST /logout, ends the row, and so does DELETE /session. The count "
        "survives a restart of the service.\n"
    )


def _reasons() -> str:
    rows = [
        (f"`{reason}`", row.happened, row.state, "kept" if row.login_kept else "dropped", row.then)
        for reason, row in CONSEQUENCES.items()
    ]
    return (
        "## From cause to state\n\nThe state of a READY client after each cause, or of a starting client if the "
        "cause concerns the "
        "start. The reason stays readable on the way back to READY.\n\n"
        + _table(("`reason`", "Cause", "State", "Stored login", "Next"), rows)
    )


def _signs() -> str:
    """The tables of `actors.browser.whatsapp_web`, and what it makes of the two events that come alone."""
    states: dict[whatsapp_web.Condition, PageFact] = {**whatsapp_web.LOST, **whatsapp_web.ENDS}
    rows = [(f"the connection is in {condition.name}", fact) for condition, fact in states.items()]
    rows += [(f"logged out, for the reason `{word}`", fact) for word, fact in whatsapp_web.LOGOUTS.items()]
    moves = ((begins, whatsapp_web.logged_out(f"{begins}…")) for begins in whatsapp_web.MOVES)
    rows += [(f"logged out, for another reason `{begins}…`", fact) for begins, fact in moves]
    rows += [("logged out, for any other reason", whatsapp_web.logged_out("…"))]
    rows += [("logged out, without a reason", whatsapp_web.logged_out(None))]
    rows += [(f"the event `{event['e']}`", Interpreter(float).hear(event)[0]) for event in ALONE]
    cells = [
        (sign, type(fact).__name__, f"`{getattr(fact, 'reason', Reason.CONFLICT)}`", getattr(fact, "text", ""))
        for sign, fact in rows
    ]
    silent = BrowserOptions(Path(), "").conflict_after
    return (
        "## From the page's signs to the cause\n\nThe same on both generations of WhatsApp Web's page. A page that was "
        f"opened elsewhere without reporting it is recognised by its lost stream, after {silent:g} s; after a refused "
        "login that is no sign. A browser or page that "
        "died, hangs, is deaf or has left is detected from outside the page.\n\n"
        + _table(("Sign", "Fact", "Reason", "Text"), cells)
    )


# --- Markdown --------------------------------------------------------------------------------------------------------


def _setting(field: str) -> str:
    """Return `SM_…` with its default."""
    default = Settings.model_fields[field].default
    unit = " s" if isinstance(default, float) else ""
    value = f"{default:g}" if default else "no limit"
    return f"`{env_name(field)}` ({value}{unit if default else ''})"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *([str(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
