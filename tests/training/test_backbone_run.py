"""`train --backbone`: what is built, what learns, how it goes on, and what is refused."""

import keras
import numpy as np
import pytest
from command_forks import ROOT, forked
from refusals import refused
from training_runs import assert_same, eagerly, scoring_run, trained_by, weights_after

import scoringnet_tf
from scoringnet_tf.models.backbones.i3d import I3D

JOINT = {"training": "joint", "epochs": 1, "lr_multipliers": {}, "fragment_jitter": 0}


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """The file of a model of images with two convolutions."""
    image = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 4, 4, activation="relu", name="block_1")(image)
    model = keras.Model(image, keras.layers.Conv2D(4, 3, name="block_2")(x))
    path = tmp_path_factory.mktemp("images") / "images.keras"
    model.save(path)
    return path


def of_backbone(model):
    return {v.path.split("backbone/")[-1]: np.asarray(v) for v in model.backbone.variables}


@pytest.mark.slow
def test_a_named_one_is_frozen_unless_it_has_a_rate(diving_records, tmp_path, images):
    for rates, learning in (({}, set()), ({"backbone/block_2": 0.1}, {"block_2"})):
        options = {"backbone": str(images), **JOINT, "lr_multipliers": rates}
        run = eagerly(scoring_run(diving_records, tmp_path / str(len(rates)), **options))
        before = of_backbone(run.model)
        best = scoringnet_tf.ScoringNet.from_preset(trained_by(run))
        after = of_backbone(run.model)
        moved = {name for name in before if (before[name] != after[name]).any()}
        assert {name.split("/")[-2] for name in moved} == learning
        assert best.networks == ("backbone", "segmenter", "score_predictor") and best.scores_learned
        assert any(layer.is_adapted for layer in best._flatten_layers() if layer.name == "feature_scaling")


@pytest.mark.slow
def test_by_the_recipe_the_last_blocks_of_i3d_learn(diving_records, tmp_path):
    path, run = tmp_path / "i3d.keras", tmp_path / "run"
    source = I3D((None, 32, 32, 3), 1 / 16)
    source.save(path)
    tiny = ("--image_size=32,32", "--max_steps=2", "--batch_size=2", "--validation_fraction=0.4", "--precision=float32")
    words = (f"--records_dir={diving_records}", f"--backbone={path}", f"--model_dir={run}", *tiny)
    result = forked("scoringnet_tf.train", f"--flagfile={ROOT / 'recipes/diving_i3d.flags'}", *words)
    assert result.returncode == 0, result.stdout + result.stderr
    model = scoringnet_tf.ScoringNet.from_preset(run / "last.keras")
    layers = [layer for layer in model.backbone.model.layers if layer.weights]
    pairs = {
        layer.name: zip(layer.get_weights(), source.get_layer(layer.name).get_weights(), strict=True)
        for layer in layers
    }
    moved = {name for name, of_layer in pairs.items() if any((new != old).any() for new, old in of_layer)}
    assert moved and all(name.startswith("Mixed_5") for name in moved)


@pytest.mark.slow
def test_a_shared_c3d_learns_from_scratch_in_two_phases_and_goes_on_to_the_bit(diving_records, tmp_path):
    options = {"backbone": "c3d:pool1", "segmentation_epochs": 1, "scoring_epochs": 1, "lr_multipliers": {}}
    once = weights_after(diving_records, tmp_path / "once", **options | {"scoring_epochs": 2})
    weights_after(diving_records, tmp_path / "twice", **options)
    assert_same(once, weights_after(diving_records, tmp_path / "twice", **options | {"scoring_epochs": 2}))


def test_what_excludes_a_backbone_is_named(diving_records, tmp_path, images):
    for code, options in (
        ("unknown_name", {"backbone": "c3d:conv9"}),
        ("unknown_name", {"backbone": str(images), "views": 2}),
        ("flags_conflict", {"backbone": str(images), "stage_network": "resnet50"}),
        ("flags_conflict", {"backbone": str(images), "pretrained": str(ROOT / "saved_models/motion_small/c3d.keras")}),
        ("not_found", {"backbone": f"{tmp_path}/none.keras"}),
        ("unknown_name", {"backbone": "resnet"}),
        ("unknown_name", {"backbone": str(images), "lr_multipliers": {"backbone/block_9": 0.5}}),
        ("unknown_name", {"lr_multipliers": {"backbone": 0.5}}),
        ("untrained_frozen", {"backbone": "c3d:conv2a", "lr_multipliers": {"backbone": 0}}),
    ):
        with refused(code):
            scoring_run(diving_records, tmp_path / "run", **JOINT | options)
    scoring_run(diving_records, tmp_path, **JOINT | {"backbone": str(images), "lr_multipliers": {"backbone": 0}})
