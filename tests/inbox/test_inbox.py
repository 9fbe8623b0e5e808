"""A message with a file is told once the file is there; its chat waits, nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from actors.browser.fake import WhatsApp
from actors.clients.errors import NotReady, OperationRefused
from actors.clients.events import MessageArrived
from actors.clients.operations.fields import File
from actors.clients.operations.received import FetchMedia
from actors.inbox.inbox import FileUnavailable
from actors.inbox.rules import InboxRules
from actors.media.folder import MediaFull
from actors.runtime import Backoff
from tests.inbox.conftest import ANA, BOB, ONE, PNG, RULES, TWO, Desk, Open, digest

GONE = OperationRefused("media download failed with 404", None)


def bodies(desk: Desk, **of: Any) -> list[Any]:
    """What was told: the text of a message, or the digest of its file."""
    return [event.payload["body"] or event.payload["media"]["digest"] for event in desk.events(**of)]


def answers(*given: object) -> Iterator[object]:
    """One answer after the other."""
    return iter(given)


def test_a_picture_is_told_with_its_file(desk: Desk) -> None:
    message = desk.picture()
    (event,) = desk.events()
    bare = message.split("_")[2]
    assert event.payload["media"] == {
        "mimetype": "image/png",
        "size": len(message) + 8,
        "filename": None,
        "duration": None,
        "url": f"/media/{bare}.png",
        "digest": digest(message),
        "error": None,
    }
    file = desk.received(message)
    assert file == File(digest(message), len(message) + 8, "image/png", "image.png")
    assert desk.media.path(digest(message)).is_file()
    assert tuple(event.payload) == MessageArrived.fields
    assert desk.held() == ()


def test_what_follows_in_the_chat_waits_and_nothing_else_does(desk: Desk) -> None:
    desk.ready(TWO)
    desk.by_hand()
    first = desk.picture()
    desk.text("after it")
    desk.text("another chat", BOB)
    desk.text("another client", client_id=TWO)
    second = desk.picture()
    assert bodies(desk) == ["another chat"]
    assert bodies(desk, client_id=TWO) == ["another client"]
    assert [held.event.payload["body"] for held in desk.held()] == [None, "after it", None]
    desk.answer(second)
    assert bodies(desk) == ["another chat"]
    desk.answer(first)
    assert bodies(desk) == ["another chat", digest(first), "after it", digest(second)]
    assert [event.sequence for event in desk.events()] == sorted(event.sequence for event in desk.events())
    desk.text("at once again")
    assert bodies(desk)[-1] == "at once again"


def test_an_event_has_the_instant_at_which_it_came_in(desk: Desk) -> None:
    desk.by_hand()
    message, at = desk.picture(), desk.clock.time()
    desk.clock.advance(7.0)
    desk.answer(message)
    assert [event.at for event in desk.events()] == [at]


def test_a_failed_download_is_tried_again_five_times_at_growing_intervals(desk: Desk) -> None:
    given = answers(GONE, GONE, GONE, GONE)
    desk.browser.answers[FetchMedia] = lambda _page, asked: next(given, None) or desk.file(asked.message)
    message = desk.picture()
    tries = []
    for seconds in (0.0, 1.0, 2.0, 4.0, 7.9, 0.1):
        desk.clock.advance(seconds)
        tries.append(len(desk.asked()))
    assert tries == [1, 2, 3, 4, 4, 5]
    assert bodies(desk) == [digest(message)]


def test_what_cannot_be_had_is_told_as_such_and_can_be_asked_for_again(desk: Desk) -> None:
    desk.browser.answers[FetchMedia] = lambda _page, _asked: GONE
    message = desk.picture()
    desk.text("after it")
    desk.clock.advance(15.0)
    assert len(desk.asked()) == RULES.tries
    picture, text = desk.events()
    media = picture.payload["media"]
    assert (media["error"], media["url"]) == ("media download failed with 404", None)
    assert text.payload["body"] == "after it"
    with pytest.raises(OperationRefused, match="404"):
        desk.fetch(message).get(timeout=5)
    assert len(desk.asked()) == RULES.tries + 1
    desk.browser.answers[FetchMedia] = lambda _page, asked: desk.file("again")
    assert desk.fetch(message).get(timeout=5) == desk.received(message)
    assert desk.received(message) == desk.file("again")
    assert len(desk.events()) == 2


def test_a_message_waits_for_its_file_for_a_while_only_and_a_late_file_is_kept(open_desk: Open) -> None:
    desk = open_desk(rules=InboxRules(wait=20.0, backoff=Backoff(first=1.0, cap=30.0, jitter=0.0)))
    desk.ready()
    desk.by_hand()
    message = desk.picture()
    desk.clock.advance(19.9)
    assert bodies(desk) == []
    desk.clock.advance(0.1)
    assert desk.events()[0].payload["media"]["error"] == "The file was not there within 20 s"
    desk.answer(message)
    assert desk.received(message) == desk.file(message)
    assert len(desk.events()) == 1


@pytest.mark.parametrize(
    ("rules", "media", "error"),
    [
        (InboxRules(types=("image/*",)), {"mimetype": "video/mp4"}, None),
        (InboxRules(types=("none",)), {}, None),
        (
            InboxRules(largest=50),
            {"size": 51},
            "The file has 51 bytes and is not fetched: the limit is 50 (SM_MEDIA_IN_MAX)",
        ),
    ],
)
def test_what_the_operator_does_not_want_is_not_fetched(
    open_desk: Open, rules: InboxRules, media: dict[str, Any], error: str | None
) -> None:
    desk = open_desk(rules=rules)
    desk.ready()
    desk.picture(**media)
    assert desk.asked() == []
    told = desk.events()[0].payload["media"]
    assert (told["url"], told["error"]) == (None, error)


@pytest.mark.parametrize("mimetype", ["image/PNG", "image/png; charset=binary"])
def test_types_are_compared_without_parameters_and_case(open_desk: Open, mimetype: str) -> None:
    desk = open_desk(rules=InboxRules(types=("video/*", "image/png")))
    desk.ready()
    message = desk.picture(mimetype=mimetype)
    assert desk.asked() == [message]


def test_a_message_that_a_page_reports_again_is_fetched_and_told_once(desk: Desk) -> None:
    message = desk.picture()
    again = {**desk.events()[0].payload, "live": False}
    desk.browser.page(ONE).tell(MessageArrived(again))
    desk.text("and then")
    assert desk.asked() == [message]
    assert bodies(desk) == [digest(message), "and then"]


def test_what_waits_when_the_service_ends_is_fetched_and_told_after_its_next_start(open_desk: Open) -> None:
    whatsapp = WhatsApp()
    first = open_desk(whatsapp=whatsapp)
    first.ready()
    first.by_hand()
    message = first.picture()
    first.text("after it")
    first.close()

    second = open_desk(whatsapp=whatsapp)
    assert [held.event.payload["body"] for held in second.held()] == [None, "after it"]
    second.ready()
    second.text("and later")
    second.clock.advance(1.0)
    assert bodies(second) == [digest(message), "after it", "and later"]


def test_what_waits_for_a_client_that_does_not_run_again_is_told_in_the_end(open_desk: Open) -> None:
    first = open_desk()
    first.ready()
    first.by_hand()
    first.picture()
    first.close()
    second = open_desk()
    second.clock.advance(RULES.wait)
    assert [event.payload["media"]["error"] for event in second.events()] == ["The file was not there within 120 s"]
    with pytest.raises(NotReady):
        second.fetch("3EB0").get(timeout=5)


def test_a_hundred_pictures_at_once_are_all_kept_and_told_a_few_at_a_time(desk: Desk) -> None:
    desk.by_hand()
    messages = [desk.picture() for _ in range(100)]
    for message in messages:
        assert len(desk.asked()) - messages.index(message) <= RULES.at_once
        desk.answer(message)
    assert bodies(desk) == [digest(message) for message in messages]
    assert {desk.received(message) for message in messages} == {desk.file(message) for message in messages}


def test_a_page_that_goes_away_meanwhile_costs_a_try(desk: Desk) -> None:
    desk.by_hand()
    message = desk.picture()
    desk.browser.crash(ONE)
    desk.clock.settle()
    desk.browser.habits = type(desk.browser.habits)()
    desk.clock.advance(10.0)
    assert bodies(desk) == [digest(message)]


def test_a_file_that_is_not_where_the_page_has_put_it_is_fetched_again(desk: Desk) -> None:
    lost = File("0" * 64, 5, "image/png", "image.png")
    given = answers(lost)
    desk.browser.answers[FetchMedia] = lambda _page, asked: next(given, None) or desk.file(asked.message)
    message = desk.picture()
    desk.clock.advance(1.0)
    assert bodies(desk) == [digest(message)]


def test_who_asks_for_a_file_that_the_page_has_not_put_there_is_told_so(desk: Desk) -> None:
    desk.browser.answers[FetchMedia] = lambda _page, _asked: File("0" * 64, 5, "image/png", "image.png")
    with pytest.raises(FileUnavailable):
        desk.fetch("3EB0").get(timeout=5)


def test_who_asks_while_it_is_being_fetched_shares_the_download(desk: Desk) -> None:
    desk.by_hand()
    message = desk.picture()
    reply = desk.fetch(message)
    file = desk.answer(message)
    assert reply.get(timeout=5) == file
    assert desk.asked() == [message]


def test_files_are_kept_for_the_client_that_received_them(desk: Desk) -> None:
    message = desk.picture()
    assert desk.received(message, TWO) is None
    assert desk.received(f"false_{ANA}@c.us_3EB0000000000000000000") is None


def test_the_oldest_files_go_as_soon_as_all_together_are_too_large(open_desk: Open) -> None:
    size = len(PNG) + len(f"false_{ANA}@c.us_") + 22
    desk = open_desk(rules=replace(RULES, together=3 * size))
    desk.ready()
    messages = []
    for _ in range(5):
        messages.append(desk.picture())
        desk.clock.advance(1.0)
        kept = [message for message in messages if desk.received(message) is not None]
        assert sum(found.size for message in kept if (found := desk.received(message))) <= 3 * size
        assert kept[-1] == messages[-1]
    assert desk.freed
    assert bodies(desk) == [digest(message) for message in messages]  # each was told with its file


def test_files_are_not_counted_where_there_is_no_limit(open_desk: Open) -> None:
    desk = open_desk(rules=replace(RULES, together=0))
    desk.ready()
    messages = [desk.picture() for _ in range(5)]
    assert all(desk.received(message) for message in messages)
    assert not desk.freed


def test_on_a_full_disk_the_message_is_told_with_the_reason_and_the_file_can_be_had_later(desk: Desk) -> None:
    full = OperationRefused("The disk has no room for files", "MEDIA_FULL")
    desk.browser.answers[FetchMedia] = lambda _page, _asked: full
    message = desk.picture()
    desk.clock.advance(60.0)
    (told,) = desk.events()
    assert (told.payload["media"]["url"], told.payload["media"]["error"]) == (None, "The disk has no room for files")
    with pytest.raises(MediaFull):
        desk.fetch(message).get(timeout=5)
    desk.browser.answers[FetchMedia] = lambda _page, asked: desk.file(asked.message)
    assert desk.fetch(message).get(timeout=5).digest == digest(message)
