"""The one error that ends a start."""

from __future__ import annotations


class StartRefused(Exception):
    """The service cannot start as things are.

    Its text is one sentence for whoever typed the command: what is wrong, and what to do. `exit_code` is the process's.
    """

    exit_code = 1
