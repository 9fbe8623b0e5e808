"""The deploy checklist: five phases of steps against a live service, and a report of what was seen.

steps          a step: command, function, requirements, verdict
site           the service under the checklist: over HTTP, in the process table
hosting        its process manager: PM2, systemd; their commands
processes      what the process table of this host says of a service
preconditions, deploy, functional, configuration   the steps, one module a phase
plan           all of them in order, and how they are played
report         Markdown and JSON; the texts, one TOML file a language

Rules: a step that changes anything says so in its requirements, and runs only where it was asked for and on the client
numbers it was given; what a step cannot see is skipped, with the reason, and never passed.
"""
