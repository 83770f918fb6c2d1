"""Systems that ScoringNet is compared with, as rows of a table: fitted once, over all renderings, by their command."""

import csv
import dataclasses
import json
import shutil

import keras
import numpy as np
import pytest
import yaml
from refusals import refused

import scoringnet_tf
from scoringnet_tf import baselines
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.data.joints import joints_hash
from scoringnet_tf.experiments import fitting, report, suite, training
from scoringnet_tf.experiments.catalogue import EXPERIMENTS, STAGES, Experiment, Row
from scoringnet_tf.experiments.fitting import Fitting
from scoringnet_tf.experiments.training import Surroundings, Training
from scoringnet_tf.sports import SCORES

SYSTEM = Row("SVR", baseline="c3d_svr")
TABLE = Experiment("Table", "Which?", [Row("ours"), SYSTEM, Row("Pose", baseline="pose_dct", needs="joints")], "ours")


def copy_of(records, folder, data_hash):
    """Records of the same videos that count as another rendering."""
    shutil.copytree(records, folder)
    index = json.loads((folder / "dataset_info.json").read_text())
    (folder / "dataset_info.json").write_text(json.dumps({**index, "data_hash": data_hash}))
    return DatasetInfo.load(folder)


@pytest.fixture
def surroundings(diving_records, tmp_path):
    (tmp_path / "preset.flags").write_text("--scoring_epochs=1\n")
    other = copy_of(diving_records, tmp_path / "again", "0123456789ab")
    return Surroundings(
        tmp_path / "preset.flags", DatasetInfo.load(diving_records), (other,), tmp_path / "runs", ("--max_steps=1",)
    )


@pytest.fixture
def fitted(monkeypatch):
    """Runs of the command; each leaves what the real one leaves, with predictions of its own."""
    seen = []

    def fake(module, arguments, log):
        assert module == "scoringnet_tf.baselines"
        seen.append(arguments)
        flags = dict(argument.lstrip("-").partition("=")[::2] for argument in arguments[1:])
        folder = training.Path(flags["output_dir"])
        folder.mkdir(parents=True, exist_ok=True)
        settings = {"chosen": {"final": {"C": 1}}, "sees": {}, "versions": {"keras": "3"}}
        (folder / "settings.json").write_text(json.dumps(settings))
        for path in [flags["records_dir"], *filter(None, flags.get("renderings", "").split(","))]:
            info = DatasetInfo.load(path)
            (report := folder / f"test_{info.data_hash[:10]}").mkdir(exist_ok=True)
            if not (report / "predictions.csv").is_file():
                write_predictions(report / "predictions.csv", info, np.random.default_rng(len(seen)))

    monkeypatch.setattr(fitting, "run_command", fake)
    return seen


def write_predictions(path, info, rng):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["video_id", *(f"{kind}_{score}" for score in SCORES for kind in ("true", "predicted"))])
        for video_id in info.split("test")["ids"]:
            truth = [info.videos[video_id][score] for score in SCORES]
            writer.writerow([video_id, *(value for score in truth for value in (score, score + rng.normal()))])


def test_a_system_is_fitted_once_for_all_renderings(surroundings, fitted):
    table = dataclasses.replace(TABLE, rows=[SYSTEM], reference="SVR")
    assert suite.run([table, table], surroundings, 2) == [] and len(fitted) == 2
    assert suite.run([table], surroundings, 2) == [] and len(fitted) == 2
    assert suite.results(table, surroundings, 2).predicted["SVR"]["final"].shape == (2, 2, 3)
    assert fitted[0][0] == "c3d_svr" and f"--renderings={surroundings.renderings[0].records_dir}" in fitted[0]
    assert f"--features_dir={surroundings.folder / 'features'}" in fitted[0]
    assert ["--seed=0" in fitted[0], "--seed=1" in fitted[1]] == [True, True]
    assert not any("max_steps" in argument or "scoring_epochs" in argument for argument in fitted[0])
    metafile = yaml.safe_load(next(surroundings.folder.glob("c3d_svr*/metafile.yml")).read_text())
    assert metafile["chosen"] == {"final": {"C": 1}} and metafile["hardware"]["cores"] >= 1
    described = suite.described_trainings(table, surroundings, 2)
    assert [one["seed"] for one in described] == [0, 1] and described[0]["versions"] == {"keras": "3"}


def test_a_further_rendering_is_predicted_where_the_system_was_fitted(surroundings, fitted, tmp_path):
    alone = dataclasses.replace(surroundings, renderings=())
    fit = Fitting({}, 0, "c3d_svr")
    fit.train(alone)
    assert fit.is_trained(alone) and not fit.is_trained(surroundings)
    fit.train(surroundings)
    assert len(fitted) == 2 and fit.is_trained(surroundings)
    assert fit.folder(alone) == fit.folder(surroundings)


def test_a_fitting_is_named_by_its_system_its_seed_and_the_c3d(surroundings, tmp_path):
    folders = {Fitting({}, seed, name).folder(surroundings) for seed in (0, 1) for name in ("usdl", "core")}
    assert len(folders) == 4 and not folders & {Training({}, 0).folder(surroundings)}
    model = tmp_path / "c3d.keras"
    model.write_bytes(b"one")
    given = dataclasses.replace(surroundings, further=(f"--pretrained={model}",))
    fit = Fitting({}, 0, "usdl")
    assert fit.configuration(given)["flags"]["pretrained"] == str(model)
    first = fit.folder(given)
    model.write_bytes(b"two")
    assert first not in (fit.folder(given), fit.folder(surroundings))


def test_a_system_that_reads_joints_is_fitted_anew_to_others(surroundings):
    """Of the records and of every rendering; a system that reads none is not."""
    joints, none = Fitting({}, 0, "pose_dct"), Fitting({}, 0, "c3d_svr")
    folders, kept = [joints.folder(surroundings)], none.folder(surroundings)
    rendering = surroundings.renderings[0].records_dir / "joints"
    rendering.mkdir()
    for number in range(2):
        np.save(rendering / "001.npy", np.full((25, 2, 2), number))
        folders.append(joints.folder(surroundings))
    assert len(set(folders)) == 3 and none.folder(surroundings) == kept


def test_rows_that_the_records_cannot_fill_are_left_out_and_named(surroundings, capsys):
    found = suite.possible({"table": TABLE}, surroundings)["table"]
    assert [row.name for row in found.rows] == ["ours", "SVR"]
    assert "table: left out Pose: the records have no joints." in capsys.readouterr().err
    joints = surroundings.renderings[0].records_dir / "joints"
    joints.mkdir()
    (joints / "joints.json").touch()
    with_joints = dataclasses.replace(surroundings, records=surroundings.renderings[0], renderings=())
    assert len(suite.possible({"table": TABLE}, with_joints)["table"].rows) == 3
    of_features = dataclasses.replace(surroundings.records, features={"size": 3})
    assert not suite.has(of_features, "frames") and not suite.has(of_features, "vectors")
    one_step = {video_id: {**video, "num_frames": 1} for video_id, video in of_features.videos.items()}
    assert suite.has(dataclasses.replace(of_features, videos=one_step), "vectors")


def test_a_table_of_which_nothing_can_be_filled_is_left_out(surroundings, capsys):
    assert suite.possible(
        {"heads": EXPERIMENTS["heads"], "shortcuts": EXPERIMENTS["shortcuts"]}, surroundings
    ).keys() == {"shortcuts"}
    assert "heads: left out S3D: the records have no vectors." in capsys.readouterr().err
    with refused("nothing_to_do", "heads"):
        suite.possible({"heads": EXPERIMENTS["heads"]}, surroundings)


def test_rows_of_true_fragments_need_the_stages_of_every_test_frame(surroundings, capsys):
    """`evaluate` would refuse them once all is trained."""
    names = ("table1", "table3", "fig4", "table4")
    tables = {name: EXPERIMENTS[name] for name in names}
    assert suite.possible(tables, surroundings).keys() == tables.keys()
    frames = {split: {**counts} for split, counts in surroundings.records.stage_frames.items()}
    frames["test"]["unlabelled"] = 1
    partly = dataclasses.replace(surroundings.records, stage_frames=frames)
    for without in ({"records": partly}, {"renderings": (partly,)}):
        left = suite.possible(tables, dataclasses.replace(surroundings, **without))
        assert left.keys() == {"table4"} and [row.name for row in left["table4"].rows] == ["−KFS", "+KFS"]
        said = capsys.readouterr().err
        for left_out in ("table1: left out", "fig4: left out", "table4: left out +KFS, true fragments"):
            assert f"{left_out}: the records have no stage label of every test frame.\n" in said


def test_tables_that_need_frames_are_left_out_of_records_of_features(surroundings, capsys):
    of_features = dataclasses.replace(surroundings.records, features={"size": 3})
    named = {name: EXPERIMENTS[name] for name in ("shortcuts", "fig6", "table5")}
    found = suite.possible(named, dataclasses.replace(surroundings, records=of_features, renderings=()))
    assert found.keys() == {"table5"}
    said = capsys.readouterr().err
    assert "shortcuts: left out: the records have no frames." in said and "fig6: left out" in said


@pytest.mark.slow
def test_a_real_run_is_fitted_and_described(surroundings, tmp_path):
    keras.utils.set_random_seed(0)
    scoringnet_tf.C3D((16, 32, 32, 3), 1 / 16, heads={"group": 3}).save(tmp_path / "c3d.keras")
    table = dataclasses.replace(TABLE, rows=[Row("SVR", {"validation_fraction": "0.3"}, baseline="c3d_svr")])
    given = dataclasses.replace(surroundings, further=(f"--pretrained={tmp_path / 'c3d.keras'}",))
    assert suite.run([table], given, 1) == []
    results = suite.results(table, given, 1)
    assert results.predicted["SVR"]["final"].shape == (1, 2, 3)
    expected = [given.records.videos[video_id]["final"] for video_id in results.ids]
    np.testing.assert_allclose(results.truth["final"], expected, atol=1e-3)
    metafile = yaml.safe_load(next(given.folder.glob("c3d_svr*/metafile.yml")).read_text())
    assert metafile["sees"]["endpoint"] == "fc6" and metafile["configuration"]["flags"]["validation_fraction"] == "0.3"


def test_every_system_has_a_row():
    table = EXPERIMENTS["table7"]
    assert {row.baseline for row in table.rows} == {None, *baselines.NAMES}
    for row in table.rows:
        sees = baselines.load_system(row.baseline).sees if row.baseline else None
        needs = STAGES if row.baseline == "s3d" else {"joints": "joints", "grey": "frames"}.get(sees)
        assert row.needs == needs
        assert not row.baseline or row.name.startswith(baselines.load_system(row.baseline).title)
    assert (
        table.paper["diving"]["C3D + SVR"] == {"f_src": 0.78} and table.paper["mit_diving"]["ConsISA"]["f_src"] == 0.19
    )


def test_a_table_says_what_no_data_hash_covers(surroundings, tmp_path):
    """Groups, a sport of one's own, and of rows that read joints which those are."""
    from scoringnet_tf.experiments import __main__ as command

    table = dataclasses.replace(EXPERIMENTS["table7"], rows=[Row("Pose + DCT", baseline="pose_dct", needs="joints")])
    records = copy_of(surroundings.records.records_dir, tmp_path / "with_joints", surroundings.records.data_hash)
    folder = records.records_dir / "joints"
    folder.mkdir()
    (folder / "joints.json").write_text('{"source": "drawn by hand"}')
    where = dataclasses.replace(surroundings, records=records, renderings=())
    made = command._made(table, where)
    assert (made["groups"], made["sport"], made["joints"]) == (None, None, [joints_hash(records)])
    assert "joints" not in command._made(EXPERIMENTS["table5"], where)
    records.videos["001"]["group"] = "one"
    assert command._made(table, where)["groups"] == records.beside_records()["groups"]


def test_rows_that_learned_from_test_videos_are_named(surroundings, fitted):
    """The most of any report; said beneath the table, for what they reach says nothing of other videos."""
    table = Experiment("Table", "Which?", [Row("one", baseline="c3d_svr"), Row("two", baseline="usdl")], "one")
    suite.run([table], surroundings, 1)
    assert suite.learned_before(table, surroundings, 1) == {}
    for row, numbers in zip(table.rows, (("null", "0"), ("2", "0")), strict=True):
        for number, rendering in zip(numbers, surroundings.tested, strict=True):
            report_dir = suite.run_of(row, 0).report(surroundings, rendering)
            (report_dir / "metrics.json").write_text(f'{{"seen_in_training": {number}}}')
    assert suite.learned_before(table, surroundings, 1) == {"two": 2}
    found = report.cells(suite.results(table, surroundings, 1), table)
    said = report.markdown(table, found, "unlv_diving", "diving", learned={"two": 2})
    assert said.rstrip().endswith("which says nothing of other videos: two 2.")
    assert "Learned from" not in report.markdown(table, found, "unlv_diving", "diving", learned={})
