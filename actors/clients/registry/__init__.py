"""What every part may ask of a client without asking its actor.

config    its configuration: name, metadata, proxy, ignored chats
registry  ClientRegistry: configuration, number and last states of all clients, in memory
"""
