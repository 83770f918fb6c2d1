"""What a run learns from: which scores its training videos know, and where the stages of SP's fragments come from."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.sports import FINAL_ALONE, PREDICTED_SCORES
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

CHOICES = ("auto", "parts", "final")


def is_kfs_alone(settings: Mapping[str, Any]) -> bool:
    """Whether the settings of a run train KFS and leave SP as it is."""
    return settings["training"] == "staged" and not settings["scoring_epochs"]


@dataclasses.dataclass(frozen=True)
class Supervision:
    """The scores that a run learns.

    Attributes:
        towers: the scores that have a tower: difficulty and execution, or the final score alone.
        final_too: whether the final score that is fused from two towers is learnt as well, because some training videos
            know no more than that.
        said: the choice and its reason, a line.
    """

    towers: tuple[str, ...]
    final_too: bool
    said: str


def supervision(info: DatasetInfo, asked: str = "auto") -> Supervision:
    """What the training videos of `info` (`DatasetInfo`) can teach.

    Args:
        info: of the records.
        asked: `"parts"` for difficulty and execution, `"final"` for the final score alone, `"auto"` for the former
            where at least as many videos know both as know nothing but the final score.

    Raises:
        InputError: no training video knows the scores that are asked for.
    """
    videos = [video for video in info.videos.values() if video["split"] == "train"]
    parts = sum(_knows(video, PREDICTED_SCORES) for video in videos)
    final_alone = sum(_knows(video, FINAL_ALONE) and not _knows(video, PREDICTED_SCORES) for video in videos)
    if asked == "parts" or (asked == "auto" and parts >= max(final_alone, 1)):
        if not parts:
            raise InputError(
                "todo",
                f"{info.records_dir}: --scores=parts: expected videos with difficulty and execution. Received: none of "
                f"{counted(len(videos), 'training video')}.",
            )
        said = f"difficulty and execution, known of {parts} of {counted(len(videos), 'training video')}"
        said += f"; the final score alone of {final_alone} more, learned from too" if final_alone else ""
        return Supervision(PREDICTED_SCORES, final_alone > 0, f"Scores: {said} (--scores).")
    finals = sum(_knows(video, FINAL_ALONE) for video in videos)
    if not finals:
        parts_too = ", or with difficulty and execution" if len(info.scores) > 1 else ""
        raise InputError(
            "todo",
            f"{info.records_dir}: expected training videos with a final score{parts_too}. Received: {len(videos)} "
            "without.",
        )
    said = f"the final score alone, by one tower, known of {finals} of {counted(len(videos), 'training video')}"
    said += f"; difficulty and execution of {parts}" if parts else ""
    return Supervision(FINAL_ALONE, False, f"Scores: {said} (--scores).")


def _knows(video, scores):
    return all(video[score] is not None for score in scores)


def check_weights(info: DatasetInfo, settings: Mapping[str, Any]) -> None:
    """InputError where the flags that name weights contradict each other, others, or the records."""
    if settings["pretrained"] and info.features:
        raise InputError(
            "todo", "--pretrained: expected records of frames. Received: records of features, which need no C3D."
        )
    others = [f"--{name}" for name in ("initial_model", "segmenter") if settings[name]]
    others += ["--fragments=whole"] if settings["fragments"] == "whole" else []
    if settings["resnet50_weights"] and others:
        raise InputError("todo", f"--resnet50_weights: expected it without {others[0]}. Received: both.")
    if settings["segmenter"] and settings["fragments"] == "whole":
        raise InputError("todo", "--segmenter: expected key fragments, which it finds. Received: --fragments=whole.")
    is_resnet50 = settings["stage_network"] == "resnet50"
    if is_resnet50 and info.features:
        raise InputError("todo", "--stage_network=resnet50: expected records of frames. Received: records of features.")
    if settings["resnet50_weights"] and not is_resnet50:
        raise InputError(
            "todo",
            "--resnet50_weights: expected --stage_network=resnet50. Received: --stage_network="
            f"{settings['stage_network']}.",
        )
    if settings["initial_model"] and settings["pretrained"]:
        raise InputError("todo", "--initial_model: expected it without --pretrained, which it brings. Received: both.")
    if settings["segmenter"] and settings["training"] != "staged":
        raise InputError(
            "todo",
            "--segmenter: expected --training=staged with a KFS that is not trained. Received: --training="
            f"{settings['training']}.",
        )


def check_held_out(info: DatasetInfo, ids: Collection[str], fraction: float) -> None:
    """InputError unless the held-out videos have different final scores: the epoch of the best F-SRC is chosen."""
    finals = {info.videos[video_id]["final"] for video_id in ids} - {None}
    if len(finals) < 2:
        stored = "validation" in info.splits
        which = "its validation split" if stored else f"what --validation_fraction={fraction:g} holds out"
        raise InputError(
            "todo",
            f"{info.records_dir}: expected two different final scores or more in {which}, to choose the best epoch by. "
            f"Received: {len(finals)}, of {counted(len(ids), 'video')}."
            + ("" if stored else " Hold out more, or none (--validation_fraction=0)."),
        )


def check_learned(info: DatasetInfo, ids: Iterable[str], towers: Sequence[str]) -> None:
    """InputError unless a video that is learned from, none of those held out, knows the scores of the towers."""
    if not any(_knows(info.videos[video_id], towers) for video_id in ids):
        raise InputError(
            "todo",
            f"{info.records_dir}: expected {' and '.join(towers)} of a training video that is not held out. Received: "
            "none. Hold out fewer, or none (--validation_fraction).",
        )


def check_head(settings: Mapping[str, Any]) -> None:
    """InputError where the head has no use for what was asked of it."""
    if settings["head"] == "distribution" and settings["output_activation"] == "relu":
        raise InputError("todo", "--output_activation=relu: expected --head=regression. Received: --head=distribution.")


def check_views_flag(info: DatasetInfo, settings: Mapping[str, Any]) -> None:
    """InputError where a model of these settings cannot see so many views of a fragment."""
    from scoringnet_tf.models.views import check_views  # Keras, which a command that is asked for --help can do without

    try:
        check_views(settings["views"], of_frames=not info.features, of_fragments=settings["fragments"] != "whole")
    except ValueError as error:
        raise InputError("todo", f"--views={settings['views']}: {error}") from error


def check_stages(info: DatasetInfo, settings: Mapping[str, Any]) -> None:
    """InputError unless the stage labels suffice for KFS, and for the fragments that were asked for."""
    untrained = (settings["training"], settings["segmentation_epochs"], settings["fragments"])
    needless = settings["segmenter"] and settings["fragments"] != "true"
    if needless or (settings["initial_model"] and untrained == ("staged", 0, "predicted")):
        return  # a trained KFS is used as it is
    if settings["fragments"] == "whole":
        if settings["fragment_jitter"]:
            raise InputError(
                "todo",
                f"--fragment_jitter={settings['fragment_jitter']}: expected 0 with --fragments=whole: a whole video "
                "cannot be moved.",
            )
        return
    frames = info.stage_frames.get("train")
    if frames is None:
        raise InputError("todo", f"{info.records_dir}: expected a training split. Received: {', '.join(info.splits)}.")
    unlabelled = frames.get("unlabelled", 0)
    labelled = sum(frames.values()) - unlabelled
    if is_kfs_alone(settings) and labelled:
        return  # no fragment is cut
    if not labelled or (unlabelled and settings["fragments"] == "true"):
        remedy = (
            "Use --fragments=predicted"
            if labelled or settings["segmenter"]
            else "Score whole videos (--fragments=whole), give a trained KFS (--segmenter)"
        )
        raise InputError(
            "todo",
            f"{info.records_dir}: expected stage labels for every training video. Received: "
            f"{counted(unlabelled, 'frame')} without one. {remedy}, or label them.",
        )


def check_fragments(info: DatasetInfo, settings: Mapping[str, Any], fragments: Mapping[str, Collection[str]]) -> None:
    """That each tower has frames to learn from, unless a trained KFS finds them; says which stages KFS cannot learn.

    Args:
        info: of the records.
        settings: flag name → value.
        fragments: score → the stages of its key fragment; none of a model of whole videos.

    Raises:
        InputError: no training frame shows any stage of a fragment: its tower would see whole videos.
    """
    given = settings["segmenter"] or settings["initial_model"]
    if not fragments or (given and settings["fragments"] == "predicted"):
        return
    frames = info.stage_frames["train"]
    for score, stages in fragments.items():
        if not is_kfs_alone(settings) and not any(frames.get(stage) for stage in stages):
            others = f", or choose other stages (--{score}_fragment)" if score in PREDICTED_SCORES else ""
            raise InputError(
                "todo",
                f"{info.records_dir}: expected training frames of {' or '.join(stages)}, which the {score} tower sees. "
                f"Received: none. Label them{others}.",
            )
    if lacking := [stage for stage in info.stages if not frames.get(stage)]:
        print(f"No training frame shows {', '.join(lacking)}: KFS cannot learn it.")


def check_segmenter(settings: Mapping[str, Any]) -> None:
    """InputError where KFS would be neither trained nor given, or nothing trained at all."""
    trains_kfs = settings["training"] == "joint" or settings["segmentation_epochs"]
    needless = settings["fragments"] == "whole"
    if is_kfs_alone(settings) and (needless or settings["segmenter"] or not settings["segmentation_epochs"]):
        raise InputError("todo", "--scoring_epochs=0: expected a KFS to be trained. Received: none.")
    if not (trains_kfs or needless or settings["initial_model"] or settings["segmenter"]):
        raise InputError("todo", "--segmentation_epochs=0: expected a trained KFS (--initial_model or --segmenter).")
