"""Messages on their way out: POST /send and /messages."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from actors.store.message_states import MessageState
from actors.store.outbox import Message
from gateway.schemas.shape import CHAT, ID, Answer, Instant, Request, epoch, iso


class SendRequest(Request):
    """Body of POST /send."""

    to: Annotated[str, StringConstraints(pattern=CHAT)]
    message: str
    cliente_id: int | None = None
    priority: Annotated[int, Field(ge=0, le=9)] = 5
    """Higher goes first; 8 and 9 go past the pace. A caller who waits goes ahead of bulk by default."""

    @field_validator("message")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("should not be blank")
        if "\0" in text:
            raise ValueError("should not contain NUL characters")
        return text

    @property
    def chat(self) -> str:
        """The wid to send to: a bare number is a person's chat."""
        return self.to if "@" in self.to else f"{self.to}@c.us"


class MessageRequest(SendRequest):
    """Body of POST /messages. Instants are ISO 8601 with an offset."""

    priority: Annotated[int, Field(ge=0, le=9)] = 0
    send_at: Instant | None = None
    expires_at: Instant | None = None

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


class MessagesQuery(BaseModel):
    """Query of GET /messages: in a state, to a number or chat, after a message's id."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    state: MessageState | None = None
    to: Annotated[str, StringConstraints(pattern=CHAT)] | None = None
    after: Annotated[str, StringConstraints(pattern=ID)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100

    @property
    def chat(self) -> str | None:
        """The wid asked for."""
        return self.to if self.to is None or "@" in self.to else f"{self.to}@c.us"


class SentAnswer(Answer):
    """POST /send, once WhatsApp has the message. `chat` is the chat as WhatsApp names it, `id` for GET /messages."""

    ok: Literal[True] = True
    success: Literal[True] = True
    message_id: str
    cliente_id: int
    chat: str
    id: str
    state: MessageState

    @classmethod
    def of(cls, message: Message) -> Self:
        full = message.full_id or f"true_{message.chat}_{message.message_id}"
        chat = full.split("_")[1]
        return cls(message_id=full, cliente_id=message.client_id, chat=chat, id=message.id, state=message.state)


class MessageAnswer(Answer):
    """One message of the outbox. `times`: when it reached each state. `message_id` is WhatsApp's."""

    id: str
    state: MessageState
    cliente_id: int
    to: str
    message: str
    message_id: str
    reason: str | None
    priority: int
    send_at: str | None
    expires_at: str | None
    attempts: int
    times: dict[str, str | None]

    @classmethod
    def of(cls, message: Message) -> Self:
        return cls(
            id=message.id,
            state=message.state,
            cliente_id=message.client_id,
            to=message.chat,
            message=message.text,
            message_id=message.full_id or message.message_id,
            reason=message.reason,
            priority=message.priority,
            send_at=iso(message.send_at),
            expires_at=iso(message.expires_at),
            attempts=message.attempts,
            times={state: iso(at) for state, at in message.times.items()},
        )


class MessagesAnswer(Answer):
    """A page of messages; `next` goes into `after` for the following page, null where there is none."""

    messages: list[MessageAnswer]
    next: str | None

    @classmethod
    def of(cls, found: tuple[Message, ...], limit: int) -> Self:
        following = found[-1].id if len(found) == limit else None
        return cls(messages=[MessageAnswer.of(message) for message in found], next=following)
