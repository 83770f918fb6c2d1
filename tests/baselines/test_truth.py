"""True scores are the same numbers for a model that reads records and for a system that reads their index."""

import pathlib

import numpy as np
from layouts import write_table

from data_prep.records.building import build_records
from scoringnet_tf.baselines.videos import Videos
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.inference import evaluation
from scoringnet_tf.sports import SCORES, as_points, src

SMALL = [(3.9, 40.95), (1.8, 18.9), (3.0, 31.5), (3.6, 76.3), (3.2, 75.2), (3.3, "")]  # difficulty, final


def records_of(dives, folder):
    """Records of a vector for every dive, of three numbers, all tested but the first."""
    (folder / "own").mkdir()
    for number in range(len(dives)):
        np.save(folder / f"own/{number:03d}.npy", np.random.default_rng(number).normal(size=3).astype(np.float32))
    rows = [(f"{number:03d}.npy", "test" if number else "train", *dive) for number, dive in enumerate(dives)]
    write_table(folder / "own/manifest.csv", ("features", "split", "difficulty", "final"), rows)
    return build_records("manifest", folder / "own", folder / "records", workers=1, sport="diving")[0]


def of_records(info):
    """What `evaluate` makes of the records, with a model that predicts the first feature."""
    videos = input_pipeline.videos(info.records_dir, "test", batch_size=64, with_info=True)
    return evaluation.predict_records(lambda inputs, _: {"execution": inputs["features"][:, 0, 0]}, videos)


def check_one_truth(info):
    by_records = of_records(info)
    of_index = Videos(info, "test", tuple(by_records.ids), "motion_small", pathlib.Path("features"))
    for score in SCORES:
        np.testing.assert_array_equal(of_index.scores(score), by_records.truth[score])
    predicted = by_records.predicted["execution"]
    found = [src(truth, predicted) for truth in (of_index.scores("execution"), by_records.truth["execution"])]
    assert found[0] == found[1] and np.isfinite(found[0])
    return by_records.truth["execution"]


def test_records_and_their_index_tell_one_truth(tmp_path):
    info = records_of(SMALL, tmp_path)
    truth = check_one_truth(info)
    np.testing.assert_array_equal(truth, as_points([10.5, 10.5, 76.3 / 3.6, 23.5, np.nan]))
    for video in info.videos.values():  # an index of before: what the division of two floats leaves
        video["execution"] = video["final"] and video["final"] / video["difficulty"]
    np.testing.assert_array_equal(check_one_truth(info), truth)
