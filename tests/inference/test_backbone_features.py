"""Features of a backbone: extracted, trained on, and scored through it, the same numbers each time."""

import json

import keras
import numpy as np
import pytest
from command_forks import forked
from conftest import write_bars
from refusals import code_printed, refused
from training_runs import TINY, telling

import scoringnet_tf
from data_prep.records.building import build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.inference.predictor import score_video
from scoringnet_tf.models.parameter_groups import BACKBONE
from scoringnet_tf.weights.backbones import behind_backbone, load_backbone

STORED = (36, 48)  # frames of `diving_records`


@pytest.fixture(scope="module")
def made(diving_records, tmp_path_factory):
    """(file of a backbone, folder of its features, their records, heads with a large say in them)."""
    folder = tmp_path_factory.mktemp("backbone")
    image = keras.Input((*STORED, 3))
    keras.utils.set_random_seed(0)
    model = keras.Model(image, keras.layers.Conv2D(8, 6, 6, activation="relu", name="first")(image))
    model.save(folder / "mine.keras")
    name = f"{folder}/mine.keras:first"
    command = [f"--backbone={name}", f"--records_dir={diving_records}", f"--output_dir={folder}/features"]
    result = forked("scoringnet_tf.extract", *command)
    assert result.returncode == 0, result.stderr
    build_records("manifest", folder / "features", folder / "records", sport="diving")
    info = DatasetInfo.load(folder / "records")
    heads = scoringnet_tf.ScoringNet.for_records(info, **TINY)
    heads.adapt_features(videos(folder / "records", "train", batch_size=4))
    telling(heads).save(folder / "heads.keras")
    return name, folder / "features", folder / "records", folder / "heads.keras"


def test_features_of_records_are_those_that_the_backbone_gives(made, diving_records):
    name, features, records, _ = made
    backbone = load_backbone(name, STORED)
    frames = videos(diving_records, "test", image_size=STORED, batch_size=4)
    vectors = videos(records, "test", batch_size=4)
    for (seen, _), (read, _) in zip(frames, vectors, strict=True):
        mask = np.asarray(seen["mask"])
        np.testing.assert_array_equal(mask, np.asarray(read["mask"]))
        found, expected = np.asarray(backbone(seen))[mask], np.asarray(read["features"])[mask]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    origin = json.loads((features / "features.json").read_text())
    assert (origin["stride"], origin["size"], origin["image_size"]) == (1, 8, list(STORED))


@pytest.mark.slow
def test_heads_score_a_video_by_the_backbone_as_they_score_its_features(made, tmp_path):
    name, _, _, heads = made
    write_bars(tmp_path / "v.avi", 20)
    model = behind_backbone(scoringnet_tf.ScoringNet.from_preset(heads))
    assert (model.content, model.preprocessor.image_size) == ("frames", STORED) and BACKBONE in model.learned_parts
    inputs = model.preprocessor(tmp_path / "v.avi")
    np.save(tmp_path / "v.npy", np.asarray(load_backbone(name, STORED)(inputs))[0])
    seen = score_video(tmp_path / "v.avi", heads, force=True)
    read = score_video(tmp_path / "v.npy", heads, force=True)
    for score in ("difficulty", "execution", "final"):
        assert getattr(seen, score) == pytest.approx(getattr(read, score), abs=1e-3)
    assert seen.final == pytest.approx(float(model(inputs)["final"][0]), abs=1e-3)
    printed = forked("scoringnet_tf.predict", f"--model={heads}", "--json", "--force", str(tmp_path / "v.avi"))
    assert json.loads(printed.stdout)["final"] == pytest.approx(seen.final, abs=1e-3)


def test_another_backbone_than_they_learned_from_is_refused(made, tmp_path):
    name, _, _, heads = made
    path = name.removesuffix(":first")
    other = keras.models.load_model(path, compile=False)
    other.get_layer("first").kernel.assign_add(np.ones_like(other.get_layer("first").kernel))
    model = scoringnet_tf.ScoringNet.from_preset(heads)
    origin = model.features["origin"] | {"backbone": str(tmp_path / "other.keras")}
    other.save(tmp_path / "other.keras")
    changed = model.with_dtype(None, content={"features": {**model.features, "origin": origin}})
    with refused("other_features", "other.keras"):
        behind_backbone(changed)


def test_features_of_another_rate_than_that_of_training_are_refused(tmp_path):
    features = {"size": 3, "stride": 2, "origin": None}
    heads = telling(scoringnet_tf.ScoringNet(**TINY, content={"features": features}, provenance={"frame_rate": 12.5}))
    np.save(tmp_path / "v.npy", np.zeros((30, 3), np.float32))
    for rate, is_other in ((25.0, False), (10.0, True)):
        (tmp_path / "features.json").write_text(json.dumps({"size": 3, "stride": 2, "frame_rate": rate}))
        if is_other:
            with refused("other_features", "v.npy", "5", "12.5"):
                score_video(tmp_path / "v.npy", heads)
        else:
            assert score_video(tmp_path / "v.npy", heads, force=True).final is not None


def test_flags_that_a_backbone_does_not_have_are_named(made, diving_records, tmp_path):
    name, output = made[0], f"--output_dir={tmp_path}/out"
    records = f"--records_dir={diving_records}"
    for code, flags in (
        ("missing_flag", [output, records]),
        ("flags_conflict", [output, records, f"--backbone={name}", "--model=diving_small"]),
        ("flag_unused", [output, records, f"--backbone={name}", "--endpoint=conv5b"]),
        ("flag_unused", [output, records, f"--backbone={name}", "--frame_rate=25"]),
        ("missing_flag", [output, f"--backbone={name}", "tests/clips/diving.mp4"]),
        ("missing_flag", [output, f"--backbone={name}", "--frame_size=36,48", "tests/clips/diving.mp4"]),
        ("wrong_shape", [output, f"--backbone={name}", "--frame_size=40,48", "tests/clips/diving.mp4"]),
        ("not_found", [output, records, f"--backbone={tmp_path}/none.keras"]),
    ):
        result = forked("scoringnet_tf.extract", *flags)
        assert (code_printed(result.stderr), result.returncode) == (code, 1), flags
    assert not (tmp_path / "out").exists()
