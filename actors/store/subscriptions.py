"""Tells subscribers of events, after they are on disk and in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Subscribe:
    subscriber: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    subscriber: Callable[..., Any]


class Subscriptions:
    def start_at(self, connection: Connection) -> None: ...
    def add(self, subscriber: Callable[..., Any]) -> None: ...
    def remove(self, subscriber: Callable[..., Any]) -> None: ...
    def publish(self, connection: Connection) -> None: ...
