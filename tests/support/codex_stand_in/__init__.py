"""A stand-in for a Codex (Logos Storage) node, for tests: it speaks a node's REST API, stores
what it is given and fetches it from other stand-ins, and it misbehaves when told to.

Its peers speak a protocol of their own, so it never meets a real node. See __main__.py.
"""
