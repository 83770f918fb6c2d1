"""The datasets that `python -m data_prep` reads.

To add one, write a module with a function

    read(source_dir: Path, <option>=None, …) -> Source

and enter it below. Its options are named like the command's flags.
"""

import dataclasses
import inspect
from pathlib import Path
from typing import Any

from data_prep.datasets import aqa7, finediving, manifest, motion, mtl_aqa, rhythmic_gymnastics, ucf101, unlv
from data_prep.datasets.sample import Source, count_note
from data_prep.datasets.splits import torn_note, with_split, with_split_problems
from data_prep.support.options import OptionError
from scoringnet_tf.support.messages import Remark

DATASETS = {
    "aqa7": aqa7.read,
    "finediving": finediving.read,
    "manifest": manifest.read,
    "mit_diving": unlv.read_mit_diving,
    "motion": motion.read,
    "mtl_aqa": mtl_aqa.read,
    "rhythmic_gymnastics": rhythmic_gymnastics.read,
    "ucf101": ucf101.read,
    "unlv_diving": unlv.read_diving,
    "unlv_vault": unlv.read_vault,
}


def check_use(dataset: str, source_dir: Path, options: dict[str, Any]) -> None:
    """Checks the folder and the options for a dataset, a key of `DATASETS`; OptionError if they are not its own."""
    if not source_dir.is_dir():
        raise OptionError("not_found", f"--source_dir: there is no folder {source_dir} on this machine.")
    if unused := options.keys() - inspect.signature(DATASETS[dataset]).parameters.keys():
        raise OptionError("flag_unused", f"--{', --'.join(sorted(unused))} has no meaning with --dataset={dataset}.")


def read_source(dataset: str, source_dir: Path, split_csv: str | Path | None = None, **options: Any) -> Source:
    """Reads a dataset with its `read` options and the split in `split_csv`, if there is one; or InputError.

    If no record has a split all are for training, which a note says.
    """
    check_use(dataset, source_dir, options)
    source = DATASETS[dataset](source_dir, **options)
    if split_csv:
        source = with_split(source, Path(split_csv))
    if not any(sample.split for sample in source.samples):
        samples = tuple(dataclasses.replace(sample, split="train") for sample in source.samples)
        hint = "Cross-validation draws its own folds; to hold out a test, add a column split, or use --split_csv."
        note = Remark("no_split", f"No record has a split: all are for training. {hint}")
        source = dataclasses.replace(source, samples=samples, notes=(*source.notes, note))
    # These depend on the split, so they come after --split_csv.
    counts = [count_note((sample.split for sample in source.samples), source.published)] if source.published else []
    return with_split_problems(dataclasses.replace(source, notes=(*source.notes, *counts, *torn_note(source.samples))))
