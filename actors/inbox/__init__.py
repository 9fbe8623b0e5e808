"""Messages with files, on their way in: the file is fetched and kept before the message is told.

journal     the Journal that hands over what has to wait, and passes on the rest
inbox       the actor: what waits, in the order of each chat
held_chats  the chats in which something waits
downloads   fetching: a few at a time for each client, again where it failed
protocol    what the actor understands
quota       the bytes of all files together: the oldest go
rules       the operator's rules: which files, how large, how long
"""
