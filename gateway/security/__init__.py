"""The security of calls: keys and scopes, rates, origins, connections.

auth          scopes, callers, and the needs of a call
needs         the needs, by name
guard         the check before every call
keys          API keys
sessions      sessions at the dashboard
rate_limits   rates of calls, messages, starts and wrong keys
origins       hosts, origins, proxies, headers of pages
connections   the limits of connections
framing       where a head and a body end
shares        what one address or key may have of the connections
exposure      who reaches the service without a key; TLS
"""
