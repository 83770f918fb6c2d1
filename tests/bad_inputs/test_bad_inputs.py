"""Bad input as a user gives it: the code that the command prints, what it names, its exit status; nothing is left."""

import json
import re
import shlex
import shutil
import warnings

import numpy as np
import pytest
from command_forks import ended
from conftest import write_bars, write_motion, write_unlv_diving
from makers import bars, changed, cut, fifo, flipped, folder_at, holding, huge_png, images, link, rows
from refusals import code_printed
from training_runs import OF_BARS, TINY, trained

import scoringnet_tf
from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.settings import merged

FEATURES = {"size": 6, "stride": 4, "origin": None}

P, F = "predict --model=model.keras", "predict --model=features.keras"
E = "evaluate --model=model.keras --records_dir=records"
OWN = "--dataset=manifest --sport=diving --source_dir=own"
B = f"build --workers=1 --output_dir=new {OWN}"
X = "extract --model=c3d.keras --endpoint=conv5b --output_dir=f"
ROW, STAGED = "a.avi,train,3.0,20,60", "video,split,difficulty,execution,final,pre-starting,take-flight,entry,end"
ENORMOUS = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 6), }"

CASES = [  # code, what is named, command, what makes the input bad; sound files that a command names are there
    # === predict: the command line ===
    ("no_videos", "", "predict"),
    ("unknown_flag", "epochs", "predict --epochs=3 dive.avi"),
    ("flags_conflict", "--json", "predict --json --csv dive.avi"),
    ("no_folder", "--plot_dir", "predict --plot_dir=dive.avi dive.avi"),
    ("flags_conflict", "--watch", "predict --watch=. dive.avi"),
    ("no_folder", "--watch", "predict --watch=dive.avi"),
    ("not_writable", "/proc/pictures", "predict --plot_dir=/proc/pictures dive.avi"),
    ("unreadable", "50.25 to 60.5", f"{P} --start=50.25 --end=60.5 dive.avi"),
    # === Models and features ===
    ("damaged_model", "model.keras", f"{P} dive.avi", changed("model.keras", cut)),
    ("unreadable", "w.npy", f"{F} w.npy", holding("w.npy", b"\x93NUMPY\x01\x00v\x00" + ENORMOUS.ljust(0x75) + b"\n")),
    # === Records, evaluation, training ===
    ("not_found", "dives/dataset_info.json", "evaluate --records_dir=dives"),
    ("damaged_json", "records/dataset_info.json", E, changed("records/dataset_info.json", cut)),
    ("damaged_records", "inspect", E, changed("records/test-*", flipped)),
    ("other_sport", "vault", "evaluate --model=vault.keras --records_dir=records"),
    ("records_of_classes", "motion_records", "evaluate --model=model.keras --records_dir=motion_records --split=train"),
    (
        "missing_flag",
        "--held_out_split",
        "calibrate --records_dir=records --model=model.keras --held_out_records_dir=records",
    ),
    ("no_scores", "motion_records", "baselines c3d_svr --records_dir=motion_records --output_dir=out"),
    ("no_classes", "records", "pretrain --records_dir=records --model_dir=run"),
    # === Exports, weights, reports, tables ===
    ("missing_flag", "--frame_rate", f"{X.replace('c3d.keras', 'motion_small')} --frame_size=73,98 dive.avi"),
    # === Preparing data ===
    ("wrong_flag", "--dataset", "build"),
    ("bad_rows", "entry", B, rows(f"{ROW},0,5,9,99", header=STAGED), ".new.building"),
    ("wrong_format", "simulation.json", B, holding("own/simulation.json", b"[1]")),
    ("flag_unused", "--workers=2", f"build --workers=2 --output_dir=new {OWN.replace('own', 'features')}"),
    ("not_found", "no_split", "build --dry_run --dataset=unlv_diving --source_dir=dives --split_dir=no_split"),
    ("missing_flag", "--output_dir", f"build {OWN}"),
    ("unknown_name", "dev", "inspect --records_dir=records --output=sheet.png --split=dev"),
    ("flag_unused", "--num_videos", "inspect --records_dir=records --num_videos=3"),
    # === An object store holds records alone ===
    ("not_local", "--model=s3://b/a", "evaluate --model=s3://b/a --records_dir=records"),
    ("not_local", "--model_dir=s3://b/a", "train --records_dir=records --model_dir=s3://b/a"),
    ("not_local", "--export_dir=s3://b/a", "export --export_dir=s3://b/a"),
    ("not_local", "--output=s3://b/a.html", "report dive.avi --output=s3://b/a.html"),
    ("not_local", "--output_dir=s3://b/a", "simulate --num_videos=2 --workers=1 --output_dir=s3://b/a"),
    ("not_local", "--runs_dir=s3://b/a", "experiments run table3 --records_dir=records --runs_dir=s3://b/a"),
    ("not_local", "--results_dir=s3://b/a", "experiments run table3 --records_dir=records --results_dir=s3://b/a"),
    (
        "not_local",
        "--features_dir=s3://b/a",
        "baselines c3d_lstm --records_dir=records --output_dir=o --features_dir=s3://b/a",
    ),
]

VIDEOS = [  # code of the error or of a reason, argument of predict, what makes it bad: all go into one call
    ("unreadable", "none.mp4"),
    ("unreadable", "empty.mp4", holding("empty.mp4")),
    ("unreadable", "text.mp4", holding("text.mp4", b"no video\n" * 99)),
    ("unreadable", "list.avi", holding("list.avi", b"#EXTM3U\n#EXTINF:1,\ndive.avi\n")),  # names a video elsewhere
    ("unreadable", "model.keras"),
    ("unreadable", "bombs", images("bombs", huge_png)),
    ("unreadable", "gap", images("gap", lambda path: path.unlink(), 8)),
    ("unreadable", "damaged", images("damaged", lambda path: path.write_bytes(b"x"))),
    ("unreadable", "nothing", folder_at("nothing")),
    ("unreadable", "pipe.avi", fifo("pipe.avi")),
    ("unreadable", "/dev/zero"),
    ("unreadable", "link.avi", link("link.avi", "gone.avi")),
    ("unreadable", "a" * 300),
    ("unreadable", "*.mov"),
    ("unreadable", "https://host/a.mp4"),
    ("too_few_frames", "one.avi", bars("one.avi", 1)),
    ("frame_rate_too_low", "slow.avi", bars("slow.avi", 30, fps=1)),
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory, stage_model):
    """A folder with all that the commands name and that is as it should be."""
    folder = tmp_path_factory.mktemp("sound")
    write_bars(folder / "dive.avi", 30)
    write_unlv_diving(folder / "dives", 6, 2)
    build_records("unlv_diving", folder / "dives", folder / "records", BuildSettings((36, 48)), workers=1)
    write_motion(folder / "motion")
    build_records("motion", folder / "motion", folder / "motion_records", BuildSettings((36, 48)), workers=1)
    for name in ("own", "features"):
        (folder / name).mkdir()
    for number, name in enumerate(("a", "b")):
        write_bars(folder / f"own/{name}.avi", 24, number)
        np.save(folder / f"features/{name}.npy", np.random.default_rng(number).normal(size=(8, 6)))
    (folder / "own/manifest.csv").write_text("video,split,final\na.avi,train,60\nb.avi,test,70\n")
    (folder / "features/manifest.csv").write_text("features,split,final,fps\na.npy,train,60,24\nb.npy,test,70,24\n")
    (folder / "stages.csv").write_text("video_id,stage,start_frame,end_frame\n1,take-flight,0,9\n")
    model = load_scoring_net(stage_model).with_dtype("float32", provenance={"frame_rate": 25.0})
    model.save(folder / "model.keras")
    trained(scoringnet_tf.ScoringNet(sport="vault", **OF_BARS)).save(folder / "vault.keras")
    content = {"content": {"features": FEATURES}, "provenance": {"frame_rate": 6.0}}
    of_features = scoringnet_tf.ScoringNet(**merged(TINY, content))
    trained(of_features).save(folder / "features.keras")
    scoringnet_tf.C3D((8, 32, 32, 3), width_multiplier=1 / 16).save(folder / "c3d.keras")
    return folder


def prepared(folder, sound, command, *makers):
    """A folder with the sound files that a command names, and the bad ones; further arguments of `ended`."""
    folder.mkdir()
    for path in sound.iterdir():
        if path.name in re.split(r"[ =/]", command):
            (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)
    options = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zipfile
        for make in makers:
            result = make(folder)
            options |= result if isinstance(result, dict) else {}
    return options


def words(command):
    name, *rest = shlex.split(command)
    return ["scoringnet_tf", name, *rest]


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[2][:40]} {case[1]}")
def test_the_code_says_what_is_wrong(case, sound, tmp_path):
    code, named, command, *more = case
    makers, leaves = more[:1], set(more[1:])
    folder = tmp_path / "here"
    options = prepared(folder, sound, command, *makers)
    before = files(folder)
    result = ended(words(command), folder, tmp_path, **options)
    assert (code_printed(result.stderr), result.returncode) == (code, 1), result.stderr
    assert named in result.stderr and "Traceback" not in result.stderr
    assert {path.partition("/")[0] for path in files(folder) - before} == leaves and before <= files(folder)


@pytest.mark.parametrize("arguments", [["data_prep"], ["data_prep", "biuld"], ["scoringnet_tf", "biuld"]])
def test_a_command_that_there_is_not_is_answered_by_those_that_there_are(arguments, tmp_path):
    result = ended(arguments, tmp_path, tmp_path)
    assert (
        result.returncode == 2
        and "  build  " in result.stderr
        and f"{arguments[0][:5]}" in result.stderr.splitlines()[-1]
    )


def test_bad_videos_are_named_and_the_sound_one_is_scored(sound, tmp_path):
    folder = tmp_path / "here"
    prepared(folder, sound, "dive.avi model.keras", *(make for _, _, *makers in VIDEOS for make in makers))
    before = files(folder)
    arguments = [*(argument for _, argument, *_ in VIDEOS), "dive.avi"]
    result = ended(["scoringnet_tf.predict", "--model=model.keras", "--json", *arguments], folder, tmp_path)
    scores = [json.loads(line) for line in result.stdout.splitlines()]
    assert [score["video"] for score in scores] == arguments, result.stderr
    assert scores[-1]["num_frames"] == 30 and scores[-1]["error"] is None and result.returncode == 1
    for (code, argument, *_), score in zip(VIDEOS, scores, strict=False):
        remarks = [score["error"]] if score["error"] else score["reasons"]
        assert code in {remark["code"] for remark in remarks}, (argument, remarks)
        assert not score["error"] or argument in score["error"]["message"]
    assert files(folder) == before
