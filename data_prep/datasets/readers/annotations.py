"""Annotations of MTL-AQA and FineDiving: pickles keyed by (video, clip), and splits as lists of such keys."""

import numbers
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.datasets.readers.layout import find_file
from data_prep.datasets.readers.restricted_pickle import load_pickle
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import Remark, counted

Key = tuple[int | str, int]  # (video, clip)
SPLITS = ("train", "test")


def read_annotations(path: Path) -> dict[Key, dict[str, Any]]:
    """Reads a pickle {(video, clip): {field: value}}; NumPy integers and strings in keys become plain ones.

    Raises:
        InputError: there is no such pickle, or entries have another form; it lists them.
    """
    content = load_pickle(path, dict)
    malformed = [key for key, entry in content.items() if not (_is_key(key) and isinstance(entry, dict))]
    if malformed:
        entries = "; ".join(f"{reprlib.repr(key)}: {reprlib.repr(content[key])}" for key in malformed)
        raise InputError("wrong_format", f"{path}: not {{(video, clip): {{field: value}}}}: {entries}.")
    return {_plain_key(key): entry for key, entry in content.items()}


def read_splits(source_dir: Path, names: Mapping[str, Sequence[str]]) -> dict[str, list[Key]]:
    """Reads the keys of each split, in order.

    Args:
        source_dir: folder of the dataset.
        names: {split: possible paths of its pickle}.

    Raises:
        InputError: a pickle is missing, or entries are not keys; it lists them.
    """
    splits = {}
    for split in SPLITS:
        path = find_file(source_dir, names[split])
        keys = load_pickle(path, (list, np.ndarray))
        malformed = [reprlib.repr(key) for key in keys if not _is_key(key)]
        if malformed:
            raise InputError("wrong_format", f"{path}: not a list of (video, clip): {'; '.join(malformed)}.")
        splits[split] = [_plain_key(key) for key in keys]
    return splits


def unused_note(annotations: Mapping[Key, Any], splits: Mapping[str, Sequence[Key]]) -> list[Remark]:
    """Notes annotations that no split lists."""
    unused = annotations.keys() - {key for keys in splits.values() for key in keys}
    what = f"Not built, as in neither split: {counted(len(unused), 'annotated clip')}."
    return [Remark("in_no_split", what)] if unused else []


def _is_key(key):
    """A video is a number or a name, a clip is a number."""
    is_pair = isinstance(key, (tuple, list, np.ndarray)) and len(key) == 2
    return is_pair and isinstance(key[0], (numbers.Integral, str)) and isinstance(key[1], numbers.Integral)


def _plain_key(key):
    return str(key[0]) if isinstance(key[0], str) else int(key[0]), int(key[1])
