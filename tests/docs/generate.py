"""The documents that are made from the code: `python -m tests.docs.generate` writes those that are stale.

A document belongs in this table if a test could not keep it true otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from actors.settings.reference import settings_page
from tests.docs.events import events_page
from tests.docs.operations import operations_page
from tests.docs.security import security_page
from tests.docs.supervision import supervision_page
from tests.docs.waha import waha_page

ROOT = Path(__file__).parents[2]
GENERATED: dict[str, Callable[[], str]] = {
    "docs/events.md": events_page,
    "docs/operations.md": operations_page,
    "docs/security.md": security_page,
    "docs/settings.md": settings_page,
    "docs/supervision.md": supervision_page,
    "docs/waha.md": waha_page,
}


def stale() -> list[str]:
    """The documents that are not what the code would make of them now."""
    return [name for name, make in GENERATED.items() if _written(name) != make()]


def _written(name: str) -> str | None:
    path = ROOT / name
    return path.read_text("utf-8") if path.exists() else None


def main() -> None:
    """Write what is stale, and say so."""
    for name in stale():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GENERATED[name](), "utf-8")
        print(f"written: {name}")


if __name__ == "__main__":
    main()
