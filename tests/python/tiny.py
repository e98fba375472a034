"""A driver of the tiny store: whole, and quick enough for a thousand swarms."""

from __future__ import annotations

import os
from typing import Optional

import swarmbench as sb


def word(reply: sb.Reply) -> str:
    """The reply's only word."""
    text = reply.expect().text
    if not text.isascii() or not 0 < len(text) < 64 or not text.replace("-", "").replace(".", "").isalnum():
        raise sb.ProtocolError("the reply is not one word")
    return text


@sb.register_driver
class Tiny(sb.Driver):
    name = "tiny"
    description = "A store for tests"
    kind = "store"
    program = os.environ.get("SWB_TINY_STORE", "tiny_store")
    package = "built with the tests"
    node_memory_bytes = 10 * sb.MB

    def launch(self, node: sb.Node) -> sb.Launch:
        return sb.Launch(node.program, [node.address, node.api_port])

    def ready(self, node: sb.Node) -> sb.Operation:
        word((yield sb.http("GET", "/id")))

    def version(self, node: sb.Node) -> sb.Operation:
        word((yield sb.http("GET", "/id")))
        return sb.Version("1.0", stand_in=True)

    def seed(self, node: sb.Node, content: sb.Content) -> sb.Operation:
        return word((yield sb.http("PUT", "/content", upload=True)))

    def leech(self, node: sb.Node, content: sb.Content) -> sb.Operation:
        reply = yield sb.http("GET", f"/content/{content.handle}", download=True)
        reply.expect()
        node.session["whole"] = True
        return "serving"

    def status(self, node: sb.Node, content: sb.Content) -> sb.Operation:
        text = word((yield sb.http("GET", "/bytes")))
        if not text.isdecimal() or len(text) > 18:
            raise sb.ProtocolError("a count of bytes is no number")
        count = int(text)
        return sb.Status("serving" if count == node.content_bytes else "absent", bytes_done=count)

    def remove(self, node: sb.Node, content: sb.Content) -> sb.Operation:
        (yield sb.http("DELETE", "/content")).expect()

    def read(self, node: sb.Node, content: sb.Content) -> sb.Operation:
        (yield sb.http("GET", f"/content/{content.handle}", download=True)).expect()


def experiment(
    size: int = 2, runs: int = 1, driver: str = "tiny", file_size: int = 1000,
    name: Optional[str] = None,
) -> sb.Experiment:  # fmt: skip
    """An experiment of one cell."""
    return sb.Experiment(
        name=name or "tiny",
        modes={driver: {"driver": driver}},
        file_size=file_size,
        size=size,
        repetitions=runs,
        allow_stand_in=True,
        retries=0,
    )
