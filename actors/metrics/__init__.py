"""What is counted and measured, for /metrics.

Everything is seen where facts flow already, by what stands in their way and hands them on:

journal   in front of the store's journal: changes of state, starts, reconnections, cleanups
pages     in front of the browser: messages, probes
posting   in front of the poster: webhook deliveries
facts     what they are counted in
usage     processes of the browser: memory, processor time; measured in a thread of its own
present   what is looked at when somebody asks: mailboxes, the browser's loop, clients by state
metrics   all of it together, as text

Rule of this package: the registry is handed down, nothing is global; labels come from closed sets, and clients by
number only up to a limit.
"""
