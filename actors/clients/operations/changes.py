"""Operations on an earlier message: reactions, edits, deletions, stars and pins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from actors.clients.operations.base import Effect, Operation
from actors.clients.operations.fields import Chat, MessageRef, MessageText, Reaction

_FINDING = ("WPP.chat.find", "WPP.chat.getMessageById", "WPP.whatsapp.MsgStore")
"""The functions that find the message."""


@dataclass(frozen=True, slots=True)
class MessageChange(Operation[None]):
    """The base of operations on one message of a chat, by its bare or full id."""

    chat: Chat
    message: MessageRef

    effect = Effect.CHANGE


@dataclass(frozen=True, slots=True)
class ReactToMessage(MessageChange):
    """React to a message; an empty reaction takes it back."""

    reaction: Reaction
    """The emoji; empty takes the reaction back."""

    example = None
    needs = (*_FINDING, "WPP.chat.sendReactionToMessage")


@dataclass(frozen=True, slots=True)
class EditMessage(MessageChange):
    """Change the text of an own message, or the caption of its file.

    WhatsApp allows that for 15 minutes.
    """

    text: MessageText
    """The new text."""

    example = None
    needs = (*_FINDING, "WPP.chat.editMessage")


@dataclass(frozen=True, slots=True)
class DeleteMessage(MessageChange):
    """Delete a message, for everyone or in this account alone.

    For everyone: an own message, or any in a group of which the account is an admin. Everything else is refused, and
    stays as it is.
    """

    everyone: bool = True
    """True: for everyone; false: in this account alone."""

    example = None
    needs = (*_FINDING, "WPP.chat.deleteMessage")


@dataclass(frozen=True, slots=True)
class StarMessage(MessageChange):
    """Star a message, or take the star away."""

    starred: bool = True
    """True: star it; false: take the star away."""

    example = None
    needs = (*_FINDING, "WPP.chat.starMessage")


@dataclass(frozen=True, slots=True)
class PinMessage(MessageChange):
    """Pin a message in its chat, or unpin it."""

    pinned: bool = True
    """True: pin it; false: unpin it."""
    duration: Literal[86400, 604800, 2592000] = 604800
    """How long, in seconds: a day, a week or 30 days."""

    example = None
    needs = (*_FINDING, "WPP.chat.pinMsg")
