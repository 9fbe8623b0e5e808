"""The rows of the table of calls by subject; `gateway.api` puts them together.

messages earlier messages, reading, typing and being online
needs    who may call, and how often: the same few for all rows
chats    chats, and the messages in them
contacts people, and whether a number is one
groups   groups, and invite links
profile  the account's profile, labels, statuses, and calls to it
"""
