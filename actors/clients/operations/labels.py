"""Operations on labels of chats, which accounts of WhatsApp Business have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Generic

from actors.clients.errors import ClientRefusal, OperationRefused
from actors.clients.operations.base import Answer, Effect, Failure, Operation
from actors.clients.operations.fields import Chat, Limits, Title

LABEL_REFUSALS: Mapping[str, str] = {
    "is_not_business": "Only accounts of WhatsApp Business have labels, and this account is none",
    "label_not_exist": "There is no such label",
    "canot_get_label_error": "There is no such label",
    "color_not_in_pallet": "There is no such colour: they are numbers from 0 to 19",
    "404": "There is no such label",
}
"""Codes of wa-js 4.6.0 and our sentences."""

LabelId = Annotated[str, Limits(pattern=r"^[0-9]{1,10}$")]
"""The number of a label."""
LabelIds = Annotated[tuple[LabelId, ...], Limits(max_length=20)]
"""Labels; none of them is allowed."""
Color = Annotated[int, Limits(ge=0, le=19)]
"""A colour's place among those that WhatsApp has."""


@dataclass(frozen=True, slots=True)
class LabelOperation(Operation[Answer], Generic[Answer]):
    """The base of all operations on labels: their refusals are told in sentences."""

    def failed(self, failure: Failure) -> ClientRefusal:
        """See `Operation`."""
        if failure.declined and (why := LABEL_REFUSALS.get(failure.code or "")):
            return OperationRefused(why, failure.code)
        return Operation.failed(self, failure)


@dataclass(frozen=True, slots=True)
class ChatLabel:
    """A label."""

    id: str
    """The label's number."""
    name: str
    """Its name."""
    color: int | None = None
    """Its colour, by its place among WhatsApp's 20."""
    hex: str | None = None
    """The colour itself, such as `#64c4ff`."""


@dataclass(frozen=True, slots=True)
class LabelList:
    """Labels."""

    labels: tuple[ChatLabel, ...]
    """The labels."""


@dataclass(frozen=True, slots=True)
class LabelledChat:
    """A chat that has a label."""

    id: str
    """The chat as WhatsApp names it."""
    lid: str | None = None
    phone: str | None = None
    name: str | None = None
    """Its name in the list of chats."""


@dataclass(frozen=True, slots=True)
class LabelledChats:
    """The chats that have a label."""

    chats: tuple[LabelledChat, ...]
    """The chats."""


_ONE = ("WPP.labels.getLabelById", "WPP.profile.isBusiness", "WPP.whatsapp.LabelStore.get")
_LABEL = ChatLabel("3", "New order", 4, "#99b6c1")


@dataclass(frozen=True, slots=True)
class ListLabels(LabelOperation[LabelList]):
    """List all labels of the account."""

    effect = Effect.READ
    example = LabelList((_LABEL,))
    needs = ("WPP.labels.getAllLabels", "WPP.profile.isBusiness")


@dataclass(frozen=True, slots=True)
class CreateLabel(LabelOperation[ChatLabel]):
    """Create a label. Without a colour, WhatsApp chooses one."""

    name: Title
    """Its name."""
    color: Color | None = None
    """Its colour, by its place among WhatsApp's 20. Left out, WhatsApp chooses one."""

    effect = Effect.CHANGE
    example = _LABEL
    needs = ("WPP.labels.addNewLabel",)


@dataclass(frozen=True, slots=True)
class ChangeLabel(LabelOperation[ChatLabel]):
    """Change the name or the colour of a label.

    What is left out stays as it is.
    """

    label: LabelId
    name: Title | None = None
    """The new name. Left out, it stays."""
    color: Color | None = None
    """The new colour, by its place among WhatsApp's 20. Left out, it stays."""

    effect = Effect.CHANGE
    example = _LABEL
    needs = (*_ONE, "WPP.whatsapp.functions.labelEditAction")


@dataclass(frozen=True, slots=True)
class DeleteLabel(LabelOperation[None]):
    """Delete a label, and take it off all chats."""

    label: LabelId

    effect = Effect.CHANGE
    example = None
    needs = (*_ONE, "WPP.labels.deleteLabel")


@dataclass(frozen=True, slots=True)
class ListLabelsOfChat(LabelOperation[LabelList]):
    """List the labels of a chat."""

    chat: Chat

    effect = Effect.READ
    example = LabelList((_LABEL,))
    needs = ("WPP.chat.find", "WPP.labels.getAllLabels", "WPP.profile.isBusiness")


@dataclass(frozen=True, slots=True)
class SetLabelsOfChat(LabelOperation[LabelList]):
    """Give a chat these labels, and take all others off it."""

    chat: Chat
    labels: LabelIds
    """The numbers of the labels; an empty list takes all off."""

    effect = Effect.CHANGE
    example = LabelList((_LABEL,))
    needs = (*_ONE, "WPP.chat.find", "WPP.labels.getAllLabels", "WPP.labels.addOrRemoveLabels")


@dataclass(frozen=True, slots=True)
class ListChatsOfLabel(LabelOperation[LabelledChats]):
    """List the chats that have a label."""

    label: LabelId

    effect = Effect.READ
    example = LabelledChats((LabelledChat("5491122334455@c.us", "99999999999@lid", "5491122334455", "Bea"),))
    needs = _ONE
