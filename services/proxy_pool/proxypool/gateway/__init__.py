"""The gateway: one address that is an HTTP proxy and a SOCKS5 proxy over the whole pool.

`listener.py` takes connections in, `http_side.py` and `socks5_side.py` speak with clients,
`route.py` finds an upstream for a request, trying others where one fails, `dial.py` connects to it,
and `relay.py` and `exchange.py` carry the bytes.
"""
