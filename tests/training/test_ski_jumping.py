"""A sport of one's own all the way: its file and twenty videos, build → train → evaluate → predict without the file."""

import itertools
import json
import pathlib

import numpy as np
import pytest
from conftest import write_video
from test_commands import command
from test_partial_labels import SETTINGS, draws
from training_runs import settings

from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.sports import get_sport
from scoringnet_tf.training.scoring import ScoringRun

ROOT = pathlib.Path(__file__).parents[2]
HEADER = "video,split,difficulty,judge 1,judge 2,judge 3,judge 4,judge 5,penalty,final,Anlauf,Flug,Landung,Auslauf,end"
STAGES = ["Anlauf", "Flug", "Landung", "Auslauf"]
NUMBER, NUM_TEST = 20, 4


def write_sport(path):
    """The file that ships under another name, its stages in German."""
    text = (ROOT / "scoringnet_tf/sports/shipped/ski_jumping.yaml").read_text(encoding="utf-8")
    renamed = {"ski_jumping": "skispringen", **dict(zip(get_sport("ski_jumping").stages[1:], STAGES, strict=True))}
    for old, new in renamed.items():
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def write_jump(path, distance, style, rng):
    """A video whose blue is the stage, red (to the landing) the distance, green (from the flight on) the style, 0…1.

    Above, where the model does not look, a crowd of grey moves, so that no two videos show the same. Returns the first
    frame of every stage and the end.
    """
    starts = np.cumsum([rng.integers(1, 4), *rng.integers(3, 6, 4)])
    frames = np.zeros((starts[-1] + 2, 24, 32, 3))
    for number, (start, end) in enumerate(itertools.pairwise(starts)):
        frames[start:end, ..., 2] = 60 * (number + 1)
        frames[start:end, ..., 0] = 255 * distance * (number in (1, 2))
        frames[start:end, ..., 1] = 255 * style * (number > 0)
    frames[:, :4] = np.repeat(rng.integers(0, 256, (len(frames), 1, 4, 1)), 8, axis=2)
    write_video(path, frames.astype(np.uint8))
    return starts


def write_results(folder):
    """Twenty jumps: five marks by half points, the wind of each, which no video shows, and a total to the tenth."""
    rng, rows = np.random.default_rng(3), [HEADER]
    for number, (distance, style) in enumerate(draws()[:NUMBER]):
        starts = write_jump(folder / f"{number:02d}.avi", distance, style, rng)
        points, wind = round(40 + 60 * distance, 1), round(rng.uniform(-4, 4), 1)
        marks = np.clip(np.round(2 * (12 + 7 * style + rng.normal(0, 0.3, 5))) / 2, 0, 20)
        final = points + np.sort(marks)[1:4].sum() - wind
        split = "test" if number < NUM_TEST else "train"
        values = [points, *marks, wind, round(final, 1), *starts]
        rows.append(",".join([f"{number:02d}.avi", split, *map(str, values)]))
    (folder / "manifest.csv").write_text("\n".join(rows))


@pytest.mark.slow
def test_ski_jumping_by_a_file_of_ones_own(tmp_path):
    file, records, run = tmp_path / "skispringen.yaml", tmp_path / "records", tmp_path / "run"
    write_sport(file)
    write_results(tmp_path)
    build_records("manifest", tmp_path, records, BuildSettings((24, 32)), workers=1, sport=str(file))
    file.unlink()

    changes = {**SETTINGS, "fragments": "true", "lstm_units": 256, "segmenter_fc_units": 256, "segmenter_dropout": 0.0}
    changes["decoding"] = "ordered"  # a frame that is taken for another stage's makes no further one
    ScoringRun(DatasetInfo.load(records), settings(run, records, **changes)).run()
    command("scoringnet_tf.evaluate", f"--model={run}", f"--records_dir={records}", "--split=train")
    measured = json.loads((run / "evaluation_train/metrics.json").read_text())
    assert min(measured[name] for name in ("frame_accuracy", "d_src", "e_src")) > 0.85, measured
    assert measured["f_src"] > 0.6  # less, as the longest distances are guessed alike after so few epochs
    assert list(measured["frame_accuracy_per_class"]) == ["noise", *STAGES]

    printed = command("scoringnet_tf.predict", f"--model={run}", tmp_path / "07.avi", "--json", "--force").stdout
    (score,) = map(json.loads, printed.splitlines())
    assert [stage["name"] for stage in score["stages"] if stage["name"] != "noise"] == STAGES
    assert score["final"] == pytest.approx(score["difficulty"] + score["execution"], abs=1e-3)
