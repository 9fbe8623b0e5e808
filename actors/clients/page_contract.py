"""The page contract: which of the names that the driver and its operations use exist in a page. Plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

CONNECTION = "ready"
"""The name of the fact without which a page reports nothing of its connection to WhatsApp."""
SENDING = "sendText"
"""The name of the operation without which nothing can be sent."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class PageContract:
    """The result of reading a page once wa-js was ready in it; again after each loading.

    `missing` are names of wa-js or WhatsApp Web that do not exist, or are not functions. `lost` are the features that
    do not work without them: operations (`sendText`), account events (`message.ack`), facts (`qrShown`) and fields of
    events (`lid`), by their names.
    """

    version: str | None = None
    """WhatsApp Web's own."""
    revision: int | None = None
    push_phase: str | None = None
    wa_js: str | None = None
    generation: str | None = None
    """The generation by the page's features: `modern`, `classic`; None if neither is evident."""
    missing: tuple[str, ...] = ()
    no_functions: tuple[str, ...] = ()
    """The missing names that exist but are not functions."""
    unhooked: tuple[str, ...] = ()
    """Functions that wa-js listens to by wrapping them, and that were replaced."""
    lost: frozenset[str] = field(default_factory=frozenset)
    unresolved: tuple[str, ...] = ()
    """Names that wa-js itself reports as not found. Much of it is never used."""

    @property
    def whole(self) -> bool:
        """True if everything exists."""
        return not self.missing and not self.unhooked

    @property
    def can_be_heard(self) -> bool:
        """True if the page's facts about its link can be received."""
        return CONNECTION not in self.lost

    @property
    def can_send(self) -> bool:
        """True if everything that sending needs exists."""
        return SENDING not in self.lost

    @property
    def faults(self) -> tuple[str, ...]:
        """All faults, by name."""
        return (*self.missing, *self.unhooked)

    @property
    def text(self) -> str:
        """The sentence that names the fault."""
        page = f"WhatsApp Web {self.version or 'of unknown version'}"
        told = [f"has no {listed(self.missing)}"] if self.missing else []
        told += [f"has let go of {listed(self.unhooked)}"] if self.unhooked else []
        if not told:
            return f"{page} has all that wa-js {self.wa_js or ''} is asked for".replace("  ", " ")
        without = f"; without: {', '.join(sorted(self.lost))}" if self.lost else ""
        return f"{page} {' and '.join(told)}, which wa-js {self.wa_js or ''} looks for{without}".replace("  ", " ")


def listed(names: Iterable[str]) -> str:
    """Return the first few names for a sentence."""
    known = list(names)
    more = len(known) - _SHOWN
    return ", ".join(known[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
