"""What is printed: a line a fault while it runs, and the table at the end."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.campaign.callers import Crowd
from tests.campaign.faults import Struck, cause
from tests.campaign.plan import Plan
from tests.campaign.verdict import Verdict

console = Console(highlight=False)
if not console.is_terminal:
    console = Console(highlight=False, width=150)


def progress(number: int, plan: Plan, struck: Struck, crowd: Crowd, passed: float) -> None:
    """One fault, as it comes."""
    who = "" if struck.client_id is None else f"client {struck.client_id}"
    back = "" if struck.back is None else f"READY after {struck.back:.1f} s"
    console.print(
        f"{number:>4}/{plan.kills} {passed:6.0f} s  {struck.fault:<30} {who:<9} {back:<20} "
        f"accepted {struck.accepted}, delivered {struck.delivered}, written {len(crowd.written)} of {plan.messages}",
        soft_wrap=True,
    )


def table(plan: Plan, struck: list[Struck], verdict: Verdict, passed: float) -> None:
    """How often what struck, what became of the messages, and all that is wrong."""
    faults = Table("fault", "times", "READY after (median)", "at most")
    by_fault: dict[str, list[Struck]] = defaultdict(list)
    for one in struck:
        by_fault[one.fault].append(one)
    for fault, found in sorted(by_fault.items()):
        backs = [one.back for one in found if one.back is not None]
        faults.add_row(
            fault, str(len(found)), *(f"{x:.1f} s" for x in (median(backs), max(backs))) if backs else ("", "")
        )
    console.print(faults)
    figures = Table("what", "how many")
    figures.add_row("faults", str(len(struck)))
    for name, figure in verdict.figures.items():
        figures.add_row(name, str(figure))
    figures.add_row("seconds", f"{passed:.0f}")
    console.print(figures)
    console.print(_when(plan, struck))
    for row in verdict.unsure:
        console.print(
            f"{row.state}: {row.text}: {row.reason} [{cause(struck, row.client_id, row.left_at)}]", markup=False
        )
    for problem in verdict.problems:
        console.print(f"✗ {problem}", markup=False)
    console.print("[green]Everything held[/green]" if not verdict.problems else "[red]Not everything held[/red]")


def _when(plan: Plan, struck: list[Struck]) -> Table:
    """How far the messages had come when faults struck."""
    when = Table(f"of {plan.messages:,} messages", "accepted", "delivered")
    for name, one in (("first fault", struck[0]), ("median", struck[len(struck) // 2]), ("last fault", struck[-1])):
        when.add_row(name, f"{one.accepted:,}", f"{one.delivered:,}")
    return when
