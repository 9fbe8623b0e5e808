"""What is printed: a line while a fault is played, and the table at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.chaos.arena import Outcome

console = Console(highlight=False)
if not console.is_terminal:
    console = Console(highlight=False, width=150)


def line(outcome: Outcome) -> None:
    """One outcome, as it comes."""
    mark = "[red]✗[/red]" if outcome.problem else "[green]✓[/green]"
    who = "service" if outcome.client_id is None else f"client {outcome.client_id}"
    times = f"noticed {seconds(outcome.noticed)}, ended after {seconds(outcome.back)}"
    end = f"{outcome.state} {outcome.reason or ''}"
    console.print(f"{mark} {outcome.fault:<38} {who:<9} {times:<40} {end} {outcome.problem or ''}", soft_wrap=True)


def table(outcomes: Iterable[Outcome]) -> Table:
    """One row a fault: how often, medians, the worst of the rest."""
    by_fault: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_fault[outcome.fault].append(outcome)
    shown = Table("fault", "times", "noticed after", "at its end after", "processes left", "messages lost", "problems")
    for fault, played in by_fault.items():
        shown.add_row(
            fault,
            str(len(played)),
            seconds(_median(o.noticed for o in played)),
            seconds(_median(o.back for o in played)),
            str(sum(o.left for o in played)),
            str(sum(o.lost for o in played)),
            str(sum(o.problem is not None for o in played) or ""),
        )
    return shown


def seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
