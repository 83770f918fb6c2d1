"""Each flag of a command reaches what it is for, with a value unlike every default.

Those of `train` and `pretrain` are held by `training/test_config.py`.
"""

import json

import pytest
from command_forks import forked
from conftest import write_bars
from training_runs import trained

import scoringnet_tf

BUILD = "build --dataset=unlv_diving --source_dir={source} --output_dir={out}"
SIMULATE = "simulate --sport=vault --num_videos=9 --output_dir={out}"
MANIFEST = "build --dataset=manifest --source_dir={source} --output_dir={out}"
TINY = ["--image_size=32,32", "--width_multiplier=0.0625", "--validation_fraction=0.5"]
CASES = [
    (
        f"data_prep {BUILD} --frame_height=36 --frame_width=50 --jpeg_quality=81 --aspect=1.5 --fit=pad --num_shards=3 "
        "--nonmonotone=drop --on_inconsistent=keep --on_lookalike=drop --on_error=skip --overwrite --workers=2",
        "data_prep.records.building.build_records",
        {
            "frame_size": [36, 50],
            "jpeg_quality": 81,
            "aspect": 1.5,
            "fit": "pad",
            "num_shards": 3,
            "nonmonotone": "drop",
            "on_inconsistent": "keep",
            "on_lookalike": "drop",
            "on_error": "skip",
            "overwrite": True,
            "workers": 2,
            "runner": None,
            "dataset": "unlv_diving",
        },
    ),
    (
        f"data_prep {BUILD} --split_dir=SPLITS --runner=DirectRunner",
        "data_prep.records.building.build_records",
        {"split_dir": "SPLITS", "runner": "DirectRunner"},
    ),
    (
        "data_prep build --dataset=ucf101 --source_dir={source} --output_dir={out} --official_split=2",
        "data_prep.records.building.build_records",
        {"official_split": 2},
    ),
    (
        f"data_prep {MANIFEST} --sport=vault --manifest_csv=M.csv --columns=final=Points --delimiter=bar "
        "--nodecimal_comma --encoding=cp1252 --feature_stride=4 --split_csv=S.csv --action=Ball --difficulty_csv=D.csv",
        "data_prep.records.building.build_records",
        {
            "sport": "vault",
            "manifest_csv": "M.csv",
            "columns": ["final=Points"],
            "delimiter": "bar",
            "decimal_comma": False,
            "encoding": "cp1252",
            "feature_stride": 4,
            "split_csv": "S.csv",
            "action": "Ball",
            "difficulty_csv": "D.csv",
        },
    ),
    (
        f"data_prep {SIMULATE} --seed=7 --rendering=2 --test_fraction=0.35 --height=60 --width=80 "
        "--noise_clips={source}",
        "data_prep.simulator.dataset.simulate",
        {
            "sport": "vault",
            "task": "scoring",
            "num_videos": 9,
            "seed": 7,
            "rendering": 2,
            "test_fraction": 0.35,
            "height": 60,
            "width": 80,
            "noise_clips": "{source}",
            "easy": False,
        },
    ),
    (
        f"data_prep {SIMULATE} --task=session --performances=4 --minutes=3 --seed=5",
        "data_prep.simulator.dataset.simulate",
        {"task": "session", "performances": 4, "minutes": 3.0, "seed": 5},
    ),
    (
        "data_prep simulate --sport=vault --labels_dir={source} --output_dir={out}",
        "data_prep.simulator.dataset.simulate",
        {"labels_dir": "{source}", "num_videos": None},
    ),
    (
        "data_prep check --dataset=unlv_diving --source_dir={source} --workers=3 --split_dir=SPLITS",
        "data_prep.records.dry_run.check",
        {"dataset": "unlv_diving", "source_dir": "{source}", "workers": 3, "split_dir": "SPLITS"},
    ),
    (
        "data_prep inspect --records_dir={diving} --output={out}.png --split=test --num_videos=2",
        "data_prep.records.contact_sheet.save_contact_sheet",
        {"info": "{diving}", "split": "test", "num_videos": 2, "path": "{out}.png"},
    ),
    (
        "data_prep stages --from=elan --to=csv --sport=vault --fps=24 --output={out}.csv X.eaf",
        "data_prep.stages.formats.videos.facts_reader",
        {"videos_dir": None, "fps": 24.0},
    ),
    (
        "scoringnet_tf.baselines c3d_svr --records_dir={diving} --output_dir={out} --features_dir={source} "
        "--split=train --seed=3 --validation_fraction=0.2 --pretrained=dives_small --renderings={diving}",
        "scoringnet_tf.baselines.run.Run",
        {
            "name": "c3d_svr",
            "output_dir": "{out}",
            "features_dir": "{source}",
            "split": "train",
            "seed": 3,
            "validation_fraction": 0.2,
            "pretrained": "dives_small",
        },
    ),
    (
        "data_prep split --dataset=unlv_diving --source_dir={unlv} --output={out}.csv --by=group --test_fraction=0.35 "
        "--validation_fraction=0.15 --seed=7",
        "data_prep.datasets.splits.make_splits",
        {"by": "group", "test_fraction": 0.35, "validation_fraction": 0.15, "folds": None, "seed": 7},
    ),
    (
        "scoringnet_tf.report --output={out}.html --start=0.25 --end=1.5 --stream=1 V.avi",
        "scoringnet_tf.inference.inputs.stretched",
        {"path": "V.avi", "start": 0.25, "end": 1.5, "stream": 1},
    ),
    (
        "scoringnet_tf.report --output={out}.html --stream=1 --force V.avi",
        "scoringnet_tf.report.page_data.scored_and_shown",
        {"source": "V.avi", "path": "V.avi", "name": "V.avi", "stream": 1, "force": True},
    ),
    (
        "scoringnet_tf.predict --force --stream=1 --start=0.25 --end=1.5 V.avi W.avi",
        "scoringnet_tf.inference.inputs.scored",
        {"video": "V.avi", "stream": 1, "start": 0.25, "end": 1.5, "force": True, "found": None},
    ),
    (
        "scoringnet_tf.experiments run table5 --preset={out}.flags --records_dir={diving} --renderings={again} "
        "--runs_dir={out} -- --max_steps=2 --alpha=3",
        "scoringnet_tf.experiments.training.Surroundings",
        {"records": "{diving}", "folder": "{out}", "further": ["--max_steps=2", "--alpha=3"]},
    ),
    (
        "scoringnet_tf.experiments run table6 --preset={out}.flags --records_dir={diving} --splits=3 "
        "--split_files=A.csv,B.csv",
        "scoringnet_tf.experiments.splits.splits_of",
        {"number": 3, "files": ["A.csv", "B.csv"]},
    ),
    (
        "scoringnet_tf.predict --results_dir={out} --stream=1 --start=0.25 --end=1.5 --force V.avi",
        "scoringnet_tf.inference.result_cache.keeping_scores",
        {"folder": "{out}", "stream": 1, "start": 0.25, "end": 1.5, "force": True, "runner": None},
    ),
    (
        "scoringnet_tf.evaluate --model={model} --records_dir={diving} --output_dir={out} --true_fragments",
        "scoringnet_tf.inference.evaluation.prediction_function",
        {"true_fragments": True},
    ),
    (  # not into the package
        "scoringnet_tf.evaluate --model=vault_small --records_dir={diving}",
        "scoringnet_tf.report.evaluation_report.check_replaceable",
        {"output_dir": "evaluation_test"},
    ),
    (
        "scoringnet_tf.extract --model={model} --output_dir={out} --part=execution --endpoint=pool5 V.avi",
        "scoringnet_tf.inference.extraction.load_c3d",
        {"path": "{model}", "part": "execution"},
    ),
    (
        "scoringnet_tf.extract --model={model} --output_dir={out} --endpoint=conv5b --per=clip --clip_length=8 "
        "--stride=3 --pool=mean V.avi",
        "scoringnet_tf.inference.extraction.FeatureExtractor",
        {"endpoint": "conv5b", "per": "clip", "clip_length": 8, "stride": 3, "pool": "mean"},
    ),
    (
        "scoringnet_tf.import_weights C3D.data --output={out}.keras",
        "scoringnet_tf.weights.convert.read_weights",
        {"path": "C3D.data"},
    ),
    (
        "scoringnet_tf.calibrate --model={model} --records_dir={diving} --batch_size=7 --views=6",
        "scoringnet_tf.inference.calibration.add_reference",
        {"model": "{model}", "info": "{diving}", "batch_size": 7, "views": 6},
    ),
    (
        "scoringnet_tf.serve_data --host=127.0.0.1 --port=0",
        "scoringnet_tf.data.service.worker_of",
        {"host": "127.0.0.1"},
    ),
    (
        "scoringnet_tf.calibrate --model={model} --records_dir={diving}",
        "scoringnet_tf.training.calibration_split.held_out_by_run",
        {"info": "{diving}", "data_hash": None},  # what the model says, which nobody trained
    ),
    (
        "scoringnet_tf.calibrate --model={model} --records_dir={diving} --held_out_split=test "
        "--held_out_records_dir={again}",
        "scoringnet_tf.training.calibration_split.held_out_by_name",
        {"info": "{diving}", "records": "{again}", "split": "test"},
    ),
]


@pytest.fixture
def places(diving_records, stage_model, tmp_path):
    (tmp_path / "source").mkdir()
    again = tmp_path / "again"
    again.symlink_to(diving_records, target_is_directory=True)
    for name in ("out.flags", "V.avi", "W.avi", "C3D.data"):
        (tmp_path / name).touch()
    folders = {"source": tmp_path / "source", "out": tmp_path / "out", "diving": diving_records, "again": again}
    return {**folders, "model": stage_model, "unlv": diving_records.parent / "source"}


@pytest.mark.parametrize(
    ("words", "function", "expected"), CASES, ids=[" ".join(case[0].split()[:2]) for case in CASES]
)
def test_flags_reach_what_they_are_for(words, function, expected, places, tmp_path):
    words = [word.format(**places) for word in words.split()]
    result = forked("command_probe", function, *words, folder=tmp_path)
    assert result.returncode == 0 and result.stdout, result.stderr
    given = json.loads(result.stdout.splitlines()[-1])
    for name, value in expected.items():
        value = value.format(**places) if isinstance(value, str) else value
        assert name in given, (name, given)
        assert given[name] == value, (name, given[name], value)


@pytest.mark.parametrize(
    ("flags", "measured"),
    [
        ((), ["nobody knows", {}]),
        (("--set=run.reference=false",), None),
    ],
    ids=["by default", "no reference"],
)
def test_a_training_measures_the_reference_of_its_model(flags, measured, places):
    words = [f"--records_dir={places['diving']}", f"--model_dir={places['out']}", *TINY, *flags]
    result = forked("ended_run", "scoringnet_tf.train", *words)
    assert result.returncode == 0 and "Best model: " in result.stdout, result.stderr
    told = [line.removeprefix("measured ") for line in result.stdout.splitlines() if line.startswith("measured ")]
    assert [json.loads(line) for line in told] == ([] if measured is None else [measured])


def test_kfs_alone_may_learn_from_one_video_at_a_time(places):
    """It ranks no pairs; where scores are learned that is refused: `test_commands`."""
    words = [f"--records_dir={places['diving']}", f"--model_dir={places['out']}", *TINY, "--set=run.reference=false"]
    words += ["--batch_size=1", "--training=staged", "--scoring_epochs=0"]
    result = forked("ended_run", "scoringnet_tf.train", *words)
    assert result.returncode == 0, result.stderr


def test_pretraining_prints_accuracies_on_clips_and_on_videos(ucf101_records, tmp_path):
    words = [f"--records_dir={ucf101_records}", f"--model_dir={tmp_path / 'run'}", "--clip_sampling=consecutive"]
    words += [*TINY, "--clip_length=8"]
    result = forked("ended_run", "scoringnet_tf.pretrain", *words)
    assert "  action: accuracy on clips 0.250, on videos 0.750\n" in result.stdout, result.stderr


def test_a_report_is_given_the_row_of_the_judges(tmp_path):
    (tmp_path / "judges.csv").write_text("video,name,final\nV.avi,Ann,70.5\n")
    (tmp_path / "V.avi").touch()
    words = ["scoringnet_tf.report", "--output=r.html", "--judges=judges.csv", "V.avi"]
    result = forked("command_probe", "scoringnet_tf.report.page_data.scored_and_shown", *words, folder=tmp_path)
    row = json.loads(result.stdout.splitlines()[-1])["judged"]
    assert "'final': 70.5" in row and "name='Ann'" in row


def test_a_score_that_is_withheld_is_told_by_the_status(tmp_path):
    write_bars(tmp_path / "v.avi", 30)
    result = forked("scoringnet_tf.predict", tmp_path / "v.avi")
    assert (result.returncode, result.stderr) == (1, "") and "withheld" in result.stdout


def test_a_folder_is_searched_for_what_the_model_sees(tmp_path):
    features = {"size": 4, "stride": 2, "origin": None}
    small = {"clip_lengths": (4, 4), "width_multiplier": 1 / 16, "fragments": "whole"}
    trained(scoringnet_tf.ScoringNet(features=features, **small)).save(tmp_path / "model.keras")
    (tmp_path / "in").mkdir()
    for name in ("v.npy", "v.mp4"):
        (tmp_path / "in" / name).touch()
    words = ["scoringnet_tf.predict", f"--model={tmp_path / 'model.keras'}", tmp_path / "in"]
    result = forked("command_probe", "scoringnet_tf.inference.inputs.scored", *words)
    given = json.loads(result.stdout.splitlines()[-1])
    assert (given["video"], given["error"]) == (str(tmp_path / "in/v.npy"), None)


def test_a_number_of_predict_that_is_live_is_told_at_once(places, tmp_path):
    words = ["scoringnet_tf.predict", "--json", "--live", "V.avi"]
    result = forked("command_probe", "scoringnet_tf.inference.inputs.scored", *words, folder=tmp_path)
    assert "Printer.score" in json.loads(result.stdout.splitlines()[-1])["found"]
