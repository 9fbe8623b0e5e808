"""The vocabularies of tables that stand for themselves, one module a table.

erasure   all rows of one client, and their end
held      events that wait to be told
media     the files of the media store
reactions the reactions that were told and stand, from the events
received  the files that came with messages
"""
