"""From simulated joints to scores: trained with the simulator's factors, evaluated, exported, and read from a file."""

import json

import numpy as np
import pytest
from refusals import refused
from served_model import ServedModel
from training_runs import eagerly, rows_of, scoring_run, trained_by

from data_prep.simulator.joints import simulate_joints
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.factors import FILE
from scoringnet_tf.data.features import JOINTS_ORIGIN, ORIGIN_NAME
from scoringnet_tf.data.input_pipeline import videos
from scoringnet_tf.inference.evaluation import predict_records, prediction_function
from scoringnet_tf.inference.export import export_saved_model
from scoringnet_tf.inference.predictor import score_video
from scoringnet_tf.models.presets import load_scoring_net

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
    with refused("other_features", ORIGIN_NAME):  # as those of `extract --joints`, in moving pictures
        score_video(tmp_path / "dive.npy", model, force=True)
    (tmp_path / ORIGIN_NAME).write_text(json.dumps({**JOINTS_ORIGIN, "size": 51, "stride": 1}))
    found = score_video(tmp_path / "dive.npy", model, force=True)
    assert found.final == pytest.approx(float(model(inputs)["final"][0]), rel=1e-3)


def test_what_has_no_factors_teaches_none(dives, tmp_path):
    (dives / FILE).rename(tmp_path / FILE)
    try:
        with refused("not_found", FILE):
            scoring_run(dives, tmp_path / "run", **SMALL)
    finally:
        (tmp_path / FILE).rename(dives / FILE)


def test_towers_without_heads_for_factors_do_not_go_on_with_them(dives, tmp_path):
    plain = scoring_run(dives, tmp_path / "plain", **SMALL | {"auxiliary": False}).model
    plain.scores_learned = True
    plain.save(tmp_path / "plain.keras")
    with refused("flags_conflict", "auxiliary"):
        scoring_run(dives, tmp_path / "run", **SMALL, initial_model=str(tmp_path / "plain.keras"))
