"""Examples that a reader may copy are run: fenced blocks below a line `<!-- tested -->`, in the README and docs/.

```python blocks run as programs. ```console blocks: each line that begins with `$ ` runs in a shell at the root of the
project, and must end with 0; what the block shows beneath it must be part of what was printed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCK = re.compile(r"^<!-- tested -->\n+```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    """One marked block."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def examples_in(page: Path, text: str) -> list[Example]:
    return [Example(page, text.count("\n", 0, found.start()) + 1, found[1], found[2]) for found in BLOCK.finditer(text)]


EXAMPLES = [example for page in PAGES if page.exists() for example in examples_in(page, page.read_text("utf-8"))]


def commands_in(text: str) -> list[tuple[str, str]]:
    """(command, what is shown beneath it), in order."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2].strip()) for part in parts]


def run(command: list[str], where: Path) -> str:
    """What it printed. Raises AssertionError unless it ended with 0."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SM_")}
    ended = subprocess.run(command, cwd=where, env={**plain, "PATH": path}, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_does_what_it_says(example: Example, tmp_path: Path) -> None:
    match example.language:
        case "python":
            program = tmp_path / "example.py"
            program.write_text(example.text, "utf-8")
            run([sys.executable, "-W", "error", str(program)], tmp_path)
        case "console" | "bash" | "sh":
            commands = commands_in(example.text)
            assert commands, "no line begins with `$ `"
            for command, shown in commands:
                assert shown in run(["sh", "-ec", command], ROOT)
        case other:
            pytest.fail(f"nobody knows how to run {other}")


def test_marked_blocks_are_found_with_their_place_and_commands() -> None:
    text = "# T\n\n<!-- tested -->\n```console\n$ echo hello\nhello\n$ true\n```\n\n```python\nnot marked\n```\n"
    (example,) = examples_in(ROOT / "README.md", text)
    assert (str(example), example.language) == ("README.md:3", "console")
    assert commands_in(example.text) == [("echo hello", "hello"), ("true", "")]
