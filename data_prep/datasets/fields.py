"""Values of one row or annotation, checked one by one: what is missing or no number becomes a `Problem`."""

import math
import numbers
import reprlib
from collections.abc import Mapping
from typing import Any

from data_prep.datasets.sample import ERROR, Problem


class Fields:
    """The named values of a row.

    Args:
        where: file and row, for messages.
        values: {name: value}, of a CSV file (text) or a pickle (numbers of Python or NumPy).

    Attributes:
        problems: what was wrong with the values that were asked for.
    """

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        self.where, self._values = where, values
        self.problems: list[Problem] = []

    def number(self, name: str, required: bool = True) -> float | None:
        """A float, which may be NaN; None if it is missing (a problem if `required`) or no number (a problem)."""
        value = self._values.get(name)
        if value is None or (isinstance(value, str) and not value):
            if required:
                self.expect(f"expected {name}. Received: none")
            return None
        try:
            if isinstance(value, (numbers.Real, str)):
                return float(value)
        except (ValueError, OverflowError):
            pass
        self.expect(f"expected a number as {name}. Received: {reprlib.repr(value)}")
        return None

    def integer(self, name: str, required: bool = True) -> int | None:
        """An int, or None as in `number`."""
        value = self.number(name, required)
        if value is not None and not (math.isfinite(value) and value == round(value)):
            self.expect(f"expected an integer as {name}. Received: {value:g}")
            return None
        return None if value is None else int(value)

    def expect(self, what: str, kind: str = ERROR) -> None:
        """Adds a problem."""
        self.problems.append(Problem(self.where, what, kind))
