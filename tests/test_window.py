"""A window must outlive a test that fails: those after it use it too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.window import Window


def test_what_a_window_answers_too_late_does_not_make_it_deaf(tmp_path: Path) -> None:
    with Window(tmp_path / "profile") as window:
        window.goto("about:blank")
        with pytest.raises(AssertionError, match="nothing after"):
            window.js("new Promise(() => {})", 0.1)
        window.goto("about:blank")  # ends what was given up on, with an error
        assert window.js("1 + 1") == 2
        assert window.complaints == []
