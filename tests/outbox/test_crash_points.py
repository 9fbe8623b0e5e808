"""The process ends at every durable step of a send; its caller asks again, and the message has arrived once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.browser.fake import Outgoing
from actors.clients.operations.messages import SendText
from actors.store.message_states import MessageState
from tests.campaign.fake_whatsapp import RecordedWhatsApp, arrivals
from tests.outbox.conftest import CHAT, ONE, Post
from tests.outbox.crashing import AGAIN, CRASHED, KEY, POINTS, TEXT, hand_in
from tests.rig.forked import Interpreter

LEFT = {"after WhatsApp has it", "after the page has answered", "before the settlement", "after the settlement"}
"""Where WhatsApp has it when the process ends."""


@pytest.mark.parametrize("point", POINTS)
def test_a_message_arrives_once_wherever_the_process_ended(
    tmp_path: Path, interpreter: Interpreter, point: str
) -> None:
    crash(interpreter, tmp_path, point)
    assert [arrival.text for arrival in arrivals(tmp_path / "whatsapp")] == ([TEXT] if point in LEFT else [])

    arrives_once(tmp_path)


@pytest.mark.parametrize(("first", "second"), AGAIN)
def test_a_message_arrives_once_if_the_process_ends_again_while_it_makes_up_for_an_end(
    tmp_path: Path, interpreter: Interpreter, first: str, second: str
) -> None:
    crash(interpreter, tmp_path, first)
    crash(interpreter, tmp_path, second)
    arrives_once(tmp_path)


def crash(interpreter: Interpreter, directory: Path, point: str) -> None:
    """A life of the service that ends at this point."""
    ended = interpreter.run(["tests.outbox.crashing", str(directory), point], os.environ)
    assert ended.returncode == CRASHED, ended.stderr.decode()[-2000:]


def arrives_once(directory: Path) -> None:
    """Its caller asks again in the next life; that is told, and WhatsApp has it, as one message."""
    post = hand_in(directory)
    try:
        (message,) = post.all()
        assert (message.state, message.key, message.chat) == (MessageState.SENT, KEY, CHAT)
        assert [arrival.times for arrival in arrivals(directory / "whatsapp")] == [1]
        assert post.browser.whatsapp.arrivals(ONE, message.message_id) == 1
    finally:
        close(post)


def close(post: Post) -> None:
    """End that life, in order."""
    post.close()
    assert isinstance(post.browser.whatsapp, RecordedWhatsApp)
    post.browser.whatsapp.close()


def test_the_record_of_the_tests_keeps_what_arrives_twice(tmp_path: Path) -> None:
    """Else the tests above would prove nothing."""
    post = hand_in(tmp_path)
    (message,) = post.all()
    post.browser.whatsapp.deliver(Outgoing(ONE, message.message_id, SendText(CHAT, TEXT)))
    close(post)
    assert [arrival.times for arrival in arrivals(tmp_path / "whatsapp")] == [2]
