"""Fig. 6, of small models of random weights on the tiny records: what is chosen and drawn."""

import keras
import numpy as np
import pytest
from table_runs import commands, surroundings  # noqa: F401

import scoringnet_tf
from scoringnet_tf.experiments import feature_maps, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS
from scoringnet_tf.experiments.training import Training
from scoringnet_tf.models.settings import merged

FIG6 = EXPERIMENTS["fig6"]
OPTIONS = {"image_size": (32, 32), "width_multiplier": 1 / 16, "score_predictor": {"clip_lengths": (4, 4)}}


def test_the_chosen_video_and_frame_are_of_known_scores_and_stages(surroundings):  # noqa: F811
    """Test videos 1 to 3 have difficulties 2.8, 2.9 and 3.0 (`write_unlv_diving`); the last is nearest to 3.7."""
    info = surroundings.records
    assert feature_maps.chosen_video(info) == "003"
    assert feature_maps.chosen_frame(np.repeat([1, 2, 3, 0], [4, 5, 6, 5]), [2]) == 6
    assert feature_maps.chosen_frame(np.zeros(8, int), [2]) == 4
    frames, stages = feature_maps.read_video(info, "003", (32, 32))
    assert frames.shape == (27, 32, 32, 3)
    assert stages.tolist() == [1] * 4 + [2] * 11 + [3] * 6 + [0] * 6  # times 4, 15, 21
    assert feature_maps.channels(64) == [7, 43] and feature_maps.channels(4) == [0, 1, 2, 3]


def test_maps_are_of_the_frames_that_the_tower_sees():
    """Two of three models are there, as trainings of these rows would leave them."""
    keras.utils.set_random_seed(0)
    model = scoringnet_tf.ScoringNet(**merged(OPTIONS, {"segmenter": None}))
    frames = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3)).astype(np.uint8)
    predicted, numbers, maps = feature_maps.feature_maps(model, frames)
    inputs = {"frames": frames[None], "mask": np.ones((1, 7), bool)}
    assert predicted == pytest.approx(float(model(inputs)["difficulty"][0])) and numbers.tolist() == [0, 2, 4, 6]
    layer = model.score_predictor.towers["difficulty"].get_layer("c3d").get_layer("conv1a")
    kernel, bias = (np.asarray(weight) for weight in layer.get_weights())
    pixels = np.pad(frames[numbers] / 127.5 - 1, [(1, 1)] * 3 + [(0, 0)])
    expected = np.maximum(np.einsum("thwc,thwco->o", pixels[1:4, 5:8, 9:12], kernel) + bias, 0)
    np.testing.assert_allclose(maps[1, 5, 9], expected, atol=1e-4)


@pytest.mark.slow
def test_feature_maps_are_drawn_of_what_is_trained(surroundings, commands, tmp_path):  # noqa: F811
    arguments = (FIG6, surroundings, 1)
    assert feature_maps.write_feature_maps(tmp_path / "nothing", *arguments) is None
    suite.run([FIG6], surroundings, 1)
    for row in FIG6.rows[:2]:
        fragments = {"segmenter": None} if row.flags.get("fragments") == "whole" else {}
        model = scoringnet_tf.ScoringNet.for_records(surroundings.records, **merged(OPTIONS, fragments))
        model.save(Training(row.flags, 0).folder(surroundings) / "best.keras")
    (Training(FIG6.rows[2].flags, 0).folder(surroundings) / "metafile.yml").unlink()
    text = feature_maps.write_feature_maps(tmp_path, *arguments)
    assert "test video 003, true difficulty 3" in text
    assert [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")][1:] == ["| baseline", "| +KFS"]
    assert (tmp_path / "fig6.png").stat().st_size > 10_000
