"""`diving.flags` and `vault.flags` are the paper's experiment: held against a table of its settings."""

import itertools
import pathlib
import re

import pytest
from training_runs import defined_flags

ROOT = pathlib.Path(__file__).parents[1]
SAYS, SILENT = (
    "# === What the paper says ===",
    "# === What the paper says in two ways, or does not say: our reading, and why ===",
)

# Flag → value, of what §3–§4 say or leave out by describing all there is.
PAPER = {
    "max_start_shift": "5",  # §4.2
    "flip": "False",  # §4.2: all videos are augmented by shifting the start frame
    "crop_shift": "0",
    "zoom": "0",
    "color_jitter": "0",
    "degradation": "0",
    "fragment_jitter": "0",
    "stage_loss": "categorical",  # Eq. 5 as it is called
    "loss_units": "points",  # Eqs. 6 and 7 as they stand
    "pair_reduction": "sum",  # Eq. 7
    "ties": "constant",  # Eq. 7: sign(0) = 0 leaves δ
    "beta": "0.0005",  # §4.2
    "training": "joint",  # Eq. 10
    "decay_rate": "0.45",  # §4.2
    "decay_steps": "600",  # §4.2
    "clip_norm": "0",
    "rates": "",
    "freeze": "",
    "ema_momentum": "0",
    "patience": "0",
    "validation_fraction": "0",  # §4.1: training and test videos, no others
    "width_multiplier": "1",  # §3.1, §3.2
    "stage_network": "c3d_bi_lstm",  # §3.1
    "decoding": "argmax",  # §4.3: the frames of the same class form a fragment
    "views": "1",
    "scores": "parts",  # §3.2: two branches
    "head": "regression",  # §3.2: to one number
    "output_activation": "relu",  # §3.2: three fully connected layers, followed by ReLU
}
BY_SPORT = {  # §4.2: α; §4.3: the fragments
    "diving.flags": {"alpha": "5", "difficulty_fragment": "take-flight", "execution_fragment": "take-flight,entry"},
    "vault.flags": {
        "alpha": "10",
        "difficulty_fragment": "posting-flight",
        "execution_fragment": "posting-flight,landing",
    },
}
# Ours, each with a comment above it: §3–§4 give no value, or two.
OURS = {
    *(
        "learning_rate",
        "warmup_steps",
        "image_size",
        "margin",
        "batch_size",
        "epochs",
        "segmenter_dropout",
        "dropout",
        "lstm_units",
    ),
    *("segmenter_fc_units", "conv_filters", "fc_units", "pool_stride", "clip_lengths", "fragments"),
    *("accumulation_steps", "precision"),
}
# Which data, where to, from which weights, how long to try; and epochs of staged training, which this is not.
NOT_SETTINGS = {
    "score_sigma",  # of --head=distribution alone
    *("records_dir", "model_dir", "pretrained", "initial_model", "segmenter", "resnet50_weights", "max_steps", "seed"),
    *("deterministic", "replicas", "data_service", "training_ids", "test_scores"),
    *("segmentation_epochs", "scoring_epochs", "validation_every", "shuffle_labels", "reference"),
}


def block(text, start, end=None):
    """Flag → value of the lines between two headings."""
    part = text[text.index(start) : text.index(end) if end else None]
    lines = [line for line in part.splitlines() if line.startswith("--")]
    found = [re.fullmatch(r"--(\w+)(?:=(.*))?", line).groups() for line in lines]
    assert len({name for name, _ in found}) == len(found)
    return dict((name, value) if value is not None else (name.removeprefix("no"), "False") for name, value in found)


@pytest.mark.parametrize("name", BY_SPORT)
def test_the_paper_is_followed_to_the_letter(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert block(text, SAYS, SILENT) == {**PAPER, **BY_SPORT[name]}
    assert set(block(text, SILENT)) == OURS


@pytest.mark.parametrize("name", BY_SPORT)
def test_every_reading_of_ours_has_its_reason(name):
    """Flags of a group follow a comment."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = text[text.index(SILENT) :].splitlines()[1:]
    assert lines[0].startswith("# ")
    for before, line in itertools.pairwise(lines):
        assert line.startswith(("# ", "--")) and (line.startswith("# ") or before.startswith(("# ", "--")))


def test_nothing_that_changes_the_experiment_is_left_to_a_default():
    assert set(defined_flags("scoringnet_tf.train")) == {*PAPER, *BY_SPORT["diving.flags"], *OURS, *NOT_SETTINGS}
