"""The datasets that `python -m data_prep` reads.

To add one, write a module with a function

    read(source_dir: Path, <option>=None, …) -> Source

and enter it below. Its options are named like the command's flags.
"""

import dataclasses
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from data_prep.datasets import aqa7, finediving, manifest, motion, mtl_aqa, ucf101, unlv
from data_prep.datasets.sample import ALL, Problem, Published, Sample, Source, count_note
from scoringnet_tf.data.splits import SPLITS, read_split
from scoringnet_tf.support.messages import InputError, Remark, counted, shown

DATASETS = {
    "aqa7": aqa7.read,
    "finediving": finediving.read,
    "manifest": manifest.read,
    "mit_diving": unlv.read_mit_diving,
    "motion": motion.read,
    "mtl_aqa": mtl_aqa.read,
    "ucf101": ucf101.read,
    "unlv_diving": unlv.read_diving,
    "unlv_vault": unlv.read_vault,
}


def _check_use(dataset: str, source_dir: Path, options: dict[str, Any]) -> None:
    """Checks the folder and the options for a dataset, a key of `DATASETS`; InputError if they are not its own."""
    if not source_dir.is_dir():
        raise InputError("not_found", f"--source_dir: there is no folder {source_dir} on this machine.")
    if unused := options.keys() - inspect.signature(DATASETS[dataset]).parameters.keys():
        raise InputError("flag_unused", f"--{', --'.join(sorted(unused))} has no meaning with --dataset={dataset}.")


def read_source(dataset: str, source_dir: Path, split_csv: str | Path | None = None, **options: Any) -> Source:
    """Reads a dataset with its `read` options and the split in `split_csv`, if there is one; or InputError.

    If no record has a split all are for training, which a note says.
    """
    _check_use(dataset, source_dir, options)
    source = DATASETS[dataset](source_dir, **options)
    if split_csv:
        source = _with_split(source, Path(split_csv))
    if not any(sample.split for sample in source.samples):
        samples = tuple(dataclasses.replace(sample, split="train") for sample in source.samples)
        hint = "Cross-validation draws its own folds; to hold out a test, add a column split, or use --split_csv."
        note = Remark("no_split", f"No record has a split: all are for training. {hint}")
        source = dataclasses.replace(source, samples=samples, notes=(*source.notes, note))
    # These depend on the split, so they come after --split_csv.
    counts = [count_note((sample.split for sample in source.samples), source.published)] if source.published else []
    notes = (*source.notes, *counts, *_torn_note(source.samples))
    return dataclasses.replace(source, samples=tuple(map(_in_known_split, source.samples)), notes=notes)


def _with_split(source: Source, path: Path) -> Source:
    """The source with a file's split; InputError if it is malformed, or of other records."""
    splits, ids = read_split(path), {sample.video_id for sample in source.samples}
    missing, unknown = ids - splits.keys(), splits.keys() - ids
    if missing or unknown:
        what = [f"{shown(missing)} are missing"] * bool(missing) + [f"{shown(unknown)} are not records"] * bool(unknown)
        raise InputError("other_records", f"{path} is not for these {counted(len(ids), 'record')}: {'; '.join(what)}.")
    samples = tuple(dataclasses.replace(sample, split=splits[sample.video_id]) for sample in source.samples)
    settings, published = {**source.settings, "split_csv": path.name}, source.published
    if published:  # the sum of all splits holds under any
        published = Published({ALL: sum(published.videos.values())}, published.source)
    return dataclasses.replace(source, samples=samples, settings=settings, published=published)


def _torn_note(samples: Iterable[Sample]) -> list[Remark]:
    """Notes groups (athletes, source videos) that are in more than one split: a model may recognise them."""
    splits: dict[str, set[str]] = {}
    for sample in samples:
        if sample.group:
            splits.setdefault(sample.group, set()).add(sample.split)
    torn = sorted(group for group, names in splits.items() if len(names) > 1)
    return [Remark("torn_groups", f"Groups in more than one split: {shown(torn)}.")] if torn else []


def _in_known_split(sample: Sample) -> Sample:
    """The sample, with a problem if its split is unknown."""
    if sample.split in SPLITS:
        return sample
    what = f"{sample.split!r} is not a split, {', '.join(SPLITS)}."
    return sample.with_problem(Problem(sample.where, what, code="unknown_name"))
