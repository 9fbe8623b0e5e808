"""PageContract: what one page has of the names that the driver and its operations use. Plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

CONNECTION = "connection"
"""What is heard of the link to WhatsApp; without it a page says nothing."""
SENDING = "sendText"
"""The operation without which nothing can be sent."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class PageContract:
    """What was read in a page, once wa-js was ready in it; again after each loading.

    `missing` are names of wa-js or WhatsApp Web that are not there, or are no function. `lost` is what does not work
    without them: operations by their name, and what the page listens to (`acks`, `reactions`, …).
    """

    version: str | None = None
    """WhatsApp Web's own."""
    revision: int | None = None
    push_phase: str | None = None
    wa_js: str | None = None
    generation: str | None = None
    """By what the page can do: `modern`, `classic`; None where it shows neither."""
    missing: tuple[str, ...] = ()
    no_functions: tuple[str, ...] = ()
    """Those of the missing that are there, and are no function."""
    unhooked: tuple[str, ...] = ()
    """Functions that wa-js listens to by wrapping them, and in whose place something else stands."""
    lost: frozenset[str] = field(default_factory=frozenset)
    unresolved: tuple[str, ...] = ()
    """What wa-js itself has said that it did not find. Much of it is never used."""

    @property
    def whole(self) -> bool:
        """Whether everything is there."""
        return not self.missing and not self.unhooked

    @property
    def can_be_heard(self) -> bool:
        """Whether what the page says of its link can be listened to."""
        return CONNECTION not in self.lost

    @property
    def can_send(self) -> bool:
        """Whether what sending needs is there."""
        return SENDING not in self.lost

    @property
    def faults(self) -> tuple[str, ...]:
        """All that is not as it should be, by name."""
        return (*self.missing, *self.unhooked)

    @property
    def text(self) -> str:
        """The sentence that says what is wrong."""
        page = f"WhatsApp Web {self.version or 'of unknown version'}"
        told = [f"has no {listed(self.missing)}"] if self.missing else []
        told += [f"has let go of {listed(self.unhooked)}"] if self.unhooked else []
        if not told:
            return f"{page} has all that wa-js {self.wa_js or ''} is asked for".replace("  ", " ")
        without = f"; without: {', '.join(sorted(self.lost))}" if self.lost else ""
        return f"{page} {' and '.join(told)}, which wa-js {self.wa_js or ''} looks for{without}".replace("  ", " ")


def listed(names: Iterable[str]) -> str:
    """The names for a sentence, the first few of them."""
    known = list(names)
    more = len(known) - _SHOWN
    return ", ".join(known[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
