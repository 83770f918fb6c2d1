"""A check of pickles that come from strangers, before any unpickler reads them."""

import pickletools


def check_memo(stream, num_bytes):
    """ValueError where the pickle at `stream` puts something at a memo index beyond its `num_bytes`.

    The unpickler's memo is as long as the largest index that is put into it: one opcode could ask for 64 GB.
    """
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and argument > num_bytes:
            raise ValueError(f"memo index {argument} in {num_bytes} bytes")
