"""What a run is: a plan, which is checked without TensorFlow, and what is made of it to be trained."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.support.paths import RemotePath, as_path
from scoringnet_tf.training.config import PretrainingConfig, TrainingConfig

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from scoringnet_tf.training.run_record import RunRecord

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
    """A configuration and the records that it fits; `training.plan.check` makes it."""

    config: TrainingConfig | PretrainingConfig
    info: DatasetInfo
    phases: tuple[Phase, ...]
    train_ids: list[str]
    validation_ids: list[str]  # held out to choose the best epoch
    targets: ScoreTargets | None = None  # of `train`

    @property
    def model_dir(self) -> Path | RemotePath:
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


@dataclasses.dataclass(frozen=True)
class Task:
    """What `train` and `pretrain` do differently, as functions; the loop over phases is one (`training.fit`)."""

    initialize: Callable[
        [Plan, Any, dict[str, Any]], None
    ]  # gives a new model the weights of the models it starts from
    compile: "Callable[[ResolvedRun, Phase], None]"
    training_batches: "Callable[[ResolvedRun, Phase, int], tf.data.Dataset]"  # from an epoch of the phase on
    validation_batches: "Callable[[ResolvedRun], tf.data.Dataset]"
    callbacks: "Callable[[ResolvedRun, Phase, Path], list[keras.callbacks.Callback]]"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResolvedRun(Plan):
    """Everything that `fit` and `finish` need; `training.resolve.resolve` makes it."""

    task: Task
    model: Any  # a `ScoringNet` or `C3D` with its initial weights
    dtype: str  # policy of the model
    strategy: "tf.distribute.Strategy"
    worker: int  # which of several machines this is, from 0
    workers: int
    record: "RunRecord"
    learned_from: frozenset[str]  # fingerprints of all videos that the weights will have seen
