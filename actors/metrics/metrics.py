"""All metrics, as the text that Prometheus reads.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder

from actors.metrics.counters import Counters
from actors.metrics.gauges import families

if TYPE_CHECKING:
    from actors.clients.types import State
    from actors.metrics.gauges import Sources

_WHEN_MADE = "_created"


class Metrics:
    """The metrics of one service. `registry` also takes the metrics of other parts."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.registry = CollectorRegistry(auto_describe=False)
        self.counters = Counters(self.registry)
        # The service's own processor time, memory and descriptors: `process_…`, the names that dashboards know.
        ProcessCollector(registry=self.registry)

    def text(self, states: Iterable[State] | None, accept: str = "") -> tuple[bytes, str]:
        """Return the text and its media type, as the header Accept asks. Blocks: not for an event loop.

        `states` are those of the clients; None if unknown.
        """
        encode, media_type = choose_encoder(accept)
        return encode(_Whole(self, states)), media_type

    def families(self, states: Iterable[State] | None) -> Iterator[Metric]:
        """Yield everything, without the instants at which series began: they are unused, and double the text."""
        for family in self.registry.collect():
            family.samples = [sample for sample in family.samples if not sample.name.endswith(_WHEN_MADE)]
            yield family
        yield from families(self._sources, states)


class _Whole:
    """A stand-in for a registry, for the encoders."""

    def __init__(self, metrics: Metrics, states: Iterable[State] | None) -> None:
        self._metrics, self._states = metrics, states

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client.registry.Collector."""
        return self._metrics.families(self._states)
