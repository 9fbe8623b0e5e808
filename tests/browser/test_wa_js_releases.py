"""The releases of wa-js from 4.5.0 on, each on the sandbox: a code, a scan, READY, a message out and its ticks."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from actors.browser import wa_js
from actors.browser.browser import ChromiumBrowser
from actors.clients.operations.messages import SendText
from actors.clients.protocol import Answered, QrShown, Ready
from tests.browser.pages import CHAT, NUMBER, Opened, options, running
from tests.rig import Sandbox

pytestmark = pytest.mark.e2e

PACKAGE = Path("node_modules") / "@wppconnect" / "wa-js"
OLDEST = (4, 5, 0)
PINNED = wa_js.load().version
OTHERS = ("4.5.0", "4.6.1")
"""Releases that work besides the pinned one: below 4.5.0 wa-js does not wait for modules to settle (its #3499)."""
NPM_PATIENCE = 60.0


def installed(version: str, directory: Path) -> Path:
    """The package of a release, from npm. Skips where the registry is out of reach."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    arguments = ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", f"@wppconnect/wa-js@{version}"]
    try:
        subprocess.run(
            [npm, *arguments, "--prefix", str(directory)], check=True, capture_output=True, timeout=NPM_PATIENCE
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm's registry did not answer within {NPM_PATIENCE:g} s")
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace")
        if any(word in said for word in ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "E404", "ETARGET")):
            pytest.skip(f"npm's registry is out of reach, or does not have {version}: {said.strip()[:200]}")
        raise
    return directory / PACKAGE


@pytest.fixture(params=[PINNED, *OTHERS])
def release(request: pytest.FixtureRequest, tmp_path: Path) -> wa_js.WaJs:
    """Each release that is to work."""
    version: str = request.param
    found = wa_js.load() if version == PINNED else wa_js.load(installed(version, tmp_path / "npm"))
    assert found.version == version
    return found


@pytest.mark.parametrize("compat", ["modern", "classic"])
def test_a_release_boots_pairs_and_sends(release: wa_js.WaJs, compat: str, tmp_path: Path, sandbox: Sandbox) -> None:
    sandbox.post("/settings", compat=compat)
    browser = ChromiumBrowser(options(tmp_path / "data", sandbox.url))
    browser.check()
    assert browser._found is not None
    browser._found = release, browser._found[1]
    with running(browser):
        assert browser.versions["wa_js"] == release.version
        page = Opened(browser)
        sandbox.post("/scan", code=page.told.until(QrShown).code, number=NUMBER)
        page.told.until(Ready)
        page.page.call("order", SendText(CHAT, f"by {release.version}"))
        assert page.told.until(Answered).order == "order"
        page.close()


def test_the_pinned_release_is_one_that_works() -> None:
    manifest = json.loads((wa_js.PACKAGE.parents[2] / "package.json").read_text("utf-8"))
    assert manifest["dependencies"]["@wppconnect/wa-js"] == PINNED
    assert tuple(map(int, PINNED.split("."))) >= OLDEST
