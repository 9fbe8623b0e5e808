"""The inference of a permanent ban. Pure: no clock; instants are epoch seconds given by the caller, kept over restarts.

WhatsApp does not tell a linked device that its number is banned: the page sees the same as after a removal from the
phone. The sign of a ban is that a new pairing does not last. So logouts that come soon after their pairing are counted
in a row; `EARLY_LOGOUTS` of them count as a ban, and the reason's text says that this is inferred.

A login that lasted, that sent a message, or that this service ended belongs to a number that is not banned: it ends the
row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from actors.clients.types import Seconds

EARLY_WITHIN: Seconds = 600.0
"""A logout is early if it comes no later than this after the pairing."""
EARLY_LOGOUTS = 2
"""The number of early logouts in a row that counts as a ban."""


@dataclass(frozen=True, slots=True)
class BanEvidence:
    """The evidence on one client number: when a phone was paired, and the early logouts in a row until then.

    `phone` is the linked account's own number, digits only, as last reported; None if none is linked. `counted` is the
    number whose logouts are counted, as far as it was told since the service started: those of one account say nothing
    about another.
    """

    paired_at: Seconds | None = None
    early_logouts: int = 0
    phone: str | None = None
    counted: str | None = None

    def paired(self, at: Seconds) -> BanEvidence:
        """Record that a phone has accepted the code."""
        return BanEvidence(at, self.early_logouts, counted=self.counted)

    def logged_out(self, at: Seconds) -> BanEvidence:
        """Record that the login was ended by another party. A login that lasted ends the row."""
        if self.paired_at is None:  # The same logout reported twice, or a pairing that was not seen: proves nothing.
            return self
        early = at - self.paired_at <= EARLY_WITHIN
        logouts = self.early_logouts + 1 if early else 0
        return replace(self, paired_at=None, early_logouts=logouts, counted=self.phone or self.counted)

    def proven(self) -> BanEvidence:
        """Record that the number is not banned: WhatsApp took a message of it, or a logout.

        Its next logout is not early.
        """
        return BanEvidence(phone=self.phone)

    def linked(self, phone: str | None) -> BanEvidence:
        """Record the account's number; None keeps the known number. Another number begins a row of its own."""
        if phone is None:
            return self
        if self.counted not in (None, phone):
            return replace(self, phone=phone, early_logouts=0, counted=None)
        return replace(self, phone=phone)

    def unlinked(self) -> BanEvidence:
        """Record that the login is void: the next account may be another."""
        return replace(self, phone=None)

    @property
    def looks_banned(self) -> bool:
        """True if the row is long enough for a ban."""
        return self.early_logouts >= EARLY_LOGOUTS

    @property
    def banned_text(self) -> str:
        """The sentence that states the certainty of the ban."""
        return (
            f"Logged out {self.early_logouts} times in a row within {EARLY_WITHIN / 60:g} minutes of pairing: "
            "the number is probably banned. This is inferred; WhatsApp does not say so"
        )
