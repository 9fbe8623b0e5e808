"""The vocabularies of tables that stand for themselves, one module a table.

accounts     the accounts that clients have been linked to
configs      the configurations of clients
consumers    readers whose acknowledged position is kept
held         events that wait to be told
keys         API keys, by their digests
media        the files of the media store
reactions    the reactions that were told and stand, from the events
received     the files that came with messages
unreadable   rows of any table that cannot be read as they should
"""
