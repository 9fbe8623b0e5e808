"""Events for readers, as they happen.

feed       one subscription of the store for the whole event loop
stream     the events for one reader: stored ones, then live ones, without gap or repetition; all streams
carriers   server-sent events and WebSockets
consumers  the long poll: named readers that fetch and acknowledge events
"""
