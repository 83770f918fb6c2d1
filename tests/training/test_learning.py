"""Training learns what can be learnt, whatever is known, and nothing where labels say nothing.

Tiny sets whose videos show their scores: red is the difficulty, green is the execution.
"""

import itertools

import numpy as np
import pytest
from conftest import write_video
from training_runs import scoring_run, trained_by

from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.inference import evaluation
from scoringnet_tf.inference.predictor import score_video
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.training.checkpoints import Checkpoints

BOARD = (128, 128, 128)
SETTINGS = {
    **dict.fromkeys(["flip", "crop_shift", "zoom", "color_jitter", "degradation", "max_start_shift"], 0),
    **dict.fromkeys(["fragment_jitter", "dropout", "beta", "validation_fraction"], 0),
    **dict.fromkeys(["segmenter_fc_units", "conv_filters", "fc_units"], 512),
    "flip": False,
    "image_size": [16, 16],
    "width_multiplier": 1 / 8,
    "lr_multipliers": {},
    "batch_size": 8,
    "training": "joint",
    "stage_network": "c3d_bi_lstm",
}


def figures_after(records_dir, model_dir, split, **changes):
    """(Figures of the videos of a split after a run, those of the training means, the model's path)."""
    info = DatasetInfo.load(records_dir)
    with pytest.MonkeyPatch.context() as patch:  # of 40 epochs they take longer than the training
        patch.setattr(Checkpoints, "save", lambda *_: None)
        path = trained_by(scoring_run(records_dir, model_dir, **{**SETTINGS, **changes}))
    model = load_scoring_net(path)
    options = {"image_size": model.image_size, "num_frames": model.sampled_frames, "batch_size": 8, "with_info": True}
    dataset = input_pipeline.videos(records_dir, split, **options)
    predictions = evaluation.predict_records(evaluation.prediction_function(model), dataset)
    means = {score: known["mean"] for score, known in info.score_statistics["train"].items() if known}
    baseline = evaluation.mean_predictor_figures(predictions.truth, means, model.sport.fuse)
    return evaluation.figures(predictions, model.sport.stages), baseline, path


@pytest.fixture(scope="module")
def separable_records(tmp_path_factory):
    """Sixty videos of 16 plain frames: red in flight is the difficulty, green at entry is the execution."""
    folder, rng = tmp_path_factory.mktemp("separable"), np.random.default_rng(0)
    rows = ["video,split,difficulty,execution,final,pre-starting,take-flight,entry,end"]
    for number in range(60):
        difficulty, execution = round(rng.uniform(2.5, 3.5), 1), round(rng.uniform(15, 27))
        red, green = 255 * (difficulty - 2.5), 255 * (execution - 15) / 12
        crowd = (20, 4 * number, 200)  # no two files are the same, and none says anything here
        colors = [BOARD] * 3 + [(red, 0, 0)] * 6 + [(0, green, 0)] * 4 + [crowd] * 3
        write_video(folder / f"{number:02d}.avi", [np.full((48, 64, 3), color).astype(np.uint8) for color in colors])
        split = "test" if number % 3 == 0 else "train"
        rows.append(f"{number:02d}.avi,{split},{difficulty},{execution},{difficulty * execution:.2f},0,3,9,13")
    (folder / "manifest.csv").write_text("\n".join(rows))
    plain = BuildSettings((24, 32), on_lookalike="keep")  # some differ by no more than two encodings of one video
    build_records("manifest", folder, folder / "records", plain, workers=1, sport="diving")
    return folder / "records"


STAGED = {"training": "staged", "segmentation_epochs": 9, "scoring_epochs": 16}
STAGED |= {"learning_rate": 3e-3, "decay_steps": 40}


@pytest.mark.slow
def test_training_learns_what_is_there_and_nothing_from_exchanged_scores(separable_records, tmp_path):
    """The control has the same KFS. By MED: a score has one colour, and any function of it that rises a high SRC."""
    measured, baseline, _ = figures_after(separable_records, tmp_path / "true", "test", **STAGED)
    assert min(measured[name] for name in ("frame_accuracy", "d_src", "e_src", "f_src")) > 0.9, measured
    assert all(measured[name] < 0.4 * baseline[name] for name in ("d_med", "e_med", "f_med")), measured
    changes = {**STAGED, "shuffle_labels": True, "segmentation_epochs": 0, "segmenter": str(tmp_path / "true")}
    measured, baseline, _ = figures_after(separable_records, tmp_path / "exchanged", "test", **changes)
    assert measured["frame_accuracy"] > 0.9
    assert all(measured[name] > 0.8 * baseline[name] for name in ("d_med", "e_med", "f_med")), (measured, baseline)


def draws(count):
    """Numbers in 0…1: (difficulty, execution) of each video; every third is tested."""
    return np.random.default_rng(0).uniform(size=(count, 2))


def split_of(number):
    return "train" if number % 3 else "test"


def videos(folder):
    """The final score of every video, difficulty and execution of half; no stages."""
    rows = ["video,split,difficulty,execution,final"]
    for number, (d, e) in enumerate(draws(36)):
        difficulty, execution = round(2.5 + d, 1), round(15 + 12 * e)
        known = f"{difficulty},{execution}" if number % 2 == 0 else ","
        rows.append(f"{number:02d}.avi,{split_of(number)},{known},{difficulty * execution:.2f}")
        frame = np.full((24, 32, 3), (255 * d, 255 * e, number)).astype(np.uint8)
        write_video(folder / f"{number:02d}.avi", [frame] * 6)
    (folder / "manifest.csv").write_text("\n".join(rows))
    return folder / "01.avi"


def features(folder):
    """Features (T, 16) with stages: the first says the difficulty at flight, the second the execution at entry."""
    rows = ["features,split,difficulty,execution,final,num_frames,pre-starting,take-flight,entry,end"]
    rng = np.random.default_rng(5)
    for number, (d, e) in enumerate(draws(150)):
        difficulty, execution = round(2.5 + d, 1), round(15 + 12 * e)
        starts = np.cumsum([2, rng.integers(2, 5), rng.integers(3, 6), 4])
        values = rng.normal(size=(starts[-1] + 3, 16)) / 4
        for stage, (start, end) in enumerate(itertools.pairwise(starts)):
            values[start:end, 4 + stage] += 4
        values[starts[1] : starts[2], 0] += 4 * d
        values[starts[2] : starts[3], 1] += 4 * e
        np.save(folder / f"{number:03d}.npy", values.astype(np.float32))
        scores = f"{difficulty},{execution},{difficulty * execution:.2f}"
        rows.append(f"{number:03d}.npy,{split_of(number)},{scores},{len(values)},{','.join(map(str, starts))}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    return folder / "001.npy"


def vectors(folder):
    """A vector (16,) for every video, and a final score alone."""
    rows, rng = ["features,split,final"], np.random.default_rng(6)
    for number, (d, _) in enumerate(draws(150)):
        values = rng.normal(size=16)
        values[3] = 5 * d + values[3] / 4
        np.save(folder / f"{number:03d}.npy", values)
        rows.append(f"{number:03d}.npy,{split_of(number)},{30 + 60 * d:.2f}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    return folder / "001.npy"


SMALL = {"clip_lengths": [4, 4], "learning_rate": 3e-3, "fragments": "whole"}
VIDEOS = {**SMALL, "scores": "parts", "epochs": 40, "decay_steps": 100, "conv_filters": 256, "fc_units": 256}
FEATURES = {**SMALL, "dropout": 0.1, "conv_filters": 256, "epochs": 20, "decay_steps": 0}
KINDS = [
    (videos, VIDEOS, ["f_src"]),
    (features, {**FEATURES, "fragments": "true"}, ["d_src", "e_src", "f_src", "frame_accuracy"]),
    (vectors, {**FEATURES, "head": "distribution"}, ["f_src"]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "changes", "learnt"), KINDS, ids=[kind.__name__ for kind, *_ in KINDS])
def test_what_is_known_is_learnt(kind, changes, learnt, tmp_path):
    video = kind(tmp_path)
    stored = None if video.suffix == ".npy" else BuildSettings((24, 32))
    build_records("manifest", tmp_path, tmp_path / "records", stored, workers=1, sport="diving")
    measured, _, path = figures_after(tmp_path / "records", tmp_path / "run", "test", **changes)
    assert min(measured[name] for name in learnt) > 0.8, [measured[name] for name in learnt]
    score = score_video(video, path, force=True)
    assert (score.stages != []) == ("frame_accuracy" in learnt)
    assert (score.difficulty is not None) == ("d_src" in learnt or "scores" in changes)
    assert list(score.deviations) == (["final"] if changes.get("head") == "distribution" else [])
