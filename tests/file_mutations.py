"""Small wrong changes of files: what a hurried editor, a spreadsheet, a converter or a bad disk makes of them.

Each mutation is a function of a file's content and a generator, which gives the changed content; None where it does not
apply. `VALUES` change one cell (or let two change places), which may well leave a possible value; `STRUCTURES` lose
rows, columns or units, which must never pass in silence; `BYTES` do either.
"""

import csv
import io
import json
import math
import pickle
import re
from pathlib import Path

import numpy as np
import scipy.io

NUMBER = re.compile(r"-?\d+(\.\d+)?")


# === Bytes of any file ===


def flipped(content, rng):
    """Some bits are others."""
    mutant = bytearray(content)
    for position in rng.integers(len(content), size=rng.integers(1, 6)):
        mutant[position] ^= 1 << rng.integers(8)
    return bytes(mutant)


def _stretch(content, rng):
    start = int(rng.integers(len(content)))
    return start, min(len(content), start + int(rng.integers(1, 40)))


def cut_off(content, rng):
    return content[: _stretch(content, rng)[0]]


def zeroed(content, rng):
    start, stop = _stretch(content, rng)
    return content[:start] + bytes(stop - start) + content[stop:]


def inserted(content, rng):
    start, stop = _stretch(content, rng)
    return content[:start] + rng.bytes(stop - start) + content[start:]


def repeated(content, rng):
    start, stop = _stretch(content, rng)
    return content[:stop] + content[start:]


BYTES = (flipped, cut_off, zeroed, inserted, repeated)


def damaged(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """A mutant of any file, and the name of the mutation."""
    mutation = BYTES[rng.integers(len(BYTES))]
    return mutation(content, rng), mutation.__name__


# === One value ===


def _other_number(value, rng):
    """A number that is wrong by its scale, its sign, its digits, or is none."""
    odd = (value * 100, value / 100, -value, value + 1, value * 10, math.nan, math.inf, 0)
    return odd[rng.integers(len(odd))]


def _other_text(cell, rng):
    """A cell that is empty, a word, or wrong as a number."""
    digits = [position for position, character in enumerate(cell) if character.isdigit()]
    odd = ["", "x", f"{cell} ", f"-{cell}", f"{cell}00", cell.replace(".", ","), cell.upper(), f"{cell}.5"]
    if digits:
        position = digits[rng.integers(len(digits))]
        odd += [cell[:position] + str(rng.integers(10)) + cell[position + 1 :]] * 4
    return odd[rng.integers(len(odd))]


# === Text: tables with commas, or white space ===


class Lines:
    """The cells of a text table."""

    def __init__(self, content):
        text = content.decode()
        self.delimiter = "," if "," in text else " "
        self.rows = list(csv.reader(text.splitlines())) if "," in text else [line.split() for line in text.splitlines()]
        self.first = int(not any(NUMBER.fullmatch(cell) for cell in self.rows[0]))  # row after the header

    def draw(self, rng):
        return int(rng.integers(self.first, len(self.rows)))

    def encode(self):
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.delimiter, lineterminator="\n").writerows(self.rows)
        return text.getvalue().encode()


def text_value(lines, rng):
    row = lines.rows[lines.draw(rng)]
    column = int(rng.integers(len(row)))
    row[column] = _other_text(row[column], rng)


def text_cells_swapped(lines, rng):
    row = lines.rows[lines.draw(rng)]
    first, second = rng.integers(len(row), size=2)
    row[first], row[second] = row[second], row[first]


def text_row_lost(lines, rng):
    del lines.rows[lines.draw(rng)]


def text_row_twice(lines, rng):
    lines.rows.insert(len(lines.rows), list(lines.rows[lines.draw(rng)]))


def text_columns_swapped(lines, rng):
    """The header, if there is one, stays."""
    first, second = rng.integers(len(lines.rows[lines.first]), size=2)
    for row in lines.rows[lines.first :]:
        row[first], row[second] = row[second], row[first]


def text_column_lost(lines, rng):
    column = int(rng.integers(len(lines.rows[lines.first])))
    for row in lines.rows:
        del row[column : column + 1]


def text_column_scaled(lines, rng):
    column = int(rng.integers(len(lines.rows[lines.first])))
    for row in lines.rows[lines.first :]:
        if column < len(row) and NUMBER.fullmatch(row[column]):
            row[column] = f"{100 * float(row[column]):g}"


def text_blank_line(lines, rng):
    lines.rows.insert(lines.draw(rng), [])


def text_header_lost(lines, rng):
    del lines.rows[0 : lines.first]


TEXT_VALUES = (text_value, text_value, text_value, text_cells_swapped)
TEXT_STRUCTURES = (
    *(text_row_lost, text_row_twice, text_columns_swapped, text_column_lost, text_column_scaled, text_blank_line),
    text_header_lost,
)


# === MATLAB: a vector or a table ===


def mat_value(values, rng):
    position = tuple(int(rng.integers(size)) for size in values.shape)
    values[position] = _other_number(values[position], rng)


def mat_values_swapped(values, rng):
    first, second = rng.integers(values.size, size=2)
    values.flat[[first, second]] = values.flat[[second, first]]


def _along_rows(values):
    """The array with its rows (of a vector: its entries) along the first axis."""
    return values.T if values.shape[0] == 1 else values


def mat_row_lost(values, rng):
    return np.delete(_along_rows(values), rng.integers(values.size // min(values.shape)), axis=0)


def mat_row_twice(values, rng):
    rows = _along_rows(values)
    return np.concatenate([rows, rows[[int(rng.integers(len(rows)))]]])


def mat_scaled(values, rng):
    _along_rows(values)[:, -1] *= 100


def mat_columns_swapped(values, rng):
    rows = _along_rows(values)
    return rows[:, rng.permutation(rows.shape[1])]


MAT_VALUES = (mat_value, mat_value, mat_value, mat_values_swapped)
MAT_STRUCTURES = (mat_row_lost, mat_row_twice, mat_scaled, mat_columns_swapped, np.transpose)


# === Pickles: annotations by clip, or lists of clips ===


def _draw(values, rng):
    return list(values)[rng.integers(len(values))]


def pickle_value(loaded, rng):
    if isinstance(loaded, list):
        loaded[rng.integers(len(loaded))] = _draw([(1, 99), (0, 0), None, "x", loaded[0], (1.5, 1)], rng)
        return
    entry = loaded[_draw(loaded, rng)]
    field = _draw(entry, rng)
    value = entry[field]
    odd = [None, "x", []]
    if isinstance(value, (int, float)):
        odd = [*([_other_number(value, rng)] * 4), str(value)]
    elif isinstance(value, (list, np.ndarray)):
        odd.append(value[::-1])
    entry[field] = odd[rng.integers(len(odd))]


def pickle_fields_swapped(loaded, rng):
    if isinstance(loaded, dict):
        entry = loaded[_draw(loaded, rng)]
        first, second = _draw(entry, rng), _draw(entry, rng)
        entry[first], entry[second] = entry[second], entry[first]


def pickle_entry_lost(loaded, rng):
    del loaded[_draw(loaded, rng) if isinstance(loaded, dict) else int(rng.integers(len(loaded)))]


def pickle_entry_renamed(loaded, rng):
    if isinstance(loaded, dict):
        key = _draw(loaded, rng)
        loaded[key[0], key[1] + 50] = loaded.pop(key)
    else:
        loaded.append(loaded[0])


def pickle_field_lost(loaded, rng):
    """In one entry, or in all."""
    if isinstance(loaded, dict):
        field = _draw(next(iter(loaded.values())), rng)
        for key in [_draw(loaded, rng)] if rng.integers(2) else list(loaded):
            del loaded[key][field]


def pickle_field_scaled(loaded, rng):
    if isinstance(loaded, dict):
        field = _draw([name for name, value in next(iter(loaded.values())).items() if isinstance(value, float)], rng)
        for entry in loaded.values():
            entry[field] *= 100


PICKLE_VALUES = (pickle_value, pickle_value, pickle_value, pickle_fields_swapped)
PICKLE_STRUCTURES = (pickle_entry_lost, pickle_entry_renamed, pickle_field_lost, pickle_field_scaled)


# === JSON: objects within objects ===

ODD = (None, "x", [], {}, [None], True, -1, 0, 1e308, 10**30, math.nan, "../x")


def mutated_json(content: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """A mutant of a JSON file, and the name of the mutation: one value is odd, lost, or another's."""
    root = json.loads(content)
    holder = _draw(_holders(root), rng)
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    key, other = keys[rng.integers(len(keys))], keys[rng.integers(len(keys))]
    kind = ("odd", "odd", "lost", "swapped", "wrapped")[rng.integers(5)]
    if kind == "odd":
        holder[key] = ODD[rng.integers(len(ODD))]
    elif kind == "lost":
        del holder[key]
    elif kind == "swapped":
        holder[key], holder[other] = holder[other], holder[key]
    else:
        holder[key] = [holder[key]]
    return json.dumps(root).encode(), f"json_{kind}"


def _holders(value):
    """All objects and lists in a value that hold something."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [value] if inner else []
    return found + [holder for each in inner for holder in _holders(each)]


# === Any label file ===


def mutated(path: Path, rng: np.random.Generator) -> tuple[bytes, str, bool]:
    """A mutant of a label file.

    Returns:
        (content, name of the mutation, whether it loses structure).
    """
    content = path.read_bytes()
    if rng.integers(4) == 0:
        return *damaged(content, rng), False
    values, structures, apply = {
        ".mat": (MAT_VALUES, MAT_STRUCTURES, _mutated_mat),
        ".pkl": (PICKLE_VALUES, PICKLE_STRUCTURES, _mutated_pickle),
    }.get(path.suffix, (TEXT_VALUES, TEXT_STRUCTURES, _mutated_text))
    loses = bool(rng.integers(2))
    mutation = _draw(structures if loses else values, rng)
    return apply(content, mutation, rng), mutation.__name__, loses


def _mutated_mat(content, mutation, rng):
    ((name, values),) = ((n, v) for n, v in scipy.io.loadmat(io.BytesIO(content)).items() if not n.startswith("__"))
    values = values.astype(np.float64)
    changed = mutation(values) if mutation is np.transpose else mutation(values, rng)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {name: values if changed is None else changed})
    return buffer.getvalue()


def _mutated_pickle(content, mutation, rng):
    loaded = pickle.loads(content)
    mutation(loaded, rng)
    return pickle.dumps(loaded, 2)


def _mutated_text(content, mutation, rng):
    lines = Lines(content)
    mutation(lines, rng)
    return lines.encode()
