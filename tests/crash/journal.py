"""A county's journal as files, read and harmed from outside. The server must be down."""
import json
import os
import shutil
import struct
from pathlib import Path

HEAD = struct.Struct("<4sIIIQ8x")  # magic, bytes that follow, checksum, entries, number of the first
MAGIC = b"WGJ\x01"


class Frame:
    """One batch: where it lies and what it says."""

    def __init__(self, path, at, head, body):
        self.path, self.at = path, at
        _, self.len, self.crc, self.count, self.first_n = head
        self.end = at + HEAD.size + self.len
        self.entries = [json.loads(line) for line in body.split(b"\n")[:-1]]

    @property
    def last_n(self):
        return self.first_n + self.count - 1


def segments(folder):
    return sorted(p for p in (Path(folder) / "journal").glob("*.wgj") if p.stem.isdigit())


def frames(path, at=0):
    """The frames of a segment from an offset on, as far as they are whole."""
    with open(path, "rb") as f:
        f.seek(at)
        while True:
            head = f.read(HEAD.size)
            if len(head) < HEAD.size or head[:4] != MAGIC:
                return
            head = HEAD.unpack(head)
            body = f.read(head[1])
            if len(body) < head[1] or not body.endswith(b"\n") or body.count(b"\n") != head[3]:
                return
            yield Frame(path, at, head, body)
            at += HEAD.size + head[1]


class Reader:
    """Follows a journal from round to round: only what is new is read."""

    def __init__(self, folder):
        self.folder, self.path, self.at = Path(folder), None, 0
        self.n, self.last, self.by_key = 0, None, {}

    def catch_up(self):
        """Read what has come. A number out of turn or a key twice is told as an error."""
        for path in segments(self.folder):
            if self.path and path < self.path:
                continue
            if path != self.path:
                self.path, self.at = path, 0
            for frame in frames(path, self.at):
                self._take(frame)
        return self

    def _take(self, frame):
        if frame.first_n != self.n + 1:
            raise AssertionError(f"{frame.path} at {frame.at}: entry {frame.first_n} after {self.n}")
        for n, e in enumerate(frame.entries, frame.first_n):
            if e["n"] != n:
                raise AssertionError(f"{frame.path} at {frame.at}: entry {n} calls itself {e['n']}")
            if "key" in e:
                if (e["by"], e["key"]) in self.by_key:
                    raise AssertionError(f"key {e['key']} of {e['by']} stands twice: entries {self.by_key[e['by'], e['key']]} and {n}")
                self.by_key[e["by"], e["key"]] = n
        self.n, self.last, self.at = frame.last_n, frame, frame.end

    def forget(self, frame):
        """The last frame has been cut."""
        for e in frame.entries:
            self.by_key.pop((e["by"], e.get("key")), None)
        self.n, self.at, self.last = frame.first_n - 1, frame.at, None


def cut(frame, at):
    """As if the machine had stopped while the frame was written: its bytes from there on are zeros."""
    with open(frame.path, "r+b") as f:
        f.seek(at)
        f.write(bytes(frame.end - at))


def tear(path, at, rng):
    """Leave a piece of a frame that never was whole where the next one would begin."""
    body = b'{"n":' + rng.randbytes(rng.randrange(10, 400)) + b"\n"
    piece = HEAD.pack(MAGIC, len(body), rng.getrandbits(32), 1, rng.getrandbits(20)) + body
    piece = piece[:rng.randrange(1, len(piece))]
    if rng.random() < 0.3:  # sectors may reach the disk in any order
        piece = bytes(len(piece) // 2) + piece[len(piece) // 2:]
    with open(path, "r+b") as f:
        f.seek(0, os.SEEK_END)
        room = f.tell() - at
        f.seek(at)
        f.write(piece[:max(0, room)])


def replace(folder, name, copy):
    """Put a copy of a part of the folder in its place; None: nothing."""
    shutil.rmtree(Path(folder) / name, True)
    if copy:
        shutil.copytree(copy, Path(folder) / name)


_table = []
for _i in range(256):
    for _ in range(8):
        _i = _i >> 1 ^ (0x82F63B78 if _i & 1 else 0)
    _table.append(_i)


def crc32c(data):
    crc = 0xFFFFFFFF
    for b in data:
        crc = crc >> 8 ^ _table[(crc ^ b) & 255]
    return crc ^ 0xFFFFFFFF
