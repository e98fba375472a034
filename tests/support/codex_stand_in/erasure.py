"""Coded datasets and the purchases that make them.

The coded dataset has the size and the order of a real one: the original blocks first, padded to
whole rows, then the parity. The parity is a plain XOR, which nobody can decode from: not even a
real node's stream was seen to recover what was lost.
"""
import math
import secrets
import threading
import time

from . import cid, log
from .store import DIGEST

_MAX_UINT64 = 2 ** 64 - 1


class Refused(Exception):
    """(status, text) of the refusal."""


def read_request(body):
    """Checks the body of a storage request, in the node's order; returns it with defaults."""
    if not isinstance(body, dict):
        raise Refused(400, "Expected a JSON object")
    terms = {name: _number(body, name) for name in
             ("duration", "proofProbability", "pricePerBytePerSecond", "collateralPerByte",
              "expiry")}
    terms["nodes"], terms["tolerance"] = _number(body, "nodes", 3), _number(body, "tolerance", 1)
    if not 0 < terms["expiry"] < terms["duration"]:
        raise Refused(422, "Expiry must be greater than zero and less than the request's duration")
    for name, text in (("proofProbability", "Proof probability"),
                       ("collateralPerByte", "Collateral per byte"),
                       ("pricePerBytePerSecond", "Price per byte per second")):
        if terms[name] == 0:
            raise Refused(422, f"{text} must be greater than zero")
    _check_parts(terms["nodes"], terms["tolerance"])
    return terms


def _number(body, name, default=None):
    value = body.get(name, default)
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if type(value) is not int or not 0 <= value <= _MAX_UINT64:
        raise Refused(400, f"Expected a number in {name}")
    return value


def _check_parts(nodes, tolerance):
    if tolerance == 0:
        raise Refused(422, "Tolerance needs to be bigger then zero")
    if tolerance > nodes:
        raise Refused(422, "Invalid parameters: `tolerance` cannot be greater than `nodes`")
    if nodes - tolerance <= 1 or nodes - tolerance < tolerance:
        raise Refused(422, "Invalid parameters: parameters must satify "
                           "`1 < (nodes - tolerance) ≥ tolerance`")


def encode(store, manifest, data, parity):
    """Stores a coded dataset; returns its manifest and how many blocks stand in a column."""
    if data > manifest.blocks:
        raise Refused(422, "Dataset too small for erasure parameters, need at least "
                           f"{data * manifest.block_size} bytes")
    original = store.trees[manifest.root]
    steps = -(-manifest.blocks // data)
    leaves = bytearray(original.leaves)
    leaves += cid.EMPTY_DIGEST * (steps * data - manifest.blocks)
    for row in range(parity):
        for step in range(steps):
            indices = range(step + row % data * steps, steps * data, steps * parity)
            leaves += store.put(_parity(store, leaves, manifest.block_size, row, indices))[0]
    coded = cid.Manifest(
        root=cid.tree_root(leaves), size=len(leaves) // DIGEST * manifest.block_size,
        block_size=manifest.block_size, filename=manifest.filename, mimetype=manifest.mimetype,
        erasure=cid.Erasure(data, parity, manifest.root, manifest.size))
    store.add_tree(coded.root, bytes(leaves))
    return coded, steps


def _parity(store, leaves, size, row, indices):
    mixed = int.from_bytes(bytes([row % 255 + 1]) * size, "little")  # never equal to a data block
    for index in indices:
        digest = bytes(leaves[index * DIGEST:(index + 1) * DIGEST])
        mixed ^= int.from_bytes(store.get(digest, size), "little")
    return mixed.to_bytes(size, "little")


class Purchases:
    """What was asked of the marketplace. A purchase is pending for a while, then submitted."""

    def __init__(self, account, delay):
        self._account = account
        self._delay = delay
        self._lock = threading.Lock()
        self._all = {}  # id -> (when it is submitted, its request)

    def add(self, terms, name, coded, steps):
        """Returns the id of a new purchase of the coded dataset with that CID."""
        purchase = secrets.token_hex(32)
        request = {
            "client": self._account,
            "ask": {"proofProbability": str(terms["proofProbability"]),
                    "pricePerBytePerSecond": str(terms["pricePerBytePerSecond"]),
                    "collateralPerByte": str(terms["collateralPerByte"]),
                    "slots": terms["nodes"],
                    "slotSize": coded.block_size << math.ceil(math.log2(steps)),
                    "duration": terms["duration"], "maxSlotLoss": terms["tolerance"]},
            "content": {"cid": name}, "expiry": terms["expiry"],
            "nonce": "0x" + secrets.token_hex(32), "id": "0x" + purchase}
        with self._lock:
            self._all[purchase] = (time.monotonic() + self._delay, request)
        log.event("Purchase", id=purchase, cid=name)
        return purchase

    def ids(self):
        with self._lock:
            return ["0x" + purchase for purchase in self._all]

    def get(self, purchase):
        """The purchase as the API shows it, or None."""
        with self._lock:
            submitted_at, request = self._all.get(purchase, (0.0, None))
        if not request:
            return None
        submitted = time.monotonic() >= submitted_at
        return {"requestId": request["id"], "request": request if submitted else None,
                "state": "submitted" if submitted else "pending", "error": None}
