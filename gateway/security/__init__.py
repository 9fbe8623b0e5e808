"""The security of calls: keys and scopes, rates, origins, connections.

auth          scopes, callers, and what a call needs
guard         before every call: who may, and how often
keys          API keys
sessions      who is signed in at the dashboard
rate_limits   how often
origins       hosts, origins, proxies, headers of pages
connections   how many, how slow, how large; exposure and TLS
"""
