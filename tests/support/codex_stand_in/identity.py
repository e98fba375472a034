"""Who a node says it is: its peer id and its signed peer record (SPR).

Both have a real node's form, but the key is random bytes and the signature too; the address in
the record is where the node's peers reach it over TCP.
"""
import base64
import os
import socket
import time

from . import cid
from .options import Endpoint

_KEY_BYTES = 33
_IP4, _TCP = 4, 6


class Identity:
    """Made once a data directory."""

    def __init__(self, data_dir):
        path = os.path.join(data_dir, "key")
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(b"\x02" + os.urandom(_KEY_BYTES - 1))
        with open(path, "rb") as file:
            key = file.read()
        self._public_key = b"\x08\x02\x12\x21" + key
        self._peer = b"\x00\x25" + self._public_key
        self.peer_id = cid.base58(self._peer)
        self.public_key = key.hex()

    def spr(self, endpoint):
        """The record that others take as --bootstrap-node."""
        host = socket.inet_aton(endpoint.host)
        address = (cid.varint(_IP4) + host + cid.varint(_TCP) + endpoint.port.to_bytes(2, "big"))
        payload = (_field(1, self._peer) + b"\x10" + cid.varint(int(time.time()))
                   + _field(3, _field(1, address)))
        envelope = (_field(1, self._public_key) + _field(2, b"\x03\x01") + _field(3, payload)
                    + _field(5, os.urandom(70)))
        return "spr:" + base64.urlsafe_b64encode(envelope).decode().rstrip("=")


def spr_address(spr):
    """Where the node of a record listens; ValueError when the record is no stand-in's."""
    text = spr[len("spr:"):]
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    try:
        payload = cid.fields(cid.fields(data)[3])
        address = cid.fields(payload[3])[1]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{spr} is no peer record") from error
    if len(address) != 8 or address[0] != _IP4 or address[5] != _TCP:
        raise ValueError(f"{spr} is not the record of a stand-in")
    return Endpoint(socket.inet_ntoa(address[1:5]), int.from_bytes(address[6:], "big"))


def _field(number, value):
    return cid.varint(number << 3 | 2) + cid.varint(len(value)) + value
