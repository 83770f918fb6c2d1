"""Whether a Matroska or WebM file is whole: FFmpeg reads one that is cut off as if it ended there."""

import os
from pathlib import Path

HEADER, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"  # RFC 9559: the two elements that a file is made of


def cut_off(path: Path) -> str:
    """Where a file ends that its segment says to be longer, in words.

    Empty of a whole one, of one that was recorded live and states no size, and of any other format.
    """
    with path.open("rb") as file:
        if file.read(4) != HEADER:
            return ""
        file.seek(_size(file) or 0, os.SEEK_CUR)
        if file.read(4) != SEGMENT:
            return ""
        size = _size(file)
        stated = file.tell() + (size or 0)
        received = file.seek(0, os.SEEK_END)
    return "" if size is None or received >= stated else f"the end of the file ({received:,} of {stated:,} bytes)"


def _size(file):
    """The size of an element, which its first byte says the length of (RFC 8794, section 4); None if it is unknown."""
    first = file.read(1)
    length = 9 - int.from_bytes(first, "big").bit_length()
    digits = 7 * length
    value = int.from_bytes(first + file.read(length - 1), "big") & (1 << digits) - 1
    return None if value == (1 << digits) - 1 else value
