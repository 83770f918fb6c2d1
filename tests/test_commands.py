"""The commands as a user runs them: the whole path on a tiny set; wrong input is in `test_bad_inputs`."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from command_forks import ROOT, forked
from conftest import write_bars
from layouts import build_table
from refusals import code_printed

from scoringnet_tf.data.dataset_info import DatasetInfo

# In float32 whatever the processor: "auto" is bfloat16 where it has matrix units for that.
SMALL = ["--image_size=32,32", "--width_multiplier=0.0625", "--batch_size=4", "--precision=float32"]


def started(*arguments):
    """`python -m …` as a process of its own, from its very start."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    words = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)


def command(*arguments, cwd=ROOT, check=True, run=None):
    """Runs `python -m …` in a fork, or by `run`; with `check` a failure shows what was printed."""
    result = run(*arguments) if run else forked(*arguments, folder=cwd)
    if check and result.returncode != 0:
        raise AssertionError(f"{arguments} exited {result.returncode}:\n{result.stdout}\n{result.stderr}")
    return result


def error_of(*arguments, cwd=ROOT):
    """What a command that must fail prints on stderr; a traceback is not an error message."""
    result = command(*arguments, cwd=cwd, check=False)
    assert result.returncode == 1, result.stdout
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """simulate → build → pretrain → train, each by its command, on a tiny set."""
    folder = tmp_path_factory.mktemp("path")
    simulate = ["data_prep", "simulate", "--height=60", "--width=80", "--workers=2"]
    build = ["data_prep", "build", "--frame_height=36", "--frame_width=48", "--workers=2"]
    command(*simulate, "--num_videos=12", "--easy", f"--output_dir={folder / 'dives'}")
    command(*simulate, "--num_videos=12", "--task=motion", f"--output_dir={folder / 'motion'}")
    for dataset, name in (("unlv_diving", "dives"), ("motion", "motion")):
        command(
            *build, f"--dataset={dataset}", f"--source_dir={folder / name}", f"--output_dir={folder / name}_records"
        )
    command(
        *("scoringnet_tf.pretrain", f"--records_dir={folder / 'motion_records'}", f"--model_dir={folder / 'c3d'}"),
        *("--epochs=1", "--clip_length=8", *SMALL),
        run=started,
    )
    command(
        *("scoringnet_tf.train", f"--records_dir={folder / 'dives_records'}", f"--model_dir={folder / 'run'}"),
        *(f"--pretrained={folder / 'c3d/c3d.keras'}", "--training=staged", "--segmentation_epochs=1"),
        *(
            "--scoring_epochs=1",
            "--clip_lengths=8,8",
            "--validation_fraction=0.3",
            "--decoding=ordered",
            "--views=2",
            *SMALL,
        ),
        run=started,
    )
    return folder


@pytest.mark.slow
def test_an_evaluation_is_tables_and_pictures(trained):
    run, records = trained / "run", f"--records_dir={trained / 'dives_records'}"
    command("scoringnet_tf.evaluate", f"--model={run}", records)
    metrics = json.loads((run / "evaluation_test/metrics.json").read_text())
    expected = {"frame_accuracy", "frame_accuracy_per_class", "num_videos"}
    assert expected | {f"{s}_{m}" for s in "def" for m in ("src", "med")} <= set(metrics)
    info = DatasetInfo.load(trained / "dives_records")
    scored = {
        split: np.array([info.videos[name]["execution"] for name in info.splits[split]["ids"]]) for split in info.splits
    }
    off = np.abs(scored["test"] - scored["train"].mean()).mean()
    assert metrics["mean_predictor"]["e_med"] == pytest.approx(off, rel=1e-3)
    for name in ("predictions.csv", "scores.png", "stages.png"):
        assert (run / "evaluation_test" / name).stat().st_size > 0
    command("scoringnet_tf.evaluate", f"--model={run}", records)
    assert not list((run / "evaluation_test").glob("pages*")), "pages of another evaluation stay beside this one"
    another = ("scoringnet_tf.evaluate", "--model=diving_small", records, f"--output_dir={run / 'evaluation_test'}")
    assert code_printed(error_of(*another)) == "other_evaluation"
    others = ["--split=train", "--decoding=argmax", "--true_fragments"]
    command("scoringnet_tf.evaluate", f"--model={run}", records, *others)
    argmax = json.loads((run / "evaluation_train_true_fragments_argmax/metrics.json").read_text())
    assert (argmax["split"], argmax["num_videos"]) == ("train", len(info.splits["train"]["ids"]))
    assert (metrics["decoding"], argmax["decoding"]) == ("ordered", "argmax")
    assert (metrics["views"], argmax["views"]) == (2, 2)
    assert metrics["share_out_of_order"] == 0


@pytest.fixture(scope="module")
def calibrated(trained):
    """The same folder, with a model that is calibrated on other videos."""
    records = f"--records_dir={trained / 'dives_records'}"
    command("scoringnet_tf.calibrate", f"--model={trained / 'run'}", records, "--held_out_split=test")
    return trained


@pytest.mark.slow
def test_a_video_is_scored_drawn_and_reported(calibrated):
    trained, run = calibrated, calibrated / "run"
    video = trained / "dives/diving_samples_len_ori/001.avi"
    command("scoringnet_tf.export", f"--model={run}", f"--export_dir={trained / 'servable'}")
    assert (trained / "servable/1/saved_model.pb").is_file()
    printed = command(
        *("scoringnet_tf.predict", f"--model={run}", video, "--json", "--force", f"--plot_dir={trained / 'plots'}")
    )
    (score,) = map(json.loads, printed.stdout.splitlines())
    assert (score["model"], score["sport"], score["error"]) == (str(run), "diving", None)
    assert score["fps"] == 25
    assert score["stages"][0]["start_frame"] == 0
    assert score["stages"][-1]["end_frame"] == score["num_frames"]
    assert score["final"] == pytest.approx(score["difficulty"] * score["execution"], rel=1e-5)
    codes = [warning["code"] for warning in score["warnings"] if warning["code"] != "empty_fragment"]
    assert codes == [] and score["reasons"][-1]["code"] == "simulated_training"
    assert (trained / "plots/001.avi.png").stat().st_size > 0

    session = ("scoringnet_tf.report", f"--model={run}", "--force", video, video.with_name("002.avi"))
    command(*session, f"--output={trained / 'session.html'}", "--title=The final", run=started)
    text = (trained / "session.html").read_text(encoding="utf-8")
    assert "<h1>The final</h1>" in text and f"{score['final']:.2f}" in text


@pytest.mark.slow
def test_records_without_a_training_split_are_evaluated(trained, tmp_path):
    """Scores of test videos are all that is needed; the mean predictor is left out. One is a training video."""
    held_out = json.loads((trained / "run/config.json").read_text())["validation_ids"]
    splits = DatasetInfo.load(trained / "dives_records").splits
    learned = next(name for name in splits["train"]["ids"] if name not in held_out)
    names = [f"{learned}.avi", f"{splits['test']['ids'][0]}.avi"]
    rows = ["video,difficulty,execution,final,split,group"]  # two videos of one athlete: what others reach is unknown
    rows += [f"{names[0]},3.0,20,60,test,one", f"{names[1]},3.2,25,80,test,one"]
    for name in names:
        (tmp_path / name).write_bytes((trained / "dives/diving_samples_len_ori" / name).read_bytes())
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    records, model = tmp_path / "records", f"--model={trained / 'run'}"
    build = ["data_prep", "build", "--dataset=manifest", "--sport=diving", "--frame_height=36", "--frame_width=48"]
    command(*build, f"--source_dir={tmp_path}", f"--output_dir={records}")
    report = f"--output_dir={tmp_path / 'report'}"
    command("scoringnet_tf.evaluate", model, f"--records_dir={records}", report)
    metrics = json.loads((tmp_path / "report/metrics.json").read_text())
    assert metrics["groups"] == 1 and set(metrics["bootstrap"]["f_med"]) == {None}
    assert metrics["num_videos"] == 2 and metrics["mean_predictor"] == {} and metrics["pixels"] == "filmed"
    assert metrics["seen_in_training"] == 1


@pytest.mark.slow
def test_a_flag_that_changes_nothing_is_named(diving_copy, tmp_path):
    """Where it is given: its default is nobody's wish. The run itself is refused, for a model lies in its folder."""
    (tmp_path / "last.keras").touch()
    train = ["scoringnet_tf.train", f"--records_dir={diving_copy}", f"--model_dir={tmp_path}", *SMALL]
    result = command(*train, "--training=staged", "--epochs=7", "--validation_fraction=0.3", check=False)
    assert "--epochs=7" in result.stdout and "score_sigma" not in result.stdout
    assert code_printed(result.stderr) == "exists"


@pytest.mark.slow
def test_vectors_of_features_go_the_whole_way(tmp_path):
    rows, rng = ["features,split,final"], np.random.default_rng(0)
    for number in range(12):
        np.save(tmp_path / f"{number}.npy", rng.normal(size=4))
        rows.append(f"{number}.npy,{'test' if number % 3 == 0 else 'train'},{50 + number}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    records, run = f"--records_dir={tmp_path / 'records'}", tmp_path / "run"
    command(
        *("data_prep", "build", "--dataset=manifest", "--sport=diving", "--workers=1"),
        *(f"--source_dir={tmp_path}", f"--output_dir={tmp_path / 'records'}"),
    )
    recipe = [f"--flagfile={ROOT / 'recipes/features_p3d.flags'}", records, f"--model_dir={run}"]
    command("scoringnet_tf.train", *recipe, "--epochs=2", "--batch_size=4", "--head=distribution")
    command("scoringnet_tf.evaluate", f"--model={run}", records)
    metrics = json.loads((run / "evaluation_test/metrics.json").read_text())
    assert metrics["fragments"] == "whole" and metrics["num_videos"] == 4 and metrics["d_src"] is None
    predict = ("scoringnet_tf.predict", f"--model={run}", tmp_path / "0.npy")
    (score,) = map(json.loads, command(*predict, "--json", "--force").stdout.splitlines())
    assert score["difficulty"] is None and score["stages"] == [] and score["deviations"]["final"] > 0
    error = error_of("scoringnet_tf.evaluate", f"--model={run}", records, "--decoding=ordered")
    assert code_printed(error) == "no_stages" and "--decoding" in error
    error = error_of(*predict, f"--plot_dir={tmp_path}")
    assert code_printed(error) == "flags_conflict" and "--plot_dir" in error


def test_true_fragments_need_stage_labels(tmp_path):
    """Of the videos that are evaluated. The whole ones, which empty fragments would be taken from, are no oracle."""
    for number in range(2):
        write_bars(tmp_path / f"{number}.avi", 12, number)
    rows = ["video,split,final,pre-starting,take-flight,entry,end", "0.avi,train,60,1,3,6,9", "1.avi,test,70,,,,"]
    records = build_table(tmp_path, rows)
    assert "unlabelled" not in DatasetInfo.load(records).stage_frames["train"]
    error = error_of("scoringnet_tf.evaluate", f"--records_dir={records}", "--true_fragments")
    assert code_printed(error) == "no_stage_labels" and "--true_fragments" in error
