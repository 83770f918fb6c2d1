"""A check of pickles that come from strangers, before any unpickler reads them."""

import graphlib
import pickletools
from typing import IO, Any

MAX_OBJECTS = 10**7  # as often as they occur in each other; label files of thousands of videos have a few 100,000
MAX_CONTAINERS = 10**6  # and these have some 10,000
MAX_BITS = 10_000  # of an integer; Python itself refuses to write out one of 4,300 digits
FILLS = ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD")  # these put what they take into what is there
FILLABLE = ("EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET", "LIST", "DICT", "INST")  # these make what may be empty at first
PUTS, GETS = ("PUT", "BINPUT", "LONG_BINPUT"), ("GET", "BINGET", "LONG_BINGET")


def check_pickle(stream: bytes | IO[bytes], num_bytes: int) -> None:
    """Checks that reading the pickle at `stream` takes no more time and memory than its length makes believe.

    - The unpickler's memo is as long as the largest index that is put into it: one opcode could ask for 64 GB.
    - An object may be named again wherever it occurs. A pair of a pair of a pair … of the same two is short, and yet
      every level doubles the time to hash, compare or copy it.

    Raises:
        ValueError: something is put at an index beyond `num_bytes`, those of the pickle; an object holds itself; there
            are more than `MAX_OBJECTS` or `MAX_CONTAINERS`; or an integer is longer than `MAX_BITS`.
    """
    machine = _Machine()
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name in PUTS and argument is not None and argument > num_bytes:
            raise ValueError(f"memo index {argument} in {num_bytes} bytes")
        if isinstance(argument, int) and argument.bit_length() > MAX_BITS:
            raise ValueError(f"an integer of {argument.bit_length()} bits")
        machine.run(opcode, argument)
        if len(machine.parts) > MAX_CONTAINERS:
            raise ValueError(f"more than {MAX_CONTAINERS:,} containers")
    if _count(machine.parts) > MAX_OBJECTS:
        raise ValueError(f"more than {MAX_OBJECTS:,} objects, each counted as often as it is held")


class _Machine:
    """What an unpickler does, with numbers in place of objects: 0 is whatever can hold nothing.

    Attributes:
        parts: of every container, what it holds.
    """

    def __init__(self) -> None:
        self.parts: list[list[int]] = [[]]
        self._stack: list[int] = []
        self._marks: list[int] = []
        self._memo: dict[int, int] = {}

    def run(self, opcode: Any, argument: Any) -> None:
        """One step. IndexError or KeyError where the unpickler would fail as well."""
        if opcode.name in GETS:
            self._stack.append(self._memo[int(argument)])
        elif opcode.name == "DUP":
            self._stack.append(self._stack[-1])
        elif opcode.name in PUTS:
            self._memo[int(argument)] = self._stack[-1]
        elif opcode.name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif opcode.name == "MARK":
            self._marks.append(len(self._stack))
        elif opcode.name == "POP" and self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        elif opcode.stack_before or opcode.stack_after:
            self._make(opcode)

    def _make(self, opcode):
        """Takes what the opcode takes off the stack, and puts on it what holds that."""
        before = opcode.stack_before
        start = len(self._stack) - len(before)
        if pickletools.markobject in before:
            start = self._marks.pop() - before.index(pickletools.markobject)
        if start < 0:
            raise IndexError(f"{opcode.name} finds too little on the stack")
        taken, self._stack[start:] = self._stack[start:], []
        if opcode.name in FILLS:
            if not taken[0]:
                raise ValueError(f"{opcode.name} for what can hold nothing")
            self.parts[taken[0]] += taken[1:]
            self._stack.append(taken[0])
        elif opcode.stack_after and (taken or opcode.name in FILLABLE):
            self._stack.append(len(self.parts))
            self.parts.append(taken)
        elif opcode.stack_after:
            self._stack.append(0)


def _count(parts: list[list[int]]) -> int:
    """How many objects all containers hold, at any depth; all above the limit are one. ValueError for a circle."""
    counts = [0] * len(parts)
    try:
        for number in graphlib.TopologicalSorter(dict(enumerate(parts))).static_order():
            counts[number] = min(1 + sum(counts[part] for part in parts[number]), MAX_OBJECTS + 1)
    except graphlib.CycleError:
        raise ValueError("an object that holds itself") from None
    return sum(counts)
