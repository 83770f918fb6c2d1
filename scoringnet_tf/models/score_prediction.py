"""SP, score prediction: two C3D towers read Difficulty and Execution from key fragments (§3.2, Eqs. 2–4, Fig. 3)."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf import defaults, losses
from scoringnet_tf.models.backbones.c3d import C3D, scaled_width
from scoringnet_tf.models.frames import Functional
from scoringnet_tf.models.layers import FeatureScaling
from scoringnet_tf.models.regressor import regressor, sequence_regressor
from scoringnet_tf.sports import FINAL_ALONE, PREDICTED_SCORES, SportForm, get_sport, kept_form
from scoringnet_tf.support.errors import InputError, unknown_name


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScoreFusion(layers.Layer):
    """F of Eq. 4: difficulty (B,) and execution (B,) to the final score (B,), by the rule of the sport."""

    def __init__(self, sport: SportForm, **kwargs: Any):
        super().__init__(**kwargs)
        self.sport = get_sport(sport)

    def call(self, difficulty: Any, execution: Any) -> Any:
        return self.sport.fuse(difficulty, execution)

    def variance(self, scores: Sequence[Any], variances: Sequence[Any]) -> Any:
        """Variance (B,) of the final score, of those of its parts, see `Sport.fused_variance`."""
        return self.sport.fused_variance(scores, variances)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sport": kept_form(self.sport)}


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ExpectedScore(layers.Layer):
    """Mean and variance of a score distribution (B, K) over `losses.score_bins`, in points: (B,) and (B,).

    Args:
        mean, std: of the training scores, points.
    """

    def __init__(self, mean: float, std: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.center, self.std = float(mean), float(std)

    def call(self, probabilities: Any) -> tuple[Any, Any]:
        expected, variance = losses.distribution_moments(probabilities)
        return self.center + self.std * expected, self.std**2 * variance

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.center, "std": self.std}


HEADS = ("regression", "distribution")


def score_tower(
    name: str,
    clip_shape: Sequence[int],
    mean: float,
    std: float,
    *,
    width_multiplier: float,
    conv_filters: int,
    fc_units: int,
    pool_stride: int,
    head: str,
    output_activation: str,
    dropout_rate: float,
    kernel_l2: float,
    preprocessing: Mapping[str, Any] | None,
    dtype: str | None,
) -> keras.Model:
    """One branch of SP: the first twelve layers of C3D, or features in their place, then the score regressor.

    The last of its three fully connected layers works in standard units and starts at N(0, 0.001), so that training
    starts from the mean score, or from equal chances of all.

    Args:
        clip_shape: (T, H, W, 3) of frames, or (T, D) of features.

    Returns:
        A model: clip (B, *clip_shape) → score (B,), float32, in points of the sport; with `head="distribution"` the
        probabilities (B, K) of `losses.score_bins`.
    """
    widths: dict[str, Any] = {
        "filters": scaled_width(conv_filters, width_multiplier),
        "units": scaled_width(fc_units, width_multiplier),
        "pool_stride": pool_stride,
        "dropout_rate": dropout_rate,
        "kernel_l2": kernel_l2,
    }
    if len(clip_shape) == 2:
        clip = keras.Input(clip_shape, dtype="float32", name="clip")
        x = sequence_regressor(FeatureScaling(name="feature_scaling", dtype="float32")(clip), **widths)
    else:
        clip = keras.Input(clip_shape, dtype="uint8", name="clip")
        c3d = C3D(
            input_shape=clip_shape,
            width_multiplier=width_multiplier,
            final_endpoint="conv5b",
            kernel_l2=kernel_l2,
            preprocessing=preprocessing,
            dtype=dtype,
        )
        x = regressor(c3d(clip), **widths, dtype=dtype)
    x = layers.Dense(
        1 if head == "regression" else losses.NUM_BINS,
        activation=None if head == "regression" else "softmax",
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
        kernel_regularizer=keras.regularizers.L2(kernel_l2) if kernel_l2 else None,
        name="regressor_fc3",
        dtype="float32",
    )(x)
    if head == "distribution":
        return Functional(clip, x, name=name)
    x = layers.Reshape((), name="squeeze", dtype="float32")(x)
    score = layers.Rescaling(std, offset=mean, name="to_points", dtype="float32")(x)
    if output_activation == "relu":
        score = layers.ReLU(name="output_relu", dtype="float32")(score)
    return Functional(clip, score, name=name)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScorePredictor(Functional):
    """Two towers of the same structure and separate weights, fused to the final score; or one for the final score.

    Call arguments: `{"difficulty_clip": (B, T_d, H, W, 3), "execution_clip": (B, T_e, H, W, 3)}` uint8, RGB: key
    fragments resampled to a fixed number of frames (`FragmentSelector`). Returns
    `{"difficulty": (B,), "execution": (B,), "final": (B,)}`, float32, in points of the sport.

    With `scores=("final",)` it is `{"final_clip": (B, T_e, H, W, 3)}` and `{"final": (B,)}`. With `features` a clip is
    (B, T, D) float32, features in place of C3D's. With `head="distribution"` there are also, for every score of a
    tower, `"difficulty_distribution"` (B, K), the probabilities of `losses.score_bins`, and for every score
    `"difficulty_std"` (B,), its standard deviation in points: how sure the model is. A score is then the mean of its
    distribution; the final score's deviation is that of the fusion of two that err independently.

    Args:
        sport: as of `ScoringNet`; its rule fuses the two scores.
        scores: `("difficulty", "execution")`, or `("final",)` where nothing else is known (AQA-7): one tower. None: the
            former, unless the sport has a final score alone.
        clip_lengths: (T_d, T_e), m and t of Eqs. 2 and 3, which the paper leaves open. 32 keeps nearly every frame of
            a dive's flight (33 frames in the median of UNLV-Diving).
        image_size: (H, W) of the frames.
        features: D; None for frames.
        score_statistics: `{"difficulty": (mean, std), "execution": (mean, std)}` of the training scores, in points.
            The towers work in standard units inside and answer in points.
        width_multiplier: scales every layer.
        conv_filters, fc_units: widths in the regressor before the multiplier (§3.2: no numbers).
        pool_stride: of the two poolings of the regressor (§3.2: no number), see `regressor`.
        head: `"regression"` is the paper's; `"distribution"` predicts the probability of every score (USDL, CVPR 2020).
        output_activation: of the third fully connected layer. §3.2 has ReLU after all three: "relu" lets no score fall
            below 0 points. "linear" gives every score a gradient, which ReLU takes from one that has fallen there.
        dropout_rate: after the first two fully connected layers (§3.2: no number), and of features. §3.2 has dropout
            after all three; the third gives the score itself, which must not be dropped.
        kernel_l2: β of Eqs. 6–9, on every kernel of both towers.
        preprocessing: of `C3D`, in both towers.

    Raises:
        InputError: other scores, another head or output_activation (`unknown_name`); "relu" on a distribution.
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
        head: str = defaults.HEAD,
        output_activation: str = defaults.OUTPUT_ACTIVATION,
        dropout_rate: float = defaults.DROPOUT,
        kernel_l2: float = defaults.BETA,
        preprocessing: dict[str, Any] | None = None,
        scores: Sequence[str] | None = None,
        features: int | None = None,
        dtype: str | None = None,
        name: str = "score_predictor",
        **kwargs: Any,
    ):
        rules = get_sport(sport)
        scores = tuple(scores or rules.tower_scores)
        _check_choice("scores", scores, dict.fromkeys((rules.tower_scores, FINAL_ALONE)))
        _check_choice("head", head, HEADS)
        _check_choice("output_activation", output_activation, ("linear", "relu"))
        if head == "distribution" and output_activation == "relu":
            raise InputError(
                "flags_conflict",
                "output_activation='relu' and head='distribution' exclude each other.",
                "Use 'linear'.",
            )
        score_statistics = score_statistics or dict.fromkeys(scores, (0.0, 1.0))
        towers = {}
        for score in scores:
            length = clip_lengths[0 if score == "difficulty" else 1]
            towers[score] = score_tower(
                f"{score}_tower",
                (length, features) if features else (length, *image_size, 3),
                *score_statistics[score],
                width_multiplier=width_multiplier,
                conv_filters=conv_filters,
                fc_units=fc_units,
                pool_stride=pool_stride,
                head=head,
                output_activation=output_activation,
                dropout_rate=dropout_rate,
                kernel_l2=kernel_l2,
                preprocessing=preprocessing,
                dtype=dtype,
            )

        # === Functional Model ===
        inputs = {
            f"{score}_clip": keras.Input(tower.input.shape[1:], dtype=tower.input.dtype, name=f"{score}_clip")
            for score, tower in towers.items()
        }
        found = {score: tower(inputs[f"{score}_clip"]) for score, tower in towers.items()}
        expected = {
            score: ExpectedScore(*score_statistics[score], name=f"{score}_expected", dtype="float32")
            for score in scores
            if head == "distribution"
        }
        fusion = ScoreFusion(sport, name="final", dtype="float32") if scores == PREDICTED_SCORES else None
        outputs = _combined(found, expected, fusion, fusion and fusion.variance)
        super().__init__(inputs, outputs, name=name, **kwargs)

        # === Config ===
        self._config: dict[str, Any] = {
            "sport": kept_form(rules),
            "clip_lengths": tuple(clip_lengths),
            "image_size": tuple(image_size),
            "score_statistics": {score: tuple(score_statistics[score]) for score in scores},
            "width_multiplier": width_multiplier,
            "conv_filters": conv_filters,
            "fc_units": fc_units,
            "pool_stride": pool_stride,
            "head": head,
            "output_activation": output_activation,
            "dropout_rate": dropout_rate,
            "kernel_l2": kernel_l2,
            "preprocessing": preprocessing,
            "scores": scores,
            "features": features,
            "dtype": dtype,
        }

    @property
    def scores(self) -> tuple[str, ...]:
        """The scores that have a tower."""
        return self._config["scores"]

    @property
    def towers(self) -> dict[str, keras.Model]:
        """Score → its tower."""
        return {score: self.get_layer(f"{score}_tower") for score in self.scores}

    def of_towers(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """What the towers say, of all outputs: score → (B,), or its distribution (B, K)."""
        suffix = "_distribution" if self._config["head"] == "distribution" else ""
        return {score: outputs[f"{score}{suffix}"] for score in self.scores}

    def combined(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """All outputs, of what the towers say as `of_towers` gives it."""
        # The layers' functions, not the layers: a functional model that this is part of has them once.
        with_distribution = self._config["head"] == "distribution"
        expected = {score: self.get_layer(f"{score}_expected").call for score in self.scores if with_distribution}
        if self.scores != PREDICTED_SCORES:
            return _combined(found, expected, None, None)
        fusion = self.get_layer("final")
        return _combined(found, expected, fusion.call, fusion.variance)

    def get_config(self) -> dict[str, Any]:
        return {**self._config, "name": self.name}


def _combined(found, expected, fuse, fused_variance):
    """All outputs of SP: scores, and of distributions what follows from them.

    Args:
        found: score → (B,), or its distribution (B, K), of each tower.
        expected: score → function of a distribution, `ExpectedScore`; of distributions.
        fuse, fused_variance: functions of two scores, of `ScoreFusion`; None of one.
    """
    outputs, variances = dict(found), {}
    for score, moments in expected.items():
        outputs[f"{score}_distribution"] = found[score]
        outputs[score], variances[score] = moments(found[score])
    if fuse is not None:
        parts = [outputs[score] for score in PREDICTED_SCORES]
        outputs["final"] = fuse(*parts)
        if variances:
            variances["final"] = fused_variance(parts, [variances[score] for score in PREDICTED_SCORES])
    return outputs | {f"{score}_std": ops.sqrt(variance) for score, variance in variances.items()}


def _check_choice(what, value, known):
    if value not in known:
        raise unknown_name(what, value, known)
