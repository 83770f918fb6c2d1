"""KFS, key fragment segmentation: a stage for every frame in an untrimmed video (§3.1, Eq. 1, Fig. 2)."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from scoringnet_tf import defaults
from scoringnet_tf.models.backbones.c3d import C3D, scaled_width
from scoringnet_tf.models.layers import Dropout, FeatureScaling
from scoringnet_tf.models.lstm import LSTM
from scoringnet_tf.models.saving import Functional, arguments_of
from scoringnet_tf.models.segmenters import STAGE_NETWORKS, ed_tcn, resnet50, tcn
from scoringnet_tf.sports import SportForm, get_sport, kept_form
from scoringnet_tf.support.messages import unknown_name


def video_inputs(image_size: Sequence[int], features: int | None = None) -> dict[str, keras.KerasTensor]:
    """Inputs for whole videos: `{"frames" | "features", "mask"}`, see `KeyFragmentSegmenter`."""
    content = (
        {"features": keras.Input((None, features), dtype="float32", name="features")}
        if features
        else {"frames": keras.Input((None, *image_size, 3), dtype="uint8", name="frames")}
    )
    return {**content, "mask": keras.Input((None,), dtype="bool", name="mask")}


def channel_means(vectors: Any, channels: int) -> Any:
    """The mean (B, L, C) over places in vectors (B, L, H' · W' · C) from a trunk with C channels."""
    places = layers.Reshape((-1, vectors.shape[-1] // channels, channels), name="places", dtype="float32")
    return ops.mean(places(vectors), axis=2)


@keras.saving.register_keras_serializable(package="scoringnet_tf")
class KeyFragmentSegmenter(Functional):
    """C3D without temporal pooling, flattened per frame, then a Bi-LSTM and two fully connected layers.

    Call arguments: `{"frames": uint8 (B, L, H, W, 3) RGB, "mask": bool (B, L), true for real frames}`, or
    `{"features": (B, L, D) float32, "mask"}`. L is free; padding on the right changes nothing for the real frames.
    Returns stage probabilities (B, L, S), float32, ordered as `sports.Sport.stages`.

    Args:
        sport: as for `ScoringNet`.
        features: D; None for frames.
        image_size: the frames' (H, W). 112×112 makes 4·4·512 = 8192 entries per frame; the paper's "4096" corresponds
            to 64×128 (§3.1: no input size).
        width_multiplier: scales C3D, the Bi-LSTM and the fully connected layer.
        lstm_units: units per direction before the multiplier (§3.1: no number).
        fc_units: first fully connected layer's width before the multiplier (§3.1: no number).
        dropout_rate: after the first fully connected layer (§3.1 has none), or the TCN's convolutions.
        preprocessing: for `C3D`.
        network: in `segmenters.STAGE_NETWORKS`. For comparison (Fig. 4) `"c3d"` leaves the Bi-LSTM out,
            `"c3d_ed_tcn"` has an ED-TCN and one fully connected layer in its place, `"resnet50"` sees frame by frame.
            `"tcn"`, for film, has a TCN and one fully connected layer in its place.
        dtype: C3D's dtype policy; the Bi-LSTM and the classifier are float32.

    Raises:
        InputError: another network, or ResNet50 for features (`unknown_name`).
    """

    def __init__(
        self,
        sport: SportForm = "diving",
        image_size: Sequence[int] = defaults.IMAGE_SIZE,
        width_multiplier: float = defaults.WIDTH_MULTIPLIER,
        lstm_units: int = defaults.LSTM_UNITS,
        fc_units: int = defaults.SEGMENTER_FC_UNITS,
        dropout_rate: float = defaults.SEGMENTER_DROPOUT,
        preprocessing: dict[str, Any] | None = None,
        features: int | None = None,
        network: str = defaults.STAGE_NETWORK,
        dtype: str | None = None,
        name: str = "segmenter",
        **kwargs: Any,
    ):
        config = arguments_of(locals())
        if network not in STAGE_NETWORKS or (features and network == "resnet50"):
            raise unknown_name("network", network, STAGE_NETWORKS[: -1 if features else None])
        rules = get_sport(sport)
        inputs = video_inputs(image_size, features)

        # === Functional Model ===
        # 1. A vector for every frame
        if features:
            x = FeatureScaling(name="feature_scaling", dtype="float32")(inputs["features"])
        elif network == "resnet50":
            x = resnet50(inputs["frames"], inputs["mask"])
        else:
            c3d = C3D(
                input_shape=(None, *image_size, 3),
                width_multiplier=width_multiplier,
                temporal_pooling=False,
                masked=True,
                preprocessing=preprocessing,
                dtype=dtype,
            )
            x = c3d(inputs)
            x = layers.Reshape((-1, x.shape[2] * x.shape[3] * x.shape[4]), name="flatten", dtype="float32")(x)
        # 2. What surrounds it in time
        if network == "c3d_bi_lstm":
            lstm = LSTM(scaled_width(lstm_units, width_multiplier), return_sequences=True, dtype="float32")
            x = layers.Bidirectional(lstm, name="bi_lstm", dtype="float32")(x, mask=inputs["mask"])
        if network == "c3d_ed_tcn":
            x = ed_tcn(x, inputs["mask"])
        if network == "tcn":
            x = tcn(x, inputs["mask"], dropout_rate)
        # 3. The classifier
        if network in ("c3d_bi_lstm", "c3d"):
            units = scaled_width(fc_units, width_multiplier)
            x = layers.Dense(units, "relu", kernel_initializer="he_normal", name="fc1", dtype="float32")(x)
            x = Dropout(dropout_rate, name="fc1_dropout", dtype="float32")(x)
        x = layers.Dense(rules.num_stages, "softmax", name="fc2", dtype="float32")(x)
        super().__init__(inputs, x, name=name, **kwargs)

        # === Config ===
        self.network = network
        self._config = config | {"sport": kept_form(rules), "image_size": tuple(image_size)}

    @property
    def channels(self) -> int:
        """C, the channels in its trunk's last layer."""
        return self.get_layer("flatten" if self.network == "resnet50" else "c3d").output.shape[-1]

    def with_features(self) -> keras.Model:
        """The same network, weights shared, with two outputs: `stages`, and `features` (B, L, D) float32.

        `features` are channel means in its trunk's last layer, or the input's features.
        """
        if self._config["features"]:
            features = self.input["features"]
        else:
            features = channel_means(self.get_layer("flatten").output, self.channels)
        return Functional(self.input, {"stages": self.output, "features": features})
