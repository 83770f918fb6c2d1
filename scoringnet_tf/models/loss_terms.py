"""A `ScoringNet`'s loss: its heads' losses, their terms and names, and which videos count."""

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from scoringnet_tf import defaults, losses, metrics
from scoringnet_tf.models.fragments import FRAGMENT_SOURCES
from scoringnet_tf.support import replicas
from scoringnet_tf.support.messages import InputError, unknown_name

# Phase → the networks that it trains: Eq. 10 in one step, or KFS first and then SP, which leaves what KFS reads alone.
PHASES = {
    "joint": ("backbone", "segmenter", "score_predictor"),
    "segmentation": ("backbone", "segmenter"),
    "scoring": ("score_predictor",),
}
VIDEO_WEIGHTS = "video_weights"  # among the targets of `fit` on arrays: Keras would give each target a copy


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class LossScaleOptimizer(keras.optimizers.LossScaleOptimizer):
    """Keras's, for gradients that the optimizer inside sums over replicas: they must be finite on all of them."""

    def check_finite(self, grads: Sequence[Any]) -> Any:
        overflowed = ops.cast(ops.logical_not(super().check_finite(grads)), "float32")
        return ops.equal(replicas.summed([overflowed])[0], 0)


@dataclasses.dataclass(frozen=True)
class CompiledTerms:
    """What `compile` was given; Keras does not track it, so that a second `compile` leaves nothing behind.

    Attributes:
        phase: in `PHASES`.
        losses, metrics: by output.
        trackers: each term's mean over the videos that have it, for `weight_decay` over batches.
        total: over videos; Keras's own would count the copies that fill up a batch for replicas.
        parts: those that have been trained since the optimizer had taken `steps`.
    """

    phase: str
    losses: dict[str, keras.losses.Loss]
    metrics: dict[str, list[keras.metrics.Metric]]
    trackers: dict[str, keras.metrics.Mean]
    total: keras.metrics.Mean
    parts: frozenset[str]
    steps: int

    @property
    def learned_losses(self) -> dict[str, keras.losses.Loss]:
        """Output → loss that the phase minimises."""
        return learned_losses(self.phase, self.losses)

    def metrics_of(self, outputs: Collection[str]) -> list[keras.metrics.Metric]:
        """The given outputs' metrics."""
        return [metric for output, each in self.metrics.items() if output in outputs for metric in each]

    def logged(self, outputs: Collection[str]) -> list[keras.metrics.Metric]:
        """The total, its terms, and the given outputs' metrics."""
        return [self.total, *self.trackers.values(), *self.metrics_of(outputs)]

    def gathered(self, y: Any, y_pred: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """The whole batch's targets, outputs and weights, for outputs with a loss or a metric."""
        names = {*self.losses, *self.metrics}
        names |= {"labels"} | {f"{name}_distribution" for name in names}
        outputs = {name: value for name, value in y_pred.items() if name in names}
        targets = {name: value for name, value in y.items() if name in outputs}
        return replicas.gathered((targets, outputs, sample_weight))


# === Losses of the heads ===


def for_head(model: keras.Model, output: str, loss: keras.losses.Loss) -> keras.losses.Loss:
    """A score loss with its head's unit and statistics; any other loss as it is.

    Raises:
        InputError: the loss is for another head (`loss_head`, `loss_statistics`), or needs a unit (`loss_unit`).
    """
    if not isinstance(loss, losses.PairwiseRankingLoss):
        return loss
    config = model.score_predictor.get_config()
    statistics = config["score_statistics"].get(output)
    if loss.HEAD and not (statistics and config["head"] == loss.HEAD):
        hint = f"Use ScoreLoss, or score_predictor={{'head': '{loss.HEAD}'}}."
        message = f"{type(loss).__name__} is for a {loss.HEAD} head, which {output} has not."
        raise InputError("loss_head", message, hint)
    if not statistics and loss.unit is None:
        message = f"The loss for {output} needs a unit, since {output} is fused from other scores."
        raise InputError("loss_unit", message, "Give the standard deviation of the training scores, or 1 for points.")
    mean, std = statistics or (None, None)
    complete = loss.of_head(mean, std, defaults.alpha_of(model.sport))
    if isinstance(loss, losses.ScoreDistributionLoss) and not all(
        map(math.isclose, (complete.mean, complete.std), statistics)
    ):
        message = f"The loss for {output} has mean and std {(complete.mean, complete.std)}; its head has {statistics}."
        raise InputError("loss_statistics", message, "Leave mean and std out.")
    return complete


# === Checks of `compile` ===


def check_phase(model: keras.Model, phase: str, fragments: str, fragment_jitter: int) -> None:
    """InputError for a phase or fragments that the model cannot be trained with, see `Trainer.compile`."""
    if phase not in PHASES:
        raise unknown_name("phase", phase, PHASES)
    if not {*PHASES[phase]} & {*model.networks}:
        raise InputError("nothing_to_train", f"phase={phase!r} trains no network of this model.")
    if fragments not in FRAGMENT_SOURCES:
        raise unknown_name("fragments", fragments, FRAGMENT_SOURCES)
    if fragment_jitter < 0:
        raise InputError("out_of_range", f"fragment_jitter must be 0 or more, not {fragment_jitter}.")
    if "segmenter" not in model.networks and (fragments != "true" or fragment_jitter):
        name = f"fragments={fragments!r}" if fragments != "true" else f"fragment_jitter={fragment_jitter}"
        raise InputError("no_stages", f"{name} has no effect: this model scores whole videos.")


def check_kinds(losses_given: Any, metrics_given: Any, options: Mapping[str, Any]) -> None:
    """InputError (`wrong_value`) for what `compile` is given that Keras takes and Eq. 10 has no place for."""
    for name in ("loss_weights", "weighted_metrics"):
        if options.get(name) is not None:
            hint = "Losses have factors of their own, and all metrics are weighted."
            raise InputError("wrong_value", f"compile takes no {name}, here {options[name]!r}.", hint)
    for name, values in {"loss": losses_given, "metrics": metrics_given}.items():
        if not isinstance(values, dict | None):
            raise InputError("wrong_value", f"{name} must be a dict by output, not {values!r}.")
    for output, loss in (losses_given or {}).items():
        if not isinstance(loss, keras.losses.Loss):
            raise InputError("wrong_value", f"The loss for {output} must be a keras.losses.Loss, not {loss!r}.")
    for output, each in (metrics_given or {}).items():
        if not isinstance(each, list | tuple) or not all(isinstance(metric, keras.metrics.Metric) for metric in each):
            message = f"The metrics for {output} must be a list of keras.metrics.Metric, not {each!r}."
            raise InputError("wrong_value", message)


def check_names(terms: Sequence[str], output_metrics: Mapping[str, list[keras.metrics.Metric]]) -> None:
    """InputError (`duplicate`) if two results would be logged under one name."""
    names = [name for each in output_metrics.values() for metric in each for name in metrics.results(metric)]
    names += ["loss", *terms]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InputError("duplicate", f"Several metrics are called {', '.join(repeated)}.", "Give each a name.")


# === Terms, by name ===


def learned_losses(phase: str, output_losses: Mapping[str, Any]) -> dict[str, Any]:
    """Output → loss that a phase minimises."""
    part_of = {output: "segmenter" if output == "stages" else "score_predictor" for output in output_losses}
    return {output: loss for output, loss in output_losses.items() if part_of[output] in PHASES[phase]}


def terms(output: str, loss: keras.losses.Loss, truth: Any, predicted: Any, sample_weight: Any) -> dict[str, Any]:
    """A loss's terms, by the names that they are logged under."""
    if isinstance(loss, losses.ScoreLoss):
        return {f"{output}_{name}": value for name, value in loss.terms(truth, predicted, sample_weight).items()}
    return {_name_of(output): loss(truth, predicted, sample_weight)}


def term_names(phase: str, output_losses: Mapping[str, Any]) -> list[str]:
    """The names under which a phase's terms are logged."""
    names = []
    for output, loss in learned_losses(phase, output_losses).items():
        is_score_loss = isinstance(loss, losses.ScoreLoss)
        names += [f"{output}_{term}" for term in loss.TERMS] if is_score_loss else [_name_of(output)]
    return [*names, "weight_decay"] if "score_predictor" in PHASES[phase] else names


def _name_of(output: str) -> str:
    return "stage_loss" if output == "stages" else f"{output}_loss"


# === Videos that count, and their weights ===


def number_of_videos(targets: Mapping[str, Any], weights: Any) -> Any:
    """How many videos take part in a batch's loss, float32."""
    if weights is None:
        return ops.cast(ops.shape(next(iter(targets.values())))[0], "float32")
    return _number_with_any(ops.cast(weights, "float32"))


def number_known(output: str, truth: Any, weights: Any) -> Any:
    """How many videos have an output's known truth, and a weight, float32."""
    if output == "stages":
        return _number_with_any(losses.frame_weights(truth, weights))
    return _number_with_any(losses.known_scores(*losses.score_vectors(truth, truth, weights))[2])


def _number_with_any(weights: Any) -> Any:
    """How many videos have any weight but 0 in weights (B, …), float32."""
    counts = ops.reshape(weights != 0, (ops.shape(weights)[0], -1))
    return ops.sum(ops.cast(ops.any(counts, axis=1), "float32"))


def with_weights(y: Any, sample_weight: Any) -> tuple[Any, Any]:
    """Targets with the videos' weights among them, one array, and what is left to give to Keras."""
    if sample_weight is None or not isinstance(y, dict):
        return y, sample_weight
    if isinstance(sample_weight, dict):
        first, *others = sample_weight.values()
        if any(other is not first for other in others):
            raise by_output(sample_weight)
        sample_weight = first
    return {**y, VIDEO_WEIGHTS: sample_weight}, None


def unpacked(data: Any) -> tuple[Any, ...]:
    """A batch's (inputs, targets[, weights]), whichever way the weights came."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    if isinstance(y, dict) and VIDEO_WEIGHTS in y:
        y = {**y}
        sample_weight = y.pop(VIDEO_WEIGHTS)
    return keras.utils.pack_x_y_sample_weight(x, y, sample_weight)


def by_output(sample_weight: Mapping[str, Any]) -> InputError:
    """The error for weights that differ by output."""
    message = f"sample_weight differs by output: {', '.join(sorted(sample_weight))}."
    return InputError("weights_by_output", message, "Give one array (B,), a weight for each video.")
