"""How a `ScoringNet` learns: Eq. 10 on Keras's own `compile`, `fit` and `evaluate`, on every backend."""

import dataclasses
import functools
import inspect
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from scoringnet_tf import defaults, losses, metrics
from scoringnet_tf.models import loss_terms
from scoringnet_tf.models.batches import (
    TARGETS,
    TRUE_STAGES,
    by_output,
    check_device,
    check_learned,
    inputs_of,
    targets_of,
    unpacked,
    with_weights,
)
from scoringnet_tf.models.compatibility import check_dataset, check_learns
from scoringnet_tf.models.fragments import TrainingFragments
from scoringnet_tf.models.layers import Dropout, FeatureScaling, all_layers, feature_statistics
from scoringnet_tf.models.loss_terms import PHASES, CompiledTerms, LossScaleOptimizer
from scoringnet_tf.models.parameter_groups import learning_parts, part_layers
from scoringnet_tf.models.saving import Model
from scoringnet_tf.models.score_prediction import HEADS
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support import replicas
from scoringnet_tf.support.messages import InputError, unknown_name
from scoringnet_tf.support.threads import check_not_forked


class Trainer(Model):
    """Eq. 10 for a functional model with the parts `segmenter` (KFS) and `score_predictor` (SP); see `ScoringNet`."""

    # === Compile ===

    def compile(
        self,
        optimizer: "str | keras.optimizers.Optimizer" = "adam",
        loss: Any = None,
        metrics: Any = None,
        *,
        phase: str = "joint",
        fragments: str = defaults.FRAGMENTS,
        fragment_jitter: int = defaults.FRAGMENT_JITTER,
        frozen: Collection[str] = (),
        num_videos: int = 0,
        **options: Any,
    ) -> None:
        """Configures training and evaluation on `data.input_pipeline.videos`.

        Args:
            optimizer: Keras's; §4.2 has Adam. Under the dtype policy mixed_float16 its loss is scaled.
            loss: output → loss in Eq. 10. Default: `StageCrossEntropy` (Eq. 5), and for every tower its head's,
                `ScoreLoss` (Eqs. 8 and 9) or `ScoreDistributionLoss`. Your loss gets its head's unit and statistics if
                it has none. A loss for the fused `"final"` score is a further term; ours needs a `unit`. Keras's names
                and functions do, too; `"sparse_categorical_crossentropy"` for stages is Eq. 5.
            metrics: output → metrics, each with its own name, or Keras's names and functions; weighted as the losses
                are. Default: `default_metrics`. If one output learns, its loss or metrics alone will do.
            phase: `"joint"` trains both (Eq. 10), `"segmentation"` KFS alone, `"scoring"` SP alone.
            fragments: what SP is trained on: key fragments by the `"true"` stages, or by those `"predicted"`.
                Evaluation always takes the latter. A video without a fragment's true stages is taken whole.
            fragment_jitter: frames by which fragments are moved at random, either way; 0 or more.
            frozen: parts, see `models.parameter_groups.part_layers`, that do not learn in any phase.
            num_videos: room for so many in the default SRC; beyond it is NaN.
            **options: for `keras.Model.compile`, but `loss_weights` and `weighted_metrics`.

        Raises:
            InputError: an unknown phase, fragments, output or part (`unknown_name`); fragments for whole
                videos (`no_stages`); nothing is left to learn (`nothing_to_train`); losses, metrics or
                options of another kind (`wrong_value`); two results with one name (`duplicate`); another head's score
                loss (`loss_head`, `loss_statistics`), or for a fused score without a unit (`loss_unit`).
        """
        # 1. Check what was given
        loss_terms.check_phase(self, phase, fragments, fragment_jitter)
        loss_terms.check_options(options)
        default = self.default_losses()
        output_losses = default | loss_terms.given_losses(loss, default)
        output_metrics = loss_terms.given_metrics(metrics, default)
        output_metrics = self.default_metrics(num_videos) if metrics is None else output_metrics
        known = [output for output in TARGETS if output in self.output]
        if unknown := {*output_losses, *output_metrics} - {*known}:
            raise unknown_name("loss or metrics", min(unknown), known)
        output_losses = {output: loss_terms.for_head(self, output, each) for output, each in output_losses.items()}
        learned = loss_terms.learned_losses(phase, output_losses)
        terms = loss_terms.term_names(phase, learned)
        loss_terms.check_names(terms, output_metrics)

        # 2. Choose what learns
        self._learned_parts = self.learned_parts  # by what was compiled before
        self.choose_trained(phase, frozen)
        if not self.trainable_variables:
            raise InputError("nothing_to_train", f"phase={phase!r} with frozen={list(frozen)} leaves nothing to learn.")

        # 3. Choose the fragments of SP
        if not hasattr(self, "training_fragments"):  # one for all phases: Keras forgets no layer that it has seen
            self.training_fragments = TrainingFragments(name="training_fragments", dtype="float32")
        self.training_fragments.source, self.training_fragments.jitter = fragments, fragment_jitter

        # 4. Hand over to Keras
        if keras.backend.backend() == "tensorflow":
            # XLA makes its 3-D convolutions 5 to 40 times slower on a CPU, and cannot compile a cuDNN LSTM.
            options = {"jit_compile": False, **options}
        optimizer = keras.optimizers.get(optimizer)
        policy = keras.dtype_policies.get(self._config["dtype"] or keras.config.dtype_policy())
        is_scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        # Keras would go by the global policy.
        if options.pop("auto_scale_loss", True) and policy.name == "mixed_float16" and not is_scaled:
            optimizer = LossScaleOptimizer(optimizer)
        trackers, total = {name: keras.metrics.Mean(name=name) for name in terms}, keras.metrics.Mean(name="loss")
        steps = _steps(optimizer)
        self.terms = CompiledTerms(phase, learned, output_metrics, trackers, total, frozenset(), steps)
        super().compile(optimizer=optimizer, auto_scale_loss=False, **options)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Does nothing: Keras's configuration does not hold what a phase trains."""

    def choose_trained(self, phase: str, frozen: Collection[str] = ()) -> None:
        """Makes trainable what a phase trains less the frozen parts, and nothing else; `compile` does it.

        What is frozen has no gradient, no dropout, and no part in β‖w‖². A layer whose `trainable` you set to False
        learns in no phase.
        """
        resting = [getattr(self, part) for part in self.networks if part not in PHASES[phase]]
        resting += [layer for part in frozen for layer in part_layers(self, part)]
        at_rest = {id(inner) for layer in resting for inner in all_layers(layer)}
        for layer in all_layers(self):
            learns = layer.trainable and id(layer) not in at_rest
            # Not `trainable_variables`, which lacks those that an earlier phase froze.
            for variable in layer._trainable_variables:
                variable.trainable = learns
            if isinstance(layer, Dropout):
                layer.drops = learns

    def default_losses(self) -> dict[str, keras.losses.Loss]:
        """Eqs. 5, 8 and 9, and the auxiliary losses: output → loss, in the training values' standard deviations."""
        stages = {"stages": losses.StageCrossEntropy()} if "segmenter" in self.networks else {}
        scores = {score: self.score_loss(score) for score in self.score_predictor.scores}
        faults: Any = self.score_predictor.get_config()["faults"]
        told = {"element": losses.ElementLoss()} if "element" in self.output else {}
        told |= {"faults": losses.FaultLoss([deviation for _, deviation in faults.values()])} if faults else {}
        return stages | scores | told

    def score_loss(self, score: str, unit: float | None = None, **options: Any) -> "losses.ScoreLoss":
        """The loss for a tower's head, in the training scores' standard deviations, or in a `unit` of points.

        Further `options` are those of `ScoreLoss` or `ScoreDistributionLoss`.
        """
        kind = getattr(losses, HEADS[self.score_predictor.get_config()["head"]])
        return loss_terms.for_head(self, score, kind(unit=unit, **options))

    def default_metrics(self, num_videos: int = 0) -> dict[str, list[keras.metrics.Metric]]:
        """Output → metrics: `frame_accuracy`, `frame_accuracy/STAGE`, `d_src` … `f_med` (§4.2), `SegmentFigures`."""
        capacity = max(metrics.CAPACITY, num_videos)
        of_stages = {}
        if "segmenter" in self.networks:
            names = [f"frame_accuracy/{stage}" for stage in self.sport.stages]
            per_stage = [metrics.FrameAccuracy(stage=index, name=name) for index, name in enumerate(names)]
            of_stages["stages"] = [metrics.FrameAccuracy(name="frame_accuracy"), *per_stage, metrics.SegmentFigures()]
        return of_stages | {
            score: [
                metrics.SpearmanCorrelation(capacity, name=f"{score[0]}_src"),
                metrics.MeanEuclideanDistance(name=f"{score[0]}_med"),
            ]
            for score in SCORES
            if score in self.output
        }

    # === What has learned ===

    @property
    def learned_parts(self) -> frozenset[str]:
        """The `models.parameter_groups.learning_parts` that have learned, here or before they were loaded.

        A new model has none. An optimizer step adds what it trains; files and copies keep it. Set it for weights
        that came another way (`set_weights`, a training loop with its own optimizer).

        Raises:
            InputError: when it is set to other parts (`unknown_name`).
        """
        if not self.compiled or _steps(self.optimizer) <= self.terms.steps:
            return self._learned_parts
        return self._learned_parts | self.terms.parts

    @learned_parts.setter
    def learned_parts(self, names: Collection[str]) -> None:
        if unknown := {*names} - {*learning_parts(self)}:
            raise unknown_name("learned_parts", min(unknown), learning_parts(self))
        self._learned_parts = frozenset(names)
        if self.compiled:  # from here on, further steps count
            self.terms = dataclasses.replace(self.terms, steps=_steps(self.optimizer))

    @property
    def unlearned_parts(self) -> list[str]:
        """The parts that a score is made by and that have not learned."""
        return [name for name in learning_parts(self) if name not in self.learned_parts]

    # === Fit and evaluate ===

    def adapt_features(self, dataset: Iterable[tuple[Any, ...]]) -> None:
        """Brings features to the training videos' standard units, as the heads need them before `fit`.

        Args:
            dataset: one pass over the training videos, from `data.input_pipeline.videos`.

        Raises:
            InputError: the model takes frames (`sees_frames`), its backbone is new (`new_backbone`), or there are no
                videos (`no_videos`).
        """
        if self.encoded != "features":
            message = "adapt_features is for a model of features, or with a backbone; this one takes frames."
            raise InputError("sees_frames", message)
        if self.backbone is not None and not self.backbone.pretrained:
            message = "A new backbone needs no adapt_features: it brings its vectors to standard units itself."
            raise InputError("new_backbone", message)
        poolings = self.score_predictor.poolings
        pooled: dict[str, list[np.ndarray]] = {score: [] for score in poolings}

        def encoded() -> Iterator[tuple[Any, Any]]:
            for inputs, targets, *_ in dataset:
                features, mask = self.encode(inputs), inputs["mask"]
                if poolings:
                    clips, _ = self.select_fragments(features, targets.get("stages"), mask)
                for score, (pooling, _) in poolings.items():
                    pooled[score].append(ops.convert_to_numpy(pooling(clips[f"{score}_clip"])))
                yield features, mask

        mean, deviation = feature_statistics(encoded())
        of_statistics = [scaling for _, scaling in poolings.values()]
        for layer in self._scalings():
            if layer not in of_statistics:
                layer.adapt(mean, deviation)
        for score, (_, scaling) in poolings.items():
            values = np.concatenate(pooled[score]).astype("float64")
            mean, deviation = values.mean(axis=0), values.std(axis=0)
            scaling.adapt(mean, np.where(deviation < 1e-6 * np.abs(mean), 0, deviation))  # constant but for rounding

    def _scalings(self) -> list[FeatureScaling]:
        return [layer for layer in all_layers(self) if isinstance(layer, FeatureScaling)]

    @functools.wraps(keras.Model.fit, assigned=())
    def fit(self, *arguments: Any, **options: Any) -> keras.callbacks.History:
        """Keras's own; InputError for records that the model was not made for (`compatibility.check_learns`)."""
        given = self._given(super().fit, arguments, options)
        check_learns(self, given.get("x"))
        is_new = self.backbone is not None and not self.backbone.pretrained
        if not is_new and any(not layer.is_adapted for layer in self._scalings()):
            warnings.warn("Features are not in standard units. Call adapt_features(train) before fit.", stacklevel=2)
        self._set_modes(keras.tree.flatten(given.get("callbacks") or []))
        validation = given.get("validation_data")
        if isinstance(validation, tuple | list):
            inputs, *weighted = validation
            given["validation_data"] = (inputs_of(self, inputs), self._weighted(*weighted)[0])
        return super().fit(**given)

    def _given(self, method: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
        """A method's arguments by name: arrays as dictionaries, with the videos' weights among the targets."""
        check_device(self)
        given = inspect.signature(method).bind(*arguments, **options).arguments
        given = {**given.pop("kwargs", {}), **given}
        x = given.get("x")
        if isinstance(x, Mapping | tuple | list | np.ndarray) or ops.is_tensor(x):  # no dataset
            given["x"] = inputs_of(self, x)
            if "y" in given:
                given["y"], given["sample_weight"] = self._weighted(given["y"], given.get("sample_weight"))
        return given

    def _weighted(self, y: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        return with_weights(targets_of(self, y) if self.compiled else y, sample_weight)

    @functools.wraps(keras.Model.evaluate, assigned=())
    def evaluate(self, *arguments: Any, **options: Any) -> Any:
        """Keras's own; InputError for records that the model cannot read (`compatibility.check_dataset`)."""
        given = self._given(super().evaluate, arguments, options)
        check_dataset(self, given.get("x"))
        return super().evaluate(**given)

    @functools.wraps(keras.Model.predict, assigned=())
    def predict(self, *arguments: Any, **options: Any) -> Any:
        """Keras's own."""
        return super().predict(**self._given(super().predict, arguments, options))

    def __call__(self, inputs: Any, *arguments: Any, **options: Any) -> Any:
        """Keras's own, for what `batches.inputs_of` takes."""
        return super().__call__(inputs_of(self, inputs), *arguments, **options)

    def _set_modes(self, callbacks: Sequence[Any]) -> None:
        """Tells callbacks in mode "auto" which way is better; Keras asks the metrics that it made itself alone."""
        if not self.compiled:
            return
        ways: dict[str, Any] = dict.fromkeys(["loss", *self.terms.trackers], "down")
        for metric in self.terms.metrics_of(self.output):
            # `_direction` is what Keras's own MonitorCallback reads of a metric; there is no public name.
            ways |= dict.fromkeys(metrics.names(metric), getattr(metric, "_direction", None))
        for callback in callbacks:
            way = ways.get(str(getattr(callback, "monitor", "")).removeprefix("val_"))
            if way and getattr(callback, "mode", None) == "auto":
                callback.mode = {"up": "max", "down": "min"}[way]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The mean loss, its terms, and every output's metrics; none before `compile`."""
        return self.terms.logged(self.output) if self.compiled else []

    def result_names(self) -> list[str]:
        """Names for all figures that `fit` logs."""
        return [name for metric in self.metrics for name in metrics.names(metric)]

    @property
    def metrics_names(self) -> list[str]:
        """Names for what `evaluate` returns as a list: metrics with several values come last, sorted."""
        of_one = [metric.name for metric in self.metrics]
        names = self.result_names()
        return [name for name in names if name in of_one] + sorted({*names} - {*of_one})

    # === One step ===

    def train_step(self, *arguments: Any) -> Any:
        """Keras's step on (inputs, targets), with the true stages at hand to cut SP's fragments by.

        Loss scaling, gradients and the update are the backend's. JAX's passes its state first.
        """
        *state, data = arguments
        x, y, *weights = unpacked(self, data)
        check_learned(self, y)
        # Where no fragment is cut by them, any labels will do.
        x = {**x, TRUE_STAGES: y.get("stages", x["mask"]) if "segmenter" in self.networks else x["mask"]}
        trained = {name for name, part in learning_parts(self).items() if part.trainable_variables}
        self.terms = dataclasses.replace(self.terms, parts=self.terms.parts | trained)
        return replicas.logged(super().train_step(*state, (x, y, *weights)))

    def test_step(self, *arguments: Any) -> Any:
        """Keras's own."""
        *state, data = arguments
        return replicas.logged(super().test_step(*state, unpacked(self, data)))

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        """Keras's averages a batch's bools before a `fit` on replicas, which nothing public prevents; all is built."""
        if not self.optimizer.built:  # that of a scaled loss would begin anew with its scale
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)

    def make_predict_function(self, force: bool = False) -> Any:
        """Keras's own, but not in a forked child."""
        check_not_forked()
        return super().make_predict_function(force)

    def call(self, inputs: dict[str, Any], training: bool | None = None, mask: Any = None) -> dict[str, Any]:
        """The functional model; with `true_stages` among the inputs, what the phase trains."""
        if TRUE_STAGES in inputs:
            return self._training_outputs(inputs, training)
        return super().call(inputs, training=training, mask=mask)

    def _training_outputs(self, inputs: Mapping[str, Any], training: bool | None) -> dict[str, Any]:
        mask, stages = ops.convert_to_tensor(inputs["mask"]), inputs[TRUE_STAGES]
        encoded, outputs = ops.convert_to_tensor(self.encode(inputs, training)), {}
        needed = "segmenter" in self.networks and self.training_fragments.source != "true"
        if "segmenter" in self.learning or needed:
            # A ResNet50 that does not learn keeps its statistics, too.
            learns = training and bool(self.segmenter.trainable_variables)
            outputs["stages"] = self.segmenter({self.encoded: encoded, "mask": mask}, training=learns)
        if "score_predictor" in self.learning:
            if "segmenter" in self.networks:
                decided = self.stage_decision(outputs["stages"], mask) if needed else None
                stages = self.training_fragments(stages, decided, mask)
            scores = self.score_fragments(encoded, stages, mask, training=training)
            outputs |= {name: value for name, value in scores.items() if name != "empty_fragments"}
        return outputs

    @property
    def learning(self) -> list[str]:
        """The networks that the phase trains."""
        return [part for part in PHASES[self.terms.phase] if part in self.networks]

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Eq. 10: L_d + L_e + L_ce, for what the phase trains.

        β‖w‖² is on SP's kernels that learn; a TCN has its own. Each term is tracked before α, as a mean over videos
        with known truth. Replicas that share a batch have the whole batch's loss each, divided by their number: Eq. 7
        pairs all its videos, and gradients add up to one device's.
        """
        if isinstance(sample_weight, dict):
            raise by_output(sample_weight)
        y, y_pred, sample_weight = self.terms.gathered(y, y_pred, sample_weight)
        total, trackers = 0.0, self.terms.trackers
        for output, loss in self.terms.losses.items():
            is_distribution = isinstance(loss, losses.ScoreDistributionLoss)
            predicted = y_pred[f"{output}_distribution" if is_distribution else output]
            if output not in y:
                total = total + 0 * ops.sum(predicted)  # else Keras warns that there is no gradient
                continue
            total = total + loss(y[output], predicted, sample_weight)
            known = loss_terms.number_known(output, y[output], sample_weight)
            for name, value in loss_terms.terms(output, loss, y[output], predicted, sample_weight).items():
                trackers[name].update_state(value, sample_weight=known)
        if "score_predictor" in self.learning:
            decay = sum(self.score_predictor.losses, ops.zeros(()))
            trackers["weight_decay"].update_state(decay)
            total = total + decay
        if "segmenter" in self.learning:
            total = total + sum(self.segmenter.losses, ops.zeros(()))
        self.terms.total.update_state(total, sample_weight=loss_terms.number_of_videos(y_pred, sample_weight))
        return total / replicas.number()

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the given outputs' metrics; returns them and the loss's terms."""
        y, y_pred, sample_weight = self.terms.gathered(y, y_pred, sample_weight)
        for output, output_metrics in self.terms.metrics.items():
            # Stages are measured by the labels that were decided, if they were.
            predicted = y_pred.get("labels", y_pred.get(output)) if output == "stages" else y_pred.get(output)
            for metric in output_metrics if output in y_pred and output in y else ():
                # Keras's functions average over the last axis, which weights need.
                is_function = isinstance(metric, keras.metrics.MeanMetricWrapper) and output != "stages"
                pair = [ops.reshape(each, (-1, 1)) if is_function else each for each in (y[output], predicted)]
                metric.update_state(*pair, sample_weight)
        measured = self.terms.logged({*y_pred} & {*y})
        return {name: value for metric in measured for name, value in metrics.results(metric).items()}


def _steps(optimizer: Any) -> int:
    return int(ops.convert_to_numpy(optimizer.iterations))
