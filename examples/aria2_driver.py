"""A driver in Python: aria2, by its JSON-RPC. `import aria2_driver` makes `driver: aria2` known."""

from base64 import b64encode
from typing import Any

import swarmbench as sb

# aria2 forgets a download without deleting its file: this does, it is given the path as $3.
FORGET = '#!/bin/sh\nrm -f -- "$3" "$3.aria2"\n'
# All errors of aria2 have code 1: its words tell them apart.
ERRORS = {"Unauthorized": sb.AuthenticationRefused, "not found": sb.NotFound,
          "not unique": sb.AlreadyExists, "already registered": sb.AlreadyExists}
FLAGS = ["--no-conf", "--enable-rpc", "--rpc-listen-all", "--seed-ratio=0.0", "--disable-ipv6",
         "--enable-dht=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false",
         "--allow-overwrite", "--check-integrity", "--file-allocation=none"]
# It seeds without end, so what is complete was removed.
STATES = {"active": "fetching", "paused": "paused", "waiting": "paused", "complete": "absent",
          "error": "failed", "removed": "absent"}


def call(node: sb.Node, method: str, *params: Any) -> sb.Operation:
    """One call of JSON-RPC; returns its result."""
    request = {"jsonrpc": "2.0", "id": "swarmbench", "method": f"aria2.{method}",
               "params": [f"token:{node.password}", *params]}
    reply = yield sb.http("POST", "/jsonrpc", json=request, port="wildcard")
    answer = reply.json() if "json" in reply.content_type else reply.expect().json()
    if not isinstance(answer, dict) or not {"error", "result"} & answer.keys():
        reply.expect()
        raise sb.ProtocolError("the reply is no JSON-RPC")
    if "error" in answer:
        words = str(answer["error"])
        raise next((kind for key, kind in ERRORS.items() if key in words), sb.RequestRefused)(words)
    return answer["result"]


@sb.register_driver
class Aria2(sb.Driver):
    name, description, kind = "aria2", "aria2, by its JSON-RPC", "torrent"
    program, package, service = "aria2c", "apt install aria2", "opentracker"
    node_memory_bytes = 100 * sb.MB

    def launch(self, node: sb.Node) -> sb.Launch:
        own = [f"--rpc-listen-port={node.wildcard_port}", f"--rpc-secret={node.password}",
               f"--interface={node.address}", f"--listen-port={node.data_port}",
               f"--dir={node.content_dir}", f"--on-download-stop={node.home_dir}/forget"]
        return sb.Launch(node.program, FLAGS + own, files={"forget": (FORGET, 0o755)})

    def version(self, node: sb.Node) -> sb.Operation:
        return str((yield from call(node, "getVersion"))["version"])

    ready = version

    def seed(self, node: sb.Node, content: sb.Content) -> sb.Operation:
        torrent = b64encode(content.torrent).decode()
        yield from call(node, "addTorrent", torrent, [], {"gid": str(content.handle)[:16]})

    leech = seed  # what lies in its directory decides

    def status(self, node: sb.Node, content: sb.Content) -> sb.Operation:
        try:
            told = yield from call(node, "tellStatus", str(content.handle)[:16])
        except sb.NotFound:
            return sb.Status("absent")
        state = STATES[told["status"]]
        if "verifiedLength" in told or "verifyIntegrityPending" in told:
            state = "checking"
        elif state == "fetching" and told["seeder"] == "true":
            state = "serving"
        return sb.Status(state, int(told["completedLength"]), payload_sent=int(told["uploadLength"]),
                         peers=int(told["connections"]), detail=told.get("errorMessage", ""))

    def peers(self, node: sb.Node, content: sb.Content) -> sb.Operation:
        yield from call(node, "tellStatus", str(content.handle)[:16])  # they meet at the tracker

    def remove(self, node: sb.Node, content: sb.Content) -> sb.Operation:
        yield from call(node, "forceRemove", str(content.handle)[:16])

    def stop(self, node: sb.Node) -> sb.Operation:
        yield from call(node, "forceShutdown")
