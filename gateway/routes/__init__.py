"""The handlers of calls, one module a family. The table of calls is `gateway.api`.

A handler gets an `ApiRequest` and returns a response. What it raises becomes an answer by the table in `errors`. Its
docstring is what the OpenAPI document says of the call.
"""
