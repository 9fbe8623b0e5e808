"""A small campaign on the real thing, and one on the fake; `make campaign` plays them at full size."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign.campaign import Campaign
from tests.campaign.fake import FakeStage
from tests.campaign.plan import Plan
from tests.campaign.stage import RealStage


@pytest.mark.e2e
@pytest.mark.slow
def test_sixty_messages_survive_six_faults_on_real_chromium(tmp_path: Path) -> None:
    plan = Plan(messages=60, kills=6, seed=3)
    with RealStage(tmp_path, plan) as stage:
        verdict = Campaign(plan, stage).run()
    assert verdict.problems == []
    assert verdict.figures["duplicates"] == 0
    assert verdict.figures["inbound events"] == plan.messages


@pytest.mark.slow
def test_two_hundred_messages_survive_thirty_faults_on_the_fake_browser(tmp_path: Path) -> None:
    plan = Plan(messages=200, kills=30, seed=3, at_once=3)
    with FakeStage(tmp_path, plan) as stage:
        verdict = Campaign(plan, stage).run()
    assert verdict.problems == []
    assert verdict.figures["duplicates"] == 0
    assert verdict.figures["inbound events"] == plan.messages
