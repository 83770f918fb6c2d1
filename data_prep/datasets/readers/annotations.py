"""Annotations as MTL-AQA and FineDiving keep them: pickles keyed by (video, clip), splits as lists of such keys."""

import numbers
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.datasets.readers.layout import find_file
from data_prep.datasets.readers.restricted_pickle import load_pickle
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

Key = tuple[int | str, int]  # (video, clip)
SPLITS = ("train", "test")


def read_annotations(path: Path) -> dict[Key, dict[str, Any]]:
    """The entries of a pickle, {(video, clip): {field: value}}; keys of NumPy integers and strings become plain ones.

    Raises:
        InputError: no such pickle, or entries that are not of this form; every one is listed.
    """
    annotations, malformed = {}, []
    for key, entry in load_pickle(path, dict).items():
        if _is_key(key) and isinstance(entry, dict):
            annotations[_plain_key(key)] = entry
        else:
            malformed.append(f"{reprlib.repr(key)}: {reprlib.repr(entry)}")
    if malformed:
        raise InputError(
            "todo", f"{path}: expected {{(video, clip): {{field: value}}}}. Received: {'; '.join(malformed)}"
        )
    return annotations


def read_splits(source_dir: Path, names: Mapping[str, Sequence[str]]) -> dict[str, list[Key]]:
    """The keys of each split, as listed.

    Args:
        source_dir: folder of the dataset.
        names: {split: paths in it where the split's pickle may lie}.

    Returns:
        {"train": keys, "test": keys}, each (video, clip).

    Raises:
        InputError: a pickle is missing, or holds something else; every such entry is listed.
    """
    splits = {}
    for split in SPLITS:
        path = find_file(source_dir, names[split])
        keys = load_pickle(path, (list, np.ndarray))
        malformed = [reprlib.repr(key) for key in keys if not _is_key(key)]
        if malformed:
            raise InputError("todo", f"{path}: expected a list of (video, clip). Received: {'; '.join(malformed)}")
        splits[split] = [_plain_key(key) for key in keys]
    return splits


def unused_note(annotations: Mapping[Key, Any], splits: Mapping[str, Sequence[Key]]) -> list[str]:
    """A note on annotations that no split lists."""
    unused = annotations.keys() - {key for keys in splits.values() for key in keys}
    return [f"Not built, as in neither split: {counted(len(unused), 'annotated clip')}."] if unused else []


def _is_key(key):
    """A video is a number or a name, a clip is a number."""
    is_pair = isinstance(key, (tuple, list, np.ndarray)) and len(key) == 2
    return is_pair and isinstance(key[0], (numbers.Integral, str)) and isinstance(key[1], numbers.Integral)


def _plain_key(key):
    return str(key[0]) if isinstance(key[0], str) else int(key[0]), int(key[1])
