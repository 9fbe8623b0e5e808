"""`python -m tests.campaign [--messages 2000] [--kills 100] [--seed 1] [--fake]`. Exit code 0 only if all held."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.campaign import report
from tests.campaign.campaign import Campaign
from tests.campaign.plan import Plan
from tests.campaign.stage import RealStage


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2000, help="out, and as many in")
    parser.add_argument("--kills", type=int, default=100, help="faults")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="leave data and logs in this directory")
    given = parser.parse_args()
    plan = Plan(given.messages, given.kills, given.seed, given.clients)
    with tempfile.TemporaryDirectory(prefix="campaign-") as directory:
        with RealStage(given.keep or Path(directory), plan) as stage:
            campaign = Campaign(plan, stage, lambda n, struck, crowd, s: report.progress(n, plan, struck, crowd, s))
            verdict = campaign.run()
        report.table(plan, campaign.weather.struck, verdict, campaign.passed)
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
