"""The facts on a client that every part may read without asking its actor.

config     its configuration: name, metadata, proxy, ignored chats
directory  Directory: the actors of all clients that run
registry   ClientRegistry: configuration, number and last states of all clients, in memory
"""
