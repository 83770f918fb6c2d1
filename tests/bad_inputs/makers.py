"""Ways to make input bad: each function returns one that makes it in a folder."""

import os
import pathlib
import struct
import zlib

from conftest import write_bars, write_images


def holding(name, content=b""):
    """A file that holds other than its name says."""

    def make(folder):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return make


def folder_at(name):
    return lambda folder: (folder / name).mkdir(parents=True)


def changed(pattern, change):
    """The first file that a pattern finds, with its bytes changed; deleted if `change` returns None."""

    def make(folder):
        path = sorted(folder.glob(pattern))[0]
        content = change(path.read_bytes())
        path.unlink() if content is None else path.write_bytes(content)

    return make


def flipped(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


def cut(content):
    return content[: len(content) * 2 // 3]


def rows(*lines, header="video,split,difficulty,execution,final"):
    """A table in place of the sound one."""
    return holding("own/manifest.csv", "\n".join([header, *lines, ""]).encode())


def bars(name, num_frames, **options):
    return lambda folder: write_bars(folder / name, num_frames, **options)


def images(name, damage, number=1):
    """A folder of 20 numbered images; `damage` is done to one."""

    def make(folder):
        write_images(folder / name, 20)
        damage(folder / name / f"img_{number:05d}.jpg")

    return make


def link(name, target):
    return lambda folder: (folder / name).symlink_to(target)


def fifo(name):
    return lambda folder: os.mkfifo(folder / name)


def huge_png(path: pathlib.Path, width=60_000, height=60_000):
    """Replaces an image by a PNG that announces more pixels than memory holds."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    path.with_suffix(".png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    path.unlink()
