"""Operation: an order to a client's WhatsApp Web page, declared once.

A subclass is a frozen dataclass. It is the message to the client's actor, the schema of the HTTP call and the order to
the page, all in one: its fields are the arguments, and its name is that of the function in the page's scripts
(`ArchiveChat` calls `archiveChat`). Everything else follows from its declaration:

    effect    the meaning of a lost page or a deadline, and the way: a SEND goes through the outbox
    example   an answer: the fake browser gives it, documents show it, the tests expect its shape
    states    the states of a client in which it may be ordered
    needs     functions of wa-js, or exports of WhatsApp Web, without which the page cannot do it

Plain data: knowledge of wa-js is in the page's scripts, not here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args

from actors.clients.errors import (
    ClientRefusal,
    NotInAccount,
    NotReady,
    OperationRefused,
    OperationUnanswered,
    OperationUnknown,
)
from actors.clients.operations.fields import File
from actors.clients.types import Seconds, State
from actors.runtime import Work

if TYPE_CHECKING:
    from actors.clients.protocol import Status

Answer = TypeVar("Answer", covariant=True)
SLOWEST_UPLOAD = 128 * 1024
"""Bytes a second: a file that leaves slower than this is not waited for."""


class Effect(Enum):
    """The effect of an operation on the account."""

    READ = auto()
    """No effect: it may be ordered again at any time."""
    CHANGE = auto()
    """It changes something: without an answer its outcome is unknown."""
    SEND = auto()
    """It sends a message. It is kept in the outbox until WhatsApp has it, and is never sent twice."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The failure of an operation.

    `declined`: the page, or WhatsApp, refused, and nothing was done; else the outcome is unknown. `code` is WhatsApp's
    or wa-js's own name for the reason.
    """

    why: str
    state: State
    order: str
    declined: bool = False
    code: str | None = None


NOT_FOUND = {
    **{code: code for code in ("CHAT_NOT_FOUND", "MESSAGE_NOT_FOUND")},
    "chat_not_found": "CHAT_NOT_FOUND",
    "msg_not_found": "MESSAGE_NOT_FOUND",
}
"""Codes of the page's scripts, and of wa-js, for what the account does not have -> ours."""
UNASKED = "UNASKED"
"""The code of the page's scripts where WhatsApp's server did not answer a question: nothing was learned or done."""


@dataclass(frozen=True, slots=True)
class Operation(Work, Generic[Answer]):
    """The base of all operations. `Answer` is a frozen dataclass, or None if there is nothing to answer."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
    """For the validator: an argument that is not declared is refused, in nested types too."""
    effect: ClassVar[Effect]
    example: ClassVar[Any]
    states: ClassVar[frozenset[State]] = frozenset({State.READY})
    needs: ClassVar[tuple[str, ...]] = ()
    confined: ClassVar[bool] = False
    """True if it is refused as soon as the client leaves `states`; else it waits for the page."""
    by_page: ClassVar[bool] = True
    """True if the page's answer is the answer; else `reached` gives it, and the page only reports that it has begun."""
    operation_name: ClassVar[str]
    """The function in the page's scripts, and the name in the outbox. Derived from the class's name."""
    answer: ClassVar[type[Any] | None]
    """The type of the answer. Derived from the type argument of `Operation`."""

    def __init_subclass__(cls) -> None:
        cls.operation_name = cls.__name__[0].lower() + cls.__name__[1:]
        for base in getattr(cls, "__orig_bases__", ()):
            for argument in get_args(base):
                cls.answer = None if argument is type(None) else argument

    @property
    def arguments(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)

    @property
    def files(self) -> dict[str, File]:
        """The files among the fields, by the field's name."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in given.items() if isinstance(value, File)}

    @property
    def upload(self) -> Seconds:
        """The seconds that its files may take to WhatsApp, besides the time limit of any operation."""
        return sum(file.size for file in self.files.values()) / SLOWEST_UPLOAD

    def reached(self, status: Status) -> Answer | None:
        """Return the answer if the client's `status` gives it, else None."""
        return None

    def unfit(self, state: State) -> ClientRefusal:
        """Return the refusal of a client in another state than `states`, or without a page."""
        return NotReady(state)

    def failed(self, failure: Failure) -> ClientRefusal:
        """Return the refusal of an operation that has failed."""
        if failure.declined and failure.code == UNASKED:
            return OperationUnanswered(failure.why)
        if failure.declined and failure.code in NOT_FOUND:
            return NotInAccount(failure.why, NOT_FOUND[failure.code])
        if failure.declined:
            return OperationRefused(failure.why, failure.code)
        return (OperationUnanswered if self.effect is Effect.READ else OperationUnknown)(failure.why)
