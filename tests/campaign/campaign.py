"""The course of a campaign: callers begin, faults strike, everything is settled, the records are compared."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.campaign import records
from tests.campaign.callers import Crowd
from tests.campaign.faults import Struck, Weather
from tests.campaign.plan import Plan, Tide
from tests.campaign.stage import Stage, settled
from tests.campaign.verdict import Arrival, Promise, Records, Verdict, judge
from tests.campaign.webhooks import Hook

Told = Callable[[int, Struck, Crowd, float], None]


class Campaign:
    """One run. `told` hears of each fault."""

    def __init__(self, plan: Plan, stage: Stage, told: Told = lambda *_: None) -> None:
        self._plan, self._stage, self._told = plan, stage, told
        self._tide = Tide(plan)
        self.weather = Weather(plan, stage, self._tide, self._struck)
        self._began = time.monotonic()

    @property
    def passed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    def _struck(self, struck: Struck) -> None:
        self._told(len(self.weather.struck), struck, self.crowd, self.passed)

    def run(self) -> Verdict:
        """Everything. Raises AssertionError where something does not come back; the verdict is on the messages."""
        self._stage.pair()
        with Hook(self._plan) as hook:
            hook.create(self._stage.url, self._stage.hook_events)
            self._play()
            arrivals = self._stage.arrivals()
            self._stage.stop_service()
            written = records.read(self._stage.database_url, self._plan.clients)
            hooked = [event.id for event in written.events if event.type in self._stage.hook_events]
            self._stage.start_service()
            hook.has(set(hooked), self._plan.patience)
            self._stage.stop_service()
        verdict = judge(self._records(written, arrivals, hooked, hook))
        verdict.blame("answers are none that a consumer should get", self.crowd.wrong)
        verdict.figures |= {
            "webhook: answers that were failures": hook.failed,
            "requests repeated": sum(handed.repeats for handed in self.crowd.handed),
            "requests refused because of the database": self.crowd.refused,
        }
        return verdict

    def _play(self) -> None:
        stage = self._stage
        self.crowd = Crowd(self._plan, self._tide, stage.url, stage.pause, stage.write, stage.largest)
        self.crowd.start()
        try:
            self.weather.run()
        except BaseException as error:
            self._tide.fail(error)
            raise
        finally:
            self.crowd.join()
        self._tide.held()
        self._stage.all_ready(self._plan.patience)
        settled(self._stage, self._plan.clients, self._plan.patience)

    def _records(self, written: records.Written, arrivals: list[Arrival], hooked: list[str], hook: Hook) -> Records:
        return Records(
            promises=[
                Promise(
                    h.client_id,
                    h.key,
                    h.content.text,
                    h.accepted,
                    h.uncertain,
                    frozenset(h.answers),
                    h.content.digest,
                )
                for h in self.crowd.handed
            ],
            rows=written.rows,
            arrivals=arrivals,
            written=self.crowd.written,
            heard=[inbound for event in written.events if (inbound := records.inbound(event)) is not None],
            sequences=[(event.client_id, event.sequence) for event in written.events],
            hooked=hooked,
            posted=hook.posted,
        )
