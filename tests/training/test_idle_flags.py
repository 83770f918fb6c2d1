"""Flags of `train` and `pretrain` that change nothing beside others are known, and those that are given are named."""

from types import SimpleNamespace

import pytest
from absl import flags
from training_runs import pretraining_settings, settings

from scoringnet_tf.training import idle_flags

STAGED_EPOCHS = ("segmentation_epochs", "scoring_epochs")
UNSPLIT = SimpleNamespace(splits={"train": {}, "test": {}}, features=None)
SPLIT = SimpleNamespace(splits={"train": {}, "validation": {}, "test": {}}, features=None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"training": "staged"}, {"epochs": "--training=staged", "score_sigma": "--head=regression"}),
        ({"training": "joint", "head": "distribution"}, dict.fromkeys(STAGED_EPOCHS, "--training=joint")),
        (
            {"training": "staged", "head": "distribution", "segmenter": "m"},
            {"epochs": "--training=staged"}
            | dict.fromkeys(("segmentation_epochs", "stage_loss", "segmenter_dropout"), "--segmenter"),
        ),
        (
            {"training": "joint", "head": "distribution", "alpha": 0.0, "decay_steps": 0},
            dict.fromkeys(STAGED_EPOCHS, "--training=joint")
            | dict.fromkeys(("margin", "ties", "pair_reduction"), "--alpha=0")
            | {"decay_rate": "--decay_steps=0"},
        ),
        (
            {"training": "staged", "head": "distribution", "stage_network": "c3d"},
            {"epochs": "--training=staged", "lstm_units": "--stage_network=c3d"},
        ),
        (
            {"training": "staged", "head": "distribution", "stage_network": "resnet50"},
            {"epochs": "--training=staged"}
            | dict.fromkeys(("lstm_units", "segmenter_fc_units", "segmenter_dropout"), "--stage_network=resnet50"),
        ),
        (
            {"training": "staged", "head": "distribution", "segmentation_epochs": 0},
            {"epochs": "--training=staged"}
            | dict.fromkeys(("stage_loss", "segmenter_dropout"), "--segmentation_epochs=0"),
        ),
        (
            {"training": "staged", "head": "distribution", "validation_fraction": 0.0},
            {"epochs": "--training=staged", "validation_every": "--validation_fraction=0"},
        ),
        (
            {"training": "staged", "head": "distribution", "scoring_epochs": 0},
            {"epochs": "--training=staged"}
            | dict.fromkeys(
                (
                    *(
                        "alpha",
                        "beta",
                        "loss_units",
                        "margin",
                        "ties",
                        "pair_reduction",
                        "fragments",
                        "fragment_jitter",
                        "test_scores",
                    ),
                    *("reference", "training_ids"),
                ),
                "--scoring_epochs=0",
            ),
        ),
    ],
)
def test_of_train(changes, expected, tmp_path):
    assert idle_flags.of_scoring(UNSPLIT, settings(tmp_path, tmp_path, **changes)) == expected
    whole = idle_flags.of_scoring(UNSPLIT, settings(tmp_path, tmp_path, **changes, fragments="whole"))
    assert whole.keys() >= expected.keys() | {"stage_network", "lstm_units", "decoding", "stage_loss"}


def test_a_rate_of_kfs_alone_is_of_no_use_to_one_that_does_not_learn(tmp_path):
    given = {"segmentation_epochs": 0, "initial_model": "m"}
    for rates, expected in ((["kfs:3"], "--segmentation_epochs=0"), (["kfs:3", "c3d:0.1"], None), ([], None)):
        found = idle_flags.of_scoring(UNSPLIT, settings(tmp_path, tmp_path, **given, rates=rates))
        assert found.get("rates") == expected


def test_records_of_features_have_no_pixels(tmp_path):
    info = SimpleNamespace(splits=UNSPLIT.splits, features={"size": 4})
    found = idle_flags.of_scoring(info, settings(tmp_path, tmp_path))
    pixels = {"flip", "crop_shift", "zoom", "color_jitter", "degradation", "image_size"}
    assert {name for name, beside in found.items() if beside == "records of features"} == pixels


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"clips_per_video": "--clip_sampling=whole", "pool_stride": "--top=fc"}),
        ({"clip_sampling": "consecutive", "top": "regressor"}, {}),
        ({"clip_sampling": "consecutive", "top": "regressor", "decay_steps": 0}, {"decay_rate": "--decay_steps=0"}),
    ],
)
def test_of_pretrain(changes, expected, tmp_path):
    given = pretraining_settings(tmp_path, **changes)
    assert idle_flags.of_pretraining(UNSPLIT, given) == expected
    of_records = {"validation_fraction": "the records' own validation split"}
    assert idle_flags.of_pretraining(SPLIT, given) == expected | of_records


def test_records_with_a_validation_split_hold_nothing_else_out(tmp_path):
    found = idle_flags.of_scoring(SPLIT, settings(tmp_path, tmp_path))
    assert found["validation_fraction"] == "the records' own validation split"
    assert "validation_every" not in idle_flags.of_scoring(SPLIT, settings(tmp_path, tmp_path, validation_fraction=0.0))
    assert "validation_fraction" not in idle_flags.of_scoring(UNSPLIT, settings(tmp_path, tmp_path))


def test_those_that_are_given_are_said(monkeypatch, capsys):
    """A default is nobody's wish."""
    given = flags.FlagValues()
    for name in ("pool_stride", "clips_per_video"):
        flags.DEFINE_integer(name, 2, "Of this test.", flag_values=given)
    given(["pretrain", "--pool_stride=1"])
    monkeypatch.setattr(flags, "FLAGS", given)
    idle_flags.say({"pool_stride": "--top=fc", "clips_per_video": "--clip_sampling=whole"})
    assert capsys.readouterr().out == "--pool_stride=1 changes nothing beside --top=fc.\n"
