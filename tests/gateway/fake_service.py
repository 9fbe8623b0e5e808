"""`python -m tests.gateway.fake_service`: the whole program with its signals, over the fake browser."""

from __future__ import annotations

import sys

from actors.browser.fake import FakeBrowser
from actors.settings import StartRefused, load
from gateway import logs, server


def main() -> int:
    """Serve; the same as `session-manager serve` does."""
    settings = load()
    logs.configure(settings)
    return server.run(settings, FakeBrowser(directory=settings.data_dir / "logins"))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StartRefused as refusal:
        sys.exit(f"session-manager: {refusal}")
