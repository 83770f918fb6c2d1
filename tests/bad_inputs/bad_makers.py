"""How things come to be bad: each function gives one that makes it in a folder."""

import json
import os
import pathlib
import struct
import zipfile
import zlib

import numpy as np


def holding(name, content=b""):
    """A file that holds other than what it is called."""

    def make(folder):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return make


def folder_at(name):
    """A folder."""
    return lambda folder: (folder / name).mkdir(parents=True)


def changed(pattern, change):
    """The first file that a pattern finds, its bytes changed; it is deleted where `change` gives None."""

    def make(folder):
        path = sorted(folder.glob(pattern))[0]
        content = change(path.read_bytes())
        path.unlink() if content is None else path.write_bytes(content)

    return make


def flipped(content):
    """A byte in the middle is another."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


def cut(content):
    """The first two thirds."""
    return content[: len(content) * 2 // 3]


def replaced(old, new):
    """Bytes replaced, which must be there."""

    def change(content):
        assert old in content, old
        return content.replace(old, new)

    return change


def in_archive(member, change):
    """A file within a ZIP changed, and the ZIP is whole again."""

    def rezip(content):
        target = pathlib.Path("rezipped")
        target.write_bytes(content)
        with zipfile.ZipFile(target) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(target, "w") as archive:
            for name, part in parts.items():
                archive.writestr(name, change(part) if name == member else part)
        content = target.read_bytes()
        target.unlink()
        return content

    return rezip


def index(**changes):
    """`dataset_info.json` with other fields."""
    return changed(
        "*records/dataset_info.json", lambda content: json.dumps({**json.loads(content), **changes}).encode()
    )


def swapped_ids(content):
    """`dataset_info.json` with the first two test videos in each other's place."""
    fields = json.loads(content)
    ids = fields["splits"]["test"]["ids"]
    ids[:2] = ids[1::-1]
    return json.dumps(fields).encode()


def rows(*lines, header="video,split,difficulty,execution,final", name="own/manifest.csv"):
    """A table of one's own videos, in place of the sound one."""
    return holding(name, "\n".join([header, *lines, ""]).encode())


def video(name, num_frames, **options):
    """A video of bars."""

    def make(folder):
        from conftest import write_bars

        write_bars(folder / name, num_frames, **options)

    return make


def images(name, damage, number=1):
    """A folder of 20 numbered images; `damage` is done to one."""

    def make(folder):
        from conftest import write_images

        write_images(folder / name, 20)
        damage(folder / name / f"img_{number:05d}.jpg")

    return make


def picture(name):
    """One JPEG."""

    def make(folder):
        from conftest import write_images

        write_images(folder / "one", 1)
        (folder / "one/img_00001.jpg").rename(folder / name)
        (folder / "one").rmdir()

    return make


def link(name, target):
    """A symbolic link."""
    return lambda folder: (folder / name).symlink_to(target)


def fifo(name):
    """A pipe with a name."""
    return lambda folder: os.mkfifo(folder / name)


def array(name, values):
    """A .npy file."""
    return lambda folder: np.save(folder / name, values)


def stdin(content):
    """What is written to the command."""
    return lambda _: {"stdin": content}


def stdout(path):
    """Where the command prints to."""
    return lambda _: {"stdout": path}


def all_of(*makers):
    """Several."""

    def make(folder):
        results = [maker(folder) for maker in makers]
        return next(filter(None, results), None)

    return make


def huge_png(width=60_000, height=60_000):
    """A PNG that announces more pixels than memory holds."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")


def huge_webp():
    """An animated WebP that announces 16,383 × 16,383 pixels."""
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes([2, 0, 0, 0]) + (16_382).to_bytes(3, "little") * 2
    body = b"WEBP" + canvas + b"ANIM" + struct.pack("<IIH", 6, 0, 0)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def sound_of(seconds):
    """A WAV file."""
    data = bytes([128]) * 8000 * seconds
    form = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8) + b"data" + struct.pack("<I", len(data))
    return b"RIFF" + struct.pack("<I", len(form) + len(data)) + form + data


FRAMES_OF_8 = np.zeros((20, 8, 8, 3), np.uint8)


def tiny_video(folder):
    """A video of 8 × 8 pixels."""
    from conftest import write_video

    write_video(folder / "tiny.avi", FRAMES_OF_8)
