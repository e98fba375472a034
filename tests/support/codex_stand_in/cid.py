"""Names of content, made as real nodes make them: CIDs, Merkle trees, manifests. No I/O.

The same bytes, file name and MIME type get the same CID here and on a real node (coded
datasets excepted: a real node names those after hashes that prove storage).
"""
import dataclasses
import hashlib
import typing

MANIFEST, BLOCK, ROOT = 0xCD01, 0xCD02, 0xCD03
_SHA256 = 0x12
_CID_V1 = 2  # as the nodes' enumeration of versions counts

DIGEST_BYTES = 32
EMPTY_DIGEST = hashlib.sha256(b"").digest()  # stands for a padding block, which is never stored

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PAIR, _BOTTOM, _ODD = 0, 1, 2  # how two Merkle nodes were combined


class BadCid(ValueError):
    """A text that names no content."""


def base58(data):
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def from_base58(text):
    number = 0
    for character in text:
        digit = _ALPHABET.find(character)
        if digit < 0:
            raise BadCid(f"{character!r} is no base58 digit")
        number = number * 58 + digit
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def digest(data):
    return hashlib.sha256(data).digest()


def cid_bytes(codec, hashed):
    return b"\x01" + varint(codec) + varint(_SHA256) + varint(len(hashed)) + hashed


def cid_text(codec, hashed):
    return "z" + base58(cid_bytes(codec, hashed))


def parse_cid(text):
    """Text -> (codec, digest)."""
    if len(text) > 128 or not text.startswith("z"):
        raise BadCid(text)
    data = from_base58(text[1:])
    for codec in (MANIFEST, BLOCK, ROOT):
        head = cid_bytes(codec, b"\0" * DIGEST_BYTES)[:-DIGEST_BYTES]
        if data.startswith(head) and len(data) == len(head) + DIGEST_BYTES:
            return codec, data[len(head):]
    raise BadCid(text)


def tree_root(leaves):
    """Merkle root of digests that stand one after the other."""
    layer = [leaves[at:at + DIGEST_BYTES] for at in range(0, len(leaves), DIGEST_BYTES)]
    key = _BOTTOM
    while len(layer) > 1 or key == _BOTTOM:
        pairs, odd = layer[:len(layer) & ~1], layer[len(layer) & ~1:]
        above = [_combine(left, right, key) for left, right in zip(pairs[::2], pairs[1::2])]
        above += [_combine(last, bytes(DIGEST_BYTES), key | _ODD) for last in odd]
        layer, key = above, _PAIR
    return layer[0]


def _combine(left, right, key):
    return digest(left + right + bytes([key]))


@dataclasses.dataclass(frozen=True)
class Erasure:
    """How a coded dataset was made from an original one."""
    data: int
    parity: int
    original_root: bytes
    original_size: int


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What the CID of a dataset names."""
    root: bytes
    size: int
    block_size: int
    filename: typing.Optional[str] = None
    mimetype: typing.Optional[str] = None
    erasure: typing.Optional[Erasure] = None

    @property
    def blocks(self):
        return -(-self.size // self.block_size)

    @property
    def content_size(self):
        """Bytes that a download delivers: those of the original of a coded dataset."""
        return self.erasure.original_size if self.erasure else self.size

    def to_json(self):
        shown = {"treeCid": cid_text(ROOT, self.root), "datasetSize": self.size,
                 "blockSize": self.block_size, "filename": self.filename,
                 "mimetype": self.mimetype, "protected": self.erasure is not None}
        if self.erasure:
            shown["verifiable"] = True
        return shown


def encode_manifest(manifest, generation):
    """The manifest's bytes, whose hash is its CID. The newer generation begins with a version."""
    first = 2 if generation == "storage" else 1
    parts = [_number(1, 0)] if first == 2 else []
    parts += [_bytes(first, cid_bytes(ROOT, manifest.root)),
              _number(first + 1, manifest.block_size), _number(first + 2, manifest.size),
              _number(first + 3, BLOCK), _number(first + 4, _SHA256), _number(first + 5, _CID_V1)]
    if manifest.erasure:
        parts.append(_bytes(7, _encode_erasure(manifest.erasure)))
    if manifest.filename:
        parts.append(_bytes(8, manifest.filename.encode()))
    if manifest.mimetype:
        parts.append(_bytes(9, manifest.mimetype.encode()))
    return _bytes(1, b"".join(parts))


def decode_manifest(data):
    """Reads what encode_manifest() wrote for either generation; ValueError on anything else."""
    try:
        header = fields(fields(data)[1])
        first = 2 if isinstance(header[1], int) else 1
        erasure = _decode_erasure(header[7]) if isinstance(header.get(7), bytes) else None
        return Manifest(root=header[first][-DIGEST_BYTES:], block_size=header[first + 1],
                        size=header[first + 2], erasure=erasure, filename=_text(header.get(8)),
                        mimetype=_text(header.get(9)))
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("no manifest") from error


def _encode_erasure(erasure):
    verification = _bytes(1, cid_bytes(ROOT, digest(erasure.original_root)))
    return b"".join([_number(1, erasure.data), _number(2, erasure.parity),
                     _bytes(3, cid_bytes(ROOT, erasure.original_root)),
                     _number(4, erasure.original_size), _number(5, 1), _bytes(6, verification)])


def _decode_erasure(data):
    parts = fields(data)
    return Erasure(parts[1], parts[2], parts[3][-DIGEST_BYTES:], parts[4])


def _number(field, value):
    return varint(field << 3) + varint(value)


def _bytes(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def _text(value):
    return value.decode() if value is not None else None


def _read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 128:
            return value, at


def fields(data):
    """Protocol buffer -> field number: int or bytes."""
    found, at = {}, 0
    while at < len(data):
        key, at = _read_varint(data, at)
        value, at = _read_varint(data, at)
        if key & 7 == 2:
            value, at = bytes(data[at:at + value]), at + value
        found[key >> 3] = value
    return found
