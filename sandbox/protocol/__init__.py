"""A mock of WhatsApp's server that speaks its protocol, for clients other than the sandbox's own page.

It was never run against the live service, nor with WhatsApp's own page: only with Baileys, which is a client made by
others from what is publicly known. It needs the extra `protocol` (`pip install 'session-manager[protocol]'`).
"""
