"""The harness itself: ratios, what is said of them, and a load generator that counts right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks import __main__ as program
from tests.benchmarks.figures import Figure, Say, rounds
from tests.benchmarks.load import measure
from tests.benchmarks.servers import running


def test_a_figure_says_whether_its_ratio_to_the_floor_is_on_the_right_side_of_the_target() -> None:
    assert Figure("time", 3.0, "s", floor=2.0, target=1.5).held is True
    assert Figure("time", 3.1, "s", floor=2.0, target=1.5).held is False
    assert Figure("rate", 7.0, "/s", floor=10.0, target=0.7, more_is_better=True).held is True
    assert Figure("rate", 6.9, "/s", floor=10.0, target=0.7, more_is_better=True).held is False
    assert Figure("rate", 6.9, "/s", floor=10.0).held is None
    assert (Figure("size", 1.0, "MiB").ratio, Figure("size", 1.0, "MiB").held) == (None, None)


def test_measures_are_taken_in_turns() -> None:
    order: list[str] = []
    values = {"a": iter([3.0, 1.0, 2.0]), "b": iter([30.0, 10.0, 20.0])}

    def take(name: str) -> float:
        order.append(name)
        return next(values[name])

    assert rounds(3, lambda _: None, lambda: take("a"), lambda: take("b"), of=min, unit="s") == [1.0, 10.0]
    assert order == ["a", "b"] * 3


def test_the_figures_are_printed_and_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def one(say: Say) -> list[Figure]:
        say("measuring")
        return [Figure("a thing", 3.0, "s", floor=2.0, target=1.2)]

    monkeypatch.setattr(program, "BENCHMARKS", {"one": one})
    assert program.main(["one", "--json", str(tmp_path / "figures.json")]) == 0
    told = capsys.readouterr()
    assert "one: measuring" in told.err
    assert "MISSED" in told.out
    (figure,) = json.loads((tmp_path / "figures.json").read_text())
    assert (figure["name"], figure["ratio"], figure["held"]) == ("a thing", 1.5, False)


def test_a_benchmark_that_cannot_be_run_does_not_keep_the_others_from_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(say: Say) -> list[Figure]:
        raise OSError("no Chromium")

    monkeypatch.setattr(program, "BENCHMARKS", {"broken": broken, "one": lambda say: [Figure("a thing", 3.0, "s")]})
    assert program.main([]) == 1
    told = capsys.readouterr()
    assert "broken could not be measured" in told.err
    assert "no Chromium" in told.err
    assert "a thing" in told.out


def test_an_unknown_benchmark_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["nonsense"])
    assert "no benchmark nonsense; there are ask, status" in capsys.readouterr().err


def test_the_load_generator_counts_whole_answers_of_any_size() -> None:
    request = b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n"
    for body in (b"{}", b"x" * 200_000):
        with running("floor", body=body) as url:
            assert measure(int(url.rpartition(":")[2]), request, connections=4, seconds=0.2) > 10


def test_the_load_generator_takes_nothing_but_a_200() -> None:
    with running("floor", body=b"{}") as url, pytest.raises(AssertionError, match="404"):
        measure(int(url.rpartition(":")[2]), b"GET /no HTTP/1.1\r\nHost: x\r\n\r\n", connections=1, seconds=0.1)
