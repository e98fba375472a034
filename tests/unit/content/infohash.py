"""Compares the infohash of make_torrent with that of an independent tool on the same file.

usage: infohash.py mktorrent|libtorrent MAKE_TORRENT
"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

# (bytes, piece bytes, private): one byte, an exact piece, one more, ragged, many pieces, one piece
# that is larger than what a thread takes at a time, the default. mktorrent's least is 32 KiB.
CASES = [
    (1, 32768, False),
    (32768, 32768, True),
    (32769, 32768, False),
    (1_000_003, 32768, True),
    (10_000_000, 65536, False),
    (7_654_321, 4_194_304, True),
    (50_000_000, 0, False),
]

# Runs in the Python that has libtorrent: both what it makes of the file and of our metainfo.
LIBTORRENT = """
import json, os, sys
import libtorrent as lt
path, piece_bytes, private = sys.argv[1], int(sys.argv[2]), sys.argv[3] == '1'
ours = lt.torrent_info(path + '.torrent')
files = lt.file_storage()
lt.add_files(files, path)
made = lt.create_torrent(files, piece_bytes, flags=lt.create_torrent.v1_only)
made.set_priv(private)
lt.set_piece_hashes(made, os.path.dirname(path))
theirs = lt.torrent_info(lt.bdecode(lt.bencode(made.generate())))
print(json.dumps({
    'infohash': str(theirs.info_hash()), 'ours': str(ours.info_hash()),
    'trackers': [t.url for t in ours.trackers()], 'name': ours.name(),
    'bytes': ours.total_size(), 'piece_bytes': ours.piece_length(), 'private': ours.priv()}))
"""


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(77)


def python_with_libtorrent():
    for python in (sys.executable, "/usr/bin/python3", "python3"):
        if shutil.which(python) and subprocess.run(
                [python, "-c", "import libtorrent"], capture_output=True).returncode == 0:
            return python
    skip("no Python can import libtorrent (Debian: python3-libtorrent)")


def by_mktorrent(path, piece_bytes, private):
    """The infohash by mktorrent, hashed here: the value of "info" goes on to the last "e"."""
    torrent = path.with_suffix(".mktorrent")
    torrent.unlink(missing_ok=True)  # it replaces no file
    subprocess.run(
        ["mktorrent", "-d", "-l", str(piece_bytes.bit_length() - 1), "-n", "content.bin",
         "-a", "http://127.0.0.1:6969/announce", "-o", torrent, *(["-p"] if private else []), path],
        check=True, stdout=subprocess.DEVNULL)
    metainfo = torrent.read_bytes()
    return hashlib.sha1(metainfo[metainfo.index(b"4:info") + 6:-1]).hexdigest()


def by_libtorrent(python, path, piece_bytes, private):
    answer = json.loads(subprocess.run(
        [python, "-c", LIBTORRENT, path, str(piece_bytes), "1" if private else "0"],
        check=True, capture_output=True, text=True).stdout)
    assert answer["ours"] == answer["infohash"], answer
    assert answer["trackers"] == ["http://127.0.0.1:6969/announce"], answer
    assert answer["name"] == "content.bin" and answer["bytes"] == path.stat().st_size, answer
    assert answer["piece_bytes"] == piece_bytes and answer["private"] == private, answer
    return answer["infohash"]


def main(tool, make_torrent):
    if tool == "mktorrent" and not shutil.which("mktorrent"):
        skip("mktorrent is not installed")
    python = python_with_libtorrent() if tool == "libtorrent" else None
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "content.bin"
        for size, piece_bytes, private in CASES:
            ours = subprocess.run(
                [make_torrent, "42", str(size), str(piece_bytes), "1" if private else "0", path],
                check=True, capture_output=True, text=True).stdout.strip()
            piece_bytes = piece_bytes or 32768  # what the default is for the last case
            theirs = (by_libtorrent(python, path, piece_bytes, private) if python
                      else by_mktorrent(path, piece_bytes, private))
            print(size, piece_bytes, private, ours, theirs)
            assert ours == theirs, f"{tool} gives {theirs} for {size} bytes, we {ours}"


if __name__ == "__main__":
    main(*sys.argv[1:])
