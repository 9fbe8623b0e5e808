"""Delivers events to webhooks: at least once, in order for each client, signed, and only to addresses it may reach.

sender          Sender: the actor that decides; SenderOptions
protocol        its messages
delivery_queue  DeliveryQueue, Cursor, Slots: due deliveries and their turns (pure)
schedule        the step after an attempt; RetryPolicy (pure)
http            HttpPoster: the loop that sends, to addresses that were checked
addresses       the addresses that may be reached (pure)
targets         the URLs that the service may be given (pure)
definition      the fields of a webhook, and the events it matches (pure)
bodies          the body of a delivery (pure)
signature       the headers of a delivery (pure)

Webhooks, their progress and dead letters are stored by actors.store.webhooks.
"""
