"""The watch on the watchers: an end is passed on, whatever that takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors.runtime import Actor, wait_ended
from actors.watch import Watch


class Part(Actor):
    """Crashes on any message."""

    def receive(self, message: object) -> object:
        raise ZeroDivisionError(message)


@pytest.fixture
def told() -> list[str]:
    """What whoever runs the system hears."""
    return []


@pytest.fixture
def watch(told: list[str]) -> Iterator[Watch]:
    """A watch that looks."""
    watch = Watch(told.append)
    with watch.start():
        yield watch


def ended(watch: Watch, *, crashing: bool = False) -> None:
    """A part has lived and ended."""
    ref = Part.start(watcher=watch)
    if crashing:
        ref.tell("now")
    else:
        ref.stop()
    assert wait_ended(ref, timeout=5)


def test_an_end_is_told_in_one_sentence_with_its_cause(watch: Watch, told: list[str]) -> None:
    ended(watch, crashing=True)
    ended(watch)
    watch.died("The browser's thread has ended")
    assert told == ["Part crashed: ZeroDivisionError('now')", "Part has ended", "The browser's thread has ended"]


def test_ends_that_are_ordered_are_not_told(watch: Watch, told: list[str]) -> None:
    watch.rest()
    ended(watch)
    assert told == []


def test_what_ends_because_a_start_failed_is_not_told(told: list[str]) -> None:
    watch = Watch(told.append)
    ended(watch)
    with pytest.raises(OSError, match="full"), watch.start():
        raise OSError("full")
    ended(watch)
    assert told == []


@pytest.mark.parametrize("error", [RuntimeError("a bug"), SystemExit(0), KeyboardInterrupt()], ids=repr)
def test_where_it_cannot_be_passed_on_the_process_is_ended(error: BaseException) -> None:
    def fatal(_: str) -> None:
        raise error

    ends: list[str] = []
    watch = Watch(fatal, last_resort=ends.append)
    with watch.start():
        ended(watch, crashing=True)
    assert ends == ["Part crashed: ZeroDivisionError('now')"]
