"""The facts of the layout: who imports whom, what lies where, how things are named."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("actors", "gateway", "sandbox", "session_manager")
EVERYTHING = frozenset({"actors", "gateway", "sandbox", "session_manager", "tests"})

DOMAIN = frozenset({"actors.runtime", "actors.clients", "actors.texts"})
MAY_IMPORT = {
    "actors.runtime": frozenset[str](),
    "actors.texts": frozenset[str](),
    "actors.clients": frozenset({"actors.runtime", "actors.texts"}),
    "actors.browser": DOMAIN | {"actors.media.folder", "actors.media.file_types"},
    "actors.store": DOMAIN,
    "actors.outbox": DOMAIN | {"actors.store"},
    "actors.waha": DOMAIN | {"actors.store"},
    "actors.webhooks": DOMAIN | {"actors.store", "actors.waha"},
    "actors.media": DOMAIN | {"actors.store", "actors.webhooks"},  # of webhooks, the guard of outgoing connections
    "actors.inbox": DOMAIN | {"actors.store", "actors.media"},
    "actors.metrics": DOMAIN | {"actors.store", "actors.webhooks"},
    "actors": frozenset({"actors"}),  # system.py and what stands beside it
    "actors.settings": frozenset[str](),
    "session_manager": frozenset({"actors"}),
    "sandbox": frozenset[str](),
    "sandbox.protocol": frozenset({"sandbox.answers", "sandbox.visitors", "sandbox.world"}),
    "sandbox.live": frozenset({"sandbox.answers", "sandbox.visitors", "sandbox.protocol"}),
    "gateway": frozenset({"actors"}),
}
"""Besides itself. The most specific entry counts."""
ONLY_IN = {
    "pyppeteer": ("actors.browser",),
    "starlette": ("gateway", "sandbox"),
    "uvicorn": ("gateway", "sandbox"),
    "sqlalchemy": ("actors.store",),
    "alembic": ("actors.store",),
    "pydantic_settings": ("actors.settings",),
    "prometheus_client": ("actors.metrics", "gateway"),
    "cryptography": ("sandbox.protocol", "sandbox.live"),  # an extra
    "sandbox.protocol": ("sandbox.protocol", "sandbox.live"),
    "sandbox.live": ("sandbox.live",),
}
"""Libraries that one place knows, so that one place changes with them."""
TOP_LEVEL = {
    "pyproject.toml",
    "README.md",
    "Makefile",
    ".ci",
    "actors",
    "gateway",
    "config",
    "sandbox",
    "session_manager",
    "tests",
    "docs",
    "examples",
}
HIDDEN_FILES = {".gitignore", ".dockerignore"}
SAYS_NOTHING = re.compile(r"(^|_)(utils?|helpers?|common|manager|misc)(_|$)")
THIS_MACHINE = re.compile(r"(?<![\w.}-])/(root|work|home)\b(?!\")")
SPEAKS_OF_PATHS = {
    "tests/test_architecture.py": "the rule itself",
    "config/deploy/session-manager.service": "ProtectHome, and why",
    "tests/deploy/test_systemd_running.py": "a directory in a machine of its own",
    "config/development.lock": "written by uv",
    "config/runtime.lock": "written by uv",
}


@cache
def tracked() -> tuple[str, ...]:
    """Every file under version control."""
    return tuple(
        subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")[
            :-1
        ]
    )


@cache
def modules() -> dict[str, Path]:
    """Name -> file, of every module of the packages."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "node_modules" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = path
    return found


@cache
def trees() -> dict[str, ast.Module]:
    """Name -> syntax tree, of every module of the packages."""
    return {module: ast.parse(path.read_text("utf-8")) for module, path in modules().items()}


@cache
def imports(module: str) -> tuple[str, ...]:
    """The modules that a module imports, wherever in it; `from a import b` may mean the module a.b and says both."""
    return tuple(_imports(module))


def _imports(module: str) -> Iterator[str]:
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            assert node.module
            yield node.module
            yield from (
                f"{node.module}.{alias.name}" for alias in node.names if f"{node.module}.{alias.name}" in modules()
            )


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def part_of(module: str) -> str:
    """The most specific part of the system that a module belongs to."""
    return max((part for part in MAY_IMPORT if within(module, part)), key=len)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_run_one_way(part: str) -> None:
    allowed = MAY_IMPORT[part] | {part}
    wrong = [
        f"{module} imports {imported}"
        for module in modules()
        if part_of(module) == part
        for imported in imports(module)
        if imported.split(".")[0] in EVERYTHING and imported != "actors"
        if not any(within(imported, package) for package in allowed)
    ]
    assert wrong == []


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_known_in_one_place(library: str) -> None:
    wrong = [
        module
        for module in modules()
        if any(within(imported, library) for imported in imports(module))
        if not any(within(module, place) for place in ONLY_IN[library])
    ]
    assert wrong == []


def test_only_the_runtime_touches_pykkas_inside() -> None:
    inside = re.compile(r"pykka\._|from pykka[\w.]* import .*\b_|\bref\._|_actor_weakref|actor_inbox")
    wrong = [
        f"{module}: {line.strip()}"
        for module, path in modules().items()
        if not within(module, "actors.runtime")
        for line in path.read_text("utf-8").splitlines()
        if inside.search(line)
    ]
    assert wrong == []


def test_pure_modules_import_the_standard_library_and_each_other_only() -> None:
    pure = {
        "actors.runtime.restarts",
        "actors.clients.lifecycle",
        "actors.clients.policy",
    }
    impure = {"pykka", "structlog", "asyncio", "threading", "time", "socket", "os", "subprocess"}
    wrong = [f"{module} imports {name}" for module in pure for name in imports(module) if name.split(".")[0] in impure]
    assert wrong == []


def test_the_top_level_is_what_the_architecture_lists() -> None:
    there = {name.split("/")[0] for name in tracked()}
    assert there - TOP_LEVEL - HIDDEN_FILES == set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [path for path in tracked() if SAYS_NOTHING.search(Path(path).stem)]
    assert named == []


def test_no_file_speaks_of_the_machine_it_was_written_on() -> None:
    wrong = []
    for name in tracked():
        try:
            text = (ROOT / name).read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue
        wrong += [
            f"{name}: {line.strip()[:100]}"
            for line in text.splitlines()
            if THIS_MACHINE.search(line) and name not in SPEAKS_OF_PATHS
        ]
    assert wrong == []


def test_no_chromium_has_a_debugging_port() -> None:
    """Whoever connects to one has the page's login, and all files of its user: ours speak over pipes."""
    port = "remote-debugging" + "-port"
    named = subprocess.run(["git", "grep", "-l", "-e", port], cwd=ROOT, capture_output=True, text=True, check=False)
    assert named.stdout == ""


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        module for module, path in modules().items() if path.stat().st_size and not ast.get_docstring(trees()[module])
    ]
    assert silent == []


def test_a_package_that_lists_its_modules_lists_all() -> None:
    left_out = []
    for package, path in modules().items():
        if path.name != "__init__.py":
            continue
        said = ast.get_docstring(trees()[package]) or ""
        here = {module.removeprefix(f"{package}.") for module in modules() if module.startswith(f"{package}.")}
        here = {name for name in here if "." not in name and name != "__main__"}
        if len(here & set(re.findall(r"^ *(\w+) ", said, re.MULTILINE))) > 1:
            left_out += [f"{package}: {name}" for name in sorted(here - set(re.findall(r"\w+", said)))]
    assert left_out == []


# --- the rules of the house -------------------------------------------------------------------------------------------

MOST_MODULES = 20
"""Modules in one folder."""
LISTS = {"actors/store/migrations/versions"}
"""Folders that are lists: each module follows the one before, and none can go as long as a store may be that old."""
KNOWN_BY = {
    "gateway.routes": {"gateway.api"},
    "gateway.api": {"gateway.app"},
    "gateway.app": {"gateway.server"},
}
"""Who may import a module of the gateway while the program runs: handlers are known by the table of calls alone."""


@cache
def classes() -> tuple[tuple[str, ast.ClassDef], ...]:
    """Every class with the module it stands in."""
    return tuple(
        (module, node) for module, tree in trees().items() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
    )


def named(node: ast.expr) -> str:
    """The last part of a name, whatever it is subscripted with."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_a_class_name_stands_once_in_the_tree() -> None:
    where: dict[str, list[str]] = defaultdict(list)
    for module, node in classes():
        where[node.name].append(module)
    assert {name: there for name, there in where.items() if len(there) > 1} == {}


def test_no_class_is_sliced_by_inheritance() -> None:
    """A class with one subclass, beside it in the same part, which nobody makes or hands on, is half of that subclass.

    One that another part builds on is a type of its own, such as the runtime's actor that keeps others alive.
    """
    home: dict[str, str] = {}
    subclasses: dict[str, dict[str, str]] = defaultdict(dict)
    whole: set[str] = set()
    for module, node in classes():
        home[node.name] = part_of(module)
        for base in map(named, node.bases):
            subclasses[base][node.name] = part_of(module)
        if "Protocol" in map(named, node.bases):
            whole.add(node.name)
    for tree in trees().values():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            given = [call.func, *call.args, *(keyword.value for keyword in call.keywords)]
            whole |= {named(one) for one in given}
            whole |= {named(one.value) for one in given if isinstance(one, ast.Attribute)}
    sliced = {name for name, below in subclasses.items() if [*below.values()] == [home.get(name)]}
    assert sliced - whole == set()


def test_no_folder_has_too_many_modules() -> None:
    counts = Counter(path.parent for path in modules().values() if path.name != "__init__.py")
    crowded = {folder.relative_to(ROOT).as_posix() for folder, count in counts.items() if count > MOST_MODULES}
    assert crowded - LISTS == set()


def test_the_migrations_are_one_chain() -> None:
    said = re.compile(r'^(revision|down_revision) = "?(\w+)"?$', re.MULTILINE)
    files = list((ROOT / "actors/store/migrations/versions").glob("r*.py"))
    found = [dict(said.findall(path.read_text("utf-8"))) for path in files]
    assert [path.name[1:5] for path in files] == [each["revision"] for each in found], "the store goes by the names"
    after = {each["down_revision"]: each["revision"] for each in found}
    assert len(after) == len(found), "two migrations follow the same one"
    chain, at = [], "None"
    while at in after:
        at = after[at]
        chain.append(at)
    assert len(chain) == len(found)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """What is imported inside functions and for types alone does not count."""
    below = {
        module: {
            whole if (whole := f"{node.module}.{alias.name}") in modules() else str(node.module)
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for module, tree in trees().items()
    }
    below = {module: imported & below.keys() for module, imported in below.items()}
    while leaves := {module for module, imported in below.items() if not imported & below.keys()}:
        below = {module: imported for module, imported in below.items() if module not in leaves}
    assert below == {}


@pytest.mark.parametrize("part", KNOWN_BY)
def test_a_part_of_the_gateway_is_known_where_it_is_used(part: str) -> None:
    wrong = [
        module
        for module, tree in trees().items()
        if not within(module, part) and module not in KNOWN_BY[part]
        if any(within(name, part) for name in running_imports(tree))
    ]
    assert wrong == []


def test_a_command_waits_for_nothing_that_it_does_not_use() -> None:
    """What is imported on top of modules, from the command line on: each of these libraries would take a third more."""
    seen, todo = set[str](), ["gateway.cli"]
    while todo:
        if (module := todo.pop()) not in seen:
            seen.add(module)
            tree = trees().get(module)
            todo += [] if tree is None else _on_top(tree)
    assert {name.split(".")[0] for name in seen} & HEAVY == set()


HEAVY = {
    "PIL",
    "alembic",
    "phonenumbers",
    "psycopg",
    "pykka",
    "pyppeteer",
    "qrcode",
    "sqlalchemy",
    "starlette",
    "uvicorn",
}


def _on_top(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def running_imports(tree: ast.Module) -> Iterator[str]:
    """The modules that are imported while the program runs: not those for its types alone."""
    for_types = {
        one
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and named(node.test) == "TYPE_CHECKING"
        for one in node.body
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node not in for_types:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
