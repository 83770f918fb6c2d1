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
class ScoreTargets:
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


def score_targets(info: DatasetInfo, asked: str = "auto") -> ScoreTargets:
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
                "no_scores",
                f"--scores=parts: no training video of {info.records_dir} has difficulty and execution "
                f"({counted(len(videos), 'video')}).",
                "Use --scores=final.",
            )
        said = f"difficulty and execution, known of {parts} of {counted(len(videos), 'training video')}"
        said += f"; the final score alone of {final_alone} more, learned from too" if final_alone else ""
        return ScoreTargets(PREDICTED_SCORES, final_alone > 0, f"Scores: {said} (--scores).")
    finals = sum(_knows(video, FINAL_ALONE) for video in videos)
    if not finals:
        parts_too = ", or with difficulty and execution" if len(info.scores) > 1 else ""
        raise InputError(
            "no_scores",
            f"{info.records_dir}: no training video has a final score{parts_too} ({counted(len(videos), 'video')}).",
        )
    said = f"the final score alone, by one tower, known of {finals} of {counted(len(videos), 'training video')}"
    said += f"; difficulty and execution of {parts}" if parts else ""
    return ScoreTargets(FINAL_ALONE, False, f"Scores: {said} (--scores).")


def _knows(video, scores):
    return all(video[score] is not None for score in scores)


def check_weights(info: DatasetInfo, settings: Mapping[str, Any]) -> None:
    """InputError where the flags that name weights contradict each other, others, or the records."""
    if settings["pretrained"] and info.features:
        raise InputError(
            "wrong_format",
            f"--pretrained={settings['pretrained']}: {info.records_dir} holds features, which need no C3D.",
        )
    others = [f"--{name}" for name in ("initial_model", "segmenter") if settings[name]]
    others += ["--fragments=whole"] if settings["fragments"] == "whole" else []
    if settings["resnet50_weights"] and others:
        raise InputError("flags_conflict", f"--resnet50_weights does not work with {others[0]}.")
    if settings["segmenter"] and settings["fragments"] == "whole":
        raise InputError("flags_conflict", "--segmenter finds key fragments, but --fragments=whole uses none.")
    is_resnet50 = settings["stage_network"] == "resnet50"
    if is_resnet50 and info.features:
        raise InputError(
            "wrong_format", f"--stage_network=resnet50 reads frames, but {info.records_dir} holds features."
        )
    if settings["resnet50_weights"] and not is_resnet50:
        raise InputError(
            "flags_conflict",
            f"--resnet50_weights has no effect with --stage_network={settings['stage_network']}.",
            "Use --stage_network=resnet50.",
        )
    if settings["initial_model"] and settings["pretrained"]:
        raise InputError("flags_conflict", "--initial_model brings a C3D, so it does not work with --pretrained.")
    if settings["segmenter"] and settings["training"] != "staged":
        raise InputError(
            "flags_conflict",
            f"--segmenter={settings['segmenter']} does not work with --training={settings['training']}: its KFS is "
            "not trained.",
            "Use --training=staged.",
        )


def check_held_out(info: DatasetInfo, ids: Collection[str], fraction: float) -> None:
    """InputError unless the held-out videos have different final scores: the epoch of the best F-SRC is chosen."""
    finals = {info.videos[video_id]["final"] for video_id in ids} - {None}
    if len(finals) < 2:
        stored = "validation" in info.splits
        which = "its validation split" if stored else f"what --validation_fraction={fraction:g} holds out"
        raise InputError(
            "few_held_out",
            f"{info.records_dir}: {which} has {counted(len(finals), 'different final score')} in "
            f"{counted(len(ids), 'video')}, too few to choose the best epoch by.",
            "" if stored else "Hold out more, or none (--validation_fraction=0).",
        )


def check_learned(info: DatasetInfo, ids: Iterable[str], towers: Sequence[str]) -> None:
    """InputError unless a video that is learned from, none of those held out, knows the scores of the towers."""
    if not any(_knows(info.videos[video_id], towers) for video_id in ids):
        raise InputError(
            "no_scores",
            f"{info.records_dir}: no training video has {' and '.join(towers)}, only held-out ones.",
            "Lower --validation_fraction.",
        )


def check_head(settings: Mapping[str, Any]) -> None:
    """InputError where the head has no use for what was asked of it."""
    if settings["head"] == "distribution" and settings["output_activation"] == "relu":
        raise InputError("flags_conflict", "--output_activation=relu does not work with --head=distribution.")


def check_views_flag(info: DatasetInfo, settings: Mapping[str, Any]) -> None:
    """InputError where a model of these settings cannot see so many views of a fragment."""
    from scoringnet_tf.models.tta import check_views  # Keras, which a command that is asked for --help can do without

    try:
        check_views(settings["views"], of_frames=not info.features, of_fragments=settings["fragments"] != "whole")
    except ValueError as error:
        raise InputError("wrong_value", f"--views={settings['views']}: {error}") from error


def check_stages(info: DatasetInfo, settings: Mapping[str, Any]) -> None:
    """InputError unless the stage labels suffice for KFS, and for the fragments that were asked for."""
    untrained = (settings["training"], settings["segmentation_epochs"], settings["fragments"])
    needless = settings["segmenter"] and settings["fragments"] != "true"
    if needless or (settings["initial_model"] and untrained == ("staged", 0, "predicted")):
        return  # a trained KFS is used as it is
    if settings["fragments"] == "whole":
        if settings["fragment_jitter"]:
            raise InputError(
                "flags_conflict",
                f"--fragment_jitter={settings['fragment_jitter']} does not work with --fragments=whole: a whole video "
                "cannot be moved.",
                "Use --fragment_jitter=0.",
            )
        return
    frames = info.stage_frames.get("train")
    if frames is None:
        raise InputError("no_training_split", f"{info.records_dir} has no train split, only {', '.join(info.splits)}.")
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
            "no_stages",
            f"{info.records_dir}: {counted(unlabelled, 'frame')} of the training videos have no stage label.",
            f"{remedy}, or label them.",
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
                "no_stages",
                f"{info.records_dir}: no training frame shows {' or '.join(stages)}, which the {score} tower sees.",
                f"Label them{others}.",
            )
    if lacking := [stage for stage in info.stages if not frames.get(stage)]:
        print(f"No training frame shows {', '.join(lacking)}: KFS cannot learn it.")


def check_segmenter(settings: Mapping[str, Any]) -> None:
    """InputError where KFS would be neither trained nor given, or nothing trained at all."""
    trains_kfs = settings["training"] == "joint" or settings["segmentation_epochs"]
    needless = settings["fragments"] == "whole"
    if is_kfs_alone(settings) and (needless or settings["segmenter"] or not settings["segmentation_epochs"]):
        raise InputError("no_segmenter", "--scoring_epochs=0: there is no KFS to train.")
    if not (trains_kfs or needless or settings["initial_model"] or settings["segmenter"]):
        raise InputError(
            "no_segmenter",
            "--segmentation_epochs=0: there is no trained KFS.",
            "Name one with --initial_model or --segmenter.",
        )
