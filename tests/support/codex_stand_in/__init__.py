"""A stand-in for a Codex (Logos Storage) node, for tests: it speaks a node's REST API, stores
what it is given and fetches it from other stand-ins, and it misbehaves when told to.

Start it with tests/support/codex-stand-in and a node's options; --help lists its own, which
CODEX_STAND_IN_OPTIONS in the environment may hold as well. A running one takes faults by
    curl http://API/stand-in/faults -d '{"truncate_stream": 100000}'
and ends one with null. Its peers speak a protocol of their own, so it never meets a real node.
"""
