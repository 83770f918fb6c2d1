"""Flags that `train` and `pretrain` share: augmentation, optimizer, precision, seeds. Both adopt them as their own."""

from collections.abc import Mapping
from typing import Any

from absl import flags

from scoringnet_tf import defaults
from scoringnet_tf.support.errors import InputError

# === Augmentation ===
flags.DEFINE_bool("flip", defaults.FLIP, "Mirror videos at random. Not in the paper.")
flags.DEFINE_integer(
    "crop_shift",
    defaults.CROP_SHIFT,
    "The crop lies up to this many pixels from the centre, each way. Not in the paper.",
    0,
)
flags.DEFINE_float("zoom", defaults.ZOOM, "The crop is 1 ± this times as large, and resized. Not in the paper.", 0, 0.5)
flags.DEFINE_float(
    "color_jitter",
    defaults.COLOR_JITTER,
    "Strength of random brightness, contrast and saturation. Not in the paper.",
    0,
    1,
)
flags.DEFINE_float(
    "degradation",
    defaults.DEGRADATION,
    "Strength of random blur and noise, such as encoding leaves. Not in the paper.",
    0,
    1,
)

# === Optimizer ===
flags.DEFINE_float("learning_rate", defaults.LEARNING_RATE, 'Of Adam (§4.2: "10e-4", literally 1e-3).', 0)
flags.DEFINE_float("decay_rate", 0.45, "Factor of the learning rate every --decay_steps (§4.2).", 0.01, 1)
flags.DEFINE_integer("decay_steps", 600, "Iterations between decays (§4.2); 0 never decays.", 0)
flags.DEFINE_integer(
    "warmup_steps", 0, "Iterations over which the learning rate rises to its value. Not in the paper.", 0
)
flags.DEFINE_integer(
    "accumulation_steps",
    1,
    "Batches whose gradients are averaged for one update, to train in less memory; pairs (Eq. 7) are ranked within "
    "each batch. --decay_steps and --warmup_steps count updates. Not in the paper.",
    1,
)
flags.DEFINE_float("clip_norm", 1.0, "Largest norm of the gradient; 0 does not clip. Not in the paper.", 0)
flags.DEFINE_float(
    "ema_momentum",
    0.0,
    "Of a moving average of the weights over the updates of a phase, e.g. 0.99: it is what is validated and kept as a "
    "model, while training goes on from the weights themselves. 0: none. Not in the paper.",
    0,
    0.99999,
)

# === Run ===
flags.DEFINE_integer(
    "patience", 0, "Validations without a better one after which a phase ends; 0 never. Not in the paper.", 0
)
flags.DEFINE_integer(
    "max_steps", 0, "Updates of the weights after which a phase ends, to try settings out; 0: by epochs alone.", 0
)
flags.DEFINE_enum(
    "precision",
    "auto",
    ["auto", "float32", "mixed_bfloat16", "mixed_float16"],
    "auto: mixed_float16 on a GPU, mixed_bfloat16 on a CPU with AMX, else float32. Models are saved in float32.",
)
flags.DEFINE_integer("seed", 0, "Of initialisation, order, augmentation and dropout.", 0, 2**32 - 1)
flags.DEFINE_bool("deterministic", True, "Bitwise repeatable; a little slower on a GPU.")


def check_learning_rate(settings: Mapping[str, Any]) -> None:
    """InputError where the learning rate is 0."""
    if settings["learning_rate"] == 0:
        raise InputError(
            "learning_rate_zero",
            "--learning_rate=0: nothing would be learned.",
            "Use a rate above 0.",
        )
