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


def clock(seconds: float) -> str:
    """A moment of a video as players show it, to a tenth of a second: 0:07.5, 12:31.0, 1:02:03.0."""
    tenths = round(10 * seconds)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{rest // 10:02d}.{rest % 10}"


def shown(names: Iterable[str]) -> str:
    """Names in order, for a sentence; of many the first ones, and how many more."""
    names = sorted(names)
    if len(names) <= SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
