"""Chromium as a program: the command line, the process, the pipe to it, and the addresses it may open."""
