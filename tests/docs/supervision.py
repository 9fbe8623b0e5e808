"""`docs/supervision.md`, made from the tables of the code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from actors.browser import disk_space, whatsapp_web
from actors.browser.interpreter import MOST_LOADINGS, Interpreter
from actors.browser.loop import WEDGED_AFTER
from actors.browser.options import BrowserOptions
from actors.browser.page_events import RELOADS
from actors.clients import bans, health
from actors.clients.lifecycle import EVENTS, ON_ENTRY, ON_EVENT, TRANSITIONS, Action
from actors.clients.pages import SHARES, EndStep
from actors.clients.policy import OVERDUE, Times
from actors.clients.protocol import PageFact
from actors.clients.supervisor import Supervisor
from actors.clients.types import STARTING, TERMINAL, Reason, State
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

How a client lives without anybody watching it: its states, what moves it, how long it may wait, how often it is tried
again, and what each end means. Every table here is made from the tables the code runs on (`make docs`).

Two kinds of loss are told apart. A page that has lost WhatsApp heals by itself and keeps its browser; no attempt is
spent on it until its patience is over. A page that is gone, or of no use, needs a new one; that is an attempt, and the
supervisor grants it from a budget. A start that a caller waits for (`POST /init`) is not tried again: the caller hears
why it failed.

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

A Chromium whose writes fail gives up what it has stored. Seen with version 156: 25 writes of 3 KiB to localStorage on a
full disk, and it threw the whole of localStorage away, with a login that had been on the disk for long; the client
asked for a scan once it was opened again, though there was room by then. So the disk of the profiles is looked at each
{disk_space.EVERY:g} s while a page is open. Below {disk_space.LEAST} MiB, or {disk_space.LEAST_FILES} files where the
file system counts them, Chromium is closed in order (`DISK_FULL`), and none is started: a start waits for room for as
long as its patience lasts, and goes on once there is some. After the last attempt the client is in ERROR with its login
kept, and the text says what is missing; one POST /init resumes it.

Meanwhile /status and /health answer, /ready says that the store is not, and no message is accepted. What fills the disk
faster than that, while the page writes much, can still cost logins; so can a full disk on which a login is being made.

"""

SUDDEN = """## What a sudden end can cost

| what ends | logins | messages |
| --- | --- | --- |
| a client, or the service, in order | none | what is under way is waited for, or told as unknown |
| Chromium, killed | one younger than 2 s: scan again | what was not confirmed is looked up afterwards |
| Chromium, closed because its disk is full | one that was made on the full disk | the same |
| the service, killed: its Chromiums die with it | the same | what was accepted is on disk, and goes on |
| the machine (not tried) | one the kernel has not written yet, by default for 30 s | what was accepted is on disk |

Chromium keeps what a page puts into localStorage in memory for a while: 5 s the first time, and up to a minute from the
second time on, so that a login on a page that had shown codes for 8 s was lost to a kill 10 s after it was READY. It is
told to write at once (`--enable-aggressive-domstorage-flushing`), and then took less than a second, on both builds.
What IndexedDB, where the live WhatsApp Web has the keys of a login, has called complete was there after a kill right
then.

"""

UNTESTED = """## What was never seen here

These are handled as far as they could be understood, and count as untested:

* Anything on the live service. All of this was run against the sandbox, a double of WhatsApp Web.
* A real permanent ban. WhatsApp does not announce one; what is told is an inference (see Bans).
* The codes and texts of a real temporary ban, of terms of service, and of a network that WhatsApp refuses.
* A machine that runs out of memory as a whole, where the kernel may kill the service as well. What is played is a
  renderer with a limit of its own.
* A disk that fills by more than 16 MiB within a second while the page writes much: see A full disk.
* A power cut, or a kernel crash. What SQLite has confirmed survives (`synchronous=FULL`) as far as the disk keeps its
  promises. What a page stores is handed to the kernel by Chromium, and written by the kernel in its own time: a login
  younger than that can be lost, and has to be scanned again.
* A debugging connection that stays open and carries nothing while its Chromium works. One that ends is played; the
  ways in which pyppeteer's own receiving ended are closed inside, and tested there.
* A host's clock that is set while the service runs; tests do so on a virtual clock. Waits go by a clock that nobody
  sets, also those of webhooks between attempts. By the time of day go the ends of restrictions, early logouts,
  `send_at` and `expires_at`, the sessions of the dashboard, and the age at which events and messages are deleted.
* A network that lets connections hang for hours, as some mobile networks and firewalls do. What is played is a WhatsApp
  that accepts and says nothing, for as long as a message may take. The sandbox's page, unlike WhatsApp Web's, has no
  keepalive by which it would tell that its connection hangs: its client stays READY, and is not `healthy`.
"""


def supervision_page() -> str:
    """The page."""
    parts = (_diagram(), _transitions(), _deadlines(), _budgets(), _ends(), _parts(), _bans(), _reasons(), _signs())
    return HEAD + "\n".join(parts) + "\n" + DISK + SUDDEN + _played() + UNTESTED


def _played() -> str:
    rows = [(fault.name, " or ".join(fault.reasons), " or ".join(fault.ends)) for fault in FAULTS]
    services = [(name, "", "READY") for name, _ in (*SERVICE_FAULTS, *SURROUNDINGS)]
    return (
        "## What was seen to be survived\n\n`make chaos` plays these on the real service, with real Chromium and the\n"
        "sandbox: one after the other, then at random on six clients at once.\n\n"
        + _table(("fault", "`reason`", "ends in"), [*rows, *services])
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
            "Not drawn: `Closed` leads from every state to NOT_INITIALIZED, and events that leave the state as it is.",
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
        "## Transitions\n\nWhat is not listed is known to mean nothing in that state; there is no third kind.\n\n"
        + _table(("in", "event", "leads to", "and does"), rows)
        + "\n"
        + _table(("event", "what it is"), [(event.__name__, _first_sentence(event)) for event in EVENTS])
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
        ("a message, until WhatsApp has it", _setting("send_timeout"), "the caller hears that its fate is unknown"),
        ("a page that closes", _setting("close_grace"), "it is killed"),
        ("a page that answers a probe", _setting("probe_timeout"), "one miss: `healthy` is false"),
        ("WhatsApp's server, asked", _setting("server_check_timeout"), "`healthy` is false until it answers"),
        ("a page that loads itself anew while it shows codes", _setting("start_patience"), "it is lost"),
        ("an ended client, to be read", _setting("cleanup_delay"), "it is destroyed"),
        ("a logout, to be confirmed", f"{times.log_out:g} s", "the caller hears that it was not; a deletion goes on"),
        ("a pairing code, or a picture", f"{times.answer:g} s", "the caller hears that none came"),
        ("the service that stops", _setting("shutdown_timeout"), "see Ends"),
    ]
    return (
        "## Deadlines\n\nEvery state that waits has one. A restriction with a known end is waited out first.\n\n"
        + _table(("state", "may last", "then: reason", "text", "leads to"), rows)
        + "\n"
        + _table(("what else is waited for", "at most", "then"), waits)
        + f"\nA page is probed each {_setting('probe_interval')} from the first thing it says on; {health.MISSES} "
        "misses in a row mean that it hangs, and it is killed. So a hang is noticed after at most two intervals and "
        "one timeout.\n" + _server() + _loadings()
    )


def _server() -> str:
    return f"""
## What READY and healthy prove

A page looks as if messages passed before its login is accepted, and again while it waits after a refusal: mode
MAIN, info NORMAL, socket CONNECTED (seen in WhatsApp Web's release 2.3000.1044822804, against a mock of its
server). So READY wants all of that, a stream that is not DISCONNECTED, and a sign since the last loss that the
server has let the login in: `account_temporarily_banned_from_bridge` with `banned: false`, which the page says at
each accepted login; `on_critical_sync_done`; or the server's answer to a question of ours, which is put where the
others were missed.

A page that turns may be on a connection that is dead. So WhatsApp's server is asked through the page each
{_setting("server_check_interval")} while the client is READY. What is asked is the keepalive that WhatsApp's own
clients send all the time: an `iq` of type `get` in the name space `w:p`, by wa-js's
`WPP.whatsapp.websocket.sendSmaxStanza`. It names nobody, changes nothing, and cannot be answered out of the page's
memory. While it is not answered, `healthy` is false and `server_silent_since` says since when; the log says
`client.server_silent`. A page that has no way to ask (the log says `page.server_unasked`) is not called unhealthy
for that. Never seen on the live service: that it answers this question of a page as it answers WhatsApp's own.
"""


def _loadings() -> str:
    return f"""
## Loaded anew

WhatsApp's page loads itself anew: for updates, for a version that its server refuses, to take a session over.
Whoever caused it, the client is RECONNECTING from then on and has {_setting("start_patience")} to be back, which
costs no attempt; a page that is not back is lost. {MOST_LOADINGS} loadings in a row without a code or a
login are a loop, and it is lost too.

An update that the page asks for while it goes on working costs a healthy client nothing (`PLANNED_UPDATE`, the
metric `session_manager_planned_updates_total`, no attempt): it is loaded anew in the same browser within
{_setting("update_within")}. The first {STAGGER:.0%} of that spread the clients, each by its number; then the first
moment is taken in which nothing is on its way and no message or call was heard of for {_setting("update_quiet")},
and once the time is over any moment in which nothing is on its way. Calls that are talking are not seen, only their
ringing. For an update on which WhatsApp Web insists the page loads itself at once; it is loaded where it has not
begun after {ITSELF:g} s. One within {HARD_REST:g} s of another is VERSION_OUTDATED, as is a page that wants an
update and has stopped.
"""


def _where_patience_leads(state: State) -> str:
    if state in STARTING:
        return "as a lost page; ERROR where a caller waits for the start"
    after = next(after for event, after in TRANSITIONS[state].items() if event.__name__ == "PatienceOver")
    return "an attempt" if after is state else str(after)


def _budgets() -> str:
    bugs, backoff = Supervisor.child_budget, Supervisor.child_backoff
    rows = [
        (
            "a client's page",
            f"{_setting('max_reconnection_attempts')} in a row; READY ends the row",
            f"{_setting('backoff_first')}, doubling, up to {_setting('backoff_cap')}, less up to a quarter by chance; "
            f"small again after READY for {_setting('stable_after')}",
            "ERROR, ATTEMPTS_EXHAUSTED",
        ),
        (
            "a page that wa-js missed: in MAIN, wa-js not ready",
            f"loaded again {RELOADS} times in a row; no attempt is spent",
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
            f"one each {health.REST:g} s, when nothing is on its way",
            f"at {health.URGENT:g} times the limit at once, with the delays of a lost page",
            "",
        ),
        (
            "clients that resume together",
            _setting("start_concurrency"),
            "",
            "they wait; those that were READY go first",
        ),
        ("clients at a time", _setting("max_clients"), "", "POST /init: 503 CAPACITY_EXCEEDED"),
    ]
    return (
        "## Budgets and delays\n\nOne client in trouble never delays another: each has its own.\n\n"
        + _table(("of what", "how many", "delays", "beyond"), rows)
        + "\nNot tried again: a browser that cannot be started, and a profile that somebody else holds.\n"
    )


# --- ends ------------------------------------------------------------------------------------------------------------


def _ends() -> str:
    names = ", ".join(f"`{state}`" for state in State if state in TERMINAL)
    return (
        f"## Ends\n\n{names} are ends: the browser is closed at once, and only POST /init leads out. For "
        f"{_setting('cleanup_delay')} the state can be read; then the client is destroyed and is NOT_INITIALIZED. "
        "POST /init before that cancels the cleanup and starts afresh.\n\n"
        "A login that is void (after a logout, a ban, or codes nobody scanned) is dropped at once, and its profile "
        "goes as soon as no page is open on it; after CONFLICT and ERROR the login is kept. A client is wanted again "
        "after a restart of the service unless it was logged out, banned, taken over, not scanned or deleted.\n\n"
        "Closing never logs out. `DELETE /session` and `POST /logout` do.\n\n" + _shutdown()
    )


def _shutdown() -> str:
    seconds = Settings.model_fields["shutdown_timeout"].default * CLIENTS_SHARE
    log_out, close, kill = (
        f"{seconds * SHARES[step]:.3g} s" for step in (EndStep.LOG_OUT, EndStep.CLOSE, EndStep.KILL)
    )
    return (
        f"A service that is told to stop has {_setting('shutdown_timeout')} for all of it. Clients end side by side: a "
        f"logout that was ordered before may take the first {log_out} of them, a page that has not closed after "
        f"{close} is killed, and one that is there after {kill} is left to the browser, which kills all there is and "
        "ends. With another setting these change in proportion. Whoever waits for an answer gets one. The exit code "
        "is 0 where nothing is left then, killed or not, and 3 where something is: a Chromium that cannot be killed, "
        "an actor or a store that does not end.\n"
    )


def _parts() -> str:
    seconds = Settings.model_fields["shutdown_timeout"].default + LATER
    return (
        "## When a part of the service dies\n\nThe supervisor, an actor of the store, the outbox, the sender of "
        "webhooks, the one that forgets what is old, or the browser's thread: without any of them nothing works. When "
        f"one ends, or the browser's thread does not answer for {WEDGED_AFTER:g} s, the service says which (critical), "
        f"stops in order, and ends with exit code {DIED}, to be started again by whoever keeps it. Where even that is "
        f"not heard of it ends itself, after {seconds:g} s at the latest, and Chromium with it.\n"
    )


def _bans() -> str:
    return (
        "## Bans\n\nA permanent ban looks like a removal on the phone. It is inferred: a logout within "
        f"{bans.EARLY_WITHIN:g} s of its pairing is early, and {bans.EARLY_LOGOUTS} early ones in a row are "
        "DISCONNECTED_BANNED; the reason's text says that this is inferred. A login that lasted longer, or "
        "that sent a message, or that was ended by POST /logout, ends the row, and so does DELETE /session. The count "
        "survives a restart of the service.\n"
    )


def _reasons() -> str:
    rows = [
        (f"`{reason}`", row.happened, row.state, "kept" if row.login_kept else "dropped", row.then)
        for reason, row in CONSEQUENCES.items()
    ]
    return (
        "## From cause to state\n\nWhat becomes of a READY client, or of one that starts where the reason is about "
        "that. The reason stays readable on the way back to READY.\n\n"
        + _table(("`reason`", "what happened", "state", "stored login", "then"), rows)
    )


def _signs() -> str:
    """The tables of `actors.browser.whatsapp_web`, and what it makes of the two events that come alone."""
    states: dict[whatsapp_web.Condition, PageFact] = {**whatsapp_web.LOST, **whatsapp_web.ENDS}
    rows = [(f"the connection is in {condition.name}", fact) for condition, fact in states.items()]
    rows += [(f"logged out, for the reason `{word}`", fact) for word, fact in whatsapp_web.LOGOUTS.items()]
    rows += [("logged out, for any other reason", whatsapp_web.logged_out("…"))]
    rows += [("logged out, and no reason is given", whatsapp_web.logged_out(None))]
    rows += [(f"the event `{event['e']}`", Interpreter(float).hear(event)[0]) for event in ALONE]
    cells = [
        (sign, type(fact).__name__, f"`{getattr(fact, 'reason', Reason.CONFLICT)}`", getattr(fact, "text", ""))
        for sign, fact in rows
    ]
    silent = BrowserOptions(Path(), "").conflict_after
    return (
        "## From the page's signs to the cause\n\nThe same on both generations of WhatsApp Web's page. A page that was "
        f"opened elsewhere and does not say so is told by its lost stream, after {silent:g} s; of one whose login was "
        "refused that is no sign. A browser or page that "
        "died, hangs, is deaf or has left is seen from outside the page.\n\n"
        + _table(("sign", "fact", "reason", "text"), cells)
    )


# --- Markdown --------------------------------------------------------------------------------------------------------


def _setting(field: str) -> str:
    """`SM_…` with its default."""
    default = Settings.model_fields[field].default
    unit = " s" if isinstance(default, float) else ""
    value = f"{default:g}" if default else "no limit"
    return f"`{env_name(field)}` ({value}{unit if default else ''})"


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *([str(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
