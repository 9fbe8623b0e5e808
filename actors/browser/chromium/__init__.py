"""Chromium as a program: the command line, the process, the pipe to it, the addresses it may open, its disk space."""
