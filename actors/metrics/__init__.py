"""The metrics for /metrics.

counters   changes of state, starts, sends, events, deliveries; CountingJournal counts transitions
timing     TimedBrowser, TimedPoster: the durations of sends, probes and deliveries
gauges     values read on demand: mailboxes, the browser's loop, clients by state, processes of each client's browser
metrics    all of them, as text

The registry is passed down, nothing is global; labels come from closed sets, and clients by number only up to a limit.
"""
