"""The command on tiny records: every system from frames, features or joints to the report that `evaluate` writes."""

import dataclasses
import itertools
import json
import pathlib
import re
import shutil
import types

import keras
import numpy as np
import pytest
from command_forks import forked
from refusals import refused
from tiny_records import copy_of

import scoringnet_tf
from scoringnet_tf import baselines, sports
from scoringnet_tf.baselines import c3d_lstm, consisa, svr
from scoringnet_tf.baselines.run import Run, table
from scoringnet_tf.baselines.videos import Videos
from scoringnet_tf.data.dataset_info import DatasetInfo, score_statistics, shown
from scoringnet_tf.data.features import read_features
from scoringnet_tf.data.joints import joints_hash
from scoringnet_tf.data.splits import resplit
from scoringnet_tf.experiments import suite
from scoringnet_tf.experiments.results import read_predictions
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.run_record import RunRecord


@pytest.fixture(scope="module")
def c3d(tmp_path_factory):
    """A tiny C3D with fc6, untrained."""
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("c3d") / "c3d.keras"
    scoringnet_tf.C3D((16, 32, 32, 3), 1 / 16, heads={"group": 3}).save(path)
    return path


@pytest.fixture(scope="module")
def records(diving_records, tmp_path_factory):
    """Those of `diving_records`, with joints: of video i a head, and a hand i times as far from it; and with faults."""
    folder = pathlib.Path(shutil.copytree(diving_records, tmp_path_factory.mktemp("joints") / "records"))
    (folder / "joints").mkdir()
    index = {"source": "drawn by hand", "names": ["head", "hand"]}
    (folder / "joints/joints.json").write_text(json.dumps(index))
    for video_id, video in DatasetInfo.load(folder).videos.items():
        joints = np.zeros((video["num_frames"], 2, 2), np.float16)
        joints[:, 1, 0] = 10 * int(video_id)
        np.save(folder / f"joints/{video_id}.npy", joints)
    rows = [f"{number},107B,3,20,{number / 10},{20 + number / 2},6 7" for number in range(1, 11)]
    header = "video_id,dive,difficulty,execution,splash,deserved,marks"
    (folder / "factors.csv").write_text("\n".join([header, *rows, ""]))
    return folder


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """An epoch, and few units and words."""
    monkeypatch.setattr(c3d_lstm, "EPOCHS", 1)
    for name, value in {"UNITS": (6, 4), "SAMPLED": 60, "WORDS": 5, "STEP": (7, 16, 16)}.items():
        monkeypatch.setattr(consisa, name, value)


def run_of(name, records, folder, c3d, **options):
    info = DatasetInfo.load(records)
    folders = {"output_dir": folder, "features_dir": folder / "features"}
    options = {"tested": (info,), "validation_fraction": 0.3, **options}
    return Run(name, info, pretrained=str(c3d), **folders, **options)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*baselines.NAMES} - {"c3d_lstm"}))
def test_every_system_leaves_the_report_of_an_evaluation(name, records, tmp_path, c3d):
    (report,) = run_of(name, records, tmp_path, c3d).run()
    info = DatasetInfo.load(records)
    found = read_predictions(report / "predictions.csv")
    assert found.ids == tuple(sorted(info.split("test")["ids"]))
    expected = [info.videos[video_id]["final"] for video_id in found.ids]
    np.testing.assert_allclose(found.truth["final"], expected, atol=1e-4)
    measured = json.loads((report / "metrics.json").read_text())
    for score, truth in found.truth.items():
        error = sports.med(truth, found.predicted[score])
        assert measured[f"{score[0]}_med"] == pytest.approx(error)
    assert report.name == f"test_{info.data_hash[:10]}" and measured["model"] == name
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert settings["system"] == name and settings["chosen"].keys() == {"difficulty", "execution", "final"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["c3d_lstm", "c3d_svr"])
def test_the_scores_that_are_known_are_learnt(name, records, tmp_path, c3d):
    """Here of the final score; one that is always the same, as difficulty in ski_big_air, is predicted as it is."""
    info = DatasetInfo.load(records)
    for video in info.videos.values():
        video |= {"difficulty": 0.0, "execution": None}
    (report,) = dataclasses.replace(run_of(name, records, tmp_path, c3d, tested=(info,)), info=info).run()
    found = read_predictions(report / "predictions.csv").predicted
    assert found.keys() == {"difficulty", "final"} and np.isfinite(found["final"]).all()
    assert {*found["difficulty"]} == {0.0} and len({*found["final"]}) > 1
    settings = json.loads((tmp_path / "settings.json").read_text())
    assert settings["chosen"]["difficulty"] == {"constant": 0.0} and settings["sees"]["endpoint"] == "fc6"
    assert settings["chosen"]["final"].get("epoch") == (1 if name == "c3d_lstm" else None)


def test_figures_are_printed_as_in_metrics_json(records, tmp_path, c3d):
    run = run_of("pose_dct", records, tmp_path, c3d)
    for video in run.info.videos.values():
        video["difficulty"] = None
    (report,) = run.run()
    measured = json.loads((report / "metrics.json").read_text())
    assert (measured["training_videos"], measured["num_videos"]) == (7, 3)
    sees = json.loads((tmp_path / "settings.json").read_text())["sees"]
    assert sees == {"joints": "drawn by hand", "sha256": joints_hash(run.info)}
    text = table([report], sports.get_sport("diving"))
    assert {"7", "pose_dct"} <= {*re.findall(r"\w+", text)} and str(tmp_path) in text
    assert {report.name, f"{measured['e_src']:.3f}", f"{measured['f_med']:.3f}"} <= {*text.split()}
    found = read_predictions(report / "predictions.csv")  # execution is 15 + i, and the hand of video i so far away
    assert sports.src(found.truth["execution"], found.predicted["execution"]) == pytest.approx(1)


def test_the_command_prints_its_figures(records, tmp_path):
    words = ["pose_dct", f"--records_dir={records}", f"--output_dir={tmp_path}", "--validation_fraction=0.3"]
    result = forked("scoringnet_tf.baselines", *words)
    assert result.returncode == 0, result.stderr
    assert table([*tmp_path.glob("test_*")], sports.get_sport("diving")) in result.stdout


def test_joints_of_videos_that_are_called_alike_all_count(tmp_path):
    info = types.SimpleNamespace(source=None, records_dir=tmp_path, videos={"a/001": {}, "b/001": {}})
    hashes = set()
    for name, content in itertools.product(info.videos, (b"first", b"second")):
        (tmp_path / "joints" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"joints/{name}.npy").write_bytes(content)
        hashes.add(joints_hash(info))
    assert len(hashes) == 4


def test_clips_are_of_sixteen_frames_and_begin_every_eighth(records, tmp_path, c3d):
    info = DatasetInfo.load(records)
    ids = tuple(info.split("test")["ids"])
    videos = Videos(info, "test", ids, str(c3d), tmp_path)
    clips = videos.clips()
    for video_id, found in zip(ids, clips, strict=True):
        num_frames = info.videos[video_id]["num_frames"]
        assert found.values.shape == (-(-num_frames // 8), 256)  # fc6 of 1/16 width
        assert found.stages.shape == found.values.shape[:1]
    for stages, found in zip(videos.stages, clips, strict=True):
        middles = [min(8 * clip + 8, len(stages) - 1) for clip in range(len(found.stages))]
        assert found.stages.tolist() == [stages[middle] for middle in middles]
    stored = next(tmp_path.glob("*-fc6-*"))
    np.testing.assert_array_equal(read_features(stored / f"{ids[0]}.npy").values, clips[0].values)
    assert {path.stem for path in stored.glob("*.npy")} == set(ids)  # of the videos that were asked for


def test_every_rendering_has_a_report(records, tmp_path, c3d):
    first = run_of("pose_dct", records, tmp_path, c3d)
    both = dataclasses.replace(first, tested=(first.info, copy_of(records, tmp_path / "other"))).run()
    assert [path.name for path in both] == [f"test_{first.info.data_hash[:10]}", "test_0123456789"]
    assert (both[0] / "predictions.csv").read_bytes() == (both[1] / "predictions.csv").read_bytes()


@pytest.mark.parametrize(
    "index",
    [
        {"source": "drawn by hand", "names": ["hand", "head"]},
        {"source": "drawn by hand", "names": ["head", "hand"], "size": [36, 48]},
        {"source": "a tool", "names": ["head", "hand"]},
    ],
    ids=["order", "scale", "source"],
)
def test_a_rendering_with_other_joints_is_refused(index, records, tmp_path, c3d):
    other = copy_of(records, tmp_path / "other")
    (tmp_path / "other/joints/joints.json").write_text(json.dumps(index))
    run = run_of("pose_dct", records, tmp_path / "run", c3d)
    with refused("other_records", tmp_path / "other"):
        dataclasses.replace(run, tested=(run.info, other)).run()


@pytest.fixture(scope="module")
def finished(records, tmp_path_factory, c3d):
    """The folder of a run that has ended."""
    folder = tmp_path_factory.mktemp("finished")
    run_of("pose_dct", records, folder, c3d).run()
    return folder


@pytest.mark.parametrize("what", ["system", "seed", "validation_fraction", "data_hash", "groups", "sees"])
def test_a_folder_of_another_run_is_refused(what, records, finished, tmp_path, c3d):
    other = run_of("apenft" if what == "system" else "pose_dct", records, finished, c3d)
    if what == "data_hash":
        other = dataclasses.replace(other, info=dataclasses.replace(other.info, data_hash="0123456789ab"))
    elif what == "groups":
        next(iter(other.info.videos.values()))["group"] = "one"
    elif what == "sees":
        info = copy_of(records, tmp_path / "same", other.info.data_hash)
        np.save(info.records_dir / "joints/001.npy", 2 * np.load(info.records_dir / "joints/001.npy"))
        other = dataclasses.replace(other, info=info)
    elif what != "system":
        other = dataclasses.replace(other, **{what: {"seed": 1, "validation_fraction": 0.4}[what]})
    with refused("other_settings", what):
        other.run()


@pytest.mark.slow
def test_a_folder_of_other_weights_is_refused(records, tmp_path, c3d):
    run_of("c3d_svr", records, tmp_path / "run", c3d).run()
    changed = keras.models.load_model(c3d, compile=False)
    changed.set_weights([2 * weights for weights in changed.get_weights()])
    changed.save(tmp_path / "other.keras")
    with refused("other_settings", "sees"):
        run_of("c3d_svr", records, tmp_path / "run", tmp_path / "other.keras").run()


def test_a_report_of_another_model_is_neither_taken_nor_replaced(records, tmp_path, c3d):
    """That of a training of ScoringNet, say, which lies there under the same name."""
    run = run_of("pose_dct", records, tmp_path, c3d)
    (report,) = run.run()
    (tmp_path / "settings.json").unlink()
    before = (report / "predictions.csv").read_bytes()
    for tested in ((run.info,), (run.info, copy_of(records, tmp_path / "again"))):
        with refused("exists", report.name):
            dataclasses.replace(run, tested=tested).run()
    assert (report / "predictions.csv").read_bytes() == before


@pytest.mark.slow
def test_what_the_c3d_learned_from_is_said_and_kept(records, tmp_path, c3d, capsys):
    """Of test videos, whose figures say nothing of others; of what a system does not see nothing."""
    info = DatasetInfo.load(records)
    first, *_ = info.split("test")["ids"]
    shutil.copy(c3d, tmp_path / "c3d.keras")
    learned = [shown(info.videos[video_id]) for video_id in (first, info.split("train")["ids"][0])]
    RunRecord(TrainingConfig(), "").write(tmp_path, learned)
    for name, number in (("c3d_svr", 1), ("apenft", 0)):
        (report,) = run_of(name, records, tmp_path / name, tmp_path / "c3d.keras").run()
        measured = json.loads((report / "metrics.json").read_text())
        assert (measured["seen_in_training"], measured["training_videos"]) == (number, len(info.split("train")["ids"]))
        said = f"--pretrained learned from 1 of {len(info.split('test')['ids'])} test videos: "
        assert (said in capsys.readouterr().out) == bool(number)


def test_groups_held_out_videos_and_the_seed_reach_the_system(records, tmp_path, c3d, monkeypatch):
    run, seen = run_of("c3d_svr", records, tmp_path, c3d, seed=7), []
    of_split = [run._part(split).ids for split in ("train", "validation")]
    ids = [*of_split[0], *of_split[1]]
    assert (
        len(dataclasses.replace(run, validation_fraction=0.45)._part("validation").ids) == round(0.45 * len(ids)) == 3
    )
    for video_id in ids[1:4]:
        run.info.videos[video_id]["group"] = "one"

    def learn(training):
        seen.append(training)
        raise InputError("no", "no")

    monkeypatch.setattr(svr, "C3D_SVR", dataclasses.replace(svr.C3D_SVR, learn=learn))
    with refused("no", f"{records}: c3d_svr, difficulty scores"):
        run.run()
    groups = seen[0].groups.tolist()
    assert groups[1:4] == ["one"] * 3 and len(set(groups)) == len(ids) - 2
    assert seen[0].held_out.tolist() == [*[False] * len(of_split[0]), *[True] * len(of_split[1])] and of_split[1]
    assert seen[0].seed == 7


def test_renderings_of_other_videos_and_damaged_settings_are_refused(records, tmp_path, c3d):
    def change(index):
        index["videos"][index["splits"]["test"]["ids"][0]]["final"] += 1
        index["score_statistics"] = score_statistics(index["videos"])

    other = copy_of(records, tmp_path / "other", change=change)
    with refused("other_videos", other.records_dir):
        run_of("c3d_svr", records, tmp_path / "run", c3d, tested=(DatasetInfo.load(records), other)).run()
    (tmp_path / "settings.json").write_text("[1")
    with refused("damaged_json", "settings.json"):
        run_of("pose_dct", records, tmp_path, c3d).run()


def test_test_scores_are_not_looked_at(records, tmp_path, c3d):
    info = DatasetInfo.load(records)
    for video_id in info.split("test")["ids"]:
        info.videos[video_id] |= {"difficulty": 1.0, "execution": 1.0, "final": 1.0}
    one = run_of("pose_dct", records, tmp_path / "one", c3d)
    other = dataclasses.replace(one, info=info, tested=(info,), output_dir=tmp_path / "other")
    (found,), (again,) = one.run(), other.run()
    found, again = (read_predictions(report / "predictions.csv") for report in (found, again))
    np.testing.assert_array_equal(found.predicted["final"], again.predicted["final"])
    assert (again.truth["final"] == 1).all()


@pytest.mark.parametrize("name", ["pose_dct", "apenft"])
def test_estimated_joints_of_any_format_are_read(name, records, tmp_path, c3d, capsys):
    """Some frames lost, some joints too, and a whole video, in a format that lacks hands and toes."""
    lost = DatasetInfo.load(records).split("train")["ids"][0]
    folder, rng = pathlib.Path(shutil.copytree(records, tmp_path / "records")), np.random.default_rng(0)
    index = {"source": "a tool", "format": "coco-17", "size": [720, 1280]}
    (folder / "joints/joints.json").write_text(json.dumps(index))
    for file in (folder / "joints").glob("*.npy"):
        joints = rng.uniform(100, 500, (len(np.load(file)), 17, 3))
        joints[..., 2] = rng.random(joints.shape[:2]) > 0.2
        joints[3:5] = np.nan
        np.save(file, np.full_like(joints, np.nan) if file.stem == lost else joints)
    run = run_of(name, folder, tmp_path / "run", c3d)
    (report,) = run.run()
    predicted = read_predictions(report / "predictions.csv").predicted["final"]
    assert np.isfinite(predicted).all() and len(predicted)
    assert json.loads((run.output_dir / "settings.json").read_text())["sees"]["joints"] == "a tool"
    assert f"({lost})" in capsys.readouterr().err
    for file in (folder / "joints").glob("*.npy"):
        np.save(file, np.full_like(np.load(file), np.nan))
    with refused("no_joints", folder / "joints"):
        run_of(name, folder, tmp_path / "again", c3d).run()


def _damaged(path):
    path.write_bytes(path.read_bytes()[:90])


@pytest.mark.parametrize(
    ("code", "file", "change"),
    [
        ("not_found", "joints.json", pathlib.Path.unlink),
        ("wrong_value", "joints.json", lambda path: path.write_text('{"source": "x", "names": ["hand"]}')),
        ("not_found", "002.npy", pathlib.Path.unlink),
        ("damaged", "002.npy", _damaged),
        ("wrong_shape", "002.npy", lambda path: np.save(path, np.load(path)[1:])),
    ],
)
def test_joints_that_do_not_fit_are_refused(code, file, change, records, tmp_path, c3d):
    folder = shutil.copytree(records, tmp_path / "records")
    change(folder / "joints" / file)
    with refused(code, file):
        run_of("pose_dct", folder, tmp_path / "run", c3d).run()


@pytest.mark.slow
def test_another_split_of_the_records_is_learnt_from_with_their_joints(records, tmp_path, c3d):
    """An index of another split (`data.splits`) has neither records nor joints of its own."""
    split = {f"{number:03d}": "test" if number > 7 else "train" for number in range(1, 11)}
    info = resplit(DatasetInfo.load(records), split, tmp_path / "split")
    assert suite.has(info, "joints")
    for name in ("pose_dct", "c3d_svr"):
        (report,) = run_of(name, tmp_path / "split", tmp_path / name, c3d).run()
        assert read_predictions(report / "predictions.csv").ids == ("008", "009", "010")
