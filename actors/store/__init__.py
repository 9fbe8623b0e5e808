"""The store: everything on disk but files and browser profiles, on SQLite or PostgreSQL.

store           the store, behind one `ask`
writer          the actor that writes, in groups, and publishes events
requests        Write and Read, the two kinds of request
database        addresses and engines
postgresql      its driver, if installed
schema          the tables
migrations      the history of the schema
errors          the refusals, and when the database cannot be used
journal         the ports of the domain, on disk
sessions        the clients that are to run
events          the list of events
event_pages     pages of events, for readers that were away
outbox          messages on their way out
message_states  the states of a message
webhooks        webhooks, their progress, dead letters
rows            the tables that stand for themselves
retention       what is deleted when it is old
erasure         what is deleted of a client at once
backup          backup and restore
ownership       one process for each data directory
origin          the WhatsApp that a store belongs to
"""
