"""The values of one row or annotation; what is missing or not a number becomes a `Problem`."""

import math
import numbers
import re
import reprlib
from collections.abc import Mapping
from typing import Any

from data_prep.datasets.sample import ERROR, Problem
from scoringnet_tf.support.files import real_number


class Fields:
    """The named values of a row, text of a CSV file or numbers of a pickle; `problems` is what is wrong with them.

    `where` is file and row, for messages. With `decimal_comma` numbers are written 3,2.
    """

    def __init__(self, where: str, values: Mapping[str, Any], decimal_comma: bool = False) -> None:
        self.where, self._values, self._decimal_comma = where, values, decimal_comma
        self.problems: list[Problem] = []

    def number(self, name: str, required: bool = True) -> float | None:
        """Returns a float, which may be NaN; None if there is none (a problem if `required`) or it is not a number."""
        value = self._values.get(name)
        if value is None or (isinstance(value, str) and not value):
            if required:
                self.report("missing_value", f"{name} is missing.")
            return None
        number = self._parsed(value)
        if number is None:
            kind = "a number with a decimal comma" if self._decimal_comma else "a number"
            self.report("not_a_number", f"{name} {reprlib.repr(value)} is not {kind}.")
        return number

    def numbers(self, name: str) -> list[float]:
        """Returns the floats of a text, between white space, `;`, `/` or `|`; none if one is not a number."""
        words = re.split(r"[\s;/|]+", self._values.get(name, "").strip())
        values = [self._parsed(word.removesuffix(",")) for word in words if word]
        if None in values:
            self.report("not_a_number", f"{name} {self._values[name]!r} are not numbers with spaces between.")
            return []
        return [value for value in values if value is not None]

    def _parsed(self, value: Any) -> float | None:
        try:
            if isinstance(value, numbers.Real):
                return float(value)
            if not isinstance(value, str) or (self._decimal_comma and "." in value):
                return None
            return real_number(value.replace(",", ".") if self._decimal_comma else value)
        except (ValueError, OverflowError):
            return None

    def integer(self, name: str, required: bool = True) -> int | None:
        """Returns an int, or None like `number`."""
        value = self.number(name, required)
        if value is not None and not (math.isfinite(value) and value == round(value)):
            self.report("not_an_integer", f"{name} {value:g} is not an integer.")
            return None
        return None if value is None else int(value)

    def report(self, code: str, what: str, kind: str = ERROR) -> None:
        """Adds a problem."""
        self.problems.append(Problem(self.where, what, kind, code=code))
