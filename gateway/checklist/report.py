"""The report of the checklist, for people (Markdown) and for programs (JSON), and its texts in each language."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gateway.checklist.steps import ChecklistPhase, StepResult, StepVerdict


class Language(StrEnum):
    """The languages of --lang; each has a file of texts."""

    EN = "en"
    ES = "es"


@cache
def texts(language: Language) -> Mapping[str, str]:
    """Return every text of a language, by section and key, such as `step.restart`."""
    sections = tomllib.loads(Path(__file__).with_name(f"{language}.toml").read_text("utf-8"))
    return {f"{section}.{key}": text for section, found in sections.items() for key, text in found.items()}


def say(language: Language, text: str, **fields: Any) -> str:
    """Return the text with its fields filled in; a field that is missing or None shows as "–"."""
    return texts(language)[text].format_map(
        _Fields({name: "–" if value is None else value for name, value in fields.items()})
    )


class _Fields(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "–"


SIGNS = {StepVerdict.PASSED: "✓", StepVerdict.FAILED: "✗", StepVerdict.SKIPPED: "–"}


def result_text(result: StepResult, language: Language) -> str:
    """Return the finding of a step, as a sentence."""
    sentence = say(language, result.seen.text, **result.seen.fields)
    return f"{sentence} ({say(language, 'report.accepted')})" if result.seen.fields.get("accepted") else sentence


def summary(results: Sequence[StepResult], language: Language) -> str:
    """Return the number of steps with each verdict."""
    counts = Counter(result.seen.verdict for result in results)
    return say(language, "report.summary", **{verdict.value: counts[verdict] for verdict in StepVerdict})


def markdown(url: str, results: Sequence[StepResult], rollback: str | None, language: Language) -> str:
    """Return the whole report; `rollback` is given if something failed."""
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
    for phase in ChecklistPhase:
        lines += [f"## {say(language, f'word.{phase}')}", "", _row(heads), _row(["---"] * 3 + ["---:", "---"])]
        lines += [_row(_cells(result, language)) for result in results if result.step.phase is phase]
        lines.append("")
    return "\n".join(lines)


def as_json(url: str, results: Sequence[StepResult], rollback: str | None, language: Language) -> str:
    """Return the report for programs. `ok` is false if any step failed."""
    counts = Counter(result.seen.verdict.value for result in results)
    report: dict[str, Any] = {
        "url": url,
        "version": version("session-manager"),
        "ok": rollback is None,
        "counts": {verdict.value: counts[verdict.value] for verdict in StepVerdict},
        "rollback": rollback,
        "steps": [_entry(result, language) for result in results],
    }
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"


def _entry(result: StepResult, language: Language) -> dict[str, Any]:
    return {
        "id": result.step.id,
        "phase": result.step.phase.value,
        "title": say(language, f"step.{result.step.id}"),
        "command": result.command,
        "verdict": result.seen.verdict.value,
        "result": result_text(result, language),
        "began": result.began,
        "seconds": round(result.seconds, 3),
    }


def _cells(result: StepResult, language: Language) -> list[str]:
    verdict = result.seen.verdict
    return [
        say(language, f"step.{result.step.id}"),
        f"`{result.command}`",
        result_text(result, language),
        f"{result.seconds:.2f} s",
        f"{SIGNS[verdict]} {say(language, f'word.{verdict}')}",
    ]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
