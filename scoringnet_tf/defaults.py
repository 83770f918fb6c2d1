"""Defaults for models, losses and augmentation: one table that Python's arguments and flags read.

The paper's where it has one (§); what is done otherwise, and why, is in docs/paper.md.
"""

from scoringnet_tf.sports import SPORTS, SportForm, get_sport

# === Model ===
IMAGE_SIZE = (112, 112)  # height, width; §3.1 gives none: C3D's
CLIP_LENGTH = 16  # of C3D on its own
WIDTH_MULTIPLIER = 1.0
CLIP_LENGTHS = (32, 32)  # m, t of Eqs. 2 and 3, without a number
STAGE_NETWORK = "c3d_bi_lstm"  # §3.1
LSTM_UNITS = 512  # per direction; this and the widths below: no number in the paper
SEGMENTER_FC_UNITS = 512
SEGMENTER_DROPOUT = 0.5
CONV_FILTERS = 512
FC_UNITS = 512
POOL_STRIDE = 2
OUTPUT_ACTIVATION = "linear"  # §3.2: relu
HEAD = "regression"  # §3.2
DROPOUT = 0.5  # §3.2, without a rate
DECODING = "argmax"  # §4.3
VIEWS = 1
BETA = 0.0005  # §4.2

# === Losses ===
ALPHA = 5.0  # §4.2, of diving; and of what the paper does not know
ALPHA_OF = {"vault": 10.0}  # §4.2
MARGIN = 0.5  # δ of Eq. 7, without a number
SCORE_SIGMA = 0.3
PAIR_REDUCTION = "sum"  # Eq. 7
TIES = "skip"  # Eq. 7 as printed: constant
STAGE_LOSS = "categorical"  # Eq. 5 is called so

# === Training ===
FRAGMENTS = "true"
FRAGMENT_JITTER = 0
LEARNING_RATE = 1e-3  # §4.2: "10e-4"
MAX_START_SHIFT = 5  # §4.2; the paper has none of the others
FLIP = True
CROP_SHIFT = 6
ZOOM = 0.0
COLOR_JITTER = 0.2
DEGRADATION = 0.0


def alpha_of(sport: SportForm) -> float:
    """α of Eqs. 8 and 9 for a sport; one's own has the general one."""
    rules = get_sport(sport)
    return ALPHA_OF.get(rules.name, ALPHA) if SPORTS.get(rules.name) == rules else ALPHA
