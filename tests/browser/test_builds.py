"""Finding Chromium and wa-js, and what is said where they are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.browser import builds, wa_js
from actors.browser.options import BrowserUnavailable


def test_no_chromium_is_one_sentence_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrowserUnavailable, match="set SM_CHROMIUM"):
        builds.find(tmp_path / "nothing")
    with pytest.raises(BrowserUnavailable, match="does not say its version"):
        builds.find(Path("/bin/true"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrowserUnavailable, match="install chromium-headless-shell"):
        builds.find(None)


def test_a_missing_wa_js_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BrowserUnavailable, match="make setup"):
        wa_js.load(tmp_path)
    assert wa_js.load().version
