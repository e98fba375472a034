"""Who is in the swarm, what a peer is answered, and how one is asked."""
import random
import threading
import time
import zlib

from . import cid, log, wire

_TICK = 0.3  # seconds between greetings
_FORGET = 10.0  # seconds without a sign of life after which a peer is forgotten
_TIMEOUT = 5.0


class Directory:
    """The peers that are alive. They are learned from the bootstrap nodes, by gossip."""

    def __init__(self, own_id, own_address, bootstrap, counters, faults):
        self._id = own_id
        self._address = own_address
        self._bootstrap = bootstrap
        self._counters = counters
        self._faults = faults
        self._lock = threading.Lock()
        self._seen = {}  # peer id -> (address, when it was last known to be alive)
        self._links = {}  # address -> (lock, link or None)

    def start(self):
        threading.Thread(target=self._greet, daemon=True).start()

    def members(self):
        """[(id, address)] without oneself."""
        with self._lock:
            return [(peer, address) for peer, (address, _) in self._seen.items()]

    def ages(self):
        """What a greeting carries: everybody known, oneself included."""
        now = time.monotonic()
        with self._lock:
            known = [[peer, *address, now - seen] for peer, (address, seen) in self._seen.items()]
        return known + [[self._id, *self._address, 0.0]]

    def learn(self, ages):
        now = time.monotonic()
        with self._lock:
            for peer, host, port, age in ages:
                known = self._seen.get(peer, (None, now - _FORGET))[1]
                if peer != self._id and now - age > known:
                    if peer not in self._seen:
                        log.event("Peer joined", peer=peer, address=f"{host}:{port}")
                    self._seen[peer] = ((host, port), now - age)
            self._seen = {peer: entry for peer, entry in self._seen.items()
                          if now - entry[1] < _FORGET}

    def ask(self, address, head):
        """Asks over a connection that is kept; OSError when the peer does not answer."""
        with self._lock:
            lock = self._links.setdefault(address, [threading.Lock(), None])
        with lock[0]:
            try:
                lock[1] = lock[1] or wire.connect(address, self._counters, _TIMEOUT)
                return lock[1].ask(head)
            except OSError:
                if lock[1]:
                    lock[1].close()
                lock[1] = None
                self._forget(address)
                raise

    def _forget(self, address):
        with self._lock:
            self._seen = {peer: entry for peer, entry in self._seen.items()
                          if entry[0] != address}

    def _greet(self):
        while True:
            if not self._faults.stop_serving:
                others = [address for _, address in self.members()]
                for address in {*self._bootstrap, *random.sample(others, min(1, len(others)))}:
                    try:
                        self.learn(self.ask(address, {"op": "hello", "peers": self.ages()})
                                   [0]["peers"])
                    except (OSError, KeyError, TypeError, ValueError):
                        continue
            time.sleep(_TICK)


class PeerServer:
    """Answers peers from the store."""

    def __init__(self, node):
        self._node = node
        self._answers = {"hello": self._hello, "manifest": self._manifest,
                         "leaves": self._leaves, "have": self._have, "blocks": self._blocks}

    def serve(self, connection):
        """Answers one peer until it leaves."""
        faults = self._node.faults
        with wire.Link(connection, self._node.counters, None) as link:
            try:
                while True:
                    request = link.receive()
                    if faults.stop_serving:
                        return
                    while faults.hang_peers:
                        time.sleep(0.1)
                    self._answers[request["op"]](link, request)
            except (OSError, KeyError, TypeError, ValueError, IndexError):
                return

    def _hello(self, link, request):
        self._node.directory.learn(request["peers"])
        link.send({"peers": self._node.directory.ages()})

    def _manifest(self, link, request):
        data = self._node.store.raw_manifest(request["cid"]) or b""
        link.send({"size": len(data)}, data)

    def _leaves(self, link, request):
        tree = self._node.store.trees.get(bytes.fromhex(request["tree"]))
        data = tree.leaves if tree else b""
        link.send({"size": len(data)}, data)

    def _have(self, link, request):
        tree = self._node.store.trees.get(bytes.fromhex(request["tree"]))
        data = zlib.compress(tree.have, 1) if tree else b""
        link.send({"size": len(data)}, data)

    def _blocks(self, link, request):
        """Each block is told with its size, none with 0, so that one is read at a time."""
        node, size = self._node, int(request["block_size"])
        tree = node.store.trees[bytes.fromhex(request["tree"])]
        link.send({})
        for index in request["indices"]:
            data = self._read(tree, index, size)
            if node.faults.corrupt_blocks and data:
                data = bytes([data[0] ^ 1]) + data[1:]
            node.brake.take(len(data))
            link.send({"size": len(data)}, data)
            if data:
                node.counters.add("blocks_sent")

    def _read(self, tree, index, size):
        if not tree.have[index]:
            return b""
        try:
            return self._node.store.get(tree.leaf(index), size)
        except FileNotFoundError:  # deleted meanwhile
            return b""


def ask_manifest(directory, name):
    """The manifest from whoever has it, or None."""
    for _, address in directory.members():
        try:
            data = directory.ask(address, {"op": "manifest", "cid": name})[1]
            if data and cid.cid_text(cid.MANIFEST, cid.digest(data)) == name:
                return cid.decode_manifest(data)
        except (OSError, ValueError):
            continue
    return None


def ask_leaves(directory, root):
    """The hashes of a tree's blocks from whoever knows them, or None."""
    for _, address in directory.members():
        try:
            leaves = directory.ask(address, {"op": "leaves", "tree": root.hex()})[1]
            if leaves and len(leaves) % cid.DIGEST_BYTES == 0 and cid.tree_root(leaves) == root:
                return leaves
        except OSError:
            continue
    return None


def ask_have(directory, address, tree):
    """Which blocks a peer has: one byte each; none when it does not know the tree."""
    data = directory.ask(address, {"op": "have", "tree": tree.root.hex()})[1]
    have = zlib.decompress(data) if data else b""
    return have if len(have) == tree.blocks else bytes(tree.blocks)
