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
from makers import (
    array,
    bars,
    changed,
    cut,
    fifo,
    flipped,
    folder_at,
    holding,
    huge_png,
    images,
    index,
    link,
    rows,
    settings,
    stdin,
    swapped_ids,
)
from refusals import code_printed
from training_runs import trained

import scoringnet_tf
from data_prep.__main__ import COMMANDS as PREPARATION
from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.models.presets import load_scoring_net

SMALL = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 8), "frame_size": (36, 48)}
OF_FEATURES = {"features": {"size": 6, "stride": 4, "origin": None}, "provenance": {"frame_rate": 6.0}}

P, F = "predict --model=model.keras", "predict --model=features.keras"
E = "evaluate --model=model.keras --records_dir=records"
R = "report --output=page.html"
T = (
    "train --records_dir=records --model_dir=run --image_size=32,32 --width_multiplier=0.0625 --clip_lengths=8,8 "
    "--batch_size=4 --epochs=1 --validation_fraction=0"
)
OWN = "--dataset=manifest --sport=diving --source_dir=own"
B = f"build --workers=1 --output_dir=new {OWN}"
X = "extract --model=c3d.keras --endpoint=conv5b --output_dir=f"
ROW, STAGED = "a.avi,train,3.0,20,60", "video,split,difficulty,execution,final,pre-starting,take-flight,entry,end"
LABELS = {"header": "video_id,stage,start_frame,end_frame", "name": "labels.csv"}
STATE = "run/checkpoints/joint_0001/state.json"
ENORMOUS = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 6), }"

CASES = [  # code, what is named, command, what makes the input bad; sound files that a command names are there
    # === predict: the command line ===
    ("no_videos", "", "predict"),
    ("unreadable", "empty", f"{P} ''"),
    ("empty_flag", "--plot_dir", "predict --plot_dir= dive.avi"),
    ("unknown_flag", "epochs", "predict --epochs=3 dive.avi"),
    ("wrong_flag", "--stream=first", "predict --stream=first dive.avi"),
    ("wrong_flag", "--start", "predict --start=nan dive.avi"),
    ("flags_conflict", "--json", "predict --json --csv dive.avi"),
    ("out_of_range", "--end", "predict --start=3 --end=2 dive.avi"),
    ("wrong_flag", "no.flags", "predict --flagfile=no.flags dive.avi"),
    ("wrong_format", "dive.avi", "predict --flagfile=dive.avi dive.avi"),
    ("no_folder", "--plot_dir", "predict --plot_dir=dive.avi dive.avi"),
    ("no_folder", "dive.avi/pictures", "predict --plot_dir=dive.avi/pictures dive.avi"),
    ("not_writable", "/proc/pictures", "predict --plot_dir=/proc/pictures dive.avi"),
    ("missing_flag", "--results_dir", "predict --runner=DirectRunner dive.avi"),
    ("flags_conflict", "--plot_dir", "predict --results_dir=results --plot_dir=pictures dive.avi"),
    ("flags_conflict", "--live", "predict --results_dir=results --live --json dive.avi"),
    ("not_local", "memory://kept", f"{P} --results_dir=memory://kept/results dive.avi"),
    ("unreadable", "dive.avi", f"{P} --stream=3 dive.avi"),
    ("unreadable", "100", f"{P} --start=100 dive.avi"),
    ("unreadable", r"\udcff.avi", f"{P} -", stdin(b"\xff.avi\r\n\n")),
    ("unreadable", "one.avi", f"{P} -", stdin(b"one.avi\0two.avi\0")),
    ("picture_not_written", "p/dive.avi.png", f"{P} --force --plot_dir=p dive.avi", folder_at("p/dive.avi.png")),
    # === Models and features ===
    ("not_found", "none.keras", "predict --model=none.keras dive.avi"),
    ("not_found", "--model=m", "predict --model=m dive.avi", folder_at("m")),
    ("damaged_model", "m.keras", "predict --model=m.keras dive.avi", holding("m.keras")),
    ("damaged_model", "model.keras", f"{P} dive.avi", changed("model.keras", cut)),
    ("damaged_model", "model.keras", f"{P} dive.avi", changed("model.keras", flipped)),
    ("damaged_model", "model.keras", f"{P} dive.avi", settings(lambda _: b"[]")),
    ("damaged_model", "divinx", f"{P} dive.avi", settings(lambda text: text.replace(b'"diving"', b'"divinx"'))),
    ("wrong_model", "diving_small", "predict --model=c3d.keras dive.avi"),
    ("damaged_model", "--model=dive.avi", "predict --model=dive.avi dive.avi"),
    ("unreadable", "dive.avi", f"{F} dive.avi"),
    ("unreadable", "w.npy", f"{F} w.npy", array("w.npy", np.zeros((10, 5), np.float32))),
    ("unreadable", "w.npy", f"{F} w.npy", array("w.npy", np.full((10, 6), np.nan))),
    ("unreadable", "w.npy", f"{F} w.npy", holding("w.npy", b"\x93NUMPY\x01\x00v\x00" + ENORMOUS.ljust(0x75) + b"\n")),
    ("unreadable", "features.json", f"{F} v.npy", holding("features.json", b"{")),
    ("flags_conflict", "--plot_dir", f"{F} --plot_dir=p v.npy"),
    # === Records, evaluation, training ===
    ("missing_flag", "--records_dir", "evaluate"),
    ("unexpected_argument", "stray", "evaluate stray"),
    ("not_found", "dives/dataset_info.json", "evaluate --records_dir=dives"),
    ("damaged_json", "records/dataset_info.json", E, changed("records/dataset_info.json", cut)),
    ("damaged_index", "frame_rate", E, index(frame_rate=float("nan"))),
    ("unknown_name", "curling", E, index(sport="curling")),
    ("damaged_shard", "records/test-", E, changed("records/test-*", cut)),
    ("not_found", "records/test-", E, changed("records/test-*", lambda _: None)),
    ("damaged_records", "inspect", E, changed("records/test-*", flipped)),
    ("damaged_records", "records", E, changed("records/dataset_info.json", swapped_ids)),
    (
        "damaged_records",
        "entry",
        "inspect --records_dir=records",
        index(stage_frames={"train": {}, "test": {"entry": 1}}),
    ),
    ("unknown_name", "dev", f"{E} --split=dev"),
    ("other_sport", "vault", "evaluate --model=vault.keras --records_dir=records"),
    ("records_of_classes", "motion_records", "evaluate --model=model.keras --records_dir=motion_records --split=train"),
    ("other_content", "feature_records", "evaluate --model=model.keras --records_dir=feature_records"),
    ("wrong_flag", "--batch_size=0", f"{E} --batch_size=0"),
    ("missing_flag", "--records_dir", "train"),
    ("wrong_value", "--image_size", "train --records_dir=records --model_dir=run --image_size=64"),
    ("not_found", "--pretrained", f"{T} --pretrained=none.keras"),
    ("wrong_model", "--pretrained", f"{T} --pretrained=model.keras"),
    ("unknown_name", "--lr_multipliers", f"{T} --lr_multipliers=head:2"),
    ("damaged_json", "state.json", T, holding(STATE, b"{"), "run"),
    ("not_found", "run/config.json", T, holding(STATE, b'{"steps_done": 1, "phase": "joint", "epoch": 1}'), "run"),
    (
        "missing_flag",
        "--held_out_split",
        "calibrate --records_dir=records --model=model.keras --held_out_records_dir=records",
    ),
    ("wrong_value", "diving_small", "calibrate --records_dir=records --model=diving_small"),
    ("no_scores", "motion_records", "baselines c3d_svr --records_dir=motion_records --output_dir=out"),
    ("no_classes", "records", "pretrain --records_dir=records --model_dir=run"),
    # === Exports, weights, reports, tables ===
    ("missing_flag", "--export_dir", "export"),
    ("exists", "e/2", "export --export_dir=e --version=2", folder_at("e/2")),
    ("wrong_value", "", "import_weights --output=c.keras"),
    ("damaged_weights", "w.txt", "import_weights --output=c.keras w.txt", holding("w.txt", b"no weights\n")),
    ("no_videos", "--records_dir", X),
    ("missing_flag", "--frame_rate", f"{X.replace('c3d.keras', 'motion_small')} --frame_size=73,98 dive.avi"),
    ("missing_flag", "--output", "report dive.avi"),
    ("no_videos", "", R),
    ("wrong_value", "--output", "report --output=page.pdf dive.avi"),
    ("not_found", "--judges=no.csv", f"{R} --judges=no.csv dive.avi"),
    (
        "duplicate",
        "judges.csv",
        f"{R} --judges=judges.csv dive.avi",
        holding("judges.csv", b"video,final,final\na,7,7\n"),
    ),
    (
        "wrong_value",
        "judges.csv",
        f"{R} --judges=judges.csv dive.avi",
        holding("judges.csv", b"video,final\ndive.avi,nan\n"),
    ),
    (
        "out_of_range",
        "7200",
        f"{R} --judges=judges.csv dive.avi",
        holding("judges.csv", b"video,final\ndive.avi,7200\n"),
    ),
    ("unknown_name", "svm", "baselines svm"),
    ("missing_flag", "--output_dir", "baselines core --records_dir=records"),
    ("unknown_name", "table99", "experiments run table99"),
    ("not_found", "no.flags", "experiments run table3 --records_dir=records --preset=no.flags"),
    # === Preparing data ===
    ("wrong_flag", "--dataset", "build"),
    ("wrong_flag", "--dataset=diving", "check --dataset=diving --source_dir=own"),
    ("not_local", "--source_dir", "check --dataset=unlv_diving --source_dir=s3://bucket/dives"),
    ("not_found", "none", "check --dataset=unlv_diving --source_dir=none"),
    ("unknown_name", "curling", B.replace("diving", "curling")),
    ("wrong_format", "mine.yaml", B.replace("diving", "mine.yaml"), holding("mine.yaml", b"name: [mine\n")),
    ("flag_unused", "--sport", "build --dataset=unlv_diving --sport=diving --source_dir=dives --output_dir=new"),
    ("not_found", "own/manifest.csv", B, changed("own/manifest.csv", lambda _: None)),
    ("no_rows", "own/manifest.csv", B, holding("own/manifest.csv")),
    ("wrong_format", "own/manifest.csv", B, holding("own/manifest.csv", b"PK\x03\x04" + bytes(50))),
    ("wrong_encoding", "--encoding", B, holding("own/manifest.csv", b"video,split\nk\xfcr.avi,train\n")),
    ("bad_rows", "own/none.avi", B, rows("none.avi,train,3.0,20,60")),
    ("bad_rows", "../dive.avi", f"{B} --jpeg_quality=92", rows("../dive.avi,train,3.0,20,60")),
    ("bad_rows", "entry", B, rows(f"{ROW},0,5,9,99", header=STAGED), ".new.building"),
    ("wrong_format", "simulation.json", B, holding("own/simulation.json", b"[1]")),
    (
        *(
            "counted_from_0",
            "diving_samples_len_ori",
            "build --dataset=unlv_diving --source_dir=dives --output_dir=new",
        ),
        holding("dives/diving_samples_len_ori/000.avi"),
    ),
    ("not_records", "new", B, holding("new/thesis.txt", b"mine")),
    ("exists", "--overwrite", B.replace("=new", "=records")),
    ("not_writable", "dive.avi/new", B.replace("=new", "=dive.avi/new")),
    ("other_records", "z.avi", f"{B} --split_csv=split.csv", holding("split.csv", b"id,split\nz.avi,train\n")),
    ("wrong_format", "--output", "inspect --records_dir=records --output=sheet.jpg"),
    ("flag_unused", "--num_videos", "inspect --records_dir=records --num_videos=3"),
    ("damaged_records", "test", "inspect --records_dir=records", changed("records/test-*", flipped)),
    ("missing_flag", "--num_videos", "simulate --output_dir=new"),
    ("wrong_value", "61", "simulate --output_dir=new --num_videos=2 --height=61"),
    ("exists", "new", "simulate --output_dir=new --num_videos=2 --workers=1", holding("new/thesis.txt", b"mine")),
    ("missing_flag", "", "stages --output=new.csv"),
    ("wrong_format", "notes.txt", "stages --output=new.csv notes.txt", holding("notes.txt", b"Dear diary\n")),
    ("wrong_stages", "swim", "stages --output=new.csv labels.csv", rows("1,swim,0,5", **LABELS)),
    ("flag_unused", "--fps", "stages --fps=30 --output=new.csv labels.csv", rows("1,entry,0,9", **LABELS)),
    (
        "wrong_stages",
        "row 3",
        "stages --output=new.csv labels.csv",
        rows("1,take-flight,0,9", "1,entry,5,12", **LABELS),
    ),
    ("exists", "stages.csv", "stages --output=stages.csv stages.csv"),
    ("flags_conflict", "--seed", f"split {OWN} --output=f.csv --by=own --seed=3"),
    ("too_few", "2", f"split {OWN} --output=f.csv --folds=9"),
    ("exists", "f.csv", f"split {OWN} --output=f.csv", holding("f.csv", b"mine")),
    ("missing_flag", "--videos_dir", "suggest --output=new.csv"),
    ("no_stages", "features.keras", "suggest --output=new.csv --model=features.keras dive.avi"),
]

VIDEOS = [  # code of the error or of a reason, argument of predict, what makes it bad: all go into one call
    ("unreadable", "none.mp4"),
    ("unreadable", "empty.mp4", holding("empty.mp4")),
    ("unreadable", "text.mp4", holding("text.mp4", b"no video\n" * 99)),
    ("unreadable", "list.avi", holding("list.avi", b"#EXTM3U\n#EXTINF:1,\ndive.avi\n")),  # names a video elsewhere
    ("unreadable", "concat.avi", holding("concat.avi", b"ffconcat version 1.0\nfile dive.avi\n")),
    ("unreadable", "photo.jpg", images("photos", lambda path: path.rename(path.parents[1] / "photo.jpg"))),
    ("unreadable", "model.keras"),
    ("unreadable", "bombs", images("bombs", huge_png)),
    ("unreadable", "gap", images("gap", lambda path: path.unlink(), 8)),
    ("unreadable", "damaged", images("damaged", lambda path: path.write_bytes(b"x"))),
    ("unreadable", "nothing", folder_at("nothing")),
    ("unreadable", "pipe.avi", fifo("pipe.avi")),
    ("unreadable", "/dev/zero"),
    ("unreadable", "loop.avi", link("loop.avi", "loop.avi")),
    ("unreadable", "link.avi", link("link.avi", "gone.avi")),
    ("unreadable", "dive.avi/a.avi"),
    ("unreadable", "a" * 300),
    ("unreadable", "*.mov"),
    ("unreadable", "http://no-such-host.invalid/a.mp4"),
    ("unreadable", "httq://a/b.mp4"),
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
    return ["data_prep", name, *rest] if name in PREPARATION else [f"scoringnet_tf.{name}", *rest]


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
    assert (code_printed(result.stderr), result.returncode) == (code, 1 + command.startswith("check")), result.stderr
    assert named in result.stderr and "Traceback" not in result.stderr
    assert {path.partition("/")[0] for path in files(folder) - before} == leaves and before <= files(folder)


@pytest.mark.parametrize("arguments", [[], ["biuld"]])
def test_a_command_that_there_is_not_is_answered_by_those_that_there_are(arguments, tmp_path):
    result = ended(["data_prep", *arguments], tmp_path, tmp_path)
    assert result.returncode == 2 and all(name in result.stderr for name in PREPARATION)


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
