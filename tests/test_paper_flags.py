"""`diving.flags` and `vault.flags` are the paper's experiment: held against a table of its settings."""

import re

import pytest
from command_forks import ROOT

from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.fields import all_fields, flat, to_json, with_values

SAYS, SILENT = (
    "# === What the paper says ===",
    "# === What the paper says in two ways, or does not say: our reading, and why ===",
)

# Field of the configuration → value, of what §3–§4 say or leave out by describing all there is.
PAPER = {
    "augmentation.max_start_shift": 5,  # §4.2
    "augmentation.flip": False,  # §4.2: all videos are augmented by shifting the start frame
    "augmentation.crop_shift": 0,
    "augmentation.zoom": 0,
    "augmentation.color_jitter": 0,
    "augmentation.degradation": 0,
    "model.fragments.jitter": 0,
    "loss.stages": "categorical",  # Eq. 5 as it is called
    "loss.units": "points",  # Eqs. 6 and 7 as they stand
    "loss.pair_reduction": "sum",  # Eq. 7
    "loss.ties": "constant",  # Eq. 7: sign(0) = 0 leaves δ
    "loss.beta": 0.0005,  # §4.2
    "schedule": "joint",  # Eq. 10
    "optimizer.decay_rate": 0.45,  # §4.2
    "optimizer.decay_steps": 600,  # §4.2
    "optimizer.clip_norm": 0,
    "optimizer.lr_multipliers": {},
    "optimizer.ema_momentum": 0,
    "run.patience": 0,
    "data.validation_fraction": 0,  # §4.1: training and test videos, no others
    "model.width_multiplier": 1,  # §3.1, §3.2
    "model.fragments.network": "c3d_bi_lstm",  # §3.1
    "model.fragments.decoding": "argmax",  # §4.3: the frames of the same class form a fragment
    "model.views": 1,
    "model.scores": "parts",  # §3.2: two branches
    "model.head": "regression",  # §3.2: to one number
    "model.head.output_activation": "relu",  # §3.2: three fully connected layers, followed by ReLU
}
DIFFICULTY, EXECUTION = "model.fragments.difficulty", "model.fragments.execution"
BY_SPORT = {  # §4.2: α; §4.3: the fragments
    "diving.flags": {"loss.alpha": 5, DIFFICULTY: ["take-flight"], EXECUTION: ["take-flight", "entry"]},
    "vault.flags": {"loss.alpha": 10, DIFFICULTY: ["posting-flight"], EXECUTION: ["posting-flight", "landing"]},
}
# Ours, each with a comment above it: §3–§4 give no value, or two.
OURS = {
    *("optimizer.learning_rate", "optimizer.warmup_steps", "optimizer.accumulation_steps", "data.image_size"),
    *("loss.ranking_margin", "data.batch_size", "schedule.epochs", "run.precision", "model.dropout"),
    *(f"model.fragments.network.{name}" for name in ("dropout", "lstm_units", "fc_units")),
    *("model.conv_filters", "model.fc_units", "model.pool_stride", "model.clip_lengths", "model.fragments"),
}
# Which data, where to, from which weights, how long to try.
NOT_SETTINGS = {
    *("data.records_dir", "data.cache", "data.shuffle_labels", "data.validation_every", "start"),
    *(f"run.{name}" for name in ("model_dir", "seed", "deterministic", "max_steps", "replicas")),
    "run.reference",
    *("model.auxiliary", "model.statistics", "data.joint_noise"),  # of features alone
}
THE_PAPERS = {"model.backbone": "c3d"}  # what the default means: three C3Ds (§3, Fig. 1)
FIELDS = {path: (about, hint) for path, about, hint, _ in all_fields(TrainingConfig)}
PATH_OF = {about.flag: path for path, (about, _) in FIELDS.items() if about.flag}


def block(text, start, end=None):
    """Path → value of the lines between two headings."""
    part = text[text.index(start) : text.index(end) if end else None]
    lines = [re.fullmatch(r"--(?:set=)?([\w.]+)=(.*)", line) for line in part.splitlines() if line.startswith("--")]
    values = {PATH_OF.get(line[1], line[1]): line[2] for line in lines}
    assert len(values) == len(lines)
    return values


def read(values):
    """JSON of the configuration that these values make, by path."""
    config, unused = with_values(TrainingConfig(), values)
    assert not unused
    return flat(to_json(config), TrainingConfig)


@pytest.mark.parametrize("name", BY_SPORT)
def test_the_paper_is_followed_to_the_letter(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    values = block(text, SAYS, SILENT)
    config, expected = read(values), {**PAPER, **BY_SPORT[name]}
    assert values.keys() == expected.keys()
    assert {path: config[path] for path in expected} == expected
    assert set(block(text, SILENT)) == OURS


def test_nothing_that_changes_the_experiment_is_left_to_a_default():
    config = read(block((ROOT / "diving.flags").read_text(encoding="utf-8"), SAYS))
    assert config.keys() == {*PAPER, *BY_SPORT["diving.flags"], *OURS, *NOT_SETTINGS, *THE_PAPERS}
    assert {path: config[path] for path in THE_PAPERS} == THE_PAPERS
