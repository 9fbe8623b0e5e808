"""The handlers of WAHA's calls, one module a subject. The table of calls is `gateway.waha.table`."""
