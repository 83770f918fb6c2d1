"""The benchmarks of what is withheld, and of what fewer frames per second cost, on a tiny model and tiny records."""

import subprocess
import sys

import numpy as np
import pytest
from command_forks import ROOT, forked
from conftest import write_bars

from data_prep.records.verifying import read_records
from scoringnet_tf.data.dataset_info import load_records
from scoringnet_tf.data.stored_videos import stored_videos
from scoringnet_tf.inference.prediction import VideoScorer
from scoringnet_tf.models.presets import load_scoring_net


def cells(printed):
    """The cells of a table without its heading."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in printed.splitlines()[2:]]


def test_refusals_are_those_of_predict(stage_model, diving_records, tmp_path):
    files = [tmp_path / f"{number}.avi" for number in range(2)]
    for number, file in enumerate(files):
        write_bars(file, 30 - 25 * number, number)
    flags = [f"--records_dir={diving_records}", f"--model={stage_model}", "--clips=2"]
    done = forked("benchmarks.refusals", *flags, *files)
    assert done.returncode == 0, done.stderr
    rows = {kind: (int(count), int(withheld), why) for kind, count, withheld, why in cells(done.stdout)}
    assert list(rows) == ["test videos", "people elsewhere", "crowds", "noise", "vault, simulated", "given files"]
    assert [rows[kind][0] for kind in rows] == [3, 2, 2, 2, 2, 2]
    scorer, info = VideoScorer(load_scoring_net(stage_model)), load_records(diving_records)
    given = [scorer(file).reasons for file in files]
    stored = [scorer.score(video, name).reasons for name, video, _ in stored_videos(info, "test")]
    assert rows["given files"][1] == sum(map(bool, given)) >= 1 and rows["test videos"][1] == sum(map(bool, stored))
    assert "too_few_frames 1" in rows["given files"][2]


def test_the_frames_of_training_are_labelled_as_predict_labels_them(stage_model, diving_records):
    """Thinned to the rate that they have they stay as they are."""
    flags = [f"--records_dir={diving_records}", f"--model={stage_model}", "--rates=25,10"]
    done = forked("benchmarks.frame_rates", *flags)
    assert done.returncode == 0, done.stderr
    rows = cells(done.stdout)
    assert [row[:2] for row in rows] == [[rate, how] for rate in ("25", "10") for how in ("repeated", "as predict")]
    info, scorer, right = load_records(diving_records), VideoScorer(load_scoring_net(stage_model)), []
    truth = {record["example/id"].decode(): record["stage/index"] for _, record in read_records(info, "test")}
    for name, video, _ in stored_videos(info, "test"):
        found = np.full(len(video.frames), -1)
        for stage in scorer.score(video, name, force=True).stages:
            found[stage["start_frame"] : stage["end_frame"]] = scorer.model.sport.stage_index(stage["name"])
        right.append(np.mean(found[:-1] == truth[name][:-1]))  # a camera as fast misses the last
    assert float(rows[0][2]) == pytest.approx(np.mean(right), abs=0.02)
    assert rows[0][2:] == rows[1][2:]  # none to mix


def test_a_flight_is_found_where_what_both_cover_is_half_of_what_either_does():
    """In a process of its own: commands define flags of the same names."""
    code = "from benchmarks.sessions import _shared\n"
    code += "print(*(_shared((100, 120), other) for other in ((100, 120), (110, 130), (80, 160), (130, 140))))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.split() == ["1.0", str(1 / 3), "0.25", "0.0"], done.stderr


@pytest.mark.parametrize("benchmark", ["refusals", "frame_rates"])
def test_without_records_they_say_so(benchmark):
    done = forked(f"benchmarks.{benchmark}")
    assert done.returncode == 1 and "--records_dir: expected a folder of records. Received: none" in done.stderr


def test_a_rate_is_a_number():
    done = forked("benchmarks.frame_rates", "--records_dir=.", "--rates=25,fast")
    assert done.returncode == 1 and "--rates: expected frames per second" in done.stderr
