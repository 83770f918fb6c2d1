"""Fig. 6 and occlusion, of small models of random weights on the tiny records: what is chosen, drawn and counted."""

import csv
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure
from test_suite import commands, surroundings  # noqa: F401

import scoringnet_tf
from scoringnet_tf.experiments import feature_maps, sources, suite
from scoringnet_tf.experiments.catalogue import EXPERIMENTS
from scoringnet_tf.experiments.training import Training
from scoringnet_tf.experiments.watching import read_video
from scoringnet_tf.inference import attribution
from scoringnet_tf.report import plots

OCCLUSION, FIG6 = EXPERIMENTS["occlusion"], EXPERIMENTS["fig6"]
OPTIONS = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (4, 4)}


def with_models(experiment, surroundings, rows):  # noqa: F811
    """Trains nothing; puts models where trainings of these rows would leave them."""
    suite.run([experiment], surroundings, 1)
    for row in experiment.rows[:rows]:
        keras.utils.set_random_seed(0)
        fragments = {"fragments": "whole"} if row.flags.get("fragments") == "whole" else {}
        model = scoringnet_tf.ScoringNet.for_records(surroundings.records, **OPTIONS, **fragments)
        for score in model.scores:
            layer = model.score_predictor.towers[score].get_layer("regressor_fc3")
            layer.set_weights([300 * weight for weight in layer.get_weights()])
        model.save(Training(row.flags, 0).folder(surroundings) / "best.keras")
    for row in experiment.rows[rows:]:
        (Training(row.flags, 0).folder(surroundings) / "metafile.yml").unlink()


def test_the_chosen_video_and_frame_are_of_known_scores_and_stages(surroundings):  # noqa: F811
    """Test videos 1 to 3 have difficulties 2.8, 2.9 and 3.0 (`write_unlv_diving`); the last is nearest to 3.7."""
    info = surroundings.records
    assert feature_maps.chosen_video(info) == "003"
    stages = np.repeat([1, 2, 3, 0], [4, 5, 6, 5])
    assert feature_maps.chosen_frame(stages, [2]) == 6
    assert feature_maps.chosen_frame(np.zeros(8, int), [2]) == 4
    video = read_video(info, "003", (32, 32))
    assert video.frames.shape == (27, 32, 32, 3)
    assert video.stages.tolist() == [1] * 4 + [2] * 11 + [3] * 6 + [0] * 6  # times 4, 15, 21


def test_maps_are_of_the_frame_of_the_clip_nearest_to_the_one_shown(surroundings, tmp_path, monkeypatch):  # noqa: F811
    """The take-flight of test video 003 is frames 4 to 14: 9 is shown; of a clip of every fifth 10 is the nearest."""
    model = SimpleNamespace(scores=("difficulty",), content="frames", image_size=(32, 32))
    monkeypatch.setattr(feature_maps, "trained_models", lambda *_: {"baseline": model})
    found = SimpleNamespace(labels=None, scores={"difficulty": 2.5})
    monkeypatch.setattr(attribution, "attribute", lambda *_: found)
    monkeypatch.setattr(attribution, "clips_of", lambda *_: {"difficulty": (np.arange(0, 25, 5), "clip")})
    monkeypatch.setattr(
        attribution, "feature_maps", lambda *_: np.arange(5.0)[:, None, None, None] + np.zeros((4, 4, 1))
    )
    drawn = []
    monkeypatch.setattr(feature_maps, "draw", lambda *given: drawn.append(given) or Figure((1, 1)))
    text = FIG6.draw(tmp_path, FIG6, surroundings, 1)
    ((frame, maps),) = drawn
    np.testing.assert_array_equal(frame, read_video(surroundings.records, "003", (32, 32)).frames[9])
    np.testing.assert_array_equal(maps["baseline"], np.full((4, 4, 1), 2.0))
    assert "frame of its clip nearest to 9 |" in text and "| baseline | 2.50 | 10 |" in text


def test_as_many_frames_are_hidden_as_pictures_say(surroundings, tmp_path, monkeypatch):  # noqa: F811
    asked = []

    def attribute(_, frames, width=1):
        asked.append((len(frames), width))
        return SimpleNamespace(by_stage={})

    model = SimpleNamespace(segmenter="one", image_size=(32, 32))
    monkeypatch.setattr(sources, "trained_models", lambda *_: {"MSE": model})
    monkeypatch.setattr(attribution, "attribute", attribute)
    monkeypatch.setattr(plots, "attribution_figure", lambda found, sport, title: asked.append(title) or Figure((1, 1)))
    OCCLUSION.draw(tmp_path, OCCLUSION, surroundings, 1)
    assert asked == [
        part
        for name, length in (("001", 25), ("002", 26), ("003", 27))
        for part in ((length, 3), f"{name}: 3 frames grey")
    ]


def test_channels_are_the_papers_where_there_are_as_many():
    assert feature_maps.channels(64) == [7, 43]
    assert feature_maps.channels(4) == [0, 1, 2, 3] and feature_maps.channels(16) == list(range(8))


@pytest.mark.slow
def test_feature_maps_are_drawn_of_what_is_trained(surroundings, commands, tmp_path):  # noqa: F811
    with_models(FIG6, surroundings, 2)
    text = FIG6.draw(tmp_path, FIG6, surroundings, 1)
    assert "test video 003, true difficulty 3" in text
    assert [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")][1:] == ["| baseline", "| +KFS"]
    assert (tmp_path / "fig6.png").stat().st_size > 10_000


@pytest.mark.slow
def test_falls_are_counted_by_stage(surroundings, commands, tmp_path):  # noqa: F811
    with_models(OCCLUSION, surroundings, 1)
    text = OCCLUSION.draw(tmp_path, OCCLUSION, surroundings, 1)
    with (tmp_path / "falls.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["video_id"] for row in rows} == {"001", "002", "003"} and {row["row"] for row in rows} == {"MSE"}
    assert len(rows) == 3 * 3 * 4  # videos, scores, stages
    for video_id in ("001", "002", "003"):
        shares = [float(r["gradient_share"]) for r in rows if (r["video_id"], r["score"]) == (video_id, "execution")]
        assert sum(shares) == pytest.approx(1, abs=1e-4)
        assert (tmp_path / f"{video_id}.png").stat().st_size > 10_000
    falls = [abs(float(r["fall"])) for r in rows if (r["score"], r["stage"]) == ("final", "take-flight")]
    assert f"| {np.mean(falls):.3f} (" in text


def test_a_summary_is_of_sizes_and_signs():
    rows = [["one", "1", "final", "entry", 3, "2.0", ""], ["one", "2", "final", "entry", 3, "-1.0", ""]]
    rows += [["one", "1", "execution", "entry", 3, "1.0", "0.25"], ["one", "2", "execution", "entry", 3, "3.0", "0.75"]]
    found = sources.summary(rows)
    assert found["one, execution"]["entry"] == {"size": 2.0, "fall": 2.0, "gradient": 0.5}
    assert found["one, final"]["entry"]["size"] == 1.5 and found["one, final"]["entry"]["fall"] == 0.5
    text = sources.markdown(OCCLUSION, found, ["1", "2"])
    assert "| one, final | 1.500 (+0.500) |" in text and "| one, execution | 2.000 (+2.000), 50 % |" in text


def test_a_model_of_whole_videos_has_no_stages_to_hide(surroundings, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(
        "scoringnet_tf.experiments.sources.trained_models", lambda *_: {"MSE": SimpleNamespace(segmenter=None)}
    )
    assert OCCLUSION.draw(tmp_path / "nothing", OCCLUSION, surroundings, 1) is None


def test_nothing_is_drawn_of_nothing(surroundings, tmp_path):  # noqa: F811
    for experiment in (OCCLUSION, FIG6):
        assert experiment.draw(tmp_path / "nothing", experiment, surroundings, 1) is None
    assert not (tmp_path / "nothing").exists()
