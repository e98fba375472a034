"""The REST API of both generations, and the stand-in's own /stand-in/faults."""
import json
import os
import re
import time

from . import cid, erasure, log, metrics
from .httpd import HTML, TEXT
from .node import RetriesExhausted
from .options import GENERATIONS
from .store import QuotaExceeded

_BLOCK_SIZE = 65536
_MIN_BLOCK_SIZE, _MAX_BLOCK_SIZE = 4096, 512 * 1024
_LOOK = 0.25  # seconds between looks whether a client still waits
_MAX_JSON = 1 << 20

# The node takes what its table of MIME types knows; these stand for it.
_MIME_TYPES = re.compile(
    r"application/(octet-stream|json|pdf|zip|gzip|xml|x-tar|x-bittorrent|javascript|wasm)"
    r"|text/(plain|html|css|csv|xml|javascript)"
    r"|image/(png|jpeg|gif|bmp|webp|svg\+xml|tiff)|audio/(mpeg|ogg|flac|x-wav)"
    r"|video/(mp4|mpeg|ogg|webm|quicktime|x-matroska)")


class Api:
    """Answers the requests to one node."""

    def __init__(self, node):
        self._node = node
        self._generation = node.options.generation
        prefix = f"/api/{self._generation}/v1"
        data = prefix + r"/data/(?P<name>[^/]+)"
        routes = [
            ("GET", "/stand-in/faults", self._show_faults),
            ("POST", "/stand-in/faults", self._set_faults),
            ("GET", prefix + "/debug/info", self._debug_info),
            ("GET", prefix + "/spr", self._spr),
            ("GET", prefix + "/peerid", self._peer_id),
            ("GET", prefix + "/space", self._space),
            ("GET", prefix + "/data", self._list),
            ("POST", prefix + "/data", self._upload),
            ("GET", data, self._local),
            ("DELETE", data, self._delete),
            ("GET", data + "/exists", self._exists),
            ("GET", data + "/network/stream", self._stream),
            ("GET", data + "/network/manifest", self._manifest),
            ("POST", data + "/network", self._fetch),
        ]
        if self._generation == "storage":
            number = r"(?P<number>[^/]+)"
            routes += [("GET", f"{data}/network/progress/{number}", self._progress),
                       ("DELETE", f"{data}/network/{number}", self._cancel)]
        else:
            routes += [
                ("POST", prefix + r"/storage/request/(?P<name>[^/]+)", self._request_storage),
                ("GET", prefix + "/storage/purchases", self._purchases),
                ("GET", prefix + r"/storage/purchases/(?P<purchase>[^/]+)", self._purchase)]
        self._routes = [(method, re.compile(path), answer) for method, path, answer in routes]

    def answer(self, exchange):
        log.event("Request", method=exchange.method, path=exchange.path)
        for method, path, answer in self._routes:
            match = path.fullmatch(exchange.path)
            if match and method == exchange.method:
                if "/data" in exchange.path and not self._willing(exchange):
                    return
                self._call(answer, exchange, match.groupdict())
                return
        exchange.reply(404)

    def _willing(self, exchange):
        """False when the fault is that requests for data get no answer."""
        faults = self._node.faults
        while faults.hang:
            if exchange.client_left():
                return False
            time.sleep(_LOOK)
        return not faults.drop_connection

    @staticmethod
    def _call(answer, exchange, arguments):
        try:
            if "name" in arguments:
                try:
                    arguments["codec"], arguments["digest"] = cid.parse_cid(arguments["name"])
                except cid.BadCid:
                    exchange.reply(400, "Incorrect Cid")
                    return
            answer(exchange, **arguments)
        except erasure.Refused as error:
            exchange.reply(*error.args)

    # The stand-in

    def _show_faults(self, exchange):
        exchange.reply_json(self._node.faults.to_json())

    def _set_faults(self, exchange):
        try:
            changes = _json_body(exchange)
            self._node.faults.set(changes)
        except ValueError as error:
            exchange.reply(400, str(error), TEXT)
            return
        log.event("Faults", **changes)
        exchange.reply_json(self._node.faults.to_json())
        code = self._node.faults.exit
        if code is not None:
            os._exit(code)

    # The node

    def _debug_info(self, exchange):
        node = self._node
        version, revision = GENERATIONS[self._generation]
        address = f"/ip4/{node.endpoint.host}/tcp/{node.endpoint.port}"
        shown = {"id": node.identity.peer_id, "addrs": [address]}
        versions = {"version": f"stand-in {version}", "revision": revision}
        if self._generation == "storage":
            shown.update(spr=node.spr, libp2pPubKey=node.identity.public_key,
                         table=self._table(), storage=versions)
        else:
            shown.update(repo=node.options.data_dir, spr=node.spr, announceAddresses=[address],
                         table=self._table(), codex={**versions, "contracts": "a179deb2"})
        exchange.reply_json(shown, pretty=True)

    def _table(self):
        node = self._node
        own = self._table_entry(node.identity.peer_id, node.endpoint, False)
        others = [self._table_entry(peer, address, True)
                  for peer, address in node.directory.members()]
        return {"localNode": own, "nodes": others}

    @staticmethod
    def _table_entry(peer, address, seen):
        return {"nodeId": cid.digest(peer.encode()).hex(), "peerId": peer,
                "record": "(unsigned)", "address": f"{address[0]}:{address[1]}", "seen": seen}

    def _spr(self, exchange):
        self._text_or_json(exchange, "spr", self._node.spr)

    def _peer_id(self, exchange):
        self._text_or_json(exchange, "id", self._node.identity.peer_id)

    @staticmethod
    def _text_or_json(exchange, name, value):
        if exchange.headers.get("accept") == TEXT:
            exchange.reply(200, value, TEXT)
        else:
            exchange.reply_json({name: value})

    def _space(self, exchange):
        store = self._node.store
        exchange.reply_json({"totalBlocks": store.total_blocks, "quotaMaxBytes": store.quota,
                             "quotaUsedBytes": store.used, "quotaReservedBytes": 0})

    # Data

    def _list(self, exchange):
        exchange.reply_json({"content": [{"cid": name, "manifest": manifest.to_json()}
                                         for name, manifest in
                                         list(self._node.store.manifests.items())]})

    def _upload(self, exchange):
        size = self._block_size(exchange)
        mimetype = exchange.headers.get("content-type")
        if not size:
            exchange.reply(400, "blockSize must be a power of two between "
                                f"{_MIN_BLOCK_SIZE} and {_MAX_BLOCK_SIZE} bytes")
        elif not exchange.has_body:
            exchange.reply(500, "Request do not have body available")
        elif mimetype and not _MIME_TYPES.fullmatch(mimetype):
            exchange.reply(422, f"The MIME type '{mimetype}' is not valid.")
        else:
            self._store(exchange, memoryview(bytearray(size)), mimetype)

    def _block_size(self, exchange):
        """None where the size asked for is none."""
        text = exchange.query.get("blockSize", "")
        if self._generation == "codex" or not text:
            return _BLOCK_SIZE
        size = int(text) if text.isdigit() else 0
        fits = _MIN_BLOCK_SIZE <= size <= _MAX_BLOCK_SIZE and size & (size - 1) == 0
        return size if fits else None

    def _store(self, exchange, view, mimetype):
        named = re.search('filename="([^"]*)"', exchange.headers.get("content-disposition", ""))
        try:
            name = self._node.upload(exchange.body(view), view, named and named.group(1) or None,
                                     mimetype)
        except QuotaExceeded as error:
            exchange.reply(500, f"Unable to store block {error}")
        except ValueError as error:
            exchange.reply(500, str(error))
        else:
            self._node.counters.add("uploads")
            exchange.reply(200, name, TEXT)

    def _local(self, exchange, name, **_):
        manifest = self._node.store.manifests.get(name)
        if not manifest:
            exchange.reply(404, "The requested CID could not be retrieved "
                                "(Block not found in local store).", HTML + "; charset=utf-8")
        else:
            self._send_dataset(exchange, manifest)

    def _stream(self, exchange, name, codec, **_):
        manifest = self._find(exchange, name, codec, 500)
        if manifest:
            self._send_dataset(exchange, manifest,
                               [("Access-Control-Expose-Headers", "Content-Disposition")])

    def _manifest(self, exchange, name, codec, **_):
        manifest = self._find(exchange, name, codec, 404)
        if manifest:
            exchange.reply_json({"cid": name, "manifest": manifest.to_json()})

    def _fetch(self, exchange, name, codec, **_):
        manifest = self._find(exchange, name, codec, 404)
        if manifest:
            shown = {"cid": name, "manifest": manifest.to_json()}
            fetch = self._node.fetch(manifest)
            if self._generation == "storage":
                shown["downloadId"] = fetch.id
            exchange.reply_json(shown)

    def _find(self, exchange, name, codec, status):
        """The manifest, or None after a reply that tells why there is none."""
        if codec != cid.MANIFEST:
            exchange.reply(status, "CID has invalid content type for manifest {$cid}")
            return None
        try:
            return self._node.manifest(name, exchange.client_left)
        except RetriesExhausted as error:
            exchange.reply(status, str(error))
        except QuotaExceeded as error:
            exchange.reply(500, f"Unable to store block {error}")
        return None

    def _exists(self, exchange, name, codec, digest):
        exchange.reply_json({name: self._node.store.exists(codec, digest)})

    def _delete(self, exchange, name, codec, digest):
        if codec == cid.MANIFEST:
            self._node.store.delete(name)
        elif codec == cid.BLOCK:
            self._node.store.delete_block(digest)
        exchange.reply(204)

    # Streams

    def _send_dataset(self, exchange, manifest, after=()):
        disposition = "attachment"
        if manifest.filename:
            disposition += f'; filename="{manifest.filename}"'
        fetch = self._node.fetch(manifest)
        exchange.begin(200, manifest.content_size, manifest.mimetype or "application/octet-stream",
                       [("Content-Disposition", disposition)], after)
        sent = 0
        while sent < manifest.content_size:
            block = self._wait_block(exchange, fetch, manifest, sent // manifest.block_size)
            piece = self._spoil(block[:manifest.content_size - sent], sent)
            self._node.brake.take(len(piece))
            exchange.send(piece)
            sent += len(piece)
            if not self._may_go_on(exchange, sent):
                return
        self._node.counters.add("downloads")

    def _wait_block(self, exchange, fetch, manifest, index):
        while not fetch.wait_for(index, _LOOK):
            if fetch.hopeless or exchange.client_left():
                raise ConnectionAbortedError("the block never comes, or nobody waits for it")
        return self._node.store.get(fetch.tree.leaf(index), manifest.block_size)

    def _spoil(self, piece, offset):
        """The piece as the faults have it."""
        faults = self._node.faults
        end = min(limit for limit in (faults.truncate_stream, faults.stall_stream,
                                      offset + len(piece)) if limit is not None)
        piece = piece[:max(end - offset, 0)]
        at = faults.corrupt_stream
        if at is not None and offset <= at < offset + len(piece):
            at -= offset
            piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1:]
        return piece

    def _may_go_on(self, exchange, sent):
        faults = self._node.faults
        if faults.truncate_stream is not None and sent >= faults.truncate_stream:
            return False
        while faults.stall_stream is not None and sent >= faults.stall_stream:
            if exchange.client_left():
                return False
            time.sleep(_LOOK)
        return True

    # Fetches of the newer generation

    def _progress(self, exchange, name, number, **_):
        fetch = self._running(name, number)
        if not fetch:
            exchange.reply_json({"active": False})
        else:
            manifest = self._node.store.manifests[name]
            exchange.reply_json({"active": True, "received": fetch.received,
                                 "total": manifest.blocks,
                                 "bytes": fetch.received * manifest.block_size})

    def _cancel(self, exchange, name, number, **_):
        fetch = self._running(name, number)
        if fetch:
            fetch.cancel()
            exchange.reply(204)
        else:
            exchange.reply(404, "Background download not found")

    def _running(self, name, number):
        if not number.isdigit():
            raise erasure.Refused(400, "Invalid download ID")
        manifest = self._node.store.manifests.get(name)
        return manifest and self._node.find_fetch(manifest, int(number))

    # The marketplace of the older generation

    def _request_storage(self, exchange, name, codec, **_):
        self._need_persistence()
        try:
            terms = erasure.read_request(_json_body(exchange))
        except ValueError as error:
            raise erasure.Refused(400, str(error)) from error
        manifest = self._find(exchange, name, codec, 500)
        if not manifest:
            return
        try:
            coded, steps = erasure.encode(self._node.store, manifest,
                                          terms["nodes"] - terms["tolerance"], terms["tolerance"])
            coded_name = self._node.store.add_manifest(coded)
        except QuotaExceeded as error:
            exchange.reply(500, f"Unable to store block {error}")
        else:
            exchange.reply(200, self._node.purchases.add(terms, coded_name, coded, steps), TEXT)

    def _purchases(self, exchange):
        self._need_persistence()
        exchange.reply_json(self._node.purchases.ids())

    def _purchase(self, exchange, purchase):
        self._need_persistence()
        purchase = purchase[2:] if purchase.startswith("0x") else purchase
        if not re.fullmatch("[0-9a-f]{64}", purchase):
            exchange.reply(400, "Invalid purchase id")
            return
        found = self._node.purchases.get(purchase)
        if found:
            exchange.reply_json(found)
        else:
            exchange.reply(404)

    def _need_persistence(self):
        if not self._node.options.persistence:
            raise erasure.Refused(503, "Persistence is not enabled")


def answer_metrics(node):
    """The answer of the metrics server, which is on a port of its own."""
    def answer(exchange):
        if exchange.path == "/metrics":
            exchange.reply(200, metrics.page(node), "text/plain; version=0.0.4; charset=utf-8")
        else:
            exchange.reply(404)
    return answer


def _json_body(exchange):
    if exchange.length > _MAX_JSON:
        raise ValueError("the body is too long")
    view = memoryview(bytearray(exchange.length))
    for _ in exchange.body(view):
        pass
    return json.loads(bytes(view))
