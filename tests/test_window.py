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


DRAWN_ANEW = """(() => {
    window.clicks = 0;
    const button = () => Object.assign(document.createElement('button'), { onclick: () => { window.clicks += 1; } });
    setInterval(() => document.body.replaceChildren(...(document.body.childNodes.length ? [] : [button()])));
})()"""


def test_what_is_there_for_a_moment_only_is_clicked_once(tmp_path: Path) -> None:
    with Window(tmp_path / "profile") as window:
        window.goto("about:blank")
        window.js(DRAWN_ANEW)
        for count in range(1, 21):
            window.click("button")
            assert window.js("window.clicks") == count


def test_a_field_is_filled_once_it_takes_the_focus(tmp_path: Path) -> None:
    with Window(tmp_path / "profile") as window:
        window.goto("about:blank")
        window.js("(document.body.innerHTML = '<input><dialog></dialog>', null)")
        window.js("(document.querySelector('dialog').showModal(), null)")
        window.js("(setTimeout(() => document.querySelector('dialog').close(), 200), null)")
        window.fill("input", "text")
        assert window.js("document.querySelector('input').value") == "text"


def test_what_a_test_excuses_is_passed_over_also_when_it_comes_late(tmp_path: Path) -> None:
    with Window(tmp_path / "profile") as window:
        window.goto("about:blank")
        window.excuse("expected")
        window.js("console.error('expected')")
        window.js("console.error('a defect')")
        assert window.complaints == ["console: ['a defect']"]
        window.forget()
        window.js("console.error('expected')")
        assert window.complaints == ["console: ['expected']"]
