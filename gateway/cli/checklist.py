"""The command `session-manager checklist`: the deploy checklist, with progress, and its report in files.

Exit codes: 0 no step failed; 1 at least one did; 2 wrong options.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.checklist.hosting import ROLLBACK, Keeper
from gateway.checklist.report import Language, say
from gateway.cli import output
from gateway.cli.address import ServiceAddress
from gateway.cli.remote import DEFAULT_URL, Key, Url

if TYPE_CHECKING:
    from gateway.checklist.site import Site
    from gateway.checklist.steps import StepResult

Restart = Annotated[Keeper, typer.Option(help="Restart the service now, with this process manager.")]
Destructive = Annotated[
    bool,
    typer.Option(
        "--destructive", help="Also start, kill and log out the clients given with --client, and stop the service."
    ),
]
Clients = Annotated[list[int] | None, typer.Option("--client", min=1, help="A test client's number; may be repeated.")]
Sandbox = Annotated[str | None, typer.Option(help="Address of the sandbox that this service uses as WhatsApp.")]
Lang = Annotated[Language, typer.Option(help="Language of the output and the report.")]
Report = Annotated[Path | None, typer.Option(help="Directory for checklist.md and checklist.json.", file_okay=False)]
Accept = Annotated[list[str] | None, typer.Option(help="A step that may fail here, by its id; may be repeated.")]

COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


def checklist(
    url: Url = DEFAULT_URL,
    key: Key = None,
    restart: Restart = Keeper.NONE,
    destructive: Destructive = False,
    client: Clients = None,
    sandbox: Sandbox = None,
    lang: Lang = Language.EN,
    report: Report = None,
    accept: Accept = None,
) -> None:
    """Check a deployed service in five phases, and report the results.

    Changes nothing without --restart or --destructive.

    Exit codes: 0 no step failed; 1 at least one did; 2 wrong options.
    """
    from gateway.checklist.plan import STEPS
    from gateway.checklist.site import ChecklistOptions, Site

    if unknown := set(accept or ()) - {step.id for step in STEPS}:
        raise typer.BadParameter(f"there is no step {', '.join(sorted(unknown))}", param_hint="--accept")
    if destructive and not client and restart is Keeper.NONE:
        raise typer.BadParameter("needs a test client's number (--client), or --restart", param_hint="--destructive")
    url = ServiceAddress.of(url).url
    wanted = ChecklistOptions(url, key, restart, destructive, tuple(client or ()), sandbox)
    with Site(wanted) as site:
        results = _played(site, frozenset(accept or ()), lang)
        rollback = site.hosting.rollback if site.hosting else ROLLBACK
    _report(url, results, rollback, lang, report)


def _played(site: Site, accepted: frozenset[str], lang: Language) -> list[StepResult]:
    from gateway.checklist.plan import STEPS, played
    from gateway.checklist.report import SIGNS, result_text

    results: list[StepResult] = []
    phase = None
    with output.console.status("") as spinner:
        for step, result in played(site, accepted):
            if step.phase is not phase:
                phase = step.phase
                output.console.print(f"\n[bold]{say(lang, f'word.{phase}')}[/bold]")
            title = say(lang, f"step.{step.id}")
            if result is None:
                spinner.update(f"{len(results) + 1}/{len(STEPS)}  {title} …")
                continue
            results.append(result)
            colour = COLOURS[result.seen.verdict.value]
            line = f"[{colour}]{SIGNS[result.seen.verdict]}[/{colour}] {title:<44}{result.seconds:7.2f} s  "
            output.console.print(line, end="")
            output.console.print(result_text(result, lang), style="dim", markup=False, soft_wrap=True)
    return results


def _report(url: str, results: list[StepResult], rollback: str, lang: Language, directory: Path | None) -> None:
    from gateway.checklist.report import as_json, markdown, summary
    from gateway.checklist.steps import StepVerdict

    bad = any(result.seen.verdict is StepVerdict.FAILED for result in results)
    hint = rollback if bad else None
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "checklist.md").write_text(markdown(url, results, hint, lang), "utf-8")
        (directory / "checklist.json").write_text(as_json(url, results, hint, lang), "utf-8")
    output.console.print(f"\n[{'red' if bad else 'green'}]{summary(results, lang)}[/]")
    if hint is not None:
        output.console.print(say(lang, "report.rollback", command=hint), markup=False, soft_wrap=True)
        raise typer.Exit(1)
