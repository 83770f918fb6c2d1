"""SP, score prediction: two C3D towers read Difficulty and Execution from key fragments (§3.2, Eqs. 2–4, Fig. 3)."""

import keras
from keras import layers

from scoringnet_tf.models.c3d import C3D, scaled_width
from scoringnet_tf.models.regressor import regressor
from scoringnet_tf.sports import PREDICTED_SCORES, get_sport


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScoreFusion(layers.Layer):
    """F of Eq. 4: difficulty (B,) and execution (B,) to the final score (B,), by the rule of the sport."""

    def __init__(self, sport, **kwargs):
        super().__init__(**kwargs)
        self.sport = sport

    def call(self, difficulty, execution):
        return get_sport(self.sport).fuse(difficulty, execution)

    def get_config(self):
        return {**super().get_config(), "sport": self.sport}


def score_tower(
    name,
    clip_length,
    image_size,
    mean,
    std,
    *,
    width_multiplier,
    conv_filters,
    fc_units,
    pool_stride,
    output_activation,
    dropout_rate,
    kernel_l2,
    preprocessing,
    dtype,
):
    """One branch of SP: the first twelve layers of C3D, then the score regressor.

    The last of its three fully connected layers works in standard units and starts at N(0, 0.001), so that training
    starts from the mean score.

    Returns:
        A model: clip (B, T, H, W, 3) in 0…255 → score (B,), float32, in points of the sport.
    """
    clip = keras.Input((clip_length, *image_size, 3), dtype="uint8", name="clip")
    c3d = C3D(
        input_shape=(clip_length, *image_size, 3),
        width_multiplier=width_multiplier,
        final_endpoint="conv5b",
        kernel_l2=kernel_l2,
        preprocessing=preprocessing,
        dtype=dtype,
    )
    x = regressor(
        c3d(clip),
        filters=scaled_width(conv_filters, width_multiplier),
        units=scaled_width(fc_units, width_multiplier),
        pool_stride=pool_stride,
        dropout_rate=dropout_rate,
        kernel_l2=kernel_l2,
        dtype=dtype,
    )
    x = layers.Dense(
        1,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
        kernel_regularizer=keras.regularizers.L2(kernel_l2) if kernel_l2 else None,
        name="regressor_fc3",
        dtype="float32",
    )(x)
    x = layers.Reshape((), name="squeeze", dtype="float32")(x)
    score = layers.Rescaling(std, offset=mean, name="to_points", dtype="float32")(x)
    if output_activation == "relu":
        score = layers.ReLU(name="output_relu", dtype="float32")(score)
    return keras.Model(clip, score, name=name)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class ScorePredictor(keras.Model):
    """Two towers of the same structure and separate weights, fused to the final score.

    Call arguments: `{"difficulty_clip": (B, T_d, H, W, 3), "execution_clip": (B, T_e, H, W, 3)}` in 0…255, RGB: key
    fragments resampled to a fixed number of frames (`FragmentSelector`). Returns
    `{"difficulty": (B,), "execution": (B,), "final": (B,)}`, float32, in points of the sport.

    Args:
        sport: key in `sports.SPORTS`; its rule fuses the two scores.
        clip_lengths: (T_d, T_e), m and t of Eqs. 2 and 3, which the paper leaves open. 32 keeps nearly every frame of
            a dive's flight (33 frames in the median of UNLV-Diving).
        image_size: (H, W) of the frames.
        score_statistics: `{"difficulty": (mean, std), "execution": (mean, std)}` of the training scores, in points.
            The towers work in standard units inside and answer in points.
        width_multiplier: scales every layer.
        conv_filters, fc_units: widths in the regressor before the multiplier (§3.2: no numbers).
        pool_stride: of the two poolings of the regressor (§3.2: no number), see `regressor`.
        output_activation: of the third fully connected layer. §3.2 has ReLU after all three: "relu" lets no score fall
            below 0 points. "linear" gives every score a gradient, which ReLU takes from one that has fallen there.
        dropout_rate: after the first two fully connected layers (§3.2: no number). §3.2 has dropout after all three;
            the third gives the score itself, which must not be dropped.
        kernel_l2: β of Eqs. 6–9, on every kernel of both towers.
        preprocessing: of `C3D`, in both towers.
    """

    def __init__(
        self,
        sport="diving",
        clip_lengths=(32, 32),
        image_size=(112, 112),
        score_statistics=None,
        width_multiplier=1.0,
        conv_filters=512,
        fc_units=512,
        pool_stride=2,
        output_activation="linear",
        dropout_rate=0.5,
        kernel_l2=0.0005,
        preprocessing=None,
        dtype=None,
        name="score_predictor",
        **kwargs,
    ):
        if output_activation not in ("linear", "relu"):
            raise ValueError(f"Expected output_activation to be linear or relu. Received: {output_activation!r}")
        score_statistics = score_statistics or {"difficulty": (0.0, 1.0), "execution": (0.0, 1.0)}
        towers = {}
        for score, length in zip(PREDICTED_SCORES, clip_lengths, strict=True):
            mean, std = score_statistics[score]
            towers[score] = score_tower(
                f"{score}_tower",
                length,
                image_size,
                mean,
                std,
                width_multiplier=width_multiplier,
                conv_filters=conv_filters,
                fc_units=fc_units,
                pool_stride=pool_stride,
                output_activation=output_activation,
                dropout_rate=dropout_rate,
                kernel_l2=kernel_l2,
                preprocessing=preprocessing,
                dtype=dtype,
            )

        # === Functional Model ===
        inputs = {
            f"{score}_clip": keras.Input(tower.input.shape[1:], dtype="uint8", name=f"{score}_clip")
            for score, tower in towers.items()
        }
        scores = {score: tower(inputs[f"{score}_clip"]) for score, tower in towers.items()}
        scores["final"] = ScoreFusion(sport, name="final", dtype="float32")(scores["difficulty"], scores["execution"])
        super().__init__(inputs, scores, name=name, **kwargs)

        # === Config ===
        self._config = {
            "sport": sport,
            "clip_lengths": tuple(clip_lengths),
            "image_size": tuple(image_size),
            "score_statistics": {score: tuple(score_statistics[score]) for score in towers},
            "width_multiplier": width_multiplier,
            "conv_filters": conv_filters,
            "fc_units": fc_units,
            "pool_stride": pool_stride,
            "output_activation": output_activation,
            "dropout_rate": dropout_rate,
            "kernel_l2": kernel_l2,
            "preprocessing": preprocessing,
            "dtype": dtype,
        }

    def get_config(self):
        return {**self._config, "name": self.name}
