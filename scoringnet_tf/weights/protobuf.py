"""Reads the fields of a serialised protocol buffer without its schema (protobuf.dev/programming-guides/encoding)."""

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """The bytes are no protocol buffer, or end too early."""


def fields(buffer):
    """Yields (field number, value) of a message, a memoryview: an int for a varint, a memoryview for all others."""
    position = 0
    while position < len(buffer):
        tag, position = _varint(buffer, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == VARINT:
            value, position = _varint(buffer, position)
        else:
            size, position = _size(wire_type, buffer, position)
            if position + size > len(buffer):
                raise WireError(f"field {number} needs {size} bytes, {len(buffer) - position} are left")
            value = buffer[position : position + size]
            position += size
        yield number, value


def messages(buffer, number):
    """Yields what the fields of this number hold, memoryviews; WireError where one is a plain number."""
    for found, value in fields(buffer):
        if found == number:
            if isinstance(value, int):
                raise WireError(f"a plain number in field {number}")
            yield value


def _size(wire_type, buffer, position):
    if wire_type == LENGTH:
        return _varint(buffer, position)
    if wire_type in (FIXED32, FIXED64):
        return (4 if wire_type == FIXED32 else 8), position
    raise WireError(f"wire type {wire_type}, which no protocol buffer of our time has")


def _varint(buffer, position):
    """Seven bits a byte, the lowest first; the eighth bit says that more follow. At most ten bytes."""
    value = 0
    for index, byte in enumerate(buffer[position : position + 10]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise WireError("a number that does not end")
