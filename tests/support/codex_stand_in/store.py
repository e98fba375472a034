"""Blocks on disk, one file each, named by their hash; the datasets that are made of them."""
import os
import threading

from . import cid

DIGEST = cid.DIGEST_BYTES


class QuotaExceeded(Exception):
    """There is no room for a block, whose CID is the argument."""


class Tree:
    """The blocks of one dataset, by index: their hashes, and which of them are here."""

    def __init__(self, root, leaves):
        self.root = root
        self.leaves = leaves
        self.blocks = len(leaves) // DIGEST
        self.have = bytearray(self.blocks)
        self.gone = False  # deleted: what waits for a block waits in vain
        self.changed = threading.Condition()

    def leaf(self, index):
        return self.leaves[index * DIGEST:(index + 1) * DIGEST]

    def digests(self):
        return (self.leaf(index) for index in range(self.blocks))

    @property
    def complete(self):
        return 0 not in self.have

    def mark(self, index):
        self.have[index] = 1
        with self.changed:
            self.changed.notify_all()

    def wait_for(self, index, timeout):
        """True when the block is here; False after the timeout."""
        if self.have[index]:
            return True
        with self.changed:
            return self.changed.wait_for(lambda: self.have[index] or self.gone, timeout) \
                and not self.gone


class Store:
    """A node's repository. What it holds survives a restart."""

    def __init__(self, folder, quota, generation, faults):
        self.quota = quota
        self.used = 0
        self.manifests = {}  # CID -> Manifest
        self.trees = {}  # root -> Tree
        self._generation = generation
        self._faults = faults
        self._references = {}  # digest of a stored block -> how many trees hold it, times used
        self._lock = threading.RLock()
        self._blocks, self._trees, self._manifests, self._parts = (
            os.path.join(folder, name) for name in ("blocks", "trees", "manifests", "parts"))
        for path in (self._blocks, self._trees, self._manifests, self._parts):
            os.makedirs(path, exist_ok=True)
        for first in range(256):
            os.makedirs(os.path.join(self._blocks, f"{first:02x}"), exist_ok=True)
        self._load()

    @property
    def total_blocks(self):
        return len(self._references) + len(self.manifests)

    def put(self, data, digest=None):
        """Stores a block; returns its hash, which may be given, and whether it is new here."""
        digest = digest or cid.digest(data)
        with self._lock:
            if digest in self._references:
                return digest, False
            self._reserve(len(data), cid.BLOCK, digest)
        self._write(self._block_path(digest), data)
        with self._lock:
            if digest in self._references:  # another thread stored the same one meanwhile
                self.used -= len(data)
            else:
                self._references[digest] = 0
        return digest, True

    def get(self, digest, size):
        if digest == cid.EMPTY_DIGEST:
            return bytes(size)
        with open(self._block_path(digest), "rb", buffering=0) as file:
            return file.read()

    def add_tree(self, root, leaves):
        """The tree of these leaves; blocks that are already here belong to it."""
        with self._lock:
            if root not in self.trees:
                tree = Tree(root, leaves)
                self._write(os.path.join(self._trees, root.hex()), leaves)
                self._adopt(tree)
            return self.trees[root]

    def hold(self, tree, index):
        """Says that the block at an index of the tree has been stored."""
        with self._lock:
            if not tree.have[index] and tree.leaf(index) in self._references:
                self._references[tree.leaf(index)] += 1
                tree.mark(index)

    def add_manifest(self, manifest):
        """Returns the manifest's CID."""
        data = cid.encode_manifest(manifest, self._generation)
        digest = cid.digest(data)
        name = cid.cid_text(cid.MANIFEST, digest)
        with self._lock:
            if name not in self.manifests:
                self._reserve(len(data), cid.MANIFEST, digest)
                self._write(os.path.join(self._manifests, name), data)
                self.manifests[name] = manifest
        return name

    def raw_manifest(self, name):
        """The manifest's bytes, or None."""
        manifest = self.manifests.get(name)
        return cid.encode_manifest(manifest, self._generation) if manifest else None

    def delete(self, name):
        """Deletes a dataset with the blocks that no other one holds. An absent one is no error."""
        with self._lock:
            manifest = self.manifests.pop(name, None)
            if not manifest:
                return
            self.used -= len(cid.encode_manifest(manifest, self._generation))
            os.unlink(os.path.join(self._manifests, name))
            if all(other.root != manifest.root for other in self.manifests.values()):
                self._delete_tree(manifest.root)

    def delete_block(self, digest):
        with self._lock:
            if digest in self._references:
                self._remove(digest)

    def exists(self, codec, digest):
        if codec == cid.MANIFEST:
            return cid.cid_text(codec, digest) in self.manifests
        return digest in self._references or digest in self.trees

    def _reserve(self, size, codec, digest):
        if self._faults.quota_full or self.used + size > self.quota:
            raise QuotaExceeded(cid.cid_text(codec, digest))
        self.used += size

    def _adopt(self, tree):
        self.trees[tree.root] = tree
        for index, digest in enumerate(tree.digests()):
            if digest in self._references:
                self._references[digest] += 1
                tree.have[index] = 1
            elif digest == cid.EMPTY_DIGEST:
                tree.have[index] = 1

    def _delete_tree(self, root):
        tree = self.trees.pop(root, None)
        if not tree:
            return
        os.unlink(os.path.join(self._trees, root.hex()))
        held = [digest for index, digest in enumerate(tree.digests()) if tree.have[index]]
        tree.gone, tree.have = True, bytearray(tree.blocks)
        with tree.changed:
            tree.changed.notify_all()
        for digest in held:
            if digest in self._references:
                self._references[digest] -= 1
                if self._references[digest] <= 0:
                    self._remove(digest)

    def _remove(self, digest):
        path = self._block_path(digest)
        self.used -= os.path.getsize(path)
        os.unlink(path)
        del self._references[digest]

    def _block_path(self, digest):
        name = digest.hex()
        return f"{self._blocks}/{name[:2]}/{name}"

    def _load(self):
        for folder, _, names in os.walk(self._blocks):
            for name in names:
                self._references[bytes.fromhex(name)] = 0
                self.used += os.path.getsize(os.path.join(folder, name))
        for name in os.listdir(self._manifests):
            data = _read(os.path.join(self._manifests, name))
            self.manifests[name] = cid.decode_manifest(data)
            self.used += len(data)
        for name in os.listdir(self._trees):
            self._adopt(Tree(bytes.fromhex(name), _read(os.path.join(self._trees, name))))

    def _write(self, path, data):
        """Whole or not at all, whenever the process ends."""
        part = f"{self._parts}/{threading.get_ident()}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view):]
        finally:
            os.close(descriptor)
        os.rename(part, path)


def _read(path):
    with open(path, "rb") as file:
        return file.read()

