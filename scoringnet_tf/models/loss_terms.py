"""A `ScoringNet`'s loss: its heads' losses, their terms and names, and which videos count."""

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from scoringnet_tf import defaults, losses, metrics
from scoringnet_tf.models.fragments import FRAGMENT_SOURCES
from scoringnet_tf.models.score_prediction import AUXILIARY
from scoringnet_tf.support import replicas
from scoringnet_tf.support.messages import InputError, unknown_name

# Phase → the networks that it trains: Eq. 10 in one step, or KFS first and then SP, which leaves what KFS reads alone.
PHASES = {
    "joint": ("backbone", "segmenter", "score_predictor"),
    "segmentation": ("backbone", "segmenter"),
    "scoring": ("score_predictor",),
}


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
        losses: output → loss that the phase minimises.
        metrics: by output.
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


# === What `compile` is given ===

CROSS_ENTROPIES = ("sparse_categorical_crossentropy", "categorical_crossentropy")  # Eq. 5 by Keras's names


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


def check_options(options: Mapping[str, Any]) -> None:
    """InputError (`wrong_value`) for what Keras's `compile` takes and Eq. 10 has no place for."""
    for name in ("loss_weights", "weighted_metrics"):
        if options.get(name) is not None:
            hint = "Losses have factors of their own, and all metrics are weighted."
            raise InputError("wrong_value", f"compile takes no {name}, here {options[name]!r}.", hint)


def given_losses(given: Any, default: Mapping[str, Any]) -> dict[str, keras.losses.Loss]:
    """Output → loss for what `compile` was given: a dictionary, or a single loss if one output learns.

    Raises:
        InputError: another structure, or no loss (`wrong_value`); a name that Keras has not (`unknown_name`).
    """
    return {output: _loss(output, loss) for output, loss in _by_output("loss", given, default).items()}


def given_metrics(given: Any, default: Mapping[str, Any]) -> dict[str, list[keras.metrics.Metric]]:
    """Output → metrics, see `given_losses`."""
    return {
        output: [_metric(output, metric) for metric in (each if isinstance(each, list | tuple) else [each])]
        for output, each in _by_output("metrics", given, default).items()
    }


def _by_output(name: str, given: Any, default: Mapping[str, Any]) -> Mapping[str, Any]:
    if given is None or isinstance(given, Mapping):
        return given or {}
    if len(default) != 1:
        raise InputError("wrong_value", f"{name} must be a dict by output: {', '.join(default)}; not {given!r}.")
    return dict.fromkeys(default, given)


def _loss(output: str, given: Any) -> keras.losses.Loss:
    if output == "stages" and given in CROSS_ENTROPIES:
        return losses.StageCrossEntropy()
    loss = _of_keras(keras.losses, f"The loss for {output}", given)
    return loss if isinstance(loss, keras.losses.Loss) else losses.FunctionLoss(loss)


def _metric(output: str, given: Any) -> keras.metrics.Metric:
    if isinstance(given, keras.metrics.Metric):
        return given
    name = f"{output}_{given if isinstance(given, str) else getattr(given, '__name__', '')}"  # Keras's way
    if output == "stages" and given in ("accuracy", "acc"):
        return metrics.FrameAccuracy(name=name)
    metric = _of_keras(keras.metrics, f"A metric for {output}", given)
    if isinstance(metric, keras.metrics.Metric):
        return type(metric).from_config({**metric.get_config(), "name": name})
    return keras.metrics.MeanMetricWrapper(metric, name=name)


def _of_keras(module: Any, what: str, given: Any) -> Any:
    """Keras's loss or metric, an object or a function, by what a user calls it."""
    try:
        found = module.get(given)
    except ValueError as error:
        raise InputError("unknown_name", f"{what}: Keras knows no {given!r}.") from error
    if not callable(found):
        raise InputError("wrong_value", f"{what} must be an object, a function or a name of Keras, not {given!r}.")
    return found


def check_names(terms: Sequence[str], output_metrics: Mapping[str, list[keras.metrics.Metric]]) -> None:
    """InputError (`duplicate`) if two results would be logged under one name."""
    names = [name for each in output_metrics.values() for metric in each for name in metrics.names(metric)]
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


def term_names(phase: str, learned: Mapping[str, Any]) -> list[str]:
    """The names under which a phase's terms are logged."""
    names = []
    for output, loss in learned.items():
        is_score_loss = isinstance(loss, losses.ScoreLoss)
        names += [f"{output}_{term}" for term in loss.TERMS] if is_score_loss else [_name_of(output)]
    return [*names, "weight_decay"] if "score_predictor" in PHASES[phase] else names


def _name_of(output: str) -> str:
    return "stage_loss" if output == "stages" else f"{output}_loss"


# === Videos that count, and their weights ===


def number_of_videos(outputs: Mapping[str, Any], weights: Any) -> Any:
    """How many videos take part in a batch's loss, float32."""
    if weights is None:
        return ops.cast(ops.shape(next(iter(outputs.values())))[0], "float32")
    return _number_with_any(ops.cast(weights, "float32"))


def number_known(output: str, truth: Any, weights: Any) -> Any:
    """How many videos have an output's known truth, and a weight, float32."""
    if output == "stages":
        return _number_with_any(losses.frame_weights(truth, weights))
    if output in AUXILIARY:
        return ops.cast(ops.shape(truth)[0], "float32")
    return _number_with_any(losses.known_scores(*losses.score_vectors(truth, truth, weights))[2])


def _number_with_any(weights: Any) -> Any:
    """How many videos have any weight but 0 in weights (B, …), float32."""
    counts = ops.reshape(weights != 0, (ops.shape(weights)[0], -1))
    return ops.sum(ops.cast(ops.any(counts, axis=1), "float32"))
