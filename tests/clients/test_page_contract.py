"""What a client makes of its page's contract: its reason, whether it can send, and why a start has failed."""

from __future__ import annotations

import pytest

from actors.browser.fake import Habits
from actors.clients.errors import PageOutdated
from actors.clients.page_contract import CONNECTION, SENDING, PageContract
from actors.clients.protocol import ContractRead, Ready
from actors.clients.types import Reason, State
from tests.clients.rig import by_hand_ready, world

WHOLE = PageContract("2.3000.1", wa_js="4.6.0")
DEAF = PageContract("2.3000.2", wa_js="4.6.0", missing=("handleChatSimpleReceipt",), lost=frozenset({"message.ack"}))
MUTE = PageContract("2.3000.2", wa_js="4.6.0", missing=("addAndSendMsgToChat",), lost=frozenset({SENDING}))
DUMB = PageContract("2.3000.2", wa_js="4.6.0", missing=("Stream",), lost=frozenset({CONNECTION}))


def test_a_client_whose_page_is_whole_has_no_reason() -> None:
    with world(Habits(contract=WHOLE)) as w:
        w.ready()
        assert w.status().contract == WHOLE
        assert (w.reason(), w.status().can_send) == (None, True)
        assert w.send().get(timeout=0)


def test_a_client_that_lacks_something_is_ready_and_names_it() -> None:
    with world(Habits(contract=DEAF)) as w:
        w.ready()
        assert (w.state(), w.reason(), w.status().can_send) == (State.READY, Reason.WA_JS_OUTDATED, True)
        assert w.status().reason_text == (
            "WhatsApp Web 2.3000.2 has no handleChatSimpleReceipt, which wa-js 4.6.0 looks for; without: message.ack"
        )


def test_a_client_that_cannot_send_refuses_and_orders_nothing() -> None:
    with world(Habits(contract=MUTE)) as w:
        w.ready()
        assert not w.status().can_send
        with pytest.raises(PageOutdated, match="has no addAndSendMsgToChat"):
            w.send().get(timeout=0)
        assert w.page().ordered("send_text") == []


def test_a_page_that_is_whole_again_takes_the_reason_back() -> None:
    with world(Habits(opens=False)) as w:
        by_hand_ready(w)
        w.tell(ContractRead(MUTE))
        assert w.reason() is Reason.WA_JS_OUTDATED
        w.tell(ContractRead(WHOLE), Ready("549"))
        assert (w.reason(), w.status().reason_text, w.status().can_send) == (None, None, True)
        assert w.memory.contracts == [MUTE, WHOLE]


def test_a_start_that_is_never_heard_of_fails_for_what_the_page_lacks() -> None:
    with world(Habits(opens=False)) as w:
        w.init()
        w.tell(ContractRead(DUMB))
        w.advance(61.0)
        assert (w.state(), w.reason()) == (State.ERROR, Reason.WA_JS_OUTDATED)
        assert "has no Stream" in (w.status().reason_text or "")
