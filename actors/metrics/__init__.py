"""What is counted and measured, for /metrics.

counters   what has happened: changes of state, starts, sends, events, deliveries; CountingJournal counts transitions
timing     TimedBrowser, TimedPoster: how long sends, probes and deliveries took
gauges     what is read when somebody asks: mailboxes, the browser's loop, clients by state
processes  memory and processor time of each client's browser
metrics    all of it together, as text

The registry is handed down, nothing is global; labels come from closed sets, and clients by number only up to a limit.
"""
