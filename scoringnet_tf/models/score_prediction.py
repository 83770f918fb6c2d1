"""SP, score prediction: two C3D towers read Difficulty and Execution from key fragments (§3.2, Eqs. 2–4, Fig. 3)."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from scoringnet_tf import defaults, losses
from scoringnet_tf.models.backbones.c3d import C3D, scaled_width
from scoringnet_tf.models.layers import FeatureScaling
from scoringnet_tf.models.regressor import StatisticsPooling, decay, regressor, sequence_regressor
from scoringnet_tf.models.saving import Functional, arguments_of
from scoringnet_tf.sports import FINAL_ALONE, PREDICTED_SCORES, Sport, SportForm, get_sport, kept_form
from scoringnet_tf.support.messages import InputError, unknown_name

HEADS = {  # and the loss of each, in `losses`
    "regression": "ScoreLoss",
    "distribution": "ScoreDistributionLoss",
}
ACTIVATIONS = ("linear", "relu")
VIEWS = (1, 2)
AUXILIARY = ("element", "faults")  # what towers tell beside scores, if they learned it
POOLING, SCALING = "statistics_pooling", "statistics_scaling"


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ExpectedScore(layers.Layer):
    """Mean and variance of a score distribution (…, K) over `losses.score_bins`, in points: (…) and (…).

    Args:
        mean, std: of the training scores, points.
    """

    def __init__(self, mean: float, std: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.center, self.std = float(mean), float(std)

    def call(self, probabilities: Any) -> tuple[Any, Any]:
        expected, variance = losses.distribution_moments(probabilities)
        return self.center + self.std * expected, self.std**2 * variance


def score_tower(
    name: str,
    clip_shape: Sequence[int],
    mean: float,
    std: float,
    settings: Mapping[str, Any],
    tells: Sequence[str] = (),
) -> keras.Model:
    """One branch of SP: the first twelve layers of C3D, or features in their place, then the score regressor.

    From a clip (B, T, H, W, 3) or (B, T, D) to its score (B,), points, or probabilities (B, K) on `losses.score_bins`.
    The last of its three fully connected layers works in standard units and starts at N(0, 0.001), so that training
    starts from the mean score, or from equal chances of all. A tower that `tells` something of `AUXILIARY` gives it,
    too, in a dictionary with the `"score"`. One that tells the element has its expected difficulty for a score.
    """
    multiplier, kernel_l2, dtype = (settings[name] for name in ("width_multiplier", "kernel_l2", "dtype"))
    # 1. C3D, or features, and the regressor
    is_features = len(clip_shape) == 2
    clip = keras.Input(clip_shape, dtype="float32" if is_features else "uint8", name="clip")
    if is_features:
        x = FeatureScaling(name="feature_scaling", dtype="float32")(clip)
    else:
        of_c3d = {"preprocessing": settings["preprocessing"], "kernel_l2": kernel_l2, "dtype": dtype}
        x = C3D(clip_shape, multiplier, final_endpoint="conv5b", **of_c3d)(clip)
    options = {
        "filters": scaled_width(settings["conv_filters"], multiplier),
        "units": scaled_width(settings["fc_units"], multiplier),
        "dropout_rate": settings["dropout_rate"],
        "kernel_l2": kernel_l2,
    }
    if is_features and clip_shape[0] > 1 and settings["statistics"]:
        pooled = StatisticsPooling(name=POOLING, dtype="float32")(clip)
        x = sequence_regressor(x, FeatureScaling(name=SCALING, dtype="float32")(pooled), **options)
    else:
        x = regressor(x, pool_stride=settings["pool_stride"], dtype=dtype, **options)

    # 2. What it tells beside its score
    told = _auxiliary_heads(x, tells, settings)
    if "element" in told and name == "difficulty_tower":
        score = ops.sum(told["element"] * np.array([*settings["elements"].values()], "float32"), axis=-1)
        return Functional(clip, {"score": score, **told}, name=name)

    # 3. The head
    is_distribution = settings["head"] == "distribution"
    x = layers.Dense(
        losses.NUM_BINS if is_distribution else 1,
        activation="softmax" if is_distribution else None,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
        kernel_regularizer=decay(kernel_l2),
        name="regressor_fc3",
        dtype="float32",
    )(x)
    if not is_distribution:
        x = layers.Reshape((), name="squeeze", dtype="float32")(x)
        x = layers.Rescaling(std, offset=mean, name="to_points", dtype="float32")(x)
    if settings["output_activation"] == "relu":  # of points alone
        x = layers.ReLU(name="output_relu", dtype="float32")(x)
    return Functional(clip, {"score": x, **told} if told else x, name=name)


def _auxiliary_heads(x: Any, tells: Sequence[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The probability of every element (B, N), and the faults (B, K) in their units, from what a tower has read."""
    told = {}
    if "element" in tells:
        dense = layers.Dense(len(settings["elements"]), "softmax", name="element", dtype="float32")
        told["element"] = dense(x)
    if "faults" in tells:
        means, deviations = zip(*settings["faults"].values(), strict=True)
        faults = layers.Dense(len(means), name="standard_faults", dtype="float32")(x)
        told["faults"] = layers.Rescaling(deviations, offset=means, name="faults", dtype="float32")(faults)
    return told


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScorePredictor(Functional):
    """Two towers with one structure and separate weights, fused to the final score; or one for the final score.

    Call arguments: key fragments resampled to a fixed number of frames (`FragmentSelector`),
    `{"difficulty_clip": (B, T_d, H, W, 3), "execution_clip": (B, T_e, H, W, 3)}` uint8, RGB; features (B, T, D)
    float32; with `scores=("final",)` `{"final_clip": (B, T_e, …)}`. Returns `{"difficulty": (B,), "execution": (B,),
    "final": (B,)}`, float32, points, or the final score alone.

    With `head="distribution"` there are also `"difficulty_distribution"` (B, K) for every tower, on
    `losses.score_bins`, and `"difficulty_std"` (B,) for every score, in points. A score is then its distribution's
    mean; the final score's deviation supposes that both err independently.

    With `elements` there is also `"element"` (B, N), the probability of each, from the first tower; with `faults`
    `"faults"` (B, K) from the last. Both only learn from targets of these names.

    Args:
        sport: as for `ScoringNet`; its rule fuses the two scores.
        clip_lengths: (T_d, T_e), m and t in Eqs. 2 and 3 (no numbers). UNLV-Diving's flights last 33 frames.
        image_size: the frames' (H, W).
        score_statistics: training scores' `{"difficulty": (mean, std), …}`, points; inside are standard units.
        width_multiplier: scales every layer.
        conv_filters, fc_units: widths in the regressor before the multiplier (§3.2: no numbers).
        pool_stride: in the regressor's two poolings (§3.2: no number), see `regressor`.
        statistics: whether feature towers read statistics over time, and convolutions pooled by attention
            (`sequence_regressor`), not max-pooling (`regressor`).
        elements: element, such as a dive's number, → its difficulty, points. The difficulty is then that expected.
        faults: fault → its mean and standard deviation in training.
        head: `"regression"` is the paper's; `"distribution"` gives every score's probability (USDL, CVPR 2020).
        output_activation: after the last layer. "relu" is §3.2's: no score falls below 0 points. "linear" gives every
            score a gradient; ReLU gives none to a score that has fallen there.
        dropout_rate: after the first two fully connected layers (§3.2: no number, and after the third, too, which here
            gives the score), and on features.
        kernel_l2: β in Eqs. 6–9, on both towers' kernels.
        preprocessing: for `C3D`, in both towers.
        scores: `("difficulty", "execution")`, or `("final",)`: one tower. None: what the sport has.
        features: D; None for frames.
        views: 2: except in training, outputs are the mean over a clip and its mirror image. 1 is the paper's, and the
            only one for features.

    Raises:
        InputError: other scores or views, another head or output_activation (`unknown_name`); "relu" on another head
            than regression, or a distribution beside `elements` (`flags_conflict`).
    """

    def __init__(
        self,
        sport: SportForm = "diving",
        clip_lengths: Sequence[int] = defaults.CLIP_LENGTHS,
        image_size: Sequence[int] = defaults.IMAGE_SIZE,
        score_statistics: Mapping[str, Sequence[float]] | None = None,
        width_multiplier: float = defaults.WIDTH_MULTIPLIER,
        conv_filters: int = defaults.CONV_FILTERS,
        fc_units: int = defaults.FC_UNITS,
        pool_stride: int = defaults.POOL_STRIDE,
        statistics: bool = False,
        elements: Mapping[str, float] | None = None,
        faults: Mapping[str, Sequence[float]] | None = None,
        head: str = defaults.HEAD,
        output_activation: str = defaults.OUTPUT_ACTIVATION,
        dropout_rate: float = defaults.DROPOUT,
        kernel_l2: float = defaults.BETA,
        preprocessing: dict[str, Any] | None = None,
        scores: Sequence[str] | None = None,
        features: int | None = None,
        views: int = defaults.VIEWS,
        dtype: str | None = None,
        name: str = "score_predictor",
        **kwargs: Any,
    ):
        config, rules = arguments_of(locals()), get_sport(sport)
        scores = tuple(scores or rules.tower_scores)
        known: dict[str, tuple[Any, Sequence[Any]]] = {
            "scores": (scores, (rules.tower_scores, FINAL_ALONE)),
            "head": (head, [*HEADS]),
            "output_activation": (output_activation, ACTIVATIONS),
            "views": (views, VIEWS[:1] if features else VIEWS),
        }
        for argument, (value, choices) in known.items():
            if value not in choices:
                raise unknown_name(argument, value, choices)
        if head != "regression" and output_activation == "relu":
            message = f"output_activation='relu' and head={head!r} exclude each other."
            raise InputError("flags_conflict", message, "Use 'linear'.")
        if head != "regression" and elements and "difficulty" in scores:
            message = f"head={head!r} and elements exclude each other: the difficulty is that of the elements."
            raise InputError("flags_conflict", message)
        tellers = {"element": elements and scores[0], "faults": faults and scores[-1]}
        tells = {score: [name for name in AUXILIARY if tellers[name] == score] for score in scores}
        score_statistics = score_statistics or dict.fromkeys(scores, (0.0, 1.0))
        # === Functional Model ===
        inputs: dict[str, Any] = {}
        said: dict[str, Any] = {}
        expected: dict[str, Any] = {}
        for score in scores:
            length = clip_lengths[0 if score == "difficulty" else 1]
            clip_shape = (length, features) if features else (length, *image_size, 3)
            mean, std = score_statistics[score]
            tower = score_tower(f"{score}_tower", clip_shape, mean, std, config, tells[score])
            inputs[f"{score}_clip"] = keras.Input(clip_shape, dtype=tower.input.dtype, name=f"{score}_clip")
            answer = tower(inputs[f"{score}_clip"])
            if tells[score]:
                said |= {name: answer[name] for name in tells[score]}
                answer = answer["score"]
            if head == "distribution":
                expected[score] = ExpectedScore(mean, std, name=f"{score}_expected", dtype="float32")
                said[f"{score}_distribution"] = answer
            else:
                said[score] = answer
        outputs = _combined(said, scores, expected, rules)
        super().__init__(inputs, outputs, name=name, **kwargs)

        # === Config ===
        self.sport, self.scores, self.views = rules, scores, views
        self._config = config | {
            "sport": kept_form(rules),
            "clip_lengths": tuple(clip_lengths),
            "image_size": tuple(image_size),
            "score_statistics": {score: tuple(score_statistics[score]) for score in scores},
            "scores": scores,
        }

    @property
    def towers(self) -> dict[str, keras.Model]:
        """Score → its tower."""
        return {score: self.get_layer(f"{score}_tower") for score in self.scores}

    @property
    def poolings(self) -> dict[str, tuple[layers.Layer, layers.Layer]]:
        """Score → a clip's `StatisticsPooling` and their `FeatureScaling`, in towers that have them."""
        names = (POOLING, SCALING)
        return {
            score: tuple(map(tower.get_layer, names))
            for score, tower in self.towers.items()
            if any(layer.name == POOLING for layer in tower.layers)
        }

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> dict[str, Any]:
        """The outputs for clips; in training, for a single view."""
        one_view = functools.partial(super().call, training=training, mask=mask)
        return one_view(inputs) if training else self.mean_over_views(inputs, one_view)

    def mean_over_views(self, clips: Mapping[str, Any], score: Callable[[Mapping[str, Any]], Any]) -> dict[str, Any]:
        """Outputs (B, …) for clips (B, T, …), by a function that scores a single view."""
        if self.views == 1:
            return score(clips)
        both = {name: ops.concatenate([clip, ops.flip(clip, axis=-2)]) for name, clip in clips.items()}
        return self._averaged(score(both))

    def with_one_view(self) -> keras.Model:
        """The same network, weights shared, without mirror images."""
        return keras.Model(self.input, self.output, name=self.name)

    def _averaged(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Outputs (B, …) from those (2 · B, …) for two views: the towers' mean counts."""
        # The layers' functions, not the layers: a functional model that this is part of has them once.
        with_distribution = self._config["head"] == "distribution"
        expected = {score: self.get_layer(f"{score}_expected").call for score in self.scores if with_distribution}
        means = {name: ops.mean(ops.reshape(each, (2, -1, *each.shape[1:])), axis=0) for name, each in outputs.items()}
        return _combined(means, self.scores, expected, self.sport)


def _combined(
    said: Mapping[str, Any], scores: Sequence[str], expected: Mapping[str, Any], sport: Sport
) -> dict[str, Any]:
    """All of SP's outputs: scores (B,) or distributions (B, K) from the towers, by name, and what follows from them.

    Two scores make a third by the sport's rule (Eq. 4). `expected` (score → `ExpectedScore`'s function) is empty
    without distributions.
    """
    outputs, variances = dict(said), {}
    for score in scores if expected else ():
        outputs[score], variances[score] = expected[score](said[f"{score}_distribution"])
    if scores == PREDICTED_SCORES:
        parts = [outputs[score] for score in PREDICTED_SCORES]
        outputs["final"] = sport.fuse(*parts)
        if expected:
            variances["final"] = sport.fused_variance(parts, [variances[score] for score in PREDICTED_SCORES])
    return outputs | {f"{score}_std": ops.sqrt(variance) for score, variance in variances.items()}
