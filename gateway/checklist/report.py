"""The report, for people (Markdown) and for programs (JSON)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from gateway.checklist.findings import Verdict
from gateway.checklist.steps import Phase, Result
from gateway.checklist.texts import Language, say

SIGNS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.SKIPPED: "–"}


def told(result: Result, language: Language) -> str:
    """What a step saw, as a sentence."""
    sentence = say(language, result.seen.text, **result.seen.fields)
    return f"{sentence} ({say(language, 'report.accepted')})" if result.seen.fields.get("accepted") else sentence


def summary(results: Sequence[Result], language: Language) -> str:
    """How many steps came to what."""
    counts = Counter(result.seen.verdict for result in results)
    return say(language, "report.summary", **{verdict.value: counts[verdict] for verdict in Verdict})


def markdown(url: str, results: Sequence[Result], rollback: str | None, language: Language) -> str:
    """The whole report; `rollback` where something failed."""
    lines = [
        f"# {say(language, 'report.title')}",
        "",
        f"`{url}` · {results[0].began} · {version('session-manager')}",
        "",
    ]
    lines += [f"**{summary(results, language)}**", ""]
    if rollback is not None:
        lines += [f"> {say(language, 'report.rollback', command=f'`{rollback}`')}", ""]
    heads = [say(language, f"report.{name}") for name in ("step", "command", "result", "time", "verdict")]
    for phase in Phase:
        lines += [f"## {say(language, phase.value)}", "", _row(heads), _row(["---"] * 3 + ["---:", "---"])]
        lines += [_row(_cells(result, language)) for result in results if result.step.phase is phase]
        lines.append("")
    return "\n".join(lines)


def as_json(url: str, results: Sequence[Result], rollback: str | None, language: Language) -> str:
    """The same for programs. `ok` is false where any step failed."""
    counts = Counter(result.seen.verdict.value for result in results)
    told_all: dict[str, Any] = {
        "url": url,
        "version": version("session-manager"),
        "ok": rollback is None,
        "counts": {verdict.value: counts[verdict.value] for verdict in Verdict},
        "rollback": rollback,
        "steps": [_entry(result, language) for result in results],
    }
    return json.dumps(told_all, ensure_ascii=False, indent=2) + "\n"


def _entry(result: Result, language: Language) -> dict[str, Any]:
    return {
        "id": result.step.id,
        "phase": result.step.phase.value,
        "title": say(language, f"step.{result.step.id}"),
        "command": result.command,
        "verdict": result.seen.verdict.value,
        "result": told(result, language),
        "began": result.began,
        "seconds": round(result.seconds, 3),
    }


def _cells(result: Result, language: Language) -> list[str]:
    verdict = result.seen.verdict
    return [
        say(language, f"step.{result.step.id}"),
        f"`{result.command}`",
        told(result, language),
        f"{result.seconds:.2f} s",
        f"{SIGNS[verdict]} {say(language, verdict.value)}",
    ]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
