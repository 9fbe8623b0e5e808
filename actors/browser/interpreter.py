"""The interpreter of one page: turns events and answers into facts. Pure but for the clock it is given.

It remembers its reports, so that a fact is reported once per change. The meaning of a view, an event or a logout is in
the tables of `whatsapp_web`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from actors.browser import contract
from actors.browser.whatsapp_web import (
    ENDS,
    LOST,
    Condition,
    Event,
    Memory,
    View,
    at_work,
    condition,
    happened,
    logged_out,
    logged_out_by_address,
    number,
    text,
    view_of,
)
from actors.clients.operations import Operation
from actors.clients.operations.account import PAIRING_CODE_LIFE, PAIRING_REFUSALS
from actors.clients.operations.messages import Sent
from actors.clients.page_contract import PageContract
from actors.clients.protocol import (
    Answered,
    Conflict,
    ContractRead,
    LinkLost,
    LinkResumed,
    OutcomeUnknown,
    PageFact,
    PageFailed,
    PageReloaded,
    PairingCodeRenewed,
    PairingHindered,
    QrIdle,
    QrScanned,
    QrShown,
    QrVoid,
    Ready,
    Refused,
    Restriction,
    RestrictionTold,
    UpdateWanted,
)
from actors.clients.types import Reason, Seconds

FIRST_CODE: Seconds = 60.0
NEXT_CODE: Seconds = 20.0
"""The time for which WhatsApp Web shows the first code of a series, and each further code, if the page does not report
it. Source: its own bundles.
"""
MOST_LOADINGS = 6
"""The documents in a row without a code and without a login that count as a loop."""
_EPOCH = 10**9
"""An end of a restriction below this is a number of seconds from now, above it an instant."""


@dataclass(slots=True)
class _Document:
    """The events and reports of the page's present document."""

    view: View = field(default_factory=View)
    shown: str | None = None
    codes: int = 0
    idle: bool = False
    scanned: bool = False
    ready: bool = False
    was_ready: bool = False
    accepted: bool = False
    update: UpdateWanted | None = None
    lost: LinkLost | None = None
    ended: PageFact | None = None
    reason: str | None = None
    contract: PageContract | None = None


class Interpreter:
    """Turns one page's events into facts. One thread. `hear` never raises on any JSON.

    `now` is epoch seconds.
    """

    def __init__(self, now: Callable[[], Seconds]) -> None:
        self._now = now
        self._doc = _Document()
        self._out = self._out_by_address = False
        self._loadings = self._documents = 0
        self.began_at: Seconds = 0.0
        """Messages in the page's memory from before this instant existed before the account was linked here."""
        self.unresolved: dict[str, None] = {}
        """The names that wa-js reported as not found, in the order of its reports."""

    @property
    def ready(self) -> bool:
        """True if Ready was the last report about the link."""
        return self._doc.ready

    @property
    def may_be_replaced(self) -> bool:
        """True if the page may have been opened elsewhere: on current pages all looks well, and the stream is gone."""
        view, lost = self._doc.view, self._doc.lost
        told = lost is not None and lost.reason is not Reason.NETWORK_LOST  # a refused login, which looks alike
        looks = view.stream == "DISCONNECTED" and view.state == "CONNECTED" and view.online
        return self._doc.was_ready and self._doc.ended is None and not told and looks

    @property
    def unproven(self) -> bool:
        """True if all looks well without a sign that the server has accepted the login: it may have been missed."""
        return at_work(self._doc.view) and self._doc.view.full_ready and not self._doc.accepted

    def replaced(self) -> list[PageFact]:
        """Report a conflict: `may_be_replaced` has lasted too long."""
        return [
            self._end(Conflict("WhatsApp Web was opened elsewhere: its stream is gone though the network is there"))
        ]

    def hear(self, event: Event) -> list[PageFact]:
        """Return the facts in one event of the page."""
        kind = event.get("e")
        if not isinstance(kind, str):
            return []
        handler = HANDLERS.get(kind)
        if handler is not None:
            return handler(self, event)
        fact = happened(event)
        return [] if fact is None else [fact]

    # --- views -------------------------------------------------------------------------------------------------------

    def _see(self, event: Event) -> list[PageFact]:
        before, self._doc.view = self._doc.view, view_of(event)
        if _connected(before) and not _connected(self._doc.view):
            self._doc.accepted = False
        return self._updates() + self._judge()

    def _judge(self) -> list[PageFact]:
        """Return the facts of the present view and memory."""
        doc, view = self._doc, self._doc.view
        memory = Memory(doc.codes > 0, doc.was_ready, doc.accepted, update=doc.update is not None)
        now = condition(view, memory)
        if now in ENDS:
            return [self._end(ENDS[now])] if doc.ended != ENDS[now] else []
        doc.ended = None
        if now in LOST:
            return self._lose(LOST[now])
        return _VIEWS.get(now, Interpreter._nothing)(self, view)

    def _updates(self) -> list[PageFact]:
        """Report a page that asks for an update and works, or is about to reload itself: it has not stopped."""
        view = self._doc.view
        wanted = UpdateWanted(view.hard_refresh)
        if not (view.hard_refresh or (view.needs_update and at_work(view))) or self._doc.update in (
            wanted,
            UpdateWanted(hard=True),
        ):
            return []
        self._doc.update = wanted
        return [wanted]

    def _nothing(self, _: View) -> list[PageFact]:
        return []

    def _code(self, view: View) -> list[PageFact]:
        if view.code is None or view.code == self._doc.shown:
            return []
        self.began_at = self._now()
        self._loadings = 0
        self._doc.shown, self._doc.scanned, self._out, self._doc.idle = view.code, False, False, False
        self._doc.codes += 1
        usual = FIRST_CODE if self._doc.codes == 1 else NEXT_CODE
        return [QrShown(view.code, usual if view.lifetime is None else max(0.0, view.lifetime))]

    def _void(self, _: View) -> list[PageFact]:
        if self._doc.shown is None:
            return []
        self._doc.shown = None
        return [QrVoid()]

    def _idle_now(self, _: View) -> list[PageFact]:
        if self._doc.idle:
            return []
        self._doc.idle, self._doc.shown, self._doc.codes = True, None, 0
        return [QrIdle()]

    def _pairing(self, _: View) -> list[PageFact]:
        if self._doc.scanned:
            return []
        self._doc.scanned, self._doc.shown = True, None
        return [QrScanned()]

    def _catching_up(self, _: View) -> list[PageFact]:
        if self._doc.lost is None:
            return []
        self._doc.lost = None
        return [LinkResumed()]

    def _ready_now(self, view: View) -> list[PageFact]:
        if self._doc.ready:
            return []
        facts: list[PageFact] = [*self._catching_up(view), Ready(view.phone, view.lid, view.push_name)]
        self._doc.ready = self._doc.was_ready = True
        self._loadings = 0
        self._doc.shown = None
        return facts

    def _lose(self, fact: LinkLost) -> list[PageFact]:
        """Report a loss. A mere loss does not replace the restriction that explains it."""
        known = self._doc.lost
        if known == fact or (known is not None and fact.reason is Reason.NETWORK_LOST):
            return []
        self._doc.lost, self._doc.ready = fact, False
        return [fact]

    def _end(self, fact: PageFact) -> PageFact:
        self._doc.ended, self._doc.ready = fact, False
        return fact

    # --- events ------------------------------------------------------------------------------------------------------

    def _loaded(self, event: Event) -> list[PageFact]:
        """Handle a new document: reports on the old document no longer count. Its address may contain a logout.

        The address still contains it while an unpaired page is loaded again and again: that is no further logout.
        """
        linked, known, reason = self._doc.view.authenticated, self._out_by_address, self._doc.reason
        self._doc = _Document()
        self.unresolved.clear()
        self._loadings += 1
        self._documents += 1
        fact = logged_out_by_address(text(event.get("search")) or "")
        self._out_by_address = fact is not None
        if fact is not None and not self._out and (linked or not known):
            self._out = True
            return [fact if reason is None else logged_out(reason)]
        if self._loadings > MOST_LOADINGS:
            return [PageFailed(Reason.PAGE_RELOADED, f"The page has loaded itself {MOST_LOADINGS} times in a row")]
        return [PageReloaded()] if self._documents > 1 else []

    def _logout_reason(self, event: Event) -> list[PageFact]:
        self._doc.reason = text(event.get("reason"))
        return []

    def _storage_failed(self, event: Event) -> list[PageFact]:
        self._doc.reason = self._doc.reason or "storage_initialization_error"
        return []

    def _logout(self, _: Event) -> list[PageFact]:
        if self._out:
            return []
        self._out, self._doc.ready = True, False
        return [logged_out(self._doc.reason)]

    def _temporary_ban(self, event: Event) -> list[PageFact]:
        if event.get("banned") is not True:  # reported at each login that succeeds
            return self._accepted(event)
        until = number(event.get("until"))
        if until is not None and until < _EPOCH:
            until += self._now()
        words = text(event.get("text"))
        self._doc.accepted = False
        told = "WhatsApp has banned the account for a while" + (f": {words}" if words else "")
        return self._lose(LinkLost(Reason.TEMPORARILY_BANNED, told, until))

    def _contract(self, event: Event) -> list[PageFact]:
        read = contract.read(event, self.unresolved)
        # A page that is not full ready may still load its lacks; without the connection it never will be.
        if read == self._doc.contract or (event.get("early") is True and read.can_be_heard):
            return []
        self._doc.contract = read
        return [ContractRead(read)]

    def _restriction(self, event: Event) -> list[PageFact]:
        if event.get("active") is not True:
            return [RestrictionTold(None)]
        known = event.get("known_chats")
        known_chats = known if isinstance(known, bool) else None
        return [RestrictionTold(Restriction(text(event.get("kind")), number(event.get("until")), known_chats))]

    def _accepted(self, _: Event) -> list[PageFact]:
        """Record that the server has accepted the login."""
        self._doc.accepted = True
        return self._judge()

    def _unavailable(self, _: Event) -> list[PageFact]:
        self._doc.accepted = False
        return self._lose(LinkLost(Reason.SERVICE_UNAVAILABLE, "WhatsApp says that its service is unavailable"))

    # --- other ways of pairing ----------------------------------------------------------------------------------------

    def _pairing_code(self, event: Event) -> list[PageFact]:
        code, lifetime = text(event.get("code")), number(event.get("lifetime"))
        if code is None:
            return []
        return [
            PairingCodeRenewed(code.replace("-", ""), PAIRING_CODE_LIFE if lifetime is None else max(0.0, lifetime))
        ]

    def _pairing_code_over(self, event: Event) -> list[PageFact]:
        words = text(event.get("text")) or "WhatsApp Web has given the pairing code up"
        return [PairingHindered(Reason.PAIRING_CODE_OVER, f"{words}: ask for another one, or scan the QR")]

    def _pairing_refused(self, event: Event) -> list[PageFact]:
        reason, why = PAIRING_REFUSALS.get(text(event.get("name")) or "", (None, ""))
        return [] if reason is None else [PairingHindered(reason, why)]

    def _passkey(self, _: Event) -> list[PageFact]:
        told = "WhatsApp wants a passkey for linking this phone, which only a person can use: scan with another phone"
        return [PairingHindered(Reason.PASSKEY_REQUIRED, told)]


def _connected(view: View) -> bool:
    """Return True if a login may have been accepted on this connection, and not lost since."""
    return view.state == "CONNECTED" and view.stream != "DISCONNECTED" and view.online


_VIEWS: dict[Condition, Callable[[Interpreter, View], list[PageFact]]] = {
    Condition.CODE: Interpreter._code,
    Condition.VOID: Interpreter._void,
    Condition.IDLE: Interpreter._idle_now,
    Condition.PAIRING: Interpreter._pairing,
    Condition.CATCHING_UP: Interpreter._catching_up,
    Condition.READY: Interpreter._ready_now,
}
HANDLERS: dict[str, Callable[[Interpreter, Event], list[PageFact]]] = {
    "view": Interpreter._see,
    "loaded": Interpreter._loaded,
    "logout_reason": Interpreter._logout_reason,
    "logout": Interpreter._logout,
    "storage_initialization_error": Interpreter._storage_failed,
    "temporary_ban": Interpreter._temporary_ban,
    "unavailable": Interpreter._unavailable,
    "contract": Interpreter._contract,
    "pairing_code": Interpreter._pairing_code,
    "pairing_code_over": Interpreter._pairing_code_over,
    "pairing_refused": Interpreter._pairing_refused,
    "passkey": Interpreter._passkey,
    "restriction": Interpreter._restriction,
    "accepted": Interpreter._accepted,
}
"""The handlers of the page script's events, besides account events."""


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def answer_of(operation: Operation[Any], value: object) -> Any:
    """Return the answer that an operation declares, from the page's. Raises ValueError if it does not fit."""
    kind: Any = operation.answer if operation.by_page else None
    return None if kind is None else _adapter(kind).validate_python(value)


UNSURE = frozenset({"ERROR_NETWORK", "ERROR_CANCELLED", "ERROR_EXPIRED"})
"""Results of a send after which the message may have been sent, or may still be."""


NO_SUCH_CHAT = "There is no such chat on WhatsApp"
NOT_FOUND = ("findChat: new chat not found", "No LID for user")
"""The beginnings of such errors of wa-js, and of the page of accounts that have moved to LIDs."""


RATE_LIMITED = "ERROR_RATE_LIMIT"
"""A result of WhatsApp's."""
UPLOAD_FAILED = "ERROR_UPLOAD"
"""A result of WhatsApp's: the file could not be uploaded, so the message was not sent."""
RESULT_CODES: Mapping[str, str] = {RATE_LIMITED: "429", UPLOAD_FAILED: UPLOAD_FAILED}
"""Results of WhatsApp's that have a consequence of their own -> the code of the refusal."""
NACKS: Mapping[int, str] = {
    429: "too many messages",
    463: "no first messages to strangers for now",
    475: "no more new chats this month",
    479: "the contact's privacy token is not valid",
}
"""The meanings of codes of WhatsApp's server.

Source: NackReason of WAWebCreateNackFromStanza, and public reports (Baileys issue 2441). Others are passed on
unchanged.
"""


def _refused(order: str, result: str | None, code: float | None, why: str | None) -> Refused:
    """Return the refusal of WhatsApp's server, or of the page in its name. `why` is what the page knows of it."""
    if code is None:
        known = RESULT_CODES.get(result or "")
        return Refused(order, f"WhatsApp refused the message ({result or 'no reason given'})", known)
    said = NACKS.get(int(code), result or "no reason given")
    words = f"WhatsApp refused the message (error {code:g}: {said})"
    return Refused(order, words if why is None else f"{why}: {words}", f"{code:g}")


def settled(order: str, answer: Event) -> Answered | Refused | OutcomeUnknown:
    """Return the fate of a message, from the page's answer to a sending operation.

    WhatsApp Web resolves a message that its server refused: only an ack and the result OK prove that the server has it,
    and only another result proves that it has not. An answer with neither, as a future build may give, proves nothing.
    """
    ack, result, code = number(answer.get("ack")), text(answer.get("result")), number(answer.get("code"))
    error = answer.get("error")
    words = text(error.get("message")) if isinstance(error, Mapping) else None
    message_id, chat = text(answer.get("id")), text(answer.get("chat"))
    if words is not None:
        # Refused before it was filed: it was never sent. Once it is filed, only its ack proves anything.
        if message_id is None or (ack is not None and ack < 0):
            why = f"{NO_SUCH_CHAT} ({words})" if words.startswith(NOT_FOUND) else words
            return Refused(order, why, text(error.get("code")) if isinstance(error, Mapping) else None)
        return OutcomeUnknown(order, words)
    if message_id and chat and ack is not None and ack >= 1 and result == "OK":
        return Answered(order, Sent(message_id, chat))
    if ack is not None and ack < 0:
        return _refused(order, result, code, text(answer.get("why")))
    if result is None or result == "OK" or result in UNSURE or (ack is not None and ack >= 1):
        known = "nothing of an ack" if ack is None else f"ack {ack:g}"
        return OutcomeUnknown(order, f"WhatsApp Web answered {result or 'no result'} with {known}")
    return _refused(order, result, code, text(answer.get("why")))
