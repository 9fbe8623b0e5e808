"""Operations on the account's link to this page, and a screenshot of the page."""

from __future__ import annotations

from dataclasses import dataclass

from actors.clients.errors import ClientRefusal, LogOutFailed, NotReady, PairingUnavailable
from actors.clients.operations.base import Effect, Failure, Operation
from actors.clients.operations.fields import Number
from actors.clients.protocol.status import Status
from actors.clients.types import ClientId, Reason, Seconds, State


@dataclass(frozen=True, slots=True)
class LogOut(Operation[Status]):
    """Log out at WhatsApp.

    The answer comes once the client is logged out: on current pages the promise of WhatsApp Web's own function never
    ends, because the page reloads under it.
    """

    effect = Effect.CHANGE
    example = Status(ClientId(99), State.DISCONNECTED_LOGOUT, reason=Reason.LOGGED_OUT_BY_API)
    needs = ("WPP.conn.logout",)
    by_page = False

    def reached(self, status: Status) -> Status | None:
        """See `Operation`."""
        return status if status.reason is Reason.LOGGED_OUT_BY_API else None

    def failed(self, failure: Failure) -> ClientRefusal:
        """See `Operation`."""
        return LogOutFailed(f"WhatsApp Web did not confirm the logout. Current state: {failure.state}")


@dataclass(frozen=True, slots=True)
class RefreshQr(Operation[None]):
    """Get new codes from WhatsApp Web after it has stopped showing them."""

    effect = Effect.CHANGE
    example = None
    states = frozenset({State.QR_REQUIRED})
    needs = ("WPP.whatsapp.BackendEventBus", "WPP.whatsapp.Cmd")


PAIRING_CODE_LIFE: Seconds = 180.0
"""The time for which WhatsApp Web accepts a pairing code; it has a new code after 195 s, five times at most.

Source: its bundles.
"""


@dataclass(frozen=True, slots=True)
class PairingCode:
    """The code to type on the phone (`ABCD-EFGH` without the dash), valid for `lifetime` seconds."""

    code: str
    lifetime: Seconds = PAIRING_CODE_LIFE


PAIRING_REFUSALS: dict[str, tuple[Reason | None, str]] = {
    "IQErrorBadRequest": (
        Reason.PLATFORM_REFUSED,
        "WhatsApp gives no pairing code to the browser and system this page runs in (400): change SM_USER_AGENT, or "
        "scan the QR",
    ),
    "IQErrorRateOverlimit": (None, "WhatsApp gives no pairing code now: too many were asked for (429)"),
    "IQErrorFeatureNotAvailable": (None, "WhatsApp has no pairing codes for this number: scan the QR"),
}
"""WhatsApp Web's names for the server's refusals of a pairing code, which end its error's text, and our sentences.

Source: its own bundles; for 400, pull request 2769 of Baileys.
"""


@dataclass(frozen=True, slots=True)
class RequestPairingCode(Operation[PairingCode]):
    """Request a code to type on the phone of that number."""

    phone: Number

    effect = Effect.CHANGE
    example = PairingCode("ABCD1234")
    states = frozenset({State.QR_REQUIRED})
    needs = ("WPP.conn.genLinkDeviceCodeForPhoneNumber",)
    confined = True

    def unfit(self, state: State) -> ClientRefusal:
        """See `Operation`."""
        return PairingUnavailable(f"A pairing code can be asked for in QR_REQUIRED only, not in {state}")

    def failed(self, failure: Failure) -> ClientRefusal:
        """See `Operation`."""
        told = next((why for name, (_, why) in PAIRING_REFUSALS.items() if failure.why.endswith(name)), failure.why)
        return PairingUnavailable(told)


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A PNG image."""

    png: bytes


@dataclass(frozen=True, slots=True)
class TakeScreenshot(Operation[Screenshot]):
    """Take a picture of the page."""

    effect = Effect.READ
    example = Screenshot(
        bytes.fromhex(
            "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
            "0000000a49444154789c63f80f0001010100b138f6140000000049454e44ae426082"
        )
    )
    states = frozenset(State)

    def failed(self, failure: Failure) -> ClientRefusal:
        """See `Operation`."""
        return NotReady(failure.state)
