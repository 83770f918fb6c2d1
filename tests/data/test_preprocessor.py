"""The preprocessor: a path, an array or a tensor to the pixels that evaluation sees; its configuration."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import write_bars, write_images, write_video
from refusals import refused

import scoringnet_tf
from scoringnet_tf import ScoringNetPreprocessor
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.data.video import Clip, VideoError, read_video


@pytest.fixture
def preprocessor():
    return ScoringNetPreprocessor(image_size=(32, 32), frame_size=(36, 48))


def test_gives_the_pixels_of_the_records_to_the_bit(diving_records, tmp_path):
    write_bars(tmp_path / "001.avi", 25, number=1)
    info = DatasetInfo.load(diving_records)
    preprocessor = ScoringNetPreprocessor((20, 30), info.frame_size, **info.stored)
    ((inputs, _, facts),) = videos(diving_records, "test", image_size=(20, 30), batch_size=3, with_info=True)
    row = facts["id"].numpy().tolist().index(b"001")
    evaluated = inputs["frames"].numpy()[row][inputs["mask"].numpy()[row]]
    np.testing.assert_array_equal(preprocessor(tmp_path / "001.avi")["frames"], evaluated[np.newaxis])


def test_takes_a_path_a_clip_an_array_or_a_tensor(tmp_path, preprocessor):
    write_bars(tmp_path / "v.avi", 12)
    write_images(tmp_path / "folder", 12, name="{}.png", first=0)
    frames = read_video(tmp_path / "v.avi").frames
    expected = preprocessor(frames)
    assert expected["frames"].shape == (1, 12, 32, 32, 3) and expected["frames"].dtype == np.uint8
    np.testing.assert_array_equal(expected["mask"], np.ones((1, 12), bool))
    for video in (str(tmp_path / "v.avi"), tmp_path / "v.avi", tf.constant(frames), keras.ops.array(frames)):
        np.testing.assert_array_equal(preprocessor(video)["frames"], expected["frames"])
    part = preprocessor(Clip(tmp_path / "folder", (3, 8)))
    np.testing.assert_array_equal(part["frames"], preprocessor(tmp_path / "folder")["frames"][:, 3:8])


@pytest.mark.parametrize("shape", [(60, 80, 3), (1, 1, 4, 60, 80, 3), (4, 60, 80, 1), (0, 60, 80, 3)])
def test_what_is_no_video_is_refused(preprocessor, shape):
    with refused("wrong_shape", shape):
        preprocessor(np.zeros(shape, np.uint8))


def test_paths_without_a_video_and_frames_that_are_too_small_are_refused(preprocessor, tmp_path):
    with pytest.raises(VideoError):
        preprocessor(tmp_path / "none.mp4")
    with refused("wrong_value"):
        preprocessor("")
    with pytest.raises(ValueError):  # a model's image larger than the stored frame
        ScoringNetPreprocessor((40, 32), (36, 48))(np.full((1, 60, 80, 3), 90, np.uint8))


def test_wide_video_is_cut_and_it_is_said(tmp_path, preprocessor):
    frames = np.full((5, 48, 86, 3), 200, np.uint8)
    frames[:, :, :11] = frames[:, :, -11:] = 0
    write_video(tmp_path / "wide.avi", frames)
    video = preprocessor.read(tmp_path / "wide.avi")
    assert [warning.code for warning in video.warnings] == ["aspect"]
    assert video.aspect == pytest.approx(86 / 48)
    assert preprocessor.frames(video.frames).min() > 150


def test_a_saved_model_keeps_how_its_frames_were_stored(tmp_path):
    stored = {"jpeg_quality": 80, "aspect": 16 / 9, "fit": "pad"}
    model = scoringnet_tf.ScoringNet(
        image_size=(32, 32),
        width_multiplier=1 / 16,
        segmenter=None,
        score_predictor={"clip_lengths": (8, 8), "scores": ("final",)},
        content={"frame_size": (36, 48), "stored": stored},
        provenance={"frame_rate": 25.0},
    )
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", compile=False)
    expected = {"image_size": [32, 32], "frame_size": [36, 48], **stored, "frame_rate": 25.0}
    assert again.preprocessor.get_config() == expected == again.with_dtype("float32").preprocessor.get_config()
    serialized = json.loads(json.dumps(keras.saving.serialize_keras_object(again.preprocessor)))
    made = keras.saving.deserialize_keras_object(serialized)
    frames = np.random.default_rng(0).integers(0, 256, (3, 60, 80, 3)).astype(np.uint8)
    np.testing.assert_array_equal(made(frames)["frames"], ScoringNetPreprocessor(**expected)(frames)["frames"])


def test_that_of_a_preset_is_its_models_without_the_weights(tmp_path):
    shipped = scoringnet_tf.from_preset("diving_small").preprocessor
    assert ScoringNetPreprocessor.from_preset("diving_small").get_config() == shipped.get_config()
    assert shipped.frame_rate == 25 and ScoringNetPreprocessor.from_preset("vault_small").stored.fit == "crop"
    with refused("wrong_model", "c3d.keras", "ScoringNet", "C3D"):
        ScoringNetPreprocessor.from_preset("motion_small")
    (tmp_path / "model.keras").write_bytes(b"PK")
    with refused("damaged_model", "model.keras"):
        ScoringNetPreprocessor.from_preset(tmp_path / "model.keras")
    features = {"size": 4, "stride": 2, "origin": None}
    model = scoringnet_tf.ScoringNet(
        width_multiplier=1 / 16, content={"features": features}, score_predictor={"clip_lengths": (4, 4)}
    )
    model.save_to_preset(tmp_path / "features")
    with refused("sees_features", "features"):
        ScoringNetPreprocessor.from_preset(tmp_path / "features")
