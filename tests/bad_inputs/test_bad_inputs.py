"""Every kind of bad input, as a user gives it: its exit status, all that it says, nothing left, nothing lost.

The cases are the rows of docs/bad_inputs.md, see `bad_page`. "…" in what they say stands for anything.
"""

import json
import re
import shlex
import shutil
import warnings

import numpy as np
import pytest
from bad_case import SOUND
from bad_page import CASES, PAGE, page
from bad_videos import VIDEOS
from command_forks import ended
from conftest import write_bars, write_motion, write_unlv_diving
from training_runs import trained

import scoringnet_tf
from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.models.presets import load_scoring_net

SMALL = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 8), "frame_size": (36, 48)}
OF_FEATURES = {"features": {"size": 6, "stride": 4, "origin": None}, "provenance": {"frame_rate": 6.0}}


@pytest.fixture(scope="module")
def sound(tmp_path_factory, stage_model):
    """A folder with all of `SOUND`."""
    folder = tmp_path_factory.mktemp("sound")
    write_bars(folder / "dive.avi", 30)
    write_unlv_diving(folder / "dives", 6, 2)
    build_records("unlv_diving", folder / "dives", folder / "records", BuildSettings((36, 48)), workers=1)
    write_motion(folder / "motion")
    build_records("motion", folder / "motion", folder / "motion_records", BuildSettings((36, 48)), workers=1)
    _write_own(folder / "own")
    _write_features(folder / "features")
    build_records("manifest", folder / "features", folder / "feature_records", workers=1, sport="diving")
    np.save(folder / "v.npy", np.ones((10, 6), np.float32))
    (folder / "stages.csv").write_text("video_id,stage,start_frame,end_frame\n1,take-flight,0,9\n")
    model = load_scoring_net(stage_model).with_dtype("float32", provenance={"frame_rate": 25.0})
    model.save(folder / "model.keras")
    trained(scoringnet_tf.ScoringNet(sport="vault", **SMALL)).save(folder / "vault.keras")
    of_features = scoringnet_tf.ScoringNet(**OF_FEATURES, width_multiplier=1 / 16, clip_lengths=(4, 4))
    trained(of_features).save(folder / "features.keras")
    scoringnet_tf.C3D((8, 32, 32, 3), width_multiplier=1 / 16, classes=3).save(folder / "c3d.keras")
    return folder


def _write_own(folder):
    folder.mkdir()
    for number, name in enumerate(("a", "b")):
        write_bars(folder / f"{name}.avi", 24, number)
    (folder / "manifest.csv").write_text("video,split,final\na.avi,train,60\nb.avi,test,70\n")


def _write_features(folder):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        np.save(folder / f"{name}.npy", rng.normal(size=(8, 6)))
    (folder / "manifest.csv").write_text("features,split,final,fps\na.npy,train,60,24\nb.npy,test,70,24\n")


def prepared(folder, sound, text, *makers):
    """A folder with what of `SOUND` a text names, and what is bad; further arguments of `ended`."""
    folder.mkdir()
    for name in set(re.split(r"[ =/]", text)) & set(SOUND):
        (shutil.copytree if (sound / name).is_dir() else shutil.copy)(sound / name, folder / name)
    options = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zipfile
        for make in filter(None, makers):
            found = make(folder)
            options |= found if isinstance(found, dict) else {}
    return options


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def assert_says(printed, expected):
    pattern = ".*".join(map(re.escape, expected.split("…")))
    assert re.fullmatch(pattern, printed.removesuffix("\n"), re.DOTALL), f"\n{printed}\nis not\n{expected}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.given)
def test_it_says_what_is_wrong(case, sound, tmp_path):
    folder = tmp_path / "here"
    options = prepared(folder, sound, f"{case.command} {case.needs}", case.make)
    before = files(folder)
    result = ended(shlex.split(case.command), folder, tmp_path, **options)
    assert "Traceback" not in result.stderr, result.stderr
    assert_says(result.stderr, case.says)
    assert_says(result.stdout, case.prints.removesuffix("\n"))
    assert result.returncode == case.status
    after = files(folder)
    assert {path.partition("/")[0] for path in after - before} == set(case.leaves.split())
    assert all(path.startswith(".") for path in before - after)  # what a killed process left


COMMANDS = ["train", "pretrain", "evaluate", "predict", "report", "calibrate", "export", "extract", "import_weights"]
PREPARING = ["build", "check", "describe", "inspect", "simulate", "split", "stages", "suggest"]
ALL = [f"scoringnet_tf.{name}" for name in (*COMMANDS, "experiments", "baselines")]
ALL += [f"data_prep {name}" for name in PREPARING]


@pytest.mark.parametrize("command", ALL)
def test_a_flag_that_there_is_not_fails(command, tmp_path):
    result = ended([*command.split(), "--learningrate=1"], tmp_path, tmp_path)
    assert_says(result.stderr, "FATAL Flags parsing error:…Unknown command line flag 'learningrate'…")
    assert (result.returncode, result.stdout) == (2 if command == "data_prep check" else 1, "")


def test_bad_videos_are_named_and_the_sound_one_is_scored(sound, tmp_path):
    folder = tmp_path / "here"
    prepared(folder, sound, "dive.avi model.keras", *(video.make for video in VIDEOS))
    before = files(folder)
    arguments = [*(video.argument for video in VIDEOS), "dive.avi"]
    result = ended(["scoringnet_tf.predict", "--model=model.keras", "--json", *arguments], folder, tmp_path)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["video"] for one in found] == arguments, result.stderr
    wrong = []
    for one, video in zip(found, VIDEOS, strict=False):
        reasons = " ".join(reason["message"] for reason in one["reasons"])
        try:
            assert_says(one["error"]["message"] if one["error"] else reasons, video.says)
        except AssertionError as error:
            wrong.append(str(error))
    assert not wrong, "\n".join(wrong)
    assert found[-1]["num_frames"] == 30 and found[-1]["error"] is None
    failed = [f"predict: {one['error']['message']}" for one in found if one["error"]]
    assert result.stderr.splitlines() == failed and result.returncode == 1
    assert files(folder) == before


def test_the_page_is_that_of_the_cases():
    """`python tests/bad_inputs/bad_page.py` writes it."""
    assert len(CASES) + len(VIDEOS) >= 60
    assert PAGE.read_text(encoding="utf-8") == page()
