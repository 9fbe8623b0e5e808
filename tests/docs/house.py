"""The size of the code, by package, and of its core: `python -m tests.docs.house`."""

from __future__ import annotations

import ast
import subprocess
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
SMALL = 60
CORE = (
    "actors/runtime/actor.py",
    "actors/runtime/mailbox.py",
    "actors/runtime/reply.py",
    "actors/runtime/restarts.py",
    "actors/runtime/supervision.py",
    "actors/clients/lifecycle.py",
    "actors/clients/client.py",
    "actors/clients/pending.py",
    "actors/clients/policy.py",
    "actors/clients/supervisor.py",
)
"""How actors live, how a client lives, and who starts it: what to read first."""


def files() -> list[Path]:
    """The Python files of the product, as version control has them."""
    listed = ["git", "ls-files", "actors/*.py", "gateway/*.py", "sandbox/*.py", "session_manager/*.py"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [ROOT / name for name in names]


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def import_lines(path: Path) -> int:
    nodes = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in nodes)


def classes(path: Path) -> list[str]:
    return [node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.ClassDef)]


def main() -> None:
    found = files()
    packages: dict[str, list[int]] = defaultdict(list)
    for path in found:
        packages["/".join(path.relative_to(ROOT).parts[:2][: len(path.relative_to(ROOT).parts) - 1])].append(
            lines(path)
        )
    for package, sizes in sorted(packages.items()):
        print(f"{package:24} {len(sizes):4} files {sum(sizes):6} lines")
    sizes = [lines(path) for path in found]
    modules = [path for path in found if path.name != "__init__.py" and "versions" not in path.parts]
    small = [path for path in modules if lines(path) < SMALL]
    twice = [name for name, times in Counter(name for path in found for name in classes(path)).items() if times > 1]
    print(f"{'all':24} {len(sizes):4} files {sum(sizes):6} lines")
    print(f"median of modules        {median(lines(path) for path in modules):g} lines")
    print(f"imports                  {100 * sum(map(import_lines, found)) / sum(sizes):.1f} % of lines")
    print(f"modules under {SMALL} lines   {len(small)}: {', '.join(str(path.relative_to(ROOT)) for path in small)}")
    print(f"class names twice        {len(twice)} {' '.join(twice)}")
    print(f"the core                 {len(CORE)} files {sum(lines(ROOT / name) for name in CORE)} lines")


if __name__ == "__main__":
    main()
