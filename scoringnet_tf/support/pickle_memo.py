"""A check of pickles that come from strangers, before any unpickler reads them."""

import pickletools
from typing import IO


def check_memo(stream: bytes | IO[bytes], num_bytes: int) -> None:
    """Checks the memo of the pickle at `stream`.

    The unpickler's memo is as long as the largest index that is put into it: one opcode could ask for 64 GB.

    Raises:
        ValueError: something is put at an index beyond `num_bytes`, those of the pickle.
    """
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and argument is not None and argument > num_bytes:
            raise ValueError(f"memo index {argument} in {num_bytes} bytes")
