"""The error that ends a start."""

from __future__ import annotations


class StartRefused(Exception):
    """The service cannot start.

    Its text is one sentence for the person at the command line: the fault and its remedy. `exit_code` is the process's.
    """

    exit_code = 1
