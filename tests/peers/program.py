"""One of the programs, running, as a test speaks with it: orders on its standard input, facts on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

Fact = dict[str, Any]
PATIENCE = 60.0


class Program:
    """A process whose every line of output is a fact."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=log.parent,
                env=os.environ | environment,
                text=True,
            )
        self.facts: list[Fact] = []
        self._changed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, name="facts")
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            try:
                fact = json.loads(line)
            except ValueError:
                continue  # what the program itself prints
            with self._changed:
                if isinstance(fact, dict) and "fact" in fact:
                    self.facts.append(fact)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def hears(self, fact: str, *, besides: Collection[Fact] = (), **fields: Any) -> Fact:
        """The first such fact with these fields, old or new, that is none of `besides`.

        Raises AssertionError where none comes.
        """
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                for one in self.facts:
                    if one not in besides and one.items() >= {"fact": fact, **fields}.items():
                        return one
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    break
                self._changed.wait(left)
        raise AssertionError(f"no {fact}; heard {self._told()}; {self._log.read_text(errors='replace')[-2000:]}")

    def _told(self) -> list[Fact]:
        return [{name: str(value)[:80] for name, value in fact.items()} for fact in self.facts]

    def asks(self, order: str, **more: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"order": order, **more}) + "\n")
        self._process.stdin.flush()

    def does(self, order: str, **more: Any) -> Any:
        """Gives an order and returns what came of it. Raises AssertionError where the program says it failed."""
        before = len(self.facts)
        self.asks(order, **more)
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while (left := deadline - time.monotonic()) > 0 and not self._ended:
                for one in self.facts[before:]:
                    if one["fact"] in ("done", "failed") and one["order"] == order:
                        assert one["fact"] == "done", f"{order}: {one['error']}"
                        return one["value"]
                self._changed.wait(left)
        raise AssertionError(f"{order} was not answered; heard {self._told()}")

    def close(self) -> None:
        """Ends the program and every process it started."""
        try:
            started = psutil.Process(self._process.pid)
            members = [started, *started.children(recursive=True)]
        except psutil.NoSuchProcess:
            members = []
        for member in members:
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            try:
                stream.close()
            except BrokenPipeError:
                continue
