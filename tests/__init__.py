"""Tests mirror the packages.

This file makes them `tests.<package>`. Without it a directory such as `tests/sandbox` that has an `__init__.py` would
be taken for the package `sandbox` itself.
"""
