"""Systems that ScoringNet is compared with, as rows of a table: fitted once, over all renderings, by their command."""

import dataclasses
import json
import os
import pathlib

import keras
import numpy as np
import pytest
import yaml
from table_runs import commands, given, surroundings  # noqa: F401

import scoringnet_tf
from data_prep.records.building import build_records
from scoringnet_tf.baselines.run import Run
from scoringnet_tf.experiments import suite
from scoringnet_tf.experiments.catalogue import Experiment, Row
from scoringnet_tf.experiments.training import Fitting, Training

TABLE = Experiment("Table", "Which?", [Row("SVR", baseline="c3d_svr"), Row("LSTM", baseline="c3d_lstm")], "SVR")
VECTORS = pathlib.Path(__file__).parents[2] / "recipes/p3d_vectors.py"


def test_a_system_is_fitted_once_for_all_renderings(surroundings, commands):  # noqa: F811
    table = dataclasses.replace(TABLE, rows=TABLE.rows[:1])
    where = dataclasses.replace(surroundings, further=("--max_steps=1",))
    assert suite.run([table, table], where, 2) == suite.run([table], where, 2) == []
    assert suite.results(table, where, 2).predicted["SVR"]["final"].shape == (2, 2, 3)
    fitted = commands.of("baselines")
    assert [given(arguments, "seed") for arguments in fitted] == [["0"], ["1"]] and len(commands) == 2
    assert fitted[0][0] == "c3d_svr" and given(fitted[0], "renderings") == [str(where.renderings[0].records_dir)]
    assert given(fitted[0], "features_dir") == [str(where.folder / "features")]
    assert not any("max_steps" in argument or "scoring_epochs" in argument for argument in fitted[0])
    metafile = yaml.safe_load(next(where.folder.glob("c3d_svr*/metafile.yml")).read_text())
    assert metafile["chosen"] == {"final": {"C": 1}} and metafile["hardware"]["cores"] >= 1
    described = suite.described(table, [where], 2)
    assert [one["seed"] for one in described["trainings"]] == [0, 1] and described["learned_from_test"] == {}
    assert described["further_flags"] == ["--max_steps=1"]


def test_a_further_rendering_is_predicted_where_the_system_was_fitted(surroundings, commands):  # noqa: F811
    alone, fit = dataclasses.replace(surroundings, renderings=()), Fitting({}, 0, "c3d_svr")
    fit.train(alone)
    assert fit.is_trained(alone) and not fit.is_trained(surroundings)
    fit.train(surroundings)
    assert len(commands) == 2 and fit.is_trained(surroundings) and fit.folder(alone) == fit.folder(surroundings)


def test_a_fitting_is_named_by_all_that_its_result_depends_on(surroundings, tmp_path):  # noqa: F811
    folders = {Fitting({}, seed, name).folder(surroundings) for seed in (0, 1) for name in ("c3d_lstm", "s3d")}
    folders |= {Training({}, 0).folder(surroundings)}
    model = tmp_path / "c3d.keras"
    for content in (b"one", b"two"):
        model.write_bytes(content)
        where = dataclasses.replace(surroundings, further=(f"--pretrained={model}",))
        folders |= {Fitting({}, 0, "c3d_lstm").folder(where)}
        assert Fitting({}, 0, "c3d_lstm").configuration(where)["flags"]["pretrained"] == str(model)
    joints, without = Fitting({}, 0, "pose_dct"), Fitting({}, 0, "c3d_svr")
    folders |= {joints.folder(surroundings), without.folder(surroundings)}
    kept = without.folder(surroundings)
    rendering = surroundings.renderings[0].records_dir / "joints"
    rendering.mkdir()
    for number in range(2):
        np.save(rendering / "001.npy", np.full((25, 2, 2), number))
        folders |= {joints.folder(surroundings)}
    assert without.folder(surroundings) == kept
    surroundings.records.videos["001"]["group"] = "one"
    assert len(folders | {without.folder(surroundings)}) == 12


def test_rows_that_learned_from_test_videos_are_named(surroundings, commands):  # noqa: F811
    """The most of any report; for what they reach says nothing of other videos."""
    suite.run([TABLE], surroundings, 1)
    for row, numbers in zip(TABLE.rows, (("null", "0"), ("2", "0")), strict=True):
        for number, rendering in zip(numbers, surroundings.tested, strict=True):
            folder = suite.run_of(row, 0).report(surroundings, rendering)
            (folder / "metrics.json").write_text(f'{{"seen_in_training": {number}}}')
    assert suite.described(TABLE, [surroundings], 1)["learned_from_test"] == {"LSTM": 2}


@pytest.mark.slow
def test_a_real_run_is_fitted_and_described(surroundings, tmp_path):  # noqa: F811
    keras.utils.set_random_seed(0)
    scoringnet_tf.C3D((16, 32, 32, 3), 1 / 16, heads={"group": 3}).save(tmp_path / "c3d.keras")
    table = dataclasses.replace(TABLE, rows=[Row("SVR", {"validation_fraction": "0.3"}, baseline="c3d_svr")])
    where = dataclasses.replace(surroundings, further=(f"--pretrained={tmp_path / 'c3d.keras'}",))
    assert suite.run([table], where, 1) == []
    results = suite.results(table, where, 1)
    assert results.predicted["SVR"]["final"].shape == (1, 2, 3)
    expected = [where.records.videos[video_id]["final"] for video_id in results.ids]
    np.testing.assert_allclose(results.truth["final"], expected, atol=1e-3)
    metafile = yaml.safe_load(next(where.folder.glob("c3d_svr*/metafile.yml")).read_text())
    assert metafile["sees"]["endpoint"] == "fc6" and metafile["configuration"]["flags"]["validation_fraction"] == "0.3"


@pytest.mark.slow
def test_s3d_on_real_features(tmp_path, monkeypatch):
    """The recipe's own lines make records of S3D's features of UNLV-Diving, and its row is as printed."""
    if "SCORINGNET_REAL_DATA" not in os.environ:
        pytest.skip("SCORINGNET_REAL_DATA is not set: no real features")
    (tmp_path / "UNLV_DIVING").symlink_to(pathlib.Path(os.environ["SCORINGNET_REAL_DATA"], "unlv_diving"))
    monkeypatch.chdir(tmp_path)
    exec(VECTORS.read_text(), {})
    info, _ = build_records("manifest", tmp_path / "VECTORS", tmp_path / "records", workers=1, sport="diving")
    assert [len(info.split(split)["ids"]) for split in ("train", "test")] == [300, 70]
    (report,) = Run("s3d", info, (info,), tmp_path / "run", tmp_path / "features", "motion_small").run()
    measured = json.loads((report / "metrics.json").read_text())
    assert measured["f_src"] == pytest.approx(0.853, abs=0.005) and measured["f_med"] == pytest.approx(8.40, abs=0.05)
