"""A node: its store, its peers, its fetches."""
import os
import stat
import threading
import time

from . import cid, erasure, faults, fetch, identity, log, peers, store, wire
from .options import Endpoint

_LOOK = 0.25  # seconds between looks for content that nobody had


class RetriesExhausted(Exception):
    """Nobody had the content in all that time."""


class StartError(Exception):
    """The node cannot start."""


class Node:
    """Everything that the API speaks of."""

    def __init__(self, options, listener):
        self.options = options
        self.faults = faults.Faults()
        self.faults.set(dict(options.faults))
        self.brake = faults.Brake(self.faults)
        self.counters = wire.Counters()
        _check_data_dir(options.data_dir)
        self.store = store.Store(os.path.join(options.data_dir, "repo"), options.storage_quota,
                                 options.generation, self.faults)
        self.identity = identity.Identity(options.data_dir)
        host, port = listener.getsockname()
        self.endpoint = Endpoint(options.nat or host, port)
        self.spr = self.identity.spr(self.endpoint)
        self.directory = peers.Directory(self.identity.peer_id, self.endpoint,
                                         [identity.spr_address(spr)
                                          for spr in options.bootstrap_node],
                                         self.counters, self.faults)
        self.purchases = erasure.Purchases(getattr(options, "eth_account", None) or "0x0",
                                           options.purchase_delay)
        self._lock = threading.Lock()
        self._fetches = {}  # root of the tree -> Fetch
        wire.serve(listener, peers.PeerServer(self).serve)
        self.directory.start()

    def manifest(self, name, client_left):
        """The manifest, from here or from a peer; waits as long as the node would."""
        deadline = time.monotonic() + self.options.block_retries * self.options.retry_interval
        while time.monotonic() < deadline:
            known = self.store.manifests.get(name) or peers.ask_manifest(self.directory, name)
            if known:
                self.store.add_manifest(known)
                return known
            if client_left():
                raise ConnectionAbortedError("nobody waits for the manifest any longer")
            time.sleep(_LOOK)
        raise RetriesExhausted("Error retries exhausted")

    def fetch(self, manifest):
        """The fetch of a dataset; it is over already when everything is here."""
        with self._lock:
            running = self._fetches.get(manifest.root)
            if not running:
                running = self._fetches[manifest.root] = fetch.Fetch(self, manifest)
                running.start()
                if not running.active:
                    del self._fetches[manifest.root]
        return running

    def find_fetch(self, manifest, number):
        with self._lock:
            running = self._fetches.get(manifest.root)
        return running if running and running.id == number else None

    def end_fetch(self, manifest):
        with self._lock:
            self._fetches.pop(manifest.root, None)

    def upload(self, pieces, view, filename, mimetype):
        """Stores what arrives in the view, piece by piece; returns the dataset's CID."""
        leaves, size = bytearray(), 0
        for count in pieces:
            self.brake.take(count)
            view[count:] = bytes(len(view) - count)
            leaves += self.store.put(view)[0]
            size += count
        if not leaves:
            raise ValueError("Empty leaves")
        root = cid.tree_root(leaves)
        self.store.add_tree(root, bytes(leaves))
        name = self.store.add_manifest(cid.Manifest(root, size, len(view), filename, mimetype))
        log.event("Stored data", cid=name, bytes=size)
        return name


def _check_data_dir(path):
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except OSError as error:
        raise StartError(f"Could not create data directory {path}: {error.strerror}") from error
    if mode != 0o700:
        raise StartError(f"Data directory {path} has insecure permissions {mode:04o}, "
                         "it needs 0700")
