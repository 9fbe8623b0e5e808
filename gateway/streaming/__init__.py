"""Events on their way to readers, as they happen.

feed       one subscription of the store for the whole event loop
stream     one reader: from the store's pages to what is live, without gap or repetition; all readers, and their end
carriers   server-sent events and WebSockets
consumers  named readers who fetch and acknowledge
"""
