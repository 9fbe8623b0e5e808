"""`python -m tests.benchmarks [NAME …] [--json FILE]`: ratios against floors measured in the same run.

Nothing is asserted: a figure that misses its target says so, and the exit code is 0. A benchmark that cannot be run
does not keep the others from it; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import structlog

from tests.benchmarks import accept, ask, chats, media, memory, pictures, qr, send, starts, status, streams, webhooks
from tests.benchmarks.figures import Benchmark, Figure, progress, show

BENCHMARKS: dict[str, Benchmark] = {
    "ask": ask.run,
    "status": status.run,
    "qr": qr.run,
    "starts": starts.run,
    "memory": memory.run,
    "accept": accept.run,
    "send": send.run,
    "media": media.run,
    "pictures": pictures.run,
    "webhooks": webhooks.run,
    "streams": streams.run,
    "chats": chats.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run those named, or all. Answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    said = parser.parse_args(arguments)
    if unknown := set(said.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    figures: list[Figure] = []
    failed = False
    for name in said.names or BENCHMARKS:
        try:
            figures += BENCHMARKS[name](progress(name))
        except Exception:  # noqa: BLE001 - told, and the others are measured all the same
            failed = True
            print(f"\n{name} could not be measured:\n{traceback.format_exc()}", file=sys.stderr)
    print(file=sys.stderr)
    show(figures)
    if said.json:
        said.json.write_text(json.dumps([figure.told() for figure in figures], indent=2) + "\n")
    return int(failed)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    sys.exit(main())
