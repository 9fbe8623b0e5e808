"""The requests of a page to WhatsApp's server besides messages: each act a function of (who, the request's JSON).

Accounts have rules for acts: the next ones of a kind may be refused, or answered late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.scene import OpenPage
from sandbox.world import Account, ActRule, SandboxError

Answer = dict[str, Any]
ServerAct = Callable[[str, dict[str, Any]], Answer]


class ActRefused(SandboxError):
    """The server refuses. `number` is WhatsApp's code."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(409, f"REFUSED_{number}", message)
        self.number = number


class Acts:
    """Answers pages from tables of acts."""

    def __init__(self, *tables: Mapping[str, ServerAct]) -> None:
        self._acts = {name: act for table in tables for name, act in table.items()}

    def ask(self, page: OpenPage, said: dict[str, Any]) -> None:
        """Do what a page asks for, and answer: late if a rule of its account says so. What is late was done at once."""
        account, act = page.account, str(said["act"])
        if account is None:
            return
        rule = account.act_rule(act)
        told = {"op": "answer", "rid": said["rid"], **self._answer(account, said, rule)}
        if rule is not None and rule.delay:
            page.later(f"act {said['rid']}", rule.delay, lambda: page.say(told))
        else:
            page.say(told)

    def _answer(self, account: Account, said: dict[str, Any], rule: ActRule | None) -> Answer:
        try:
            if rule is not None and rule.code is not None:
                raise ActRefused(rule.code, "the sandbox was told to refuse it")
            return self._acts[str(said["act"])](account.number, said)
        except ActRefused as error:
            return {"error": error.number, "text": error.message}
