#!/usr/bin/env python3
"""Names of content are those that a real node gives."""
import json
import unittest

from codex_stand_in import cid, testing

BLOCK_SIZE = 65536


def recorded_content(name):
    """The datasets of a recorded GET data."""
    body = (testing.RECORDINGS / name).read_text().rsplit("\n\n", 1)[1]
    return json.loads(body)["content"]


def name_of(manifest, generation="codex"):
    return cid.cid_text(cid.MANIFEST, cid.digest(cid.encode_manifest(manifest, generation)))


class Names(unittest.TestCase):
    def test_manifests_get_the_recorded_cids(self):
        recorded = recorded_content("data-list.txt") + recorded_content("ec-data-list.txt")[:1]
        self.assertEqual(len(recorded), 2)
        for dataset in recorded:
            shown = dataset["manifest"]
            manifest = cid.Manifest(cid.parse_cid(shown["treeCid"])[1], shown["datasetSize"],
                                    shown["blockSize"], shown["filename"], shown["mimetype"])
            self.assertEqual(name_of(manifest), dataset["cid"])
            self.assertEqual(manifest.to_json(), shown)

    def test_a_recorded_manifest_takes_the_recorded_room(self):
        root = cid.parse_cid(recorded_content("data-list.txt")[0]["manifest"]["treeCid"])[1]
        manifest = cid.Manifest(root, 10485760, BLOCK_SIZE, "c10.bin", "application/octet-stream")
        self.assertEqual(len(cid.encode_manifest(manifest, "codex")), 10485854 - 10485760)

    def test_a_padded_block_has_a_real_nodes_tree(self):
        block = b"some file contents".ljust(BLOCK_SIZE, b"\0")
        self.assertEqual(cid.cid_text(cid.ROOT, cid.tree_root(cid.digest(block))),
                         "zDzSvJTezk7bJNQqFq8k1iHXY84psNuUfZVusA5bBQQUSuyzDSVL")

    def test_the_root_depends_on_every_leaf_and_their_number(self):
        leaves = [cid.digest(bytes([number])) for number in range(9)]
        roots = {cid.tree_root(b"".join(leaves[:count])) for count in range(1, 10)}
        for changed in range(9):
            other = leaves[:changed] + [cid.EMPTY_DIGEST] + leaves[changed + 1:]
            roots.add(cid.tree_root(b"".join(other)))
        self.assertEqual(len(roots), 18)


class Manifests(unittest.TestCase):
    def test_what_is_encoded_is_decoded(self):
        root, original = cid.digest(b"coded"), cid.digest(b"original")
        plain = cid.Manifest(root, 5_000_000_000, BLOCK_SIZE)
        coded = cid.Manifest(root, 15 * BLOCK_SIZE, BLOCK_SIZE, "ä.bin", "text/plain",
                             cid.Erasure(2, 1, original, 10 * BLOCK_SIZE - 7))
        for manifest, generation in ((plain, "codex"), (plain, "storage"), (coded, "codex")):
            data = cid.encode_manifest(manifest, generation)
            self.assertEqual(cid.decode_manifest(data), manifest)
        self.assertNotEqual(name_of(plain, "codex"), name_of(plain, "storage"))

    def test_other_bytes_are_no_manifest(self):
        for data in (b"", b"\x0a\x00", b"\xff" * 20, b"some text"):
            with self.assertRaises(ValueError):
                cid.decode_manifest(data)


class Texts(unittest.TestCase):
    def test_a_cid_is_read_back(self):
        for codec in (cid.MANIFEST, cid.BLOCK, cid.ROOT):
            digest = cid.digest(bytes([codec & 255]))
            self.assertEqual(cid.parse_cid(cid.cid_text(codec, digest)), (codec, digest))

    def test_other_texts_are_refused(self):
        for text in ("", "nonsense", testing.ABSENT[:-1], testing.ABSENT + "1", "z" * 1000,
                     testing.ABSENT.replace("D", "0")):
            with self.assertRaises(cid.BadCid):
                cid.parse_cid(text)


if __name__ == "__main__":
    testing.main()
