"""Values of one row or annotation, checked one by one: what is missing or no number becomes a `Problem`."""

import math
import numbers
import re
import reprlib
from collections.abc import Mapping
from typing import Any

from data_prep.datasets.sample import ERROR, Problem
from scoringnet_tf.support.reading import real_number


class Fields:
    """The named values of a row.

    Args:
        where: file and row, for messages.
        values: {name: value}, of a CSV file (text) or a pickle (numbers of Python or NumPy).
        decimal_comma: text has a comma before decimals, 3,2, and a point nowhere.

    Attributes:
        problems: what was wrong with the values that were asked for.
    """

    def __init__(self, where: str, values: Mapping[str, Any], decimal_comma: bool = False) -> None:
        self.where, self._values, self._decimal_comma = where, values, decimal_comma
        self.problems: list[Problem] = []

    def number(self, name: str, required: bool = True) -> float | None:
        """A float, which may be NaN; None if it is missing (a problem if `required`) or no number (a problem)."""
        value = self._values.get(name)
        if value is None or (isinstance(value, str) and not value):
            if required:
                self.expect(f"expected {name}. Received: none")
            return None
        number = self._parsed(value)
        if number is None:
            sign = " with a decimal comma" if self._decimal_comma else ""
            self.expect(f"expected a number{sign} as {name}. Received: {reprlib.repr(value)}")
        return number

    def numbers(self, name: str) -> list[float]:
        """The floats of a text, with white space, `;`, `/` or `|` between; empty if it is, or not all are numbers."""
        words = re.split(r"[\s;/|]+", self._values.get(name, "").strip())
        found = [self._parsed(word.removesuffix(",")) for word in words if word]
        if None in found:
            self.expect(f"expected numbers with spaces between as {name}. Received: {self._values[name]!r}")
            return []
        return [number for number in found if number is not None]

    def _parsed(self, value):
        """A float; None for what is no number."""
        try:
            if isinstance(value, numbers.Real):
                return float(value)
            if not isinstance(value, str) or (self._decimal_comma and "." in value):
                return None
            return real_number(value.replace(",", ".") if self._decimal_comma else value)
        except (ValueError, OverflowError):
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
