"""Training runs of ScoringNet (`train`) and of C3D: configuration, checks, the loop over phases, what is left."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoringnet_tf.support.paths import AnyPath
    from scoringnet_tf.training.config import TrainingConfig
    from scoringnet_tf.training.plan import Plan, ResolvedRun


def train(config: "TrainingConfig") -> "AnyPath":
    """Trains a `ScoringNet`, or goes on where a run in `config.run.model_dir` stopped.

    Returns:
        Path of the best model, or of the last one if no videos are held out.

    Raises:
        InputError: the records do not hold what is asked for, or what is asked for contradicts itself.
    """
    from scoringnet_tf.data.dataset_info import load_records
    from scoringnet_tf.training.plan import check

    return carry_out(check(config, load_records(config.data.records_dir)))[1]


def carry_out(plan: "Plan") -> "tuple[ResolvedRun, AnyPath]":
    """Trains what is left of a run; its best model's path, or the last one's."""
    from scoringnet_tf.training.finish import finish
    from scoringnet_tf.training.fit import fit
    from scoringnet_tf.training.resolve import resolve

    run = resolve(plan)
    fit(run)
    return run, finish(run)
