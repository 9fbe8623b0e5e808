"""Messages on their way out: POST /send and /messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model, field_validator, model_validator

from actors.clients.operations.fields import Chat, File, MessageText
from actors.clients.operations.media import (
    SendDocument,
    SendImage,
    SendSticker,
    SendVideo,
    SendVideoNote,
    SendVoice,
)
from actors.clients.operations.messages import (
    ForwardMessage,
    Send,
    SendContacts,
    SendLocation,
    SendPoll,
    SendText,
)
from actors.clients.types import ClientId, LinkedAccount
from actors.media.conversion import Form
from actors.store.message_states import HeldBecause, MessageState
from actors.store.outbox import HeldMessages, ListMessages, Message, chat_in
from gateway.schemas.files import Convertible, FileSource, MediaAnswer
from gateway.schemas.shape import ID, Answer, Instant, Query, Request, epoch, iso


class ToChat(Request):
    """The common fields of bodies that send."""

    to: Chat
    """The chat to send to: a phone number, or its id (`…@c.us`, `…@g.us`, `…@lid`)."""
    cliente_id: int | None = None
    """The client's number, if it is said here too: it must be that of the header."""
    priority: Annotated[int, Field(ge=0, le=9)]

    @property
    def chat(self) -> str:
        """The id of the chat to send to."""
        return self.to


CONTENTS: dict[str, type[Send]] = {
    "message": SendText,
    "location": SendLocation,
    "contacts": SendContacts,
    "poll": SendPoll,
    "forward": ForwardMessage,
    "image": SendImage,
    "document": SendDocument,
    "video": SendVideo,
    "voice": SendVoice,
    "video_note": SendVideoNote,
    "sticker": SendSticker,
}
"""Field of a body of POST /messages -> its operation: the field has the operation's arguments besides the chat, or the
only one of them. The operation's options stand beside it. A file among the arguments is told by what names it: `url`,
`data` or `digest`, and the like.
"""
FILE = "file"
"""The argument that is a file."""
CONVERTED: dict[str, Form] = {
    "voice": Form.VOICE,
    "video": Form.VIDEO,
    "video_note": Form.VIDEO,
    "sticker": Form.STICKER,
}
"""Contents whose file the service can convert first."""
WITH_FILES = tuple(name for name, kind in CONTENTS.items() if FILE in {field.name for field in fields(kind)})
"""Contents that are files."""


def _options() -> dict[str, Any]:
    """Return the options of all kinds: name -> type and default, for pydantic."""
    found: dict[str, Any] = {}
    for kind in CONTENTS.values():
        types, names = get_type_hints(kind, include_extras=True), kind.option_names()
        found |= {one.name: (types[one.name], one.default) for one in fields(kind) if one.name in names}
    return found


OPTIONS = _options()


def _not_null(schema: dict[str, Any]) -> None:
    """Optional fields are not nullable in the document."""
    if schema.get("default", ...) is None:
        del schema["default"]


if TYPE_CHECKING:

    class WithOptions(ToChat):
        """The options beside the content."""
else:
    WithOptions = create_model(
        "WithOptions",
        __base__=ToChat,
        **{name: (kind, Field(default, json_schema_extra=_not_null)) for name, (kind, default) in OPTIONS.items()},
    )


class SendRequest(WithOptions):
    """Body of POST /send. Unknown fields mean nothing, as in v2.0, but for those that `gateway.unknown_names` lists."""

    model_config = ConfigDict(extra="allow")

    message: MessageText
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    """Higher goes first; 8 and 9 go past the pace. A caller who waits goes ahead of bulk by default."""

    @property
    def operation(self) -> Send:
        """Return what is to be sent."""
        return SendText(self.chat, self.message, **{name: getattr(self, name) for name in SendText.option_names()})


class QueuedRequest(WithOptions):
    """The fields of POST /messages besides the content. Instants are ISO 8601 with an offset."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in CONTENTS]})

    priority: Annotated[int, Field(ge=0, le=9)] = 0
    """0 to 9; higher goes first among the client's messages, and 8 and 9 go past the pace."""
    send_at: Instant | None = None
    """Not before this instant."""
    expires_at: Instant | None = None
    """Not after this instant: the message is `expired` then."""

    @model_validator(mode="after")
    def _has_one_content(self) -> Self:
        given = [name for name in CONTENTS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"should have one of {', '.join(CONTENTS)}, and only one")
        if any(card.vcard and (card.phone or card.organization) for card in getattr(self, "contacts", None) or ()):
            raise ValueError("should have no phone and no organization beside a vcard, which is sent unchanged")
        begins, ends = self.instant("send_at"), self.instant("expires_at")
        if begins is not None and ends is not None and ends <= begins:
            raise ValueError("should have expires_at after send_at")
        taken = CONTENTS[given[0]].option_names()
        for name, (_, default) in OPTIONS.items():
            if name not in taken and getattr(self, name) != default:
                raise ValueError(f"should have no {name} beside {given[0]}")
        return self

    @property
    def content(self) -> tuple[str, Any]:
        """Return the content's field, and what it has."""
        ((name, content),) = ((name, value) for name in CONTENTS if (value := getattr(self, name)) is not None)
        return name, content

    def operation(self, file: File | None = None) -> Send:
        """Return what is to be sent; `file` is the one that the content names."""
        name, content = self.content
        kind = CONTENTS[name]
        options = {option: getattr(self, option) for option in kind.option_names()}
        if not isinstance(content, BaseModel):
            return kind(self.chat, **{_only(name): content}, **options)
        arguments = {argument: getattr(content, argument) for argument in _arguments(name) if argument != FILE}
        files: dict[str, Any] = {} if file is None else {FILE: file}
        return kind(self.chat, **arguments, **files, **options)

    @field_validator("send_at", "expires_at")
    @classmethod
    def _is_an_instant(cls, text: str | None) -> str | None:
        if text is not None:
            epoch(text)
        return text

    def instant(self, field: Literal["send_at", "expires_at"]) -> float | None:
        """One of the instants in epoch seconds."""
        text = self.send_at if field == "send_at" else self.expires_at
        return None if text is None else epoch(text)


@cache
def _arguments(name: str) -> Mapping[str, Any]:
    """Return the arguments of a content's operation, besides the chat: name -> type and default, for pydantic.

    Read once: each request and each answer needs them, and reading the types took 1.5 ms.
    """
    kind = CONTENTS[name]
    types = get_type_hints(kind, include_extras=True)
    given = [field for field in fields(kind) if field.name != "chat" and not field.kw_only]
    return {field.name: (types[field.name], ... if field.default is MISSING else field.default) for field in given}


def _only(name: str) -> str:
    ((only, _),) = _arguments(name).items()
    return str(only)


def shape_name(content: str, *, answered: bool = False) -> str:
    """Return the name of a content's shape in a body, or in an answer."""
    return content.title().replace("_", "") + ("Sent" if answered else "")


def _contents(base: type[BaseModel], files: Callable[[str], type[BaseModel]]) -> dict[str, Any]:
    """Return the type of each content, by its field: a model of this base, or of that for a content with a file."""
    found: dict[str, Any] = {}
    for name in CONTENTS:
        arguments, title = dict(_arguments(name)), shape_name(name, answered=base is not Request)
        if FILE in arguments:
            del arguments[FILE]
            found[name] = create_model(title, __base__=files(name), __doc__=CONTENTS[name].__doc__, **arguments)
        elif len(arguments) > 1:
            found[name] = create_model(title, __base__=base, __doc__=CONTENTS[name].__doc__, **arguments)
        else:
            found[name] = arguments[_only(name)][0]
    return found


def _source(name: str) -> type[BaseModel]:
    return Convertible if name in CONVERTED else FileSource


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)  # a content may be left out, but is never null


if TYPE_CHECKING:

    class MessageRequest(QueuedRequest):
        """Body of POST /messages."""
else:
    MessageRequest = create_model(
        "MessageRequest",
        __base__=QueuedRequest,
        __doc__=f"Body of POST /messages: one of {', '.join(CONTENTS)} says what is sent.",
        **{
            name: (kind, Field(None, json_schema_extra=_without_default))
            for name, kind in _contents(Request, _source).items()
        },
    )


BACKWARDS = "-"
"""The first character of `next` in a list with the newest first: it goes on to older messages."""


class MessagesQuery(Query):
    """Query of GET /messages."""

    state: MessageState | None = None
    """Messages in this state only."""
    to: Chat | None = None
    """Messages to this number or chat only."""
    since: Instant | None = None
    """Messages that were accepted from this instant on."""
    until: Instant | None = None
    """Messages that were accepted before this instant."""
    order: Literal["newest", "oldest"] | None = None
    """The order of acceptance: `newest` first, the default, or `oldest` first."""
    after: Annotated[str, StringConstraints(pattern=rf"^-?{ID[1:]}")] | None = None
    """The `next` of the page before; or a message's id: those that were accepted after it, oldest first."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100

    @field_validator("since", "until")
    @classmethod
    def _is_an_instant(cls, text: str | None) -> str | None:
        if text is not None:
            epoch(text)
        return text

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.since is not None and self.until is not None and epoch(self.since) >= epoch(self.until):
            raise ValueError("since should be before until")
        if self.order == "oldest" and self.after is not None and self.after.startswith(BACKWARDS):
            raise ValueError("after is of a list with the newest first: leave order out, or begin without after")
        return self

    @property
    def newest_first(self) -> bool:
        """The order: as said, or that of the page before, or the newest first."""
        if self.order is not None:
            return self.order == "newest"
        return self.after is None or self.after.startswith(BACKWARDS)

    def asked(self, client_id: ClientId) -> ListMessages:
        """Return the question to the store."""
        return ListMessages(
            client_id,
            self.state,
            self.to,
            None if self.after is None else self.after.removeprefix(BACKWARDS),
            self.limit,
            self.newest_first,
            None if self.since is None else epoch(self.since),
            None if self.until is None else epoch(self.until),
        )


class SentAnswer(Answer):
    """POST /send, once WhatsApp has the message."""

    ok: Literal[True] = True
    """Always true, as in v2.0."""
    success: Literal[True] = True
    message_id: str
    """The message's full id at WhatsApp."""
    cliente_id: int
    chat: str
    """The chat as WhatsApp names it."""
    id: str
    """The message's id in the outbox (a ULID), for `GET /messages/{id}`."""
    state: MessageState
    """How far the message is."""
    final: bool
    """False as long as the service has something to do about it."""

    @classmethod
    def of(cls, message: Message) -> Self:
        full = message.full_id or f"true_{message.chat}_{message.message_id}"
        chat = chat_in(full) or message.chat
        return cls(
            message_id=full,
            cliente_id=message.client_id,
            chat=chat,
            id=message.id,
            state=message.state,
            final=message.final,
        )


class AccountAnswer(Answer):
    """A WhatsApp account, as far as its page has said it."""

    phone: str | None
    """Its own number, digits only; null where its page has not said it."""
    lid: str | None

    @classmethod
    def of(cls, account: LinkedAccount) -> Self:
        return cls(phone=account.phone, lid=account.lid)


class HeldOfAccount(Answer):
    """How many messages wait for an account."""

    account: AccountAnswer | None
    """The account that they were accepted for; null for one that was forgotten."""
    messages: int
    """How many wait for it."""


class HeldAnswer(Answer):
    """The messages that wait because the client is linked to another account than theirs."""

    cliente_id: int
    count: int
    """How many wait in all."""
    accounts: list[HeldOfAccount]
    """How many wait for each account."""

    @classmethod
    def of(cls, client_id: ClientId, found: Iterable[HeldMessages]) -> Self:
        accounts = [
            HeldOfAccount(account=AccountAnswer.of(one.account) if one.account.named else None, messages=one.messages)
            for one in found
        ]
        return cls(cliente_id=client_id, count=sum(one.messages for one in accounts), accounts=accounts)


class HeldCount(Answer):
    """How many held messages were released, or cancelled."""

    success: Literal[True] = True
    cliente_id: int
    count: int
    """How many messages were released, or cancelled."""


class OutboxAnswer(Answer):
    """The fields of a message of the outbox besides its content."""

    id: str
    """The message's id in the outbox (a ULID)."""
    state: MessageState
    """How far the message is."""
    final: bool
    """False as long as the service has something to do about it."""
    cliente_id: int
    to: str
    """The chat that it was accepted for."""
    chat: str | None
    """The chat as WhatsApp names it, once it has."""
    message_id: str
    """Its id at WhatsApp: bare until WhatsApp has it, then the full one."""
    account: AccountAnswer | None
    """The account it leaves from; null until the client is linked for the first time."""
    reason: str | None
    """Why it is in its state, where there is something to say."""
    held_because: HeldBecause | None
    """Why it waits though its time has come."""
    priority: int
    """0 to 9; higher goes first."""
    send_at: str | None
    """Not before this instant."""
    expires_at: str | None
    """Not after this instant."""
    attempts: int
    """How many sends of it have crashed the client."""
    times: dict[str, str | None]
    """When it reached each state."""

    @classmethod
    def of(cls, message: Message) -> Self:
        """Return the answer; without the content where that cannot be read."""
        try:
            return cls._with(message, _content_of(message))
        except (ValueError, TypeError, AttributeError):  # stored by a newer version, or damaged
            return cls._with(message, {})

    @classmethod
    def _with(cls, message: Message, content: Mapping[str, Any]) -> Self:
        return cls(
            id=message.id,
            state=message.state,
            final=message.final,
            cliente_id=message.client_id,
            to=message.chat,
            chat=chat_in(message.full_id),
            **content,
            message_id=message.full_id or message.message_id,
            account=None if message.account is None else AccountAnswer.of(message.account),
            reason=message.reason,
            held_because=message.held,
            priority=message.priority,
            send_at=iso(message.send_at),
            expires_at=iso(message.expires_at),
            attempts=message.attempts,
            times={state: iso(at) for state, at in message.times.items()},
        )


def _content_of(message: Message) -> dict[str, Any]:
    """Return the content of a message by its field; nothing where this version does not know its operation."""
    known = (name for name, kind in CONTENTS.items() if kind.operation_name == message.operation)
    name = next(known, None)
    if name is None:
        return {}
    given = {option: value for option, value in message.arguments.items() if option in OPTIONS}
    arguments = {argument: value for argument, value in message.arguments.items() if argument not in given}
    if FILE in arguments:
        return {name: {**arguments.pop(FILE), **arguments}, **given}
    return {name: arguments if len(_arguments(name)) > 1 else arguments.get(_only(name)), **given}


if TYPE_CHECKING:

    class MessageAnswer(OutboxAnswer):
        """One message of the outbox."""
else:
    MessageAnswer = create_model(
        "MessageAnswer",
        __base__=OutboxAnswer,
        __doc__="One message of the outbox.",
        **{name: (kind | None, None) for name, kind in _contents(Answer, lambda _: MediaAnswer).items()},
        **{name: (kind | None, None) for name, (kind, _) in OPTIONS.items()},
    )


class MessagesAnswer(Answer):
    """A page of messages."""

    messages: list[MessageAnswer]
    """The messages of this page."""
    next: str | None
    """Goes into `after` for the page that follows; null where there is none."""

    @classmethod
    def of(cls, found: tuple[Message, ...], asked: ListMessages) -> Self:
        mark = BACKWARDS if asked.newest_first else ""
        following = f"{mark}{found[-1].id}" if len(found) == asked.limit else None
        return cls(messages=[MessageAnswer.of(message) for message in found], next=following)
