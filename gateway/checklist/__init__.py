"""The deploy checklist: five phases of steps against a live service, and a report of the results.

steps          a step: command, function, requirements, verdict
site           the service under the checklist: over HTTP, in the process table
hosting        its process manager: PM2, systemd; their commands
processes      a service in the process table of this host
preconditions, deploy, functional, configuration   the steps, one module per phase
plan           all steps in order, and their execution
report         Markdown and JSON; the texts, one TOML file per language

A step that changes anything has a requirement for it, and runs only on request and on the given client numbers. A step
that cannot see its subject is skipped, with the reason, and never passed.
"""
