"""The datasets that `python -m data_prep` reads.

Each is one module, with a function

    read(source_dir: Path, <option>=None, …) -> Source

whose options are those of the command's flags that it names. Adding a dataset is one module and one entry here.
"""

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

from data_prep.datasets import (
    aqa7,
    finediving,
    manifest,
    mit_diving,
    motion,
    mtl_aqa,
    rhythmic_gymnastics,
    ucf101,
    unlv_diving,
    unlv_vault,
)
from data_prep.datasets.published import count_note
from data_prep.datasets.sample import Source
from data_prep.datasets.split_file import with_split, with_split_problems
from data_prep.datasets.splitting import torn_groups, torn_note
from data_prep.support.errors import OptionError
from scoringnet_tf.support.errors import InputError

DATASETS = {
    "aqa7": aqa7,
    "finediving": finediving,
    "manifest": manifest,
    "mit_diving": mit_diving,
    "motion": motion,
    "mtl_aqa": mtl_aqa,
    "rhythmic_gymnastics": rhythmic_gymnastics,
    "ucf101": ucf101,
    "unlv_diving": unlv_diving,
    "unlv_vault": unlv_vault,
}


def check_use(dataset: str, source_dir: Path, options: dict[str, Any]) -> None:
    """Checks how a dataset is about to be read.

    Args:
        dataset: key in `DATASETS`.
        source_dir: its folder.
        options: arguments of its `read`, by name.

    Raises:
        OptionError: `source_dir` is no folder, or an option is none of the dataset's.
    """
    if not source_dir.is_dir():
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(source_dir)):  # a `Path` has one of an address's two slashes
            raise OptionError(
                "todo", f"--source_dir: expected a folder on this machine. Received: an address, {source_dir}."
            )
        raise OptionError(
            "todo", f"{source_dir}: expected the folder of the dataset {dataset}. Received: no such folder."
        )
    unknown = options.keys() - inspect.signature(DATASETS[dataset].read).parameters.keys()
    if unknown:
        raise OptionError(
            "todo", f"Expected no --{', --'.join(sorted(unknown))} with --dataset={dataset}. Received: one."
        )


def read_source(dataset: str, source_dir: Path, split_csv: str | Path | None = None, **options: Any) -> Source:
    """Reads a dataset.

    Args:
        dataset: key in `DATASETS`.
        source_dir: its folder.
        split_csv: file that says the split of every record, see `split_file`; None for the dataset's own.
        **options: arguments of the dataset's `read`.

    Raises:
        OptionError: as of `check_use`, or of the dataset's `read`.
        InputError: the dataset or the split file is not readable as a whole.
    """
    check_use(dataset, source_dir, options)
    source = DATASETS[dataset].read(source_dir, **options)
    if split_csv:
        source = with_split(source, Path(split_csv))
    if not any(sample.split for sample in source.samples):
        raise InputError(
            "todo", f"{source_dir}: expected a column split, or --split_csv. Received: no split of any record."
        )
    # Of the splits that are built, and so not before a file of splits is applied.
    counts = [count_note((sample.split for sample in source.samples), source.published)] if source.published else []
    torn = torn_note(torn_groups((sample.group, sample.split) for sample in source.samples))
    return with_split_problems(dataclasses.replace(source, notes=(*source.notes, *counts, *torn)))
