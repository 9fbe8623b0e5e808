"""`python -m tests.campaign [--messages 2000] [--kills 100] [--seed 1] [--fake] [--database postgresql]
[--at-once 3]`.

Exit code 0 only if all held.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.campaign import report
from tests.campaign.callers import Crowd
from tests.campaign.campaign import Campaign
from tests.campaign.fake import FakeStage
from tests.campaign.faults import Struck
from tests.campaign.plan import Plan
from tests.campaign.stage import RealStage
from tests.store.postgresql import PostgreSQL, running


def _new_directory(text: str) -> Path:
    try:
        Path(text).mkdir(parents=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return Path(text)


@contextmanager
def _server(database: str) -> Iterator[PostgreSQL | None]:
    """A server of the campaign's own, where one is wanted. Raises NoPostgreSQL."""
    if database == "sqlite":
        yield None
        return
    with running("shared_buffers=64MB", "max_connections=40") as server:
        yield server


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fake", action="store_true", help="the fake browser, and ten times as much")
    parser.add_argument("--messages", type=int, help="out, and as many in; by default 2,000, with --fake 20,000")
    parser.add_argument("--kills", type=int, help="faults; by default 100, with --fake 1,000")
    parser.add_argument("--clients", type=int, help="by default 2, with --fake 4")
    parser.add_argument("--at-once", type=int, default=1, help="up to so many faults side by side; by default 1")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=_new_directory, help="leave data and logs in this directory, which is made")
    given = parser.parse_args()
    usual = (20_000, 1_000, 4) if given.fake else (2_000, 100, 2)
    messages, kills, clients = (
        usual[i] if said is None else said for i, said in enumerate((given.messages, given.kills, given.clients))
    )
    plan = Plan(messages, kills, given.seed, clients, given.at_once)
    every = 20 if given.fake else 1

    def told(number: int, struck: Struck, crowd: Crowd, seconds: float) -> None:
        if number % every == 0:
            report.progress(number, plan, struck, crowd, seconds)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # else what was started would be left behind
    with tempfile.TemporaryDirectory(prefix="campaign-") as directory:
        stage_of, place = FakeStage if given.fake else RealStage, given.keep or Path(directory)
        with _server(given.database) as server, stage_of(place, plan, server) as stage:
            campaign = Campaign(plan, stage, told)
            verdict = campaign.run()
        report.table(plan, campaign.weather.struck, verdict, campaign.passed)
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
