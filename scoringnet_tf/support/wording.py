"""How messages put things into words."""

from collections.abc import Iterable

SHOWN = 10  # how many names a sentence holds


def counted(number: int, noun: str, style: str = "", plural: str = "") -> str:
    """A number with its noun: 1 frame, 2 frames, 0 frames.

    Args:
        number: how many.
        noun: what they are, of one.
        style: format specification of the number, such as `","`.
        plural: of the noun, where it is not the noun and an s.
    """
    return f"{number:{style}} {noun if number == 1 else plural or f'{noun}s'}"


def shown(names: Iterable[str]) -> str:
    """Names in order, for a sentence; of many the first ones, and how many more."""
    names = sorted(names)
    if len(names) <= SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
