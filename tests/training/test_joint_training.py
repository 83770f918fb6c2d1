"""From simulated joints to scores: trained with the simulator's factors, evaluated, exported, and read from a file."""

import dataclasses
import functools
import json
import pathlib
import shutil

import numpy as np
import pytest
from refusals import refused
from served_model import ServedModel
from training_runs import eagerly, rows_of, scoring_run, trained_by

from data_prep.records.building import build_records
from data_prep.simulator.joints import simulate_joints
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.factors import FILE
from scoringnet_tf.data.features import JOINTS_ORIGIN, ORIGIN_NAME
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.inference.evaluation import predict_records, prediction_function
from scoringnet_tf.inference.export import export_saved_model
from scoringnet_tf.inference.feature_folder import extract_videos, videos_of_records, write_tables
from scoringnet_tf.inference.flights import joint_scores
from scoringnet_tf.inference.joint_files import file_name, joints_of_record, origin_of, prepare
from scoringnet_tf.inference.predictor import score_video
from scoringnet_tf.inference.seen import Scores
from scoringnet_tf.models.presets import load_scoring_net
from tests.body.turned import turned

pytestmark = pytest.mark.slow
DIVES = Settings("diving", "scoring", 10, 0, None, True, 0.2, 96, 128, joints=True)
SMALL = {
    "auxiliary": True,
    "stage_network": "c3d",
    "segmentation_epochs": 1,
    "scoring_epochs": 2,
    "conv_filters": 8,
    "fc_units": 8,
    "lr_multipliers": {},
    "max_start_shift": 0,
    "statistics": False,
}


@pytest.fixture(scope="module")
def dives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("joints") / "dives"
    simulate_joints(DIVES, folder, workers=1)
    return folder


@pytest.fixture(scope="module")
def run_dir(dives, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    trained_by(eagerly(scoring_run(dives, folder, **SMALL)))
    return folder


@pytest.fixture(scope="module")
def model(run_dir):
    return load_scoring_net(run_dir / "best.keras")


def test_towers_learn_the_elements_and_faults_of_the_training_dives(dives, run_dir, model):
    ids = {int(video_id) for video_id in DatasetInfo.load(dives).split("train")["ids"]}
    trained = [row for row in rows_of(dives / FILE) if int(row["video_id"]) in ids]
    settings = model.score_predictor.get_config()
    assert settings["elements"] == {row["dive"]: float(row["difficulty"]) for row in trained}
    splash = [float(row["splash"]) for row in trained]
    assert settings["faults"]["splash"] == pytest.approx((np.mean(splash), np.std(splash)))
    losses = [float(row[name]) for row in rows_of(run_dir / "scoring.csv") for name in ("element_loss", "faults_loss")]
    assert min(losses) > 0


def test_records_are_scored_alike_by_evaluation_and_an_export(dives, model, tmp_path):
    dataset = videos(dives, "test", batch_size=2, with_info=True)
    found = predict_records(prediction_function(model), dataset)
    assert len(found.ids) == 2 and np.isfinite(found.predicted["final"]).all()
    export_saved_model(model, tmp_path / "1")
    served = ServedModel(tmp_path / "1")
    inputs, _, facts = next(dataset.as_numpy_iterator())
    outputs = served("serving_default", inputs)
    served.close()
    by_id = dict(zip(found.ids, found.predicted["final"], strict=True))
    assert outputs["final"] == pytest.approx([by_id[name.decode()] for name in facts["id"]], rel=1e-4)
    assert outputs["element"].shape == (2, len(model.score_predictor.get_config()["elements"]))


def test_a_file_of_joints_is_scored_as_the_record_is(dives, model, tmp_path):
    inputs, *_ = next(videos(dives, "test", batch_size=1, pad_to_multiple=1).as_numpy_iterator())
    np.save(tmp_path / "dive.npy", inputs["features"][0].reshape(-1, 17, 3))
    with refused("other_features", ORIGIN_NAME):  # as those in moving pictures
        score_video(tmp_path / "dive.npy", model, force=True)
    (tmp_path / ORIGIN_NAME).write_text(json.dumps({**JOINTS_ORIGIN, "size": 51, "stride": 1}))
    found = score_video(tmp_path / "dive.npy", model, force=True)
    assert found.final == pytest.approx(float(model(inputs)["final"][0]), rel=1e-3)


def test_followed_joints_become_records_and_scores(diving_records, model, tmp_path):
    info, folder = DatasetInfo.load(diving_records), tmp_path / "joints"
    bodies = iter([panned(turned(half_turns)) for half_turns in np.linspace(1, 5, 10)])
    prepare(folder, {"source": "drawn"}, origin_of(info.frame_rate, info))
    follower = functools.partial(joints_of_record, info, lambda *_, start, stop: [next(bodies)])
    assert extract_videos(videos_of_records(info), follower, folder, file_name) == (0, 0)
    sport = write_tables(info, folder, file_name)
    built = build_records("manifest", folder, tmp_path / "records", workers=1, sport=sport)[0]
    assert {name: one["num_frames"] for name, one in built.videos.items()} == {
        name: one["num_frames"] for name, one in info.videos.items()
    }
    dataset = videos(tmp_path / "records", "test", batch_size=2, with_info=True)
    found = predict_records(prediction_function(model), dataset)
    by_file = score_video(folder / f"{found.ids[0]}.npy", model, force=True)
    assert by_file.final == pytest.approx(found.predicted["final"][0], rel=1e-3)


def panned(track):
    """The track by a camera that moves to the right."""
    moved, camera = 0.01 * np.arange(len(track.times)), track.camera.copy()
    camera[:, 0, 2] += moved
    return dataclasses.replace(track, positions=track.positions - moved[:, None, None] * (1, 0), camera=camera)


def test_a_followed_dive_is_scored_as_a_still_camera_shows_it(model):
    """Like the joints of its frames, held for 0.4 s at both ends; nothing if nobody was followed."""
    dive = turned(5)
    scores = joint_scores(model, [panned(dive)])
    joints = np.concatenate((dive.positions, dive.confidence[..., None]), axis=2)
    held = [np.repeat(joints[[end]] * (1, 1, 0), 10, axis=0) for end in (0, -1)]
    features = np.concatenate((held[0], joints, held[1])).reshape(1, -1, 51).astype(np.float32)
    outputs = model({"features": features, "mask": np.ones(features.shape[:2], bool)})
    assert scores.points["final"] == pytest.approx(float(outputs["final"][0]), rel=1e-4)
    assert joint_scores(model, []) == Scores()


def test_what_has_no_factors_teaches_none(dives, tmp_path):
    (dives / FILE).rename(tmp_path / FILE)
    try:
        with refused("not_found", FILE):
            scoring_run(dives, tmp_path / "run", **SMALL)
    finally:
        (tmp_path / FILE).rename(dives / FILE)


def test_a_run_does_not_go_on_with_other_factors(dives, run_dir, tmp_path):
    shutil.copytree(run_dir, tmp_path / "run")
    records = pathlib.Path(shutil.copytree(dives, tmp_path / "records"))
    run = scoring_run(records, tmp_path / "run", **SMALL)
    run.record.write(tmp_path / "run")  # the same factors
    rows = (records / FILE).read_text().splitlines()
    before = {row.partition(",")[0]: row.partition(",")[2] for row in rows[1:]}
    one, *_, last = before
    before[one], before[last] = before[last], before[one]
    (records / FILE).write_text("\n".join([rows[0], *(",".join(row) for row in before.items()), ""]))
    with refused("other_run", "factors"):
        scoring_run(records, tmp_path / "run", **SMALL).record.write(tmp_path / "run")


def test_towers_without_heads_for_factors_do_not_go_on_with_them(dives, tmp_path):
    plain = scoring_run(dives, tmp_path / "plain", **SMALL | {"auxiliary": False}).model
    plain.scores_learned = True
    plain.save(tmp_path / "plain.keras")
    with refused("flags_conflict", "auxiliary"):
        scoring_run(dives, tmp_path / "run", **SMALL, initial_model=str(tmp_path / "plain.keras"))
