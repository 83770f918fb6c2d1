"""Which videos a trained model did not learn from, so that its errors on them say how far it errs on others."""

from collections.abc import Iterable, Sequence

from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.inference.calibration import NOTHING_HELD_OUT, HeldOut
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.support.wording import counted
from scoringnet_tf.training.config import held_out_of, learned_from, started_from


def held_out_by_run(info: DatasetInfo, model_file: AnyPath, data_hash: str | None) -> HeldOut | str:
    """The videos that the run of a model held out of its training, or why they are not known, a sentence.

    Args:
        info: of the records.
        model_file: path of the model.
        data_hash: of the records that it says it was trained on.
    """
    if data_hash != info.data_hash:
        return "It is not known which videos of these records the model did not learn from (--held_out_split)."
    stored = "validation" in info.splits
    try:
        ids = info.splits["validation"]["ids"] if stored else held_out_of(info, model_file)
        if both := learned_among(info, ids, model_file):
            return f"The model learned from {len(both)} of the videos that were held out, the first {both[0]}."
        if stored:
            return HeldOut(info, "validation")
        known = {start: _held_out_before(info, start) for start in started_from(model_file)}
    except InputError as error:
        return f"It is not known which videos were held out of training. {error}"
    learned = [start for start, before in known.items() if before is not None and not set(ids) <= before]
    if learned:
        return f"The run started from {learned[0]}, which may have learned from the videos that it held out."
    return HeldOut(info, "validation", ids) if ids else NOTHING_HELD_OUT


def not_learned_from(info: DatasetInfo, model_file: AnyPath, data_hash: str | None) -> list[str]:
    """The ids of the training split that the run of a model held out, whatever sets intervals; none if unknown.

    Args:
        info, model_file, data_hash: as of `held_out_by_run`.
    """
    if data_hash != info.data_hash or "validation" in info.splits:
        return []
    try:
        return held_out_of(info, model_file)
    except InputError:
        return []


def learned_among(info: DatasetInfo, ids: Iterable[str], model_file: AnyPath) -> list[str]:
    """Those of the videos of records that the run of a model learned from, whichever records it had; none if unknown.

    Args:
        info: of the records.
        ids: of the videos.
        model_file: path of the model.
    """
    learned = learned_from(model_file)
    return [video_id for video_id in ids if shown(info.videos[video_id]) in learned]


def learned_of(info: DatasetInfo, ids: Sequence[str], model_file: AnyPath, data_hash: str | None) -> list[str] | None:
    """`learned_among`, also where no run tells: of the training split of the model's own records all; None if unknown.

    Args:
        info, ids, model_file: as of `learned_among`.
        data_hash: of the records that the model says it was trained on.
    """
    if learned_from(model_file):
        return learned_among(info, ids, model_file)
    if data_hash != info.data_hash:
        return None
    return [video_id for video_id in ids if info.videos[video_id]["split"] == "train"]


def _held_out_before(info, model):
    """The ids that the run of a trained model held out of the same records; None where it was trained on others."""
    path = model_path(model)
    known = (load_scoring_net(path).provenance or {}).get("data_hash")
    if known != info.data_hash:
        return None
    found = held_out_by_run(info, path, known)
    return set(found.ids or ()) if isinstance(found, HeldOut) else set()


def held_out_by_name(info: DatasetInfo, records: DatasetInfo, split: str, model_file: AnyPath) -> HeldOut:
    """The videos of a split that a user names.

    Args:
        info: of the records that the model was trained on.
        records: of those with the split; the same, or others.
        split: name of it.
        model_file: path of the model, whose run may have learned from more, by other records and by its start.

    Raises:
        RecordsError: there is no such split.
        InputError: some of its videos are training videos.
    """
    learned = {shown(info.videos[video_id]) for video_id in info.split("train")["ids"]}
    both = [video_id for video_id in records.split(split)["ids"] if shown(records.videos[video_id]) in learned]
    if both:
        raise InputError(
            "seen_in_training",
            f"--held_out_split={split}: {counted(len(both), 'video')} of it are in the training split of "
            f"{info.records_dir}, the first {both[0]}.",
            "Name a split that the model did not learn from.",
        )
    both = learned_among(records, records.split(split)["ids"], model_file)
    if both:
        raise InputError(
            "seen_in_training",
            f"--held_out_split={split}: the run of {model_file}, or one that it started from, learned from "
            f"{counted(len(both), 'video')} of it, the first {both[0]}.",
            "Name a split that the model did not learn from.",
        )
    return HeldOut(records, split)
