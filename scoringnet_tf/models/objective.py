"""How a `ScoringNet` learns: Eq. 10 on Keras's own `compile`, `fit` and `evaluate`, on every backend.

Kept apart from the graph in `scoring_net.py`, which knows nothing of losses.
"""

import dataclasses
import math
import warnings
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from scoringnet_tf import defaults, losses, metrics
from scoringnet_tf.models import presets
from scoringnet_tf.models.fragments import FRAGMENT_SOURCES, FragmentSchedule, TrainingFragments
from scoringnet_tf.models.layers import Dropout, FeatureScaling
from scoringnet_tf.models.loss_scaling import LossScaleOptimizer
from scoringnet_tf.models.parts import learning_parts, parts
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support import replicas
from scoringnet_tf.support.errors import InputError, unknown_name

# Phase → the networks that it trains: Eq. 10 in one step, or KFS first and then SP.
PHASES = {
    "joint": ("segmenter", "score_predictor"),
    "segmentation": ("segmenter",),
    "scoring": ("score_predictor",),
}
TRUE_STAGES = "true_stages"  # a further input of the model while it is trained
VIDEO_WEIGHTS = "video_weights"  # among the targets of `fit` on arrays: Keras would give each target a copy
if TYPE_CHECKING:
    from keras import Model
else:
    Model = object  # Keras swaps the bases of a functional model, and would change their order


@dataclasses.dataclass(frozen=True)
class Learned:
    """What `compile` said; in an object that Keras does not track, so that a second `compile` leaves nothing behind.

    Attributes:
        phase: key in `PHASES`.
        losses: output → loss.
        metrics: output → metrics.
        trackers: name of a term of the loss → its mean over videos that have it, of `weight_decay` over batches.
        total: mean of the loss over videos. Keras's own would count the copies that fill up a batch for replicas.
        parts: names of the `learning_parts` that steps have trained, if the optimizer has taken any.
        steps: how many it had taken before.
    """

    phase: str
    losses: dict[str, keras.losses.Loss]
    metrics: dict[str, list[keras.metrics.Metric]]
    trackers: dict[str, keras.metrics.Mean]
    total: keras.metrics.Mean
    parts: frozenset[str]
    steps: int


class Objective(Model):
    """Eq. 10 for a functional model with the parts `segmenter` (KFS) and `score_predictor` (SP); see `ScoringNet`."""

    def compile(
        self,
        optimizer: "str | keras.optimizers.Optimizer" = "adam",
        loss: dict[str, keras.losses.Loss] | None = None,
        metrics: dict[str, list[keras.metrics.Metric]] | None = None,
        *,
        phase: str = "joint",
        fragments: str = defaults.FRAGMENTS,
        fragment_jitter: int = defaults.FRAGMENT_JITTER,
        frozen: Collection[str] = (),
        num_videos: int = 0,
        **options: Any,
    ) -> None:
        """Configures training and evaluation on batches of `data.input_pipeline.videos`.

        Args:
            optimizer: of Keras; §4.2 has Adam. Under the dtype policy mixed_float16 its loss is scaled.
            loss: output → loss of Eq. 10. Default: for `"stages"` `StageCrossEntropy` (Eq. 5), and for the score of
                every tower `ScoreLoss` (Eqs. 8 and 9), or `ScoreDistributionLoss`, in standard deviations of the
                training scores. Yours gets the unit and the statistics of its head where it was made without. One for
                the `"final"` score that is fused from two towers is a further term, and needs a `unit`: of videos whose
                difficulty and execution nobody knows it is all that there is to learn from.
            metrics: output → metrics, each of a name of its own; weighted as the losses are. Default: frame accuracy,
                overall and per stage, SRC and MED of the scores (§4.2).
            phase: `"joint"` trains KFS and SP in one step (Eq. 10), `"segmentation"` KFS alone, `"scoring"` SP alone.
            fragments: what SP is trained on: key fragments of the `"true"` stages, of those `"predicted"` by KFS, or
                `"scheduled"`, see `TrainingFragments`. Evaluation always takes the predicted ones. Of a video without
                the true stages of a fragment `"true"` takes the whole video; the others take the predicted ones where
                not every frame is labelled.
            fragment_jitter: frames by which they are moved at random, either way; 0 or more.
            frozen: keys of `models.parts.parts` that do not learn, whatever the phase; see `choose_trained`. Nor does
                a layer whose `trainable` you set to False.
            num_videos: of how many the default metrics have an SRC where they are more than `metrics.CAPACITY`; of more
                it is NaN.
            **options: of `keras.Model.compile`, but `loss_weights` and `weighted_metrics`.

        Raises:
            InputError: an unknown phase, source of fragments, output or part (code `unknown_name`); fragments for a
                model of whole videos (`no_stages`); nothing is left to learn (`nothing_to_train`); losses, metrics or
                options of another kind (`wrong_value`), or two results of one name (`duplicate`); a score loss with
                the statistics of another head (`loss_statistics`), for a head that its output lacks (`loss_head`), or
                for a fused score without a unit (`loss_unit`).
        """
        if phase not in PHASES:
            raise unknown_name("phase", phase, PHASES)
        if not set(PHASES[phase]) & set(self.networks):
            raise InputError("nothing_to_train", f"phase={phase!r} trains no network of this model.")
        if fragments not in FRAGMENT_SOURCES:
            raise unknown_name("fragments", fragments, FRAGMENT_SOURCES)
        if fragment_jitter < 0:
            raise InputError("out_of_range", f"fragment_jitter must be 0 or more, not {fragment_jitter}.")
        if "segmenter" not in self.networks and (fragments != "true" or fragment_jitter):
            name = f"fragments={fragments!r}" if fragments != "true" else f"fragment_jitter={fragment_jitter}"
            raise InputError("no_stages", f"{name} has no effect: this model scores whole videos.")
        for kind, values in {"loss": loss, "metrics": metrics}.items():
            if not isinstance(values, dict | None):
                raise InputError("wrong_value", f"{kind} must be a dict by output, not {values!r}.")
        output_losses = {**self.default_losses(), **(loss or {})}
        output_metrics = self.default_metrics(num_videos) if metrics is None else metrics
        known = [output for output in ("stages", *SCORES) if output in self.output]
        unknown = {*output_losses, *output_metrics} - {*known}
        if unknown:
            raise unknown_name("loss or metrics", min(unknown), known)
        _check_kinds(output_losses, output_metrics, options)
        output_losses = {output: self._of_head(output, given) for output, given in output_losses.items()}
        terms = _term_names(phase, output_losses)
        _check_names(terms, output_metrics)
        self._learned_parts = self.learned_parts  # by what was compiled before
        self.choose_trained(phase, frozen)
        if not self.trainable_variables:
            raise InputError("nothing_to_train", f"phase={phase!r} with frozen={list(frozen)} leaves nothing to learn.")
        if not hasattr(self, "training_fragments"):  # one for all phases: Keras forgets no layer that it has seen
            self.training_fragments = TrainingFragments(name="training_fragments", dtype="float32")
        self.training_fragments.source, self.training_fragments.jitter = fragments, fragment_jitter
        self.training_fragments.share.assign(1.0)
        trackers = {name: keras.metrics.Mean(name=name) for name in terms}
        total = keras.metrics.Mean(name="loss")
        if keras.backend.backend() == "tensorflow":
            # XLA makes its 3-D convolutions 5 to 40 times slower on a CPU, and cannot compile a cuDNN LSTM.
            options = {"jit_compile": False, **options}
        if options.pop("auto_scale_loss", True):
            optimizer = self._scaling(optimizer)
        optimizer = keras.optimizers.get(optimizer)
        self.learned = Learned(phase, output_losses, output_metrics, trackers, total, frozenset(), _steps(optimizer))
        super().compile(optimizer=optimizer, auto_scale_loss=False, **options)

    # === What has learned ===

    @property
    def learned_parts(self) -> frozenset[str]:
        """Names of the `models.parts.learning_parts` that have learned, here or before they were loaded.

        A new model has none. A step of the optimizer adds what it trains; files, copies and weights of a run keep it.
        Set it for weights that came another way (`set_weights`, a training loop with an optimizer of its own).

        Raises:
            InputError: when it is set to names of other parts (`unknown_name`).
        """
        if not self.compiled or _steps(self.optimizer) <= self.learned.steps:
            return self._learned_parts
        return self._learned_parts | self.learned.parts

    @learned_parts.setter
    def learned_parts(self, names: Collection[str]) -> None:
        unknown = {*names} - {*learning_parts(self)}
        if unknown:
            raise unknown_name("learned_parts", min(unknown), learning_parts(self))
        self._learned_parts = frozenset(names)
        if self.compiled:  # from here on, further steps count
            self.learned = dataclasses.replace(self.learned, steps=_steps(self.optimizer))

    @property
    def unlearned_parts(self) -> list[str]:
        """Names of the parts that a score is made by and that have not learned."""
        return [name for name in learning_parts(self) if name not in self.learned_parts]

    def _scaling(self, optimizer):
        """With a scaled loss where the parts compute in float16: Keras goes by the global policy."""
        optimizer = keras.optimizers.get(optimizer)
        policy = keras.dtype_policies.get(self._config["dtype"] or keras.config.dtype_policy())
        if policy.name != "mixed_float16" or isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            return optimizer
        return LossScaleOptimizer(optimizer)

    def adapt_features(self, dataset: Iterable[tuple[dict[str, Any], Any]]) -> None:
        """Brings features to standard units of the training videos, which a model of features needs before its `fit`.

        Args:
            dataset: one pass over the training videos, batches of `data.input_pipeline.videos`.

        Raises:
            InputError: the model takes frames (`sees_frames`), or there are no videos (`no_videos`).
        """
        if not self._scalings():
            raise InputError("sees_frames", "adapt_features is for a model of features; this one takes frames.")
        count, mean, squares = 0.0, 0.0, 0.0
        for inputs, _ in dataset:
            steps = np.asarray(inputs["features"], np.float64)[np.asarray(inputs["mask"])]  # (N, D)
            count, delta = count + len(steps), steps - mean
            mean = mean + delta.sum(axis=0) / count
            squares = squares + (delta * (steps - mean)).sum(axis=0)
        if not count:
            raise InputError("no_videos", "The dataset for adapt_features has no video.")
        for layer in self._scalings():
            layer.adapt(mean, np.sqrt(squares / count))

    def _scalings(self):
        return [layer for layer in self._flatten_layers() if isinstance(layer, FeatureScaling)]

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        **options: Any,
    ) -> keras.callbacks.History:
        """Keras's own; of `"scheduled"` fragments the share of true ones falls from 1 in the first epoch to 0.

        Raises:
            InputError: records that are not those of the model (code `other_records`), see `presets.check_learns`;
                weights of videos that differ by output (`weights_by_output`).
        """
        presets.check_learns(self, x)
        if any(not layer.is_adapted for layer in self._scalings()):
            warnings.warn("Features are not in standard units. Call adapt_features(train) before fit.", stacklevel=2)
        if self.compiled and self.training_fragments.source == "scheduled":
            callbacks = [FragmentSchedule(), *keras.tree.flatten(callbacks or [])]
        self._direct(callbacks)
        if isinstance(validation_data, tuple | list) and len(validation_data) == 3:
            inputs, *weighted = validation_data
            validation_data = (inputs, _with_weights(*weighted)[0])
        y, sample_weight = _with_weights(y, sample_weight)
        return super().fit(
            x,
            y,
            batch_size,
            epochs,
            verbose,
            callbacks,
            validation_split,
            validation_data,
            shuffle,
            class_weight,
            sample_weight,
            **options,
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        **options: Any,
    ) -> Any:
        """Keras's own.

        Raises:
            InputError: records of another sport, or whose frames were stored otherwise than the model learned them;
                weights of videos that differ by output (`weights_by_output`).
        """
        presets.check_dataset(self, x)
        y, sample_weight = _with_weights(y, sample_weight)
        return super().evaluate(x, y, batch_size, verbose, sample_weight, **options)

    def _direct(self, callbacks):
        """Tells callbacks of mode "auto" which way is better; Keras asks the metrics that it made itself alone."""
        if not self.compiled:
            return
        ways = {
            name: getattr(metric, "_direction", None) for metric in self.metrics for name in metrics.results(metric)
        }
        ways |= dict.fromkeys(["loss", *self.learned.trackers], "down")
        for callback in keras.tree.flatten(callbacks or []):
            way = ways.get(str(getattr(callback, "monitor", "")).removeprefix("val_"))
            if way and getattr(callback, "mode", None) == "auto":
                callback.mode = {"up": "max", "down": "min"}[way]

    def choose_trained(self, phase: str, frozen: Collection[str] = ()) -> None:
        """Makes trainable what a phase trains less the frozen parts, and nothing else; `compile` does it.

        What is frozen has no gradient and no dropout, and Keras leaves its kernels out of β‖w‖² (`layer.losses` are
        those of trainable weights): the term is that of the kernels which learn. `trainable` of layers is yours: where
        you set it to False, nothing learns in any phase.

        Args:
            phase: key in `PHASES`.
            frozen: keys of `models.parts.parts`.

        Raises:
            InputError: a part that the model lacks (`unknown_name`).
        """
        known = parts(self)
        unknown = [part for part in frozen if part not in known]
        if unknown:
            raise unknown_name("frozen", unknown[0], known)
        resting = [getattr(self, part) for part in self.networks if part not in PHASES[phase]]
        resting += [layer for part in frozen for layer in known[part]]
        at_rest = {id(inner) for layer in resting for inner in layer._flatten_layers()}
        for layer in self._flatten_layers():
            learns = layer.trainable and id(layer) not in at_rest
            for variable in layer._trainable_variables:
                variable.trainable = learns
            if isinstance(layer, Dropout):
                layer.drops = learns

    def default_losses(self) -> dict[str, keras.losses.Loss]:
        """Eqs. 5, 8 and 9: output → loss, the scores' in standard deviations of the training scores."""
        stages = {"stages": losses.StageCrossEntropy()} if "segmenter" in self.networks else {}
        return stages | {score: self.score_loss(score) for score in self.score_predictor.scores}

    def score_loss(
        self, score: str, unit: float | None = None, **options: Any
    ) -> "losses.ScoreLoss":  # quoted: it is imported while `losses` is
        """The loss of the head of a score's tower.

        Args:
            score: of a tower.
            unit: of `ScoreLoss`, points; default: the standard deviation of the training scores.
            **options: further arguments of `ScoreLoss`, or of `ScoreDistributionLoss` for a distribution head; α is by
                default that of the sport, see `defaults`.
        """
        of_distribution = self.score_predictor.get_config()["head"] == "distribution"
        kind = losses.ScoreDistributionLoss if of_distribution else losses.ScoreLoss
        return self._of_head(score, kind(unit=unit, **options))

    def _of_head(self, output, loss):
        """A loss of scores with the unit and the statistics of its head; any other as it is."""
        if not isinstance(loss, losses.PairwiseRankingLoss):
            return loss
        config = self.score_predictor.get_config()
        statistics = config["score_statistics"].get(output)
        of_distribution = isinstance(loss, losses.ScoreDistributionLoss)
        if of_distribution and not (statistics and config["head"] == "distribution"):
            raise InputError(
                "loss_head",
                f"ScoreDistributionLoss is for a distribution, which {output} is not.",
                "Use ScoreLoss, or score_predictor={'head': 'distribution'}.",
            )
        if not statistics and loss.unit is None:
            raise InputError(
                "loss_unit",
                f"The loss for {output} needs a unit, since {output} is fused from other scores.",
                "Give the standard deviation of the training scores (info.score_statistics), or 1 for points.",
            )
        mean, std = statistics or (None, None)
        found = loss.of_head(mean, std, defaults.alpha_of(self.sport))
        if of_distribution and not all(map(math.isclose, (found.mean, found.std), statistics)):
            raise InputError(
                "loss_statistics",
                f"ScoreDistributionLoss for {output} has mean {found.mean} and std {found.std}; its head has "
                f"{statistics[0]} and {statistics[1]}.",
                "Leave mean and std out.",
            )
        return found

    def default_metrics(self, num_videos: int = 0) -> dict[str, list[keras.metrics.Metric]]:
        """The figures of §4.2: output → metrics, called `frame_accuracy`, `frame_accuracy/STAGE`, `d_src` … `f_med`.

        And those of `metrics.SegmentFigures`.

        Args:
            num_videos: as of `compile`.
        """
        capacity = max(metrics.CAPACITY, num_videos)
        scores = {
            score: [
                metrics.SpearmanCorrelation(capacity, name=f"{score[0]}_src"),
                metrics.MeanEuclideanDistance(name=f"{score[0]}_med"),
            ]
            for score in SCORES
            if score in self.output
        }
        if "segmenter" not in self.networks:
            return scores
        per_stage = [
            metrics.FrameAccuracy(stage=index, name=f"frame_accuracy/{stage}")
            for index, stage in enumerate(self.sport.stages)
        ]
        stages = [metrics.FrameAccuracy(name="frame_accuracy"), *per_stage, metrics.SegmentFigures()]
        return {"stages": stages, **scores}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The mean loss, its terms, and the metrics of every output; none before `compile`."""
        if not self.compiled:
            return []
        measures = [metric for found in self.learned.metrics.values() for metric in found]
        return [self.learned.total, *self.learned.trackers.values(), *measures]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns as a list: those of metrics of several values come last, sorted."""
        of_one = [metric.name for metric in self.metrics]
        names = [name for metric in self.metrics for name in metrics.results(metric)]
        return [name for name in names if name in of_one] + sorted({*names} - {*of_one})

    # === One step ===

    def train_step(self, *arguments: Any) -> Any:
        """One step of Keras's own on (inputs, targets), with the true stages at hand to cut SP's fragments by.

        Loss scaling, gradients and the update are those of the backend's trainer; JAX's passes its state first.
        """
        *state, data = arguments
        x, y, *weights = _unpacked(data)
        # Without KFS no fragment is cut: any labels will do.
        x = {**x, TRUE_STAGES: y["stages"] if "segmenter" in self.networks else x["mask"]}
        trained = {name for name, part in learning_parts(self).items() if part.trainable_variables}
        self.learned = dataclasses.replace(self.learned, parts=self.learned.parts | trained)
        return replicas.logged(super().train_step(*state, (x, y, *weights)))

    def test_step(self, *arguments: Any) -> Any:
        """Keras's own."""
        *state, data = arguments
        return replicas.logged(super().test_step(*state, _unpacked(data)))

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Keras's, before a `fit` on several replicas, takes the mean of a batch's bools; here all is built."""
        if not self.optimizer.built:  # that of a scaled loss would begin anew with its scale
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)

    def call(self, inputs: dict[str, Any], training: bool | None = None, mask: Any = None) -> dict[str, Any]:
        """The functional model; with `true_stages` among the inputs, what the phase trains of it."""
        if TRUE_STAGES in inputs:
            return self._training_outputs(inputs, training)
        return super().call(inputs, training=training, mask=mask)

    def _training_outputs(self, inputs, training):
        content, mask, stages = inputs[self.content], inputs["mask"], inputs[TRUE_STAGES]
        outputs = {}
        needed = "segmenter" in self.networks and self.training_fragments.needs_prediction
        if "segmenter" in self.learning or needed:
            # Of a ResNet50 that does not learn, neither do the statistics that it normalises by.
            learns = training and bool(self.segmenter.trainable_variables)
            outputs["stages"] = self.segmenter({self.content: content, "mask": mask}, training=learns)
        if "score_predictor" in self.learning:
            if "segmenter" in self.networks:
                decided = self.stage_decision(outputs["stages"], mask) if needed else None
                stages = self.training_fragments(stages, decided, mask)
            scores = self.score_fragments(content, stages, mask, training=training)
            outputs |= {name: value for name, value in scores.items() if name != "empty_fragments"}
        return outputs

    @property
    def learning(self) -> list[str]:
        """The networks that the phase trains, of those that there are."""
        return [part for part in PHASES[self.learned.phase] if part in self.networks]

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Eq. 10: L_d + L_e + L_ce, of what the phase trains.

        β‖w‖² of Eqs. 8 and 9 is on the kernels of SP that learn. Each term is tracked under its own name, before α: the
        mean over the videos whose truth is known.
        Where a batch is shared by several replicas, the pairs of Eq. 7 are those of the whole batch: each replica has
        the loss of all videos, divided by the number of replicas, and the sum of their gradients is that of one device.

        Args:
            x: not used.
            y: targets of `videos`: stages int (B, L), scores (B,).
            y_pred: outputs of the model.
            sample_weight: (B,), weight of each video, or None.
            training: not used.

        Returns:
            Scalar, float32.

        Raises:
            InputError: weights by output.
        """
        if isinstance(sample_weight, dict):
            raise _by_output(sample_weight)
        y, y_pred, sample_weight = self._of_all_replicas(y, y_pred, sample_weight)
        total = 0.0
        for output, loss in _learned_losses(self.learned.phase, self.learned.losses).items():
            predicted = y_pred[f"{output}_distribution" if isinstance(loss, losses.ScoreDistributionLoss) else output]
            total = total + loss(y[output], predicted, sample_weight)
            known = _number_known(output, y[output], sample_weight)
            for name, value in _terms(output, loss, y[output], predicted, sample_weight).items():
                self.learned.trackers[name].update_state(value, sample_weight=known)
        if "score_predictor" in self.learning:
            decay = sum(self.score_predictor.losses, ops.zeros(()))
            self.learned.trackers["weight_decay"].update_state(decay)
            total = total + decay
        self.learned.total.update_state(total, sample_weight=_number_of_videos(y, sample_weight))
        return total / replicas.number()

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the metrics of the outputs that there are; returns them and the terms of the loss."""
        y, y_pred, sample_weight = self._of_all_replicas(y, y_pred, sample_weight)
        for output, measures in self._output_metrics(y_pred):
            for metric in measures:
                metric.update_state(y[output], self._measured(output, y_pred), sample_weight)
        shown = [
            self.learned.total,
            *self.learned.trackers.values(),
            *(m for _, measures in self._output_metrics(y_pred) for m in measures),
        ]
        return {name: value for metric in shown for name, value in metrics.results(metric).items()}

    def validation_names(self) -> list[str]:
        """The names under which `fit` logs a validation."""
        measures = [metric for found in self.learned.metrics.values() for metric in found]
        names = [name for metric in measures for name in metrics.results(metric)]
        return [f"val_{name}" for name in ("loss", *self.learned.trackers, *names)]

    def _of_all_replicas(self, y, y_pred, sample_weight):
        """Targets, outputs and weights of the whole batch, of those outputs that have a loss or a metric."""
        names = {*self.learned.losses, *self.learned.metrics}
        names |= {"labels", *(f"{name}_distribution" for name in names)}
        measured = {name: value for name, value in y_pred.items() if name in names}
        targets = {name: value for name, value in y.items() if name in measured}
        return replicas.gathered((targets, measured, sample_weight))

    def _output_metrics(self, y_pred):
        return [(output, measures) for output, measures in self.learned.metrics.items() if output in y_pred]

    @staticmethod
    def _measured(output, y_pred):
        """What a metric is given: of the stages, where they were decided, the labels."""
        return y_pred.get("labels", y_pred[output]) if output == "stages" else y_pred[output]


def _steps(optimizer):
    """How many an optimizer has taken."""
    return int(ops.convert_to_numpy(optimizer.iterations))


def _with_weights(y, sample_weight):
    """Targets with the weights of the videos among them, which are one array, and what is left to give to Keras."""
    if sample_weight is None or not isinstance(y, dict):
        return y, sample_weight
    if isinstance(sample_weight, dict):
        first, *others = sample_weight.values()
        if any(other is not first for other in others):
            raise _by_output(sample_weight)
        sample_weight = first
    return {**y, VIDEO_WEIGHTS: sample_weight}, None


def _unpacked(data):
    """(inputs, targets[, weights]) of a batch, whichever way the weights came."""
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    if isinstance(y, dict) and VIDEO_WEIGHTS in y:
        y = {**y}
        sample_weight = y.pop(VIDEO_WEIGHTS)
    return keras.utils.pack_x_y_sample_weight(x, y, sample_weight)


def _by_output(sample_weight):
    return InputError(
        "weights_by_output",
        f"sample_weight differs by output: {', '.join(sorted(sample_weight))}.",
        "Give one array (B,), a weight for each video.",
    )


def _check_kinds(output_losses, output_metrics, options):
    """InputError (`wrong_value`) for arguments of `compile` that Keras takes and Eq. 10 has no place for."""
    foreign = [name for name in ("loss_weights", "weighted_metrics") if options.get(name) is not None]
    if foreign:
        raise InputError(
            "wrong_value",
            f"compile takes no {foreign[0]}, here {options[foreign[0]]!r}.",
            "Losses have factors of their own, and all metrics are weighted.",
        )
    for output, loss in output_losses.items():
        if not isinstance(loss, keras.losses.Loss):
            raise InputError("wrong_value", f"The loss for {output} must be a keras.losses.Loss, not {loss!r}.")
    for output, measures in output_metrics.items():
        is_list = isinstance(measures, list | tuple)
        if not is_list or not all(isinstance(metric, keras.metrics.Metric) for metric in measures):
            raise InputError(
                "wrong_value", f"The metrics for {output} must be a list of keras.metrics.Metric, not {measures!r}."
            )


def _check_names(terms, output_metrics):
    """InputError (`duplicate`) if two results would be logged under one name, and one of them lost."""
    names = [name for found in output_metrics.values() for metric in found for name in metrics.results(metric)]
    names += ["loss", *terms]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError("duplicate", f"Several metrics are called {', '.join(repeated)}.", "Give each a name.")


def _number_of_videos(targets, weights):
    """How many videos of a batch take part in its loss, float32."""
    if weights is None:
        return ops.cast(ops.shape(next(iter(targets.values())))[0], "float32")
    return _number_with_any(ops.cast(weights, "float32"))


def _number_known(output, truth, weights):
    """How many videos of a batch have something known of an output, and a weight, float32."""
    if output == "stages":
        return _number_with_any(losses.frame_weights(truth, weights))
    return _number_with_any(losses.known_scores(*losses.score_vectors(truth, truth, weights))[2])


def _number_with_any(weights):
    """How many of the B videos have any weight but 0 in weights (B, …), float32."""
    counts = ops.reshape(weights != 0, (ops.shape(weights)[0], -1))
    return ops.sum(ops.cast(ops.any(counts, axis=1), "float32"))


def _learned_losses(phase, output_losses):
    """Output → loss, of the outputs whose loss a phase minimises."""
    part_of = {output: "segmenter" if output == "stages" else "score_predictor" for output in output_losses}
    return {output: loss for output, loss in output_losses.items() if part_of[output] in PHASES[phase]}


def _terms(output, loss, truth, predicted, sample_weight):
    """What a loss is made of, by the names that it is logged under."""
    if isinstance(loss, losses.ScoreLoss):
        terms = loss.terms(truth, predicted, sample_weight)
        return {f"{output}_{name}": value for name, value in terms.items()}
    return {_name_of(output): loss(truth, predicted, sample_weight)}


def _term_names(phase, output_losses):
    """The names of the terms of the loss of a phase."""
    names = []
    for output, loss in _learned_losses(phase, output_losses).items():
        is_score_loss = isinstance(loss, losses.ScoreLoss)
        names += [f"{output}_{term}" for term in loss.TERMS] if is_score_loss else [_name_of(output)]
    return [*names, "weight_decay"] if "score_predictor" in PHASES[phase] else names


def _name_of(output):
    return "stage_loss" if output == "stages" else f"{output}_loss"
