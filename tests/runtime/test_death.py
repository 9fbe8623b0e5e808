"""Every way to die: the door closes, whoever waits is told, closed() runs once, then the watcher hears of it, once."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

import pytest
from pykka import ActorDeadError, ActorRef, ActorRegistry
from pykka._envelope import Envelope
from structlog.testing import capture_logs

from actors.runtime import Actor, Reminder, Terminated, mailbox_of, wait_ended
from actors.runtime.mailbox import dead_letters
from actors.runtime.testing import Probe
from tests.runtime.cast import Crash, Defer, Player, Refuse, Say, Wait

FATAL = [SystemExit(3), KeyboardInterrupt(), GeneratorExit()]


@pytest.fixture
def watcher() -> Probe:
    return Probe("watcher")


@pytest.fixture
def player(watcher: Probe) -> Iterator[ActorRef[Player]]:
    """Tells its watcher everything, so that the order of its last words is seen."""
    ref = Player.start(watcher.ref, watcher=watcher.ref)
    watcher.expect(str)
    yield ref
    ref.stop(timeout=5)


def last_words(watcher: Probe) -> list[object]:
    """What came, up to and with Terminated, whose ref and urn are left out."""
    cause = watcher.expect(Terminated).cause
    assert not [message for message in watcher.messages if isinstance(message, Terminated)][1:]
    return [*(message for message in watcher.messages if isinstance(message, tuple)), cause]


def test_stopped_it_closes_without_a_cause_and_then_tells(player: ActorRef[Player], watcher: Probe) -> None:
    assert player.stop(timeout=5) is True
    assert last_words(watcher) == [("closed", None), None]


def test_terminated_says_who_it_was(player: ActorRef[Player], watcher: Probe) -> None:
    player.stop(timeout=5)
    terminated = watcher.expect(Terminated)
    assert (terminated.ref, terminated.actor_urn) == (player, player.actor_urn)


def test_a_crash_under_tell_closes_with_the_cause(player: ActorRef[Player], watcher: Probe) -> None:
    bug = ValueError("bug")
    player.tell(Crash(bug))
    assert last_words(watcher) == [("closed", bug), bug]


def test_a_crash_under_ask_is_raised_at_the_asker_and_ends_the_actor_too(
    player: ActorRef[Player], watcher: Probe
) -> None:
    bug = ValueError("bug")
    with pytest.raises(ValueError, match="bug") as raised:
        player.ask(Crash(bug), timeout=5)
    assert raised.value is bug
    assert last_words(watcher) == [("closed", bug), bug]
    assert not player.is_alive()


def test_a_crash_in_started_is_a_death_like_any_other(watcher: Probe) -> None:
    bug = ValueError("cannot open")
    ref = Player.start(watcher.ref, watcher=watcher.ref, crash_in_started=bug)
    assert last_words(watcher) == [("closed", bug), bug]
    assert wait_ended(ref, timeout=5)


def test_who_asked_before_started_crashed_is_told() -> None:
    gate = threading.Event()

    class Slow(Actor):
        def started(self) -> None:
            assert gate.wait(5)
            raise ValueError("cannot open")

    ref = Slow.start()
    answer = ref.ask("anything", block=False)
    gate.set()
    with pytest.raises(ActorDeadError, match="stopped before handling the message"):
        answer.get(timeout=5)


def test_a_crash_in_closed_becomes_the_cause(watcher: Probe) -> None:
    bug = ValueError("cannot close")
    ref = Player.start(watcher.ref, watcher=watcher.ref, crash_in_closed=bug)
    assert ref.stop(timeout=5) is True
    assert last_words(watcher) == [("closed", None), bug]


def test_a_crash_in_closed_does_not_hide_the_first_one(watcher: Probe) -> None:
    first = ValueError("first")
    ref = Player.start(watcher.ref, watcher=watcher.ref, crash_in_closed=ValueError("second"))
    ref.tell(Crash(first))
    assert last_words(watcher) == [("closed", first), first]


@pytest.mark.parametrize("fatal", FATAL, ids=repr)
def test_what_would_end_a_program_ends_one_actor_only(
    player: ActorRef[Player], watcher: Probe, fatal: BaseException
) -> None:
    bystander = Player.start()
    with pytest.raises(ActorDeadError) as raised:
        player.ask(Crash(fatal), timeout=5)
    assert raised.value.__cause__ is fatal
    assert last_words(watcher) == [("closed", fatal), fatal]
    assert bystander.ask(Say("unharmed"), timeout=5) == "unharmed"
    bystander.stop(timeout=5)


@pytest.mark.parametrize("fatal", FATAL, ids=repr)
def test_what_would_end_a_program_is_contained_in_started_and_closed_too(watcher: Probe, fatal: BaseException) -> None:
    Player.start(watcher.ref, watcher=watcher.ref, crash_in_started=fatal, crash_in_closed=SystemExit(4))
    assert last_words(watcher) == [("closed", fatal), fatal]


def test_what_was_told_before_the_stop_is_handled_and_what_came_after_is_answered(
    player: ActorRef[Player], watcher: Probe
) -> None:
    busy = Wait()
    player.tell(busy)
    assert busy.entered.wait(5)
    player.tell(Say("before"))
    stopped = player.stop(block=False)
    after = player.ask(Say("after"), block=False)
    busy.leave.set()
    assert stopped.get(timeout=5) is True
    with pytest.raises(ActorDeadError, match="stopped before handling the message"):
        after.get(timeout=5)
    assert [what for what, _ in watcher.messages[1:-1]] == ["before", "closed"]


def test_stop_asked_several_times_closes_once_and_answers_all(player: ActorRef[Player], watcher: Probe) -> None:
    busy = Wait()
    player.tell(busy)
    assert busy.entered.wait(5)
    stops = [player.stop(block=False) for _ in range(5)]
    busy.leave.set()
    assert [stop.get(timeout=5) for stop in stops] == [True] * 5
    assert last_words(watcher) == [("closed", None), None]
    assert player.stop(timeout=5) is False


def test_stop_answers_only_when_the_watcher_has_heard() -> None:
    closing, go_on, heard = threading.Event(), threading.Event(), Probe()

    class SlowToClose(Actor):
        def closed(self, cause: BaseException | None) -> None:
            closing.set()
            assert go_on.wait(5)

    ref = SlowToClose.start(watcher=heard.ref)
    stopped = ref.stop(block=False)
    assert closing.wait(5)
    assert not heard.messages
    assert not wait_ended(ref, timeout=0)
    go_on.set()
    assert stopped.get(timeout=5)
    assert len(heard.messages) == 1
    assert wait_ended(ref, timeout=5)


def test_a_closing_actor_is_dead_to_everybody() -> None:
    closing, go_on = threading.Event(), threading.Event()

    class SlowToClose(Actor):
        def closed(self, cause: BaseException | None) -> None:
            closing.set()
            assert go_on.wait(5)

    ref = SlowToClose.start()
    stopped = ref.stop(block=False)
    assert closing.wait(5)
    with pytest.raises(ActorDeadError):
        ref.tell("x")
    with pytest.raises(ActorDeadError):
        ref.ask("x", timeout=5)
    assert ActorRegistry.get_by_urn(ref.actor_urn) is None
    go_on.set()
    assert stopped.get(timeout=5)


def test_who_waits_for_a_later_answer_is_told_of_the_death(player: ActorRef[Player]) -> None:
    waiting = Defer()
    answer = player.ask(waiting, block=False)
    player.tell(Crash(ValueError("bug")))
    with pytest.raises(ActorDeadError, match="died before it answered"):
        answer.get(timeout=5)
    waiting.taken[0].answer("too late, and no mistake of anybody's")


def test_a_crash_after_taking_the_address_is_raised_at_the_asker(player: ActorRef[Player]) -> None:
    with pytest.raises(ValueError, match="bug"):
        player.ask(Defer(crash=ValueError("bug")), timeout=5)


def test_what_an_actor_tells_itself_is_no_dead_letter() -> None:
    class Note(Reminder):
        """Means nothing to anybody once the actor stops."""

    assert dead_letters([Envelope(Note()), Envelope(1)]) == {"int": 1}


def test_dead_letters_are_counted_by_type_and_their_contents_kept_private(player: ActorRef[Player]) -> None:
    busy = Wait()
    player.tell(busy)
    assert busy.entered.wait(5)
    with capture_logs() as logs:
        stopped = player.stop(block=False)
        player.tell(Say("secret"))
        player.tell(Say("secret"))
        player.tell(Refuse("secret"))
        player.stop(block=False)
        busy.leave.set()
        stopped.get(timeout=5)
    letters = [entry["letters"] for entry in logs if entry["event"] == "dead_letters"]
    assert letters == [{"Say": 2, "Refuse": 1}]


def test_a_dead_watcher_disturbs_nobody(watcher: Probe) -> None:
    ref = Player.start(watcher=watcher.ref)
    watcher.close()
    assert ref.stop(timeout=5) is True


def test_a_log_that_cannot_be_written_does_not_keep_the_watcher_from_hearing(
    watcher: Probe, capsys: pytest.CaptureFixture[str]
) -> None:
    class Mute(Player):
        def started(self) -> None:
            self.log = None  # type: ignore[assignment]  # which is what cannot be written

    ref = Mute.start(watcher=watcher.ref)
    ref.tell(Crash(ValueError("bug")))
    assert isinstance(watcher.expect(Terminated).cause, ValueError)
    assert wait_ended(ref, timeout=5)
    assert "AttributeError" in capsys.readouterr().err


# --- the door --------------------------------------------------------------------------------------------------------


@pytest.fixture
def _restless() -> Iterator[None]:
    """Threads change places as often as the interpreter lets them."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_restless")
@pytest.mark.parametrize("end", ["stop", "crash"])
def test_no_asker_is_forgotten_whenever_the_door_closes(end: str) -> None:
    for _ in range(30):
        ref = Player.start()
        go = threading.Barrier(4)
        answers: list[object] = []

        def askers(ref: ActorRef[Player] = ref, go: threading.Barrier = go, answers: list[object] = answers) -> None:
            go.wait(5)
            for number in range(30):
                try:
                    answers.append(ref.ask(Say(str(number)), timeout=5))
                except ActorDeadError:
                    answers.append(None)

        threads = [threading.Thread(target=askers) for _ in range(3)]
        for thread in threads:
            thread.start()
        go.wait(5)
        if end == "stop":
            assert ref.stop(timeout=5)
        else:
            ref.tell(Crash(ValueError("bug")))
        for thread in threads:
            thread.join(10)
        assert len(answers) == 90
        assert wait_ended(ref, timeout=5)
        assert mailbox_of(ref).empty()


@pytest.mark.usefixtures("_restless")
def test_every_message_is_received_or_a_dead_letter_or_refused_at_its_sender() -> None:
    for _ in range(40):
        received: list[object] = []
        refused: list[int] = []

        class Counting(Actor):
            def receive(self, message: object, received: list[object] = received) -> object:
                received.append(message)
                return None

        with capture_logs() as logs:
            ref = Counting.start()

            def tellers(ref: ActorRef[Counting] = ref, refused: list[int] = refused) -> None:
                for number in range(100):
                    try:
                        ref.tell(number)
                    except ActorDeadError:
                        refused.append(number)

            threads = [threading.Thread(target=tellers) for _ in range(2)]
            for thread in threads:
                thread.start()
            ref.stop(timeout=5)
            for thread in threads:
                thread.join(10)
            assert wait_ended(ref, timeout=5)
        dead = sum(entry["letters"]["int"] for entry in logs if entry["event"] == "dead_letters")
        assert len(received) + dead + len(refused) == 200


@pytest.mark.usefixtures("_restless")
def test_of_an_answer_and_a_death_exactly_one_reaches_the_asker() -> None:
    for _ in range(100):
        ref = Player.start()
        waiting = Defer()
        answer = ref.ask(waiting, block=False)
        ref.ask(Say("taken"), timeout=5)
        answerer = threading.Thread(target=waiting.taken[0].answer, args=("answer",))
        answerer.start()
        ref.stop(timeout=5)
        answerer.join(5)
        with contextlib.suppress(ActorDeadError):
            assert answer.get(timeout=5) == "answer"
