"""The OpenAPI document: every call with its shapes, every event as a webhook, each described and with an example.

document      the document, made of the table of calls
descriptions  the text of each property: from the docstring beneath its field, or from the glossary
glossary      the names that mean the same everywhere
examples      bodies and answers that fit their schemas
values        values of properties, of which examples are made
events        the events as webhooks
"""
