"""The deploy checklist: five phases of steps against a live service, and a report of what was seen.

steps          what a step is: command, function, what it needs; verdicts
site           the service under the checklist, as seen over HTTP and, on its own host, in the process table
hosting        who keeps the service: PM2, systemd, nobody; their commands
preconditions, deploy, functional, recovery, configuration, verification   the steps, one module a family
plan           all of them in order
running        plays them
texts          every sentence, in English and Spanish
report         Markdown and JSON

Rules: a step that changes anything says so in its needs, and runs only where it was asked for and on the client numbers
it was given; what a step cannot see is skipped, with why, and never passed.
"""
