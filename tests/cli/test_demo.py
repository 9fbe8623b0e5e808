"""The demo where it cannot be played: what a newcomer reads then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_without_chromium_it_says_one_sentence_and_shows_no_log(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "demo"],
        env={**os.environ, "PATH": str(tmp_path), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert said[0].startswith("✗")
    assert said[1].startswith("The demo failed: No Chromium was found: install chromium-headless-shell or chromium")
    assert len(said) == 2
