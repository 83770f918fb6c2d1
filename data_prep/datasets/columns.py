"""What the columns of a user's table mean: the names that we know, in any case, and those that the user says."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from data_prep.support.errors import OptionError
from scoringnet_tf.support.errors import InputError

UNUSED = "unused"  # the meaning of columns that are called as something else and are not that
MARK = re.compile(r"(?:marks?|judge|j)_?([1-9]\d?)")  # mark_1, Judge 1, J1


def column_names(
    path: Path, header: Sequence[str], known: Iterable[str], given: Iterable[str] | None = None
) -> dict[str, str]:
    """{meaning: column} of the columns that mean something; one may mean several things, where `given` says so.

    Args:
        path: of the table, for messages.
        header: its columns.
        known: the meanings that there are; `mark_1`, `mark_2`, … are known besides.
        given: `meaning=column`, for columns of other names, which then mean that alone; a column that has the name of
            such a meaning then has none.

    Raises:
        OptionError: `given` is malformed, or names an unknown meaning or a column that is not there.
        InputError: two columns of the same meaning.
    """
    meanings = column_meanings(known)
    said = _said(path, header, meanings, given or ())
    taken = {UNUSED, *(meaning for of_column in said.values() for meaning in of_column)}
    found: dict[str, list[str]] = {}
    for column in header:
        by_name = meaning_of(column, meanings)
        for meaning in said.get(column) or [None if by_name in taken else by_name]:
            if meaning not in (None, UNUSED):
                found.setdefault(meaning, []).append(column)
    for meaning, columns in found.items():
        if len(columns) > 1:
            raise InputError("todo", f"{path}: expected one column of {meaning}. Received: {', '.join(columns)}")
    return {meaning: columns[0] for meaning, columns in found.items()}


def column_meanings(known: Iterable[str]) -> dict[str, str]:
    """{name as `meaning_of` compares them: meaning} of the meanings that there are."""
    return {_plain(name): name for name in known}


def meaning_of(column: str, meanings: dict[str, str]) -> str | None:
    """What a column is by its name, in any case and with spaces or underscores; None where it is nothing known."""
    plain = _plain(column)
    mark = MARK.fullmatch(plain)
    return meanings.get(plain) or (f"mark_{mark[1]}" if mark else None)


def _plain(name):
    return re.sub(r"[\s_]+", "_", name.strip().casefold())


def _said(path, header, meanings, given):
    """{column: its meanings} of what the user says."""
    said: dict[str, list[str]] = {}
    for item in given:
        name, _, column = (part.strip() for part in item.partition("="))
        meaning = meaning_of(name, meanings)
        if not column or meaning is None:
            known = ", ".join([*sorted(meanings.values()), "mark_1, mark_2, …"])
            raise OptionError(
                "todo", f"--columns: expected MEANING=COLUMN, where MEANING is one of {known}. Received: {item!r}"
            )
        if column not in header:
            raise OptionError(
                "todo", f"--columns: expected a column of {path}, one of {', '.join(header)}. Received: {column!r}"
            )
        if meaning not in said.setdefault(column, []):
            said[column].append(meaning)
    return said
