"""Thousands of messages while everything is killed, stopped and cut at random: `make campaign`.

campaign   the course of it: callers, faults, the end
plan       how much of everything, drawn from one seed; and the tide that spreads it over the faults
callers    consumers that hand messages in and repeat themselves, and people who write to the clients
stage      what is played on: the service, and real Chromium on the sandbox
fake       the same with the fake browser, and a WhatsApp whose record is on disk
faults     what is done to it, and when what was struck
webhooks   a receiver that fails every third time
away       what callers are owed while the database server is away
records    what the service and WhatsApp have written down
verdict    the comparison of the two (pure)
report     what is printed
"""
