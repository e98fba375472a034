"""Fetches the blocks of one dataset from every peer that has some of them."""
import random
import threading
import time

from . import cid, log, peers, wire
from .store import QuotaExceeded

_MISSING, _ASKED, _HELD = 0, 1, 2
_IS_MISSING = bytes(state == _MISSING for state in range(256))
_BATCH = 16  # blocks of one request
_WINDOW = 1024  # blocks after the first missing one that are fetched out of order
_PROVIDERS = 8
_TIMEOUT = 5.0
_LOOK = 0.25  # seconds between looks for more providers
_BORED = 2.0  # seconds after which a peer without news is left


class Fetch:
    """One running fetch. Half of the requests are for what comes first, so that a reader is
    served; half are for a random place near it, so that the fetching peers have something to
    give to each other."""

    def __init__(self, node, manifest):
        self.id = random.getrandbits(48)
        self.tree = None  # known once somebody told the hashes of the blocks
        self._over = threading.Event()
        self._known = threading.Event()  # the tree, or that it will not be known
        self._node = node
        self._manifest = manifest
        self._lock = threading.Lock()
        self._state = bytearray()
        self._asked = {}  # address of a provider -> indices of the blocks it was asked for
        self._liars = set()
        self._progress = time.monotonic()

    def start(self):
        self.tree = self._node.store.trees.get(self._manifest.root)
        if self.tree and self.tree.complete:
            self._over.set()
        else:
            threading.Thread(target=self._run, daemon=True).start()

    @property
    def active(self):
        return not self._over.is_set()

    @property
    def received(self):
        return self._state.count(_HELD)

    @property
    def hopeless(self):
        """Nothing comes any more: what is not here now will never be."""
        return not self.active and not (self.tree and self.tree.complete) \
            or bool(self.tree and self.tree.gone)

    def wait_for(self, index, timeout):
        """True when the block is here; False after the timeout, and sooner when it is hopeless."""
        if not self.tree:
            self._known.wait(timeout)
        return bool(self.tree) and self.tree.wait_for(index, timeout)

    def cancel(self):
        self._over.set()

    def _run(self):
        log.event("Fetch begins", tree=cid.cid_text(cid.ROOT, self._manifest.root))
        try:
            self._learn_tree()
            while self.active and not self._complete() and not self._exhausted():
                self._hire()
                self._over.wait(_LOOK)
        except QuotaExceeded as error:
            self._fail(f"no room for block {error}")
        finally:
            self._over.set()
            self._known.set()
            self._node.end_fetch(self._manifest)
            log.event("Fetch ends", blocks=f"{self.received}/{self._manifest.blocks}")

    def _learn_tree(self):
        store, root = self._node.store, self._manifest.root
        while not self.tree and self.active and not self._exhausted():
            leaves = peers.ask_leaves(self._node.directory, root)
            self.tree = store.add_tree(root, leaves) if leaves else None
            if not self.tree:
                self._over.wait(_LOOK)
        if self.tree:
            self._state = bytearray(_HELD if have else _MISSING for have in self.tree.have)
            self._known.set()

    def _complete(self):
        return _MISSING not in self._state and _ASKED not in self._state

    def _exhausted(self):
        options = self._node.options
        if time.monotonic() - self._progress < options.block_retries * options.retry_interval:
            return False
        self._fail("retries exhausted")
        return True

    def _fail(self, why):
        self._over.set()
        log.event("Fetch fails", why=why)

    def _hire(self):
        """Takes on peers that have something to give."""
        others = [address for _, address in self._node.directory.members()
                  if address not in self._asked and address not in self._liars]
        random.shuffle(others)
        for address in others:
            if len(self._asked) >= _PROVIDERS:
                return
            try:
                have = peers.ask_have(self._node.directory, address, self.tree)
            except OSError:
                continue
            if 1 in self._wanted(have):
                with self._lock:
                    self._asked[address] = set()
                threading.Thread(target=self._work, args=(address, have), daemon=True).start()

    def _work(self, address, have):
        """Takes blocks from one provider until there is nothing left to take."""
        buffer = memoryview(bytearray(self._manifest.block_size))
        news = time.monotonic()
        try:
            with wire.connect(address, self._node.counters, _TIMEOUT) as link:
                while self.active and time.monotonic() - news < _BORED:
                    batch = self._pick(address, have)
                    if batch:
                        self._take(link, address, batch, buffer)
                        news = time.monotonic()
                    elif _MISSING in self._state:
                        self._over.wait(0.1)
                        have = peers.ask_have(self._node.directory, address, self.tree)
                    else:
                        return
        except OSError as error:
            log.event("Provider fails", address=address, why=error)
        except QuotaExceeded as error:
            self._fail(f"no room for block {error}")
        finally:
            with self._lock:
                for index in self._asked.pop(address, ()):
                    self._give_back(index)

    def _pick(self, address, have):
        """The next blocks to ask a provider for."""
        with self._lock:
            wanted = self._wanted(have)
            ahead = random.randrange(_WINDOW) if random.random() < 0.5 else 0
            first = wanted.find(1)
            batch = _ones(wanted, first + ahead) or _ones(wanted, first)
            for index in batch:
                self._state[index] = _ASKED
            self._asked[address].update(batch)
            return batch

    def _wanted(self, have):
        """1 for each block that is missing here and that a peer has: one byte each."""
        missing = self._state.translate(_IS_MISSING)
        both = int.from_bytes(missing, "little") & int.from_bytes(have, "little")
        return both.to_bytes(len(have), "little")

    def _give_back(self, index):
        if self._state[index] == _ASKED:
            self._state[index] = _MISSING

    def _take(self, link, address, batch, buffer):
        link.send({"op": "blocks", "tree": self.tree.root.hex(), "indices": batch,
                   "block_size": self._manifest.block_size})
        link.receive()
        for index in batch:
            size = link.receive()["size"]
            block = buffer[:size]
            link.receive_into(block)
            if size:
                self._store(address, index, block)
            with self._lock:
                self._give_back(index)
                self._asked[address].discard(index)

    def _store(self, address, index, block):
        digest = cid.digest(block)
        if digest != self.tree.leaf(index):
            self._liars.add(address)
            raise ConnectionError(f"block {index} is not what its hash says")
        self._node.counters.add("blocks_received")
        if not self._node.store.put(block, digest)[1]:
            self._node.counters.add("spurious_blocks")
        self._node.store.hold(self.tree, index)
        self._progress = time.monotonic()
        with self._lock:
            self._state[index] = _HELD


def _ones(flags, start):
    """The first places from the start on where the flag is 1, as many as a request may name."""
    places, index = [], flags.find(1, max(start, 0))
    while index >= 0 and len(places) < _BATCH:
        places.append(index)
        index = flags.find(1, index + 1)
    return places
