"""Which videos a trained model did not learn from: its errors on them say how far it errs on others."""

from collections.abc import Iterable, Sequence

from scoringnet_tf.data.dataset_info import DatasetInfo, shown
from scoringnet_tf.inference.calibration import NOTHING_HELD_OUT, HeldOut
from scoringnet_tf.support.messages import InputError, Remark, counted
from scoringnet_tf.support.paths import AnyPath
from scoringnet_tf.training.run_record import held_out_of, videos_of_run

UNKNOWN = "It is not known which videos of these records the model did not learn from (--held_out_split)."


def held_out_by_run(info: DatasetInfo, model_file: AnyPath, data_hash: str | None) -> HeldOut | str:
    """The videos that a model's run held out, or a `Remark` that says why they are not known.

    `data_hash`: of the records that the model says it was trained on.
    """
    if data_hash != info.data_hash:
        return Remark("held_out_unknown", UNKNOWN)
    stored = "validation" in info.splits
    try:
        ids = info.splits["validation"]["ids"] if stored else held_out_of(info, model_file)
        if seen := learned_among(info, ids, model_file):
            sentence = f"The model learned from {counted(len(seen), 'held-out video')}, the first {seen[0]}."
            return Remark("held_out_seen", sentence)
        if stored:
            return HeldOut(info, "validation")
    except InputError as error:
        return Remark("held_out_unknown", f"It is not known which videos were held out of training. {error}")
    return HeldOut(info, "validation", ids) if ids else NOTHING_HELD_OUT


def learned_among(info: DatasetInfo, ids: Iterable[str], model_file: AnyPath) -> list[str]:
    """The videos among these that a model's run learned from, whichever records it had; none if unknown."""
    learned = videos_of_run(model_file)
    return [video_id for video_id in ids if shown(info.videos[video_id]) in learned]


def learned_of(info: DatasetInfo, ids: Sequence[str], model_file: AnyPath, data_hash: str | None) -> list[str] | None:
    """`learned_among`; without a run, the training split in the model's own records. None if neither is known."""
    if videos_of_run(model_file):
        return learned_among(info, ids, model_file)
    if data_hash != info.data_hash:
        return None
    return [video_id for video_id in ids if info.videos[video_id]["split"] == "train"]


def held_out_by_name(info: DatasetInfo, records: DatasetInfo, split: str, model_file: AnyPath) -> HeldOut:
    """A split that a user names, in these `records` or others than `info`'s, which the model was trained on.

    InputError if some are training videos, or those of other records or starts that the model's run names.
    """
    training = videos_of_run(model_file) | {shown(info.videos[name]) for name in info.split("train")["ids"]}
    seen = [name for name in records.split(split)["ids"] if shown(records.videos[name]) in training]
    if seen:
        message = f"--held_out_split={split}: {model_file}, or a model that its run started from, may have learned "
        message += f"from {counted(len(seen), 'video')} of it, the first {seen[0]}."
        raise InputError("seen_in_training", message, "Name a split that the model did not learn from.")
    return HeldOut(records, split)
