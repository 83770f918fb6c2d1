"""A network as a chain of blocks, through which a video goes piece by piece, and nothing is computed twice."""

from typing import Any, NamedTuple


class Block(NamedTuple):
    """A part of a network of videos.

    Attributes:
        network: a `keras.Model` from [x (B, T, …), mask bool (B, T)], T a multiple of `stride`, to (B, T / stride, …).
        stride: steps from one of the result to the next.
        before, after: first and last steps of the result that depend on what lies beyond x.
        end: place of the result among the outputs of the whole network; None if it is none of them.
    """

    network: Any
    stride: int
    before: int
    after: int
    end: int | None = None


def edges(window: int, stride: int) -> tuple[int, int]:
    """(`before`, `after`) of a layer that sees `window` steps, padded as by TensorFlow: what is odd comes last."""
    padding = max(window - stride, 0)
    return -(-(padding // 2) // stride), -(-(padding - padding // 2) // stride)
