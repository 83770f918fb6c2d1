"""What a run is, and every check of flags and records that needs no TensorFlow, so that a mistake is told at once."""

import dataclasses
import math
import types
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoringnet_tf import defaults
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.splits import split_ids
from scoringnet_tf.sports import FINAL_ALONE, PREDICTED_SCORES, SportForm
from scoringnet_tf.support.messages import InputError, counted
from scoringnet_tf.support.model_files import NAMES, check_model, configuration
from scoringnet_tf.support.paths import as_path
from scoringnet_tf.training.config import (
    Joint,
    PredictedFragments,
    PretrainingConfig,
    ResNet50,
    TrainingConfig,
    TrueFragments,
)

if TYPE_CHECKING:
    import tensorflow as tf

    from scoringnet_tf.training.run_record import RunRecord

UNLABELLED_ACCURACY = 0.0  # of frames if no held-out frame has a label: the last KFS is as good as any
BEST, BEST_C3D, LAST = "best.keras", "c3d.keras", "last.keras"


@dataclasses.dataclass(frozen=True)
class Phase:
    """Epochs in which the same parts of a model are trained."""

    name: str  # of its curves, figures and checkpoints
    epochs: int
    first_epoch: int = 0  # of the whole run, by which data and dropout are drawn
    monitor: str = "val_f_src"  # the validation figure whose highest value chooses the epoch
    nothing: float = -math.inf  # the figure tells nothing unless it is higher


@dataclasses.dataclass(frozen=True)
class ScoreTargets:
    """The scores that a run learns."""

    towers: tuple[str, ...]  # the scores that have one: difficulty and execution, or the final score alone
    final_too: bool  # whether the fused final score is learned as well: some training videos know no more
    message: str  # the choice and its reason


@dataclasses.dataclass(frozen=True)
class Plan:
    """A configuration and the records that it fits; `check` makes it."""

    config: TrainingConfig | PretrainingConfig
    info: DatasetInfo
    phases: tuple[Phase, ...]
    train_ids: list[str]
    validation_ids: list[str]  # held out to choose the best epoch
    targets: ScoreTargets | None = None  # of `train`, unless KFS learns from records without scores

    @property
    def model_dir(self) -> Path:
        """The folder of the run."""
        return as_path(self.config.run.model_dir)

    @property
    def best(self) -> str:
        """Name of the best model in that folder."""
        return BEST if isinstance(self.config, TrainingConfig) else BEST_C3D

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.train_ids) // self.config.data.batch_size)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResolvedRun(Plan):
    """Everything that `fit` and `finish` need; `training.resolve.resolve` makes it."""

    task: types.ModuleType  # `training.scoring` or `training.pretraining`: batches, losses and callbacks of a phase
    model: Any  # a `ScoringNet` or `C3D` with its initial weights
    dtype: str  # policy of the model
    strategy: "tf.distribute.Strategy"
    worker: int  # which of several machines this is, from 0
    workers: int
    record: "RunRecord"
    videos_seen: frozenset[str]  # fingerprints of all videos that the weights will have learned from


# === Checks ===


def check(config: TrainingConfig | PretrainingConfig, info: DatasetInfo) -> Plan:
    """The plan of a run; InputError if the records do not hold what is asked for, or the configuration is at odds."""
    if not (as_path(config.run.model_dir) / "config.json").is_file():  # a run goes on without what it started from
        for flag, path in config.starts.items():
            configuration(path, flag, ["C3D"]) if flag == "pretrained" else check_model(path, flag)
    plan = _classes_plan(config, info) if isinstance(config, PretrainingConfig) else _scores_plan(config, info)
    shortest = min((phase.epochs for phase in plan.phases if phase.epochs), default=0) * plan.steps
    count = config.optimizer.accumulation_steps
    if 0 < shortest < count:
        batches = counted(shortest, "batch", plural="batches")
        message = f"optimizer.accumulation_steps={count}: a phase has only {batches}, so no update is made."
        raise InputError("nothing_learned", message, f"Use at most {shortest}.")
    if config.run.patience and not plan.validation_ids:
        message = f"run.patience={config.run.patience}: no video is held out, so nothing ends a phase early."
        raise InputError("nothing_held_out", message, "Set --validation_fraction above 0, or no patience.")
    return plan


def _scores_plan(config: TrainingConfig, info: DatasetInfo) -> Plan:
    config = of_sport(config, info.sport)
    check_start(info, config)
    check_stages(info, config)
    fraction = config.data.validation_fraction
    is_held_out = fraction or "validation" in info.splits
    held_out = split_ids(info, "validation", fraction) if is_held_out else []
    plan = Plan(config, info, phases(config), split_ids(info, "train", fraction), held_out, _targets(info, config))
    if held_out and plan.phases[-1].monitor == "val_f_src":
        check_held_out(plan)
    return plan


def _targets(info: DatasetInfo, config: TrainingConfig) -> ScoreTargets | None:
    """The scores to learn; None if KFS learns alone and the records have none, or equal ones."""
    try:
        targets = score_targets(info, config.model.scores)
        info.check_learnable(targets.towers)
    except InputError:
        if not config.trains_kfs_alone:
            raise
        return None
    return targets


def of_sport(config: TrainingConfig, sport: SportForm) -> TrainingConfig:
    """The configuration with α of the sport, unless it has one."""
    if config.loss.alpha is not None:
        return config
    return dataclasses.replace(config, loss=dataclasses.replace(config.loss, alpha=defaults.alpha_of(sport)))


def _classes_plan(config: PretrainingConfig, info: DatasetInfo) -> Plan:
    splits, fraction = ", ".join(info.splits), config.data.validation_fraction
    if "train" not in info.splits:
        raise InputError("no_training_split", f"{info.records_dir} has no train split, only {splits}.")
    if not class_heads(info):
        message = f"{info.records_dir}: the records of {info.name} have no classes to learn."
        raise InputError("no_classes", message, "Build records with --dataset=motion or ucf101.")
    if "validation" not in info.splits and not fraction:  # the test split never chooses
        message = f"--validation_fraction=0: {info.records_dir} has no validation split, only {splits}."
        raise InputError("no_validation", message, "Set --validation_fraction above 0.")
    train, held_out = (split_ids(info, split, fraction) for split in ("train", "validation"))
    phase = Phase("pretraining", config.schedule.epochs, monitor="val_mean_accuracy")
    return Plan(config, info, (phase,), train, held_out)


def class_heads(info: DatasetInfo) -> dict[str, int]:
    """Head → number of its classes, of heads with several."""
    return {head: len(names) for head, names in info.classes.items() if len(names) > 1}


def phases(config: TrainingConfig) -> tuple[Phase, ...]:
    """One joint phase, or KFS (unless a trained one is kept) and then SP."""
    if isinstance(config.schedule, Joint):
        return (Phase("joint", config.schedule.epochs),)
    keeps_kfs = config.schedule.segmenter or config.fragments is None
    first = 0 if keeps_kfs else config.schedule.segmentation_epochs
    kfs = Phase("segmentation", first, 0, "val_frame_accuracy", UNLABELLED_ACCURACY)
    scoring = Phase("scoring", config.schedule.scoring_epochs, first)
    return (*([kfs] if first else []), *([] if config.trains_kfs_alone else [scoring]))


# === What can be learned from the records ===


def score_targets(info: DatasetInfo, scores: str = "auto") -> ScoreTargets:
    """What the training videos can teach; InputError if none knows the scores that are asked for.

    `scores` is `"parts"` for difficulty and execution, `"final"` for the final score alone. `"auto"`: the former, if at
    least as many videos know both as know nothing but the final score.
    """
    videos = [video for video in info.videos.values() if video["split"] == "train"]
    parts = sum(_has(video, PREDICTED_SCORES) for video in videos)
    final_alone = sum(_has(video, FINAL_ALONE) and not _has(video, PREDICTED_SCORES) for video in videos)
    by_parts = scores == "parts" or (scores == "auto" and parts >= max(final_alone, 1))
    towers = PREDICTED_SCORES if by_parts else FINAL_ALONE
    number, of_videos = sum(_has(video, towers) for video in videos), counted(len(videos), "training video")
    if not number:
        message = f"{info.records_dir}: none of {of_videos} has {' and '.join(towers)}."
        raise InputError("no_scores", message, "--scores chooses what is learned.")
    message = f"Scores: {' and '.join(towers)} of {number} of {of_videos}"
    if by_parts and final_alone:
        message += f"; {final_alone} more have the final score alone"
    return ScoreTargets(towers, by_parts and final_alone > 0, f"{message}.")


def _has(video: dict, scores: Collection[str]) -> bool:
    return all(video[score] is not None for score in scores)


def check_held_out(plan: Plan) -> None:
    """InputError unless held-out videos can choose an epoch by F-SRC, and others have the scores of the towers."""
    info, towers = plan.info, plan.targets.towers if plan.targets else ()
    finals = {info.videos[video_id]["final"] for video_id in plan.validation_ids} - {None}
    if len(finals) < 2:
        stored, fraction = "validation" in info.splits, plan.config.data.validation_fraction
        held_out = "the validation split" if stored else f"what --validation_fraction={fraction:g} holds out"
        message = f"{info.records_dir}: {held_out} has {counted(len(finals), 'different final score')} in "
        message += f"{counted(len(plan.validation_ids), 'video')}, too few to choose the best epoch by."
        raise InputError("few_held_out", message, "" if stored else "Hold out more, or none (--validation_fraction=0).")
    if not any(_has(info.videos[video_id], towers) for video_id in plan.train_ids):
        message = f"{info.records_dir}: no training video has {' and '.join(towers)}, only held-out ones."
        raise InputError("no_scores", message, "Lower --validation_fraction.")


# === What goes together ===


def check_start(info: DatasetInfo, config: TrainingConfig) -> None:
    """InputError if the weights to start from do not fit the records, KFS would have none, or a batch has no pairs."""
    network, starts, backbone = config.fragments and config.fragments.network, config.starts, config.backbone
    reads = "--stage_network=resnet50" if isinstance(network, ResNet50) else ""
    reads = f"--pretrained={starts['pretrained']}" if "pretrained" in starts else reads
    if info.features and reads:
        raise InputError("wrong_format", f"{reads} is for frames; {info.records_dir} holds features.")
    if info.features and backbone:
        message = f"--backbone={backbone}: {info.records_dir} holds features, which need none."
        raise InputError("flags_conflict", message)
    if backbone and reads:
        raise InputError("flags_conflict", f"--backbone={backbone} takes the place of {reads}.")
    if "segmenter" in starts and config.fragments is None:
        raise InputError("flags_conflict", "--segmenter finds key fragments, but --fragments=whole uses none.")
    if config.data.batch_size == 1 and config.loss.alpha != 0 and not config.trains_kfs_alone:
        message = "--batch_size=1: the ranking loss (Eq. 7) compares videos within a batch."
        raise InputError("out_of_range", message, "Use --batch_size=2 or more, or --alpha=0.")
    if isinstance(config.schedule, Joint):
        return
    epochs, whole = config.schedule.segmentation_epochs, config.fragments is None
    if config.trains_kfs_alone and (whole or "segmenter" in starts or not epochs):
        raise InputError("no_segmenter", "--scoring_epochs=0: there is no KFS to train.")
    if not (epochs or whole or {"initial_model", "segmenter"} & starts.keys()):
        hint = "Name one with --initial_model or --segmenter."
        raise InputError("no_segmenter", "--segmentation_epochs=0: there is no trained KFS.", hint)


def check_stages(info: DatasetInfo, config: TrainingConfig) -> None:
    """InputError unless the stage labels suffice for KFS, and for the fragments that were asked for."""
    if config.fragments is None or _uses_trained_kfs(config):
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


def _uses_trained_kfs(config: TrainingConfig) -> bool:
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


def check_folder(plan: Plan) -> None:
    """InputError if a new run would overwrite a model in its folder, or the configuration beside one it starts from."""
    if left := [name for name in NAMES if (plan.model_dir / name).is_file()]:
        message = f"--model_dir={plan.model_dir}: {left[0]} lies there, without checkpoints/ to go on from."
        raise InputError("exists", message, "Choose another --model_dir.")
    for flag, start in plan.config.starts.items():
        if plan.model_dir.resolve() in (as_path(start).resolve(), as_path(start).parent.resolve()):
            message = f"--{flag}={start}: the model lies in --model_dir, beside a config.json to overwrite."
            raise InputError("start_in_model_dir", message, "Choose another --model_dir.")
