"""What a run learns from: which scores its training videos know, and where the stages of SP's fragments come from."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.sports import FINAL_ALONE, PREDICTED_SCORES
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.training.config import (
    Joint,
    PredictedFragments,
    ResNet50,
    TrainingConfig,
    TrueFragments,
)


@dataclasses.dataclass(frozen=True)
class ScoreTargets:
    """The scores that a run learns."""

    towers: tuple[str, ...]  # the scores that have one: difficulty and execution, or the final score alone
    final_too: bool  # whether the fused final score is learned as well: some training videos know no more
    message: str  # the choice and its reason


def score_targets(info: DatasetInfo, scores: str = "auto") -> ScoreTargets:
    """What the training videos of `info` (`DatasetInfo`) can teach.

    Args:
        info: of the records.
        scores: `"parts"` for difficulty and execution, `"final"` for the final score alone. `"auto"`: the former, if
            at least as many videos know both as know nothing but the final score.

    Raises:
        InputError: no training video knows the scores that are asked for.
    """
    videos = [video for video in info.videos.values() if video["split"] == "train"]
    parts = sum(_has(video, PREDICTED_SCORES) for video in videos)
    finals = sum(_has(video, FINAL_ALONE) for video in videos)
    final_alone = sum(_has(video, FINAL_ALONE) and not _has(video, PREDICTED_SCORES) for video in videos)
    by_parts = scores == "parts" or (scores == "auto" and parts >= max(final_alone, 1))
    towers = PREDICTED_SCORES if by_parts else FINAL_ALONE
    number, of_videos = (parts if by_parts else finals), counted(len(videos), "training video")
    if not number:
        message = f"{info.records_dir}: none of {of_videos} has {' and '.join(towers)}."
        raise InputError("no_scores", message, "--scores chooses what is learned.")
    message = f"Scores: {' and '.join(towers)} of {number} of {of_videos}"
    if by_parts and final_alone:
        message += f"; {final_alone} more have the final score alone"
    return ScoreTargets(towers, by_parts and final_alone > 0, f"{message}.")


def _has(video, scores):
    return all(video[score] is not None for score in scores)


def check_learned(info: DatasetInfo, ids: Iterable[str], towers: Sequence[str]) -> None:
    """InputError unless a video that is learned from, none of those held out, has the scores of the towers."""
    if not any(_has(info.videos[video_id], towers) for video_id in ids):
        message = f"{info.records_dir}: no training video has {' and '.join(towers)}, only held-out ones."
        raise InputError("no_scores", message, "Lower --validation_fraction.")


def check_held_out(info: DatasetInfo, ids: Collection[str], fraction: float) -> None:
    """InputError unless the held-out videos have different final scores: the epoch of the best F-SRC is chosen."""
    finals = {info.videos[video_id]["final"] for video_id in ids} - {None}
    if len(finals) < 2:
        stored = "validation" in info.splits
        held_out = "the validation split" if stored else f"what --validation_fraction={fraction:g} holds out"
        message = f"{info.records_dir}: {held_out} has {counted(len(finals), 'different final score')} in "
        message += f"{counted(len(ids), 'video')}, too few to choose the best epoch by."
        raise InputError("few_held_out", message, "" if stored else "Hold out more, or none (--validation_fraction=0).")


def check_start(info: DatasetInfo, config: TrainingConfig) -> None:
    """InputError if the weights to start from do not fit the records, KFS would have none, or a batch has no pairs."""
    network, starts = config.fragments.network if config.fragments else None, config.starts
    if "pretrained" in starts and info.features:
        message = f"--pretrained={starts['pretrained']}: {info.records_dir} holds features, which need no C3D."
        raise InputError("wrong_format", message)
    if config.backbone and info.features:
        message = f"--backbone={config.backbone}: {info.records_dir} holds features, which need none."
        raise InputError("flags_conflict", message)
    if config.backbone and ("pretrained" in starts or isinstance(network, ResNet50)):
        other = "--pretrained" if "pretrained" in starts else "--stage_network=resnet50"
        raise InputError("flags_conflict", f"--backbone={config.backbone} takes the place of {other}.")
    if isinstance(network, ResNet50) and info.features:
        message = f"--stage_network=resnet50 reads frames, but {info.records_dir} holds features."
        raise InputError("wrong_format", message)
    if "segmenter" in starts and config.fragments is None:
        raise InputError("flags_conflict", "--segmenter finds key fragments, but --fragments=whole uses none.")
    if config.data.batch_size == 1 and config.loss.alpha != 0 and not config.trains_kfs_alone:
        message = "--batch_size=1: the ranking loss (Eq. 7) compares videos of a batch."
        raise InputError("out_of_range", message, "Use --batch_size=2 or more, or --alpha=0.")
    if isinstance(config.schedule, Joint):
        return
    epochs, whole = config.schedule.segmentation_epochs, config.fragments is None
    if config.trains_kfs_alone and (whole or "segmenter" in starts or not epochs):
        raise InputError("no_segmenter", "--scoring_epochs=0: there is no KFS to train.")
    if not (epochs or whole or {"initial_model", "segmenter"} & starts.keys()):
        message = "--segmentation_epochs=0: there is no trained KFS."
        raise InputError("no_segmenter", message, "Name one with --initial_model or --segmenter.")


def check_stages(info: DatasetInfo, config: TrainingConfig) -> None:
    """InputError unless the stage labels suffice for KFS, and for the fragments that were asked for."""
    if config.fragments is None or _has_trained_kfs(config):
        return
    frames = info.stage_frames.get("train")
    if frames is None:
        raise InputError("no_training_split", f"{info.records_dir} has no train split, only {', '.join(info.splits)}.")
    unlabelled = frames.get("unlabelled", 0)
    labelled = sum(frames.values()) - unlabelled
    if config.trains_kfs_alone and labelled:
        return  # no fragment is cut
    if not labelled or (unlabelled and isinstance(config.fragments, TrueFragments)):
        remedy = "Use --fragments=predicted"
        if not (labelled or "segmenter" in config.starts):
            remedy = "Score whole videos (--fragments=whole), give a trained KFS (--segmenter)"
        message = f"{info.records_dir}: {counted(unlabelled, 'frame')} of the training videos have no stage label."
        raise InputError("no_stages", message, f"{remedy}, or label them.")


def _has_trained_kfs(config):
    """Whether a trained KFS is used as it is, and no labels are."""
    if "segmenter" in config.starts:
        return not isinstance(config.fragments, TrueFragments)
    kept = not isinstance(config.schedule, Joint) and not config.schedule.segmentation_epochs
    return "initial_model" in config.starts and kept and isinstance(config.fragments, PredictedFragments)


def check_fragments(info: DatasetInfo, config: TrainingConfig, fragments: Mapping[str, Collection[str]]) -> None:
    """Names stages that KFS cannot learn; InputError if no training frame shows any stage of a tower's fragment.

    Its tower would see whole videos. A trained KFS finds others; `fragments` is score → stages.
    """
    has_kfs = {"segmenter", "initial_model"} & config.starts.keys()
    if not fragments or (has_kfs and isinstance(config.fragments, PredictedFragments)):
        return
    frames = info.stage_frames["train"]
    for score, stages in fragments.items():
        if not config.trains_kfs_alone and not any(frames.get(stage) for stage in stages):
            message = f"{info.records_dir}: no training frame shows {' or '.join(stages)}, as the {score} tower needs."
            raise InputError("no_stages", message, "Label them, or choose other stages.")
    if lacking := [stage for stage in info.stages if not frames.get(stage)]:
        print(f"No training frame shows {', '.join(lacking)}: KFS cannot learn it.")
