"""Delivers events to webhooks: at least once, in order for each client, signed, and only to addresses it may reach.

sender          Sender: the actor that decides; SenderOptions
protocol        the messages it takes
delivery_queue  DeliveryQueue, Cursor, Slots: what is due, and whose turn it is (pure)
schedule        what follows an attempt; RetryPolicy (pure)
http            HttpPoster: the loop that sends, to addresses that were checked
addresses       which addresses may be reached (pure)
definition      the fields of a webhook, and which events it wants (pure)
signature       the headers of a delivery (pure)

What is kept is in actors.store: webhooks, deliveries, dead_letters.
"""
