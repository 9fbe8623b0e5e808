"""Whether a page is still where it was opened."""

from __future__ import annotations

from actors.browser.interpret import left
from actors.clients.types import Reason

HOME = "https://web.whatsapp.com/"


def test_a_page_has_left_when_origin_or_path_are_no_longer_ours() -> None:
    assert left(f"{HOME}?post_logout=1#x", False, HOME) is None
    for url in ("https://web.whatsapp.com/elsewhere", "https://example.com/", "about:blank"):
        failure = left(url, False, HOME)
        assert failure is not None
        assert failure.reason is Reason.PAGE_LEFT
    failure = left(HOME, True, HOME)
    assert failure is not None
    assert failure.reason is Reason.PAGE_UNREACHABLE
