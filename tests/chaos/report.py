"""What is printed: a line while a fault is played, and the table at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.chaos.arena import Outcome

GROWTH = 1.1
"""By how much the service's memory may vary: what allocators keep does."""

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


@dataclass(frozen=True, slots=True)
class Size:
    """Of the service, at one moment; `memory` is RSS in bytes."""

    threads: int
    descriptors: int
    memory: int


def grown(seen: list[Size]) -> bool:
    """Print how one life of the service went; whether its last quarter weighs more than its second."""
    quarters = [seen[i * len(seen) // 4 : (i + 1) * len(seen) // 4] for i in range(4)]
    memory = [median(size.memory for size in quarter) / 2**20 for quarter in quarters]
    console.print(
        f"in one life, by quarters: RSS {' → '.join(f'{mib:.0f}' for mib in memory)} MiB, threads at most "
        f"{' → '.join(str(max(size.threads for size in quarter)) for quarter in quarters)}, descriptors at most "
        f"{' → '.join(str(max(size.descriptors for size in quarter)) for quarter in quarters)}"
    )
    return memory[3] > memory[1] * GROWTH


def limit(name: str, durations: Iterable[float | None], most: float) -> bool:
    """Print a median beside its limit; whether it is over it."""
    found = _median(durations)
    over = found is not None and found > most
    console.print(f"{'[red]✗[/red]' if over else ' '} {name}: median {seconds(found)}, at most {most:.1f} s")
    return over


def seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
