"""Operations on the account's own profile, its statuses, and calls to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from actors.clients.errors import ClientRefusal, OperationRefused
from actors.clients.operations.base import Effect, Failure, Operation
from actors.clients.operations.fields import File, Limits

ProfileName = Annotated[str, Limits(min_length=1, max_length=25)]
"""The name that others see. WhatsApp's limit: its apps take 25 characters."""
AboutText = Annotated[str, Limits(min_length=1, max_length=139)]
"""The text below the name. WhatsApp's limit: its apps take 139 characters, and at least one."""
CallId = Annotated[str, Limits(pattern=r"^[0-9A-Za-z]{1,64}$")]
"""The id of a call, as the event `call` tells it."""


@dataclass(frozen=True, slots=True)
class AccountProfile:
    """The account as others see it."""

    id: str
    """The account as WhatsApp names it."""
    lid: str | None = None
    phone: str | None = None
    name: str | None = None
    """The name that others see."""
    about: str | None = None
    """The text below the name."""
    picture: str | None = None
    """Where WhatsApp has its picture, for a while; null where there is none."""
    business: bool = False
    """True for an account of WhatsApp Business."""


@dataclass(frozen=True, slots=True)
class GetProfile(Operation[AccountProfile]):
    """Return the account's name, about text and picture."""

    effect = Effect.READ
    example = AccountProfile("5491100000007@c.us", "750235343914045@lid", "5491100000007", "Ana", "At work")
    needs = ("WPP.profile.getMyProfileName", "WPP.profile.getMyStatus", "WPP.contact.getProfilePictureUrl")


@dataclass(frozen=True, slots=True)
class ChangeProfile(Operation[None]):
    """Change the account's name or its about text.

    What is left out stays as it is.
    """

    name: ProfileName | None = None
    """The name that others see. Left out, it stays."""
    about: AboutText | None = None
    """The text below the name. Left out, it stays."""

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.profile.setMyProfileName", "WPP.profile.setMyStatus")


@dataclass(frozen=True, slots=True)
class SetProfilePicture(Operation[None]):
    """Set the account's picture."""

    picture: File

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.profile.setMyProfilePicture",)


@dataclass(frozen=True, slots=True)
class DeleteProfilePicture(Operation[None]):
    """Take the account's picture away."""

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.profile.removeMyProfilePicture",)


@dataclass(frozen=True, slots=True)
class RejectCall(Operation[None]):
    """Reject a call that rings."""

    call: CallId

    effect = Effect.CHANGE
    example = None
    needs = ("WPP.call.reject",)

    def failed(self, failure: Failure) -> ClientRefusal:
        """See `Operation`."""
        if failure.declined and failure.code in ("call_not_found", "call_is_not_incoming_ring", "404"):
            return OperationRefused("No such call rings: it has ended, or was answered", failure.code)
        return Operation.failed(self, failure)
