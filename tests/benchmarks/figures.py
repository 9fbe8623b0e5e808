"""What a benchmark tells, and how it is printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value, beside a floor measured in the same run where there is one.

    `target` is what value / floor should be: at most that, or at least where `more_is_better`.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    target: float | None = None
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        return None if self.floor is None else self.value / self.floor

    @property
    def held(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.ratio is None or self.target is None:
            return None
        return self.ratio >= self.target if self.more_is_better else self.ratio <= self.target

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "ratio": self.ratio, "held": self.held}


Say = Callable[[str], None]
"""Shows what is going on now."""
Benchmark = Callable[[Say], Sequence[Figure]]


def progress(name: str) -> Say:
    """Says it on stderr: over the line before where somebody watches, each on a line of its own in a log."""
    watched = sys.stderr.isatty()

    def say(what: str) -> None:
        line = f"{name}: {what}"
        print(f"\r\x1b[K{line}" if watched else line, end="" if watched else "\n", file=sys.stderr, flush=True)

    return say


def rounds(
    times: int, say: Say, *measures: Callable[[], float], of: Callable[[list[float]], float], unit: str
) -> list[float]:
    """One value of each measure: `min`, `max` or `median` of what so many rounds gave.

    Measures are taken in turns, so that what else the machine does meets all of them alike. Where a measure takes
    little time the best counts, because others only ever slow it.
    """
    taken: list[list[float]] = [[] for _ in measures]
    for number in range(times):
        for measure, values in zip(measures, taken, strict=True):
            values.append(measure())
        say(f"round {number + 1} of {times}: " + ", ".join(f"{values[-1]:,.4g}" for values in taken) + f" {unit}")
    return [of(values) for values in taken]


def show(figures: Iterable[Figure]) -> None:
    """The table, on stdout."""
    table = Table("what", "measured", "floor", "ratio", "target", "")
    for column in table.columns[1:5]:
        column.justify = "right"
    for figure in figures:
        table.add_row(figure.name, *_cells(figure))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _cells(figure: Figure) -> tuple[str, ...]:
    value = f"{figure.value:,.4g} {figure.unit}" if figure.value < 1000 else f"{figure.value:,.0f} {figure.unit}"
    if figure.floor is None or figure.ratio is None:
        return value, "", "", "", ""
    floor = f"{figure.floor:,.4g}" if figure.floor < 1000 else f"{figure.floor:,.0f}"
    sign = "≥" if figure.more_is_better else "≤"
    target = "" if figure.target is None else f"{sign} {figure.target:g} ×"
    return value, floor, f"{figure.ratio:.2f} ×", target, {None: "", True: "held", False: "MISSED"}[figure.held]
