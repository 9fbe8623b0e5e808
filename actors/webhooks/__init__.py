"""Delivers events to webhooks: at least once, in order for each client, signed, and only where it may go.

sender      Sender: the actor that decides; SenderOptions
messages    Change, GetSending: what others send it
definition  new_webhook, changes, shown, InvalidWebhook: what an owner may say, and is shown
fields      what may be said of each field (pure)
posting     HttpPoster: the loop that sends; PostingOptions
transport   connections to addresses that were checked
addresses   which addresses may be reached (pure)
schedule    what follows an attempt (pure); RetryPolicy
settling    what is written of it (pure)
line        what one webhook has to do for one client (pure)
lines       all lines: whose turn it is, which rest (pure)
slots       how many may go at once (pure)
patterns    which events are wanted (pure)
signature   the headers of a delivery (pure)

What is kept is in actors.store: webhooks, deliveries, dead_letters.
"""
