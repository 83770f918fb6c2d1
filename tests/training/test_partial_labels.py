"""Whatever `data_prep` reads can be learnt from: a final score alone, no stage labels, features in place of frames.

The whole way, build → train → evaluate → predict, on tiny sets in the official layouts whose videos show their scores:
red is the difficulty (of one score alone, that score), green is the execution.
"""

import itertools

import cv2
import numpy as np
import pytest
import scipy.io
from conftest import write_video
from layouts import write_pickle
from training_runs import settings

from data_prep.records.building import BuildSettings, build_records
from scoringnet_tf.data import input_pipeline
from scoringnet_tf.data.dataset_info import DatasetInfo
from scoringnet_tf.inference import evaluation
from scoringnet_tf.inference.predictor import score_video
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.training.callbacks import SaveCheckpoint
from scoringnet_tf.training.scoring import ScoringRun

NUMBER = 24  # videos; all but the first are trained on
SETTINGS = {
    "fragments": "whole",
    "training": "joint",
    "epochs": 25,
    "flip": False,
    "crop_shift": 0,
    "zoom": 0.0,
    "color_jitter": 0.0,
    "degradation": 0.0,
    "max_start_shift": 0,
    "image_size": [16, 16],
    "width_multiplier": 1 / 8,
    "clip_lengths": [4, 4],
    "conv_filters": 256,
    "fc_units": 256,
    "dropout": 0.0,
    "lr_multipliers": {},
    "beta": 0.0,
    "learning_rate": 3e-3,
    "decay_steps": 50,
    "batch_size": 8,
    "validation_fraction": 0.0,
}
LONGER = {"epochs": 40, "decay_steps": 100}  # for SRC to be far from the bound
FEATURES = {"dropout": 0.1, "fc_units": 512, "epochs": 60, "learning_rate": 3e-3, "decay_steps": 0}


def draws(seed=0):
    """Numbers in 0…1: (difficulty, execution) of each video."""
    return np.random.default_rng(seed).uniform(size=(NUMBER, 2))


def colour(difficulty, execution, blue=0):
    return np.full((24, 32, 3), (255 * difficulty, 255 * execution, blue)).astype(np.uint8)


def write_images(folder, frames, name):
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames):
        cv2.imwrite(str(folder / name.format(index + 1)), frame[..., ::-1])


def aqa7(folder):
    """AQA-7's synchronised dives: a final score alone, no stages."""
    rows, drawn = [], draws()
    for number, (difficulty, _) in enumerate(drawn, start=1):
        rows.append((5, number, round(30 + 60 * difficulty, 2)))
        frames = [colour(difficulty, 0, 10 * number)] * 103
        write_images(folder / "sync_diving_3m-out" / f"{number:03d}", frames, "img_{:05d}.jpg")
    (folder / "Split_4").mkdir()
    for split, part in (("train", rows[1:]), ("test", rows[:1])):
        table = {f"consolidated_{split}_list": np.array(part, float)}
        scipy.io.savemat(folder / "Split_4" / f"split_4_{split}_list.mat", table)
    return {"action": "sync_diving_3m"}, folder / "sync_diving_3m-out/002"


def mtl_aqa(folder):
    """MTL-AQA: difficulty and final score, no stages; clips of broadcasts."""
    keys, annotations = [], {}
    for number, (difficulty, execution) in enumerate(draws()):
        key, difficulty_points, marks = (1, number), round(2 + 2 * difficulty, 1), round(10 + 18 * execution, 1)
        keys.append(key)
        annotations[key] = {
            "start_frame": 8 * number,
            "end_frame": 8 * number + 7,
            "difficulty": difficulty_points,
            "final_score": round(difficulty_points * marks, 2),
        }
    write_pickle(folder / "final_annotations_dict.pkl", annotations)
    for split, part in (("train", keys[1:]), ("test", keys[:1])):
        write_pickle(folder / f"{split}_split_0.pkl", part)
    frames = [colour(d, e, number) for number, (d, e) in enumerate(draws()) for _ in range(8)]
    write_images(folder / "whole_videos_frames/01", frames, "{:06d}.jpg")
    return {}, folder / "whole_videos_frames/01"


def rhythmic_gymnastics(folder):
    """Rhythmic gymnastics: all three scores, no stages."""
    rows = []
    (folder / "videos").mkdir()
    for number, (d, e) in enumerate(draws()):
        difficulty, execution = round(5 + 10 * d, 2), round(4 + 5 * e, 2)
        name = f"Ball_{number:03d}"
        rows.append(f"{name}\t{difficulty}\t{execution}\t{difficulty + execution:.2f}\t0.00\t1")  # second, rounded up
        write_video(folder / "videos" / f"{name}.mp4", [colour(d, e, number)] * 6, codec="libx264")
    for split, part in (("train", rows[1:]), ("test", rows[:1])):
        (folder / f"{split}.txt").write_text("\n".join(["Name Difficulty Execution Total Penalty Length", *part]))
    return {}, folder / "videos/Ball_001.mp4"


def manifest(folder):
    """A user's own table: the final score of every video, difficulty and execution of half; no stages."""
    rows = ["video,split,difficulty,execution,final"]
    for number, (d, e) in enumerate(draws()):
        difficulty, execution = round(2.5 + d, 1), round(15 + 12 * e)
        known = f"{difficulty},{execution}" if number % 2 == 0 else ","
        split = "train" if number else "test"
        rows.append(f"{number:02d}.avi,{split},{known},{difficulty * execution:.2f}")
        write_video(folder / f"{number:02d}.avi", [colour(d, e, number)] * 6)
    (folder / "manifest.csv").write_text("\n".join(rows))
    return {"sport": "diving"}, folder / "01.avi"


def manifest_of_features(folder):
    """Features (T, 16) with stages: the first says the difficulty at flight, the second the execution at entry."""
    rows = ["features,split,difficulty,execution,final,num_frames,pre-starting,take-flight,entry,end"]
    rng = np.random.default_rng(5)
    for number, (d, e) in enumerate(draws()):
        difficulty, execution = round(2.5 + d, 1), round(15 + 12 * e)
        starts = np.cumsum([2, rng.integers(2, 5), rng.integers(3, 6), 4])
        values = rng.normal(size=(starts[-1] + 3, 16)) / 4
        for stage, (start, end) in enumerate(itertools.pairwise(starts)):
            values[start:end, 4 + stage] += 4
        values[starts[1] : starts[2], 0] += 4 * d
        values[starts[2] : starts[3], 1] += 4 * e
        np.save(folder / f"{number:02d}.npy", values.astype(np.float32))
        split = "train" if number else "test"
        scores = f"{difficulty},{execution},{difficulty * execution:.2f}"
        rows.append(f"{number:02d}.npy,{split},{scores},{len(values)},{','.join(map(str, starts))}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    return {"sport": "diving"}, folder / "01.npy"


def manifest_of_vectors(folder):
    """A vector (32,) for every video, and a final score alone."""
    rows, rng = ["features,split,final"], np.random.default_rng(6)
    for number, (d, _) in enumerate(draws()):
        values = rng.normal(size=32)
        values[3] += 5 * d
        np.save(folder / f"{number:02d}.npy", values)
        rows.append(f"{number:02d}.npy,{'train' if number else 'test'},{30 + 60 * d:.2f}")
    (folder / "manifest.csv").write_text("\n".join(rows))
    return {"sport": "diving"}, folder / "01.npy"


def trained(kind, folder, **changes):
    """(figures of the training videos after a run, the model's path, a video of them)."""
    source = folder / "source"
    source.mkdir()
    options, video = kind(source)
    dataset = "manifest" if kind.__name__.startswith("manifest") else kind.__name__
    stored = None if video.suffix == ".npy" else BuildSettings((24, 32))
    build_records(dataset, source, folder / "records", stored, workers=1, **options)
    return (*figures_after(folder / "records", folder / "run", **changes), video)


class WithoutCheckpoints(ScoringRun):
    """Nothing is killed here; of 60 epochs checkpoints take longer than the training."""

    def callbacks_of(self, *arguments):
        return [each for each in super().callbacks_of(*arguments) if not isinstance(each, SaveCheckpoint)]


def figures_after(records_dir, model_dir, **changes):
    info = DatasetInfo.load(records_dir)
    path = WithoutCheckpoints(info, settings(model_dir, records_dir, **{**SETTINGS, **changes})).run()
    model = load_scoring_net(path)
    dataset = input_pipeline.videos(
        records_dir, "train", image_size=model.image_size, batch_size=8, num_frames=model.sampled_frames, with_info=True
    )
    predictions = evaluation.predict_records(evaluation.prediction_function(model), dataset)
    return evaluation.figures(predictions, model.sport.stages), path


KINDS = [
    (aqa7, {}, ["f_src"]),
    (mtl_aqa, LONGER, ["d_src", "e_src", "f_src"]),
    (rhythmic_gymnastics, {}, ["d_src", "e_src", "f_src"]),
    (manifest, {**LONGER, "scores": "parts"}, ["f_src"]),
    (manifest_of_features, {**FEATURES, "fragments": "true"}, ["d_src", "e_src", "f_src", "frame_accuracy"]),
    (manifest_of_vectors, {**FEATURES, "head": "distribution"}, ["f_src"]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "changes", "learnt"), KINDS, ids=[kind.__name__ for kind, *_ in KINDS])
def test_what_is_known_is_learnt(kind, changes, learnt, tmp_path, capsys):
    measured, path, video = trained(kind, tmp_path, **changes)
    assert min(measured[name] for name in learnt) > 0.9, measured
    assert "Scores: " in capsys.readouterr().out
    score = score_video(video, path, force=True)
    assert (score.stages != []) == ("frame_accuracy" in learnt)
    assert (score.difficulty is not None) == ("d_src" in learnt or "scores" in changes)
    assert list(score.deviations) == (["final"] if "head" in changes else [])
