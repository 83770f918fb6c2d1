"""The words that people read: remarks with a code, counts, times and lists of names."""

from collections.abc import Iterable

MAX_NAMES = 10  # in a sentence


class Remark(str):
    """A sentence that also has a `code`, one of those in docs/serving.md.

    Args:
        code: a stable name, for programs.
        sentence: for people.
    """

    code: str

    def __new__(cls, code: str, sentence: str) -> "Remark":  # noqa: D102
        remark = super().__new__(cls, sentence)
        remark.code = code
        return remark

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """What copies and pickles are made of."""
        return self.code, str(self)

    def to_dict(self) -> dict[str, str]:
        """`{"code", "message"}`."""
        return {"code": self.code, "message": str(self)}

    @classmethod
    def from_dict(cls, values: dict[str, str]) -> "Remark":
        """The remark that `to_dict` gave."""
        return cls(values["code"], values["message"])


def counted(number: int, noun: str, style: str = "", plural: str = "") -> str:
    """A number with its noun: 1 frame, 2 frames, 0 frames.

    Args:
        number: how many.
        noun: in the singular.
        style: format specification of the number, such as `","`.
        plural: of the noun, if it does not end in s.
    """
    return f"{number:{style}} {noun if number == 1 else plural or f'{noun}s'}"


def clock(seconds: float) -> str:
    """A moment of a video as players show it, to a tenth of a second: 0:07.5, 12:31.0, 1:02:03.0."""
    minutes, tenths = divmod(round(10 * seconds), 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{tenths // 10:02d}.{tenths % 10}"


def shown(names: Iterable[str]) -> str:
    """Names in order, for a sentence; the first ten of many, and how many more."""
    names = sorted(names)
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more
