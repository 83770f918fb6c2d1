"""A network as a chain: blocks through which a video goes piece by piece, and nothing is computed twice."""

from typing import Any, NamedTuple


class Block(NamedTuple):
    """A part of a video network.

    Attributes:
        network: a `keras.Model` from [x (B, T, …), mask bool (B, T)], T a multiple of `stride`, to (B, T / stride, …).
        stride: steps between the result's.
        before, after: the result's first and last steps that depend on what lies beyond x.
        end: the result's place among the whole network's outputs; None if it has none.
    """

    network: Any
    stride: int
    before: int
    after: int
    end: int | None = None


def edges(window: int, stride: int) -> tuple[int, int]:
    """(`before`, `after`) for a layer that sees `window` steps, padded as by TensorFlow: what is odd comes last."""
    padding = max(window - stride, 0)
    return -(-(padding // 2) // stride), -(-(padding - padding // 2) // stride)
