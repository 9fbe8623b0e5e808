"""Who may come in, how often, and through which door.

door              hosts, origins, proxies: what is refused before anything else looks at it
exposure          what the network sees: loopback only without a key, HTTPS, uvicorn's options
connections       how many, how slow, how large
guard             before every call: who may, and how often
authority         scopes, and what each call needs
keys              what an API key is; keyring: those that are valid now; offline_keys: without a running service
browser_sessions  who has signed in at the dashboard
rate_limits       how often; rate, start_rates, windows: one rate, those of starts, what they count in
page_headers      what HTML answers forbid
"""
