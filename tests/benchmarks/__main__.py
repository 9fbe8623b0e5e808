"""`python -m tests.benchmarks [NAME …] [--json FILE]`: ratios against floors measured in the same run.

Nothing is asserted: a figure that misses its target says so, and the exit code is 0.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from tests.benchmarks import accept, ask, memory, qr, status, webhooks
from tests.benchmarks.figures import Benchmark, Figure, progress, show

BENCHMARKS: dict[str, Benchmark] = {
    "ask": ask.run,
    "status": status.run,
    "qr": qr.run,
    "memory": memory.run,
    "accept": accept.run,
    "webhooks": webhooks.run,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run those named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    said = parser.parse_args(arguments)
    if unknown := set(said.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    figures: list[Figure] = []
    for name in said.names or BENCHMARKS:
        figures += BENCHMARKS[name](progress(name))
    print(file=sys.stderr)
    show(figures)
    if said.json:
        said.json.write_text(json.dumps([figure.told() for figure in figures], indent=2) + "\n")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    main()
