"""Whole simulated datasets, small: layout, labels, reproducibility, resumption, refusals."""

import csv
import dataclasses
import hashlib
import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import scipy.io
from refusals import refused

from data_prep.simulator.dataset import simulate
from data_prep.simulator.diving.labels import read_labels
from data_prep.simulator.diving.motion import FAULTS
from data_prep.simulator.diving.rules import degree_of_difficulty
from data_prep.simulator.encoding import write_video
from data_prep.simulator.files import write_vector
from data_prep.simulator.filming import film_video
from data_prep.simulator.plan import plan_videos
from data_prep.simulator.registry import get_simulator
from data_prep.simulator.scene.canvas import window
from data_prep.simulator.scoring.faults import total_deduction
from data_prep.simulator.settings import CLIP_TAIL, Settings
from scoringnet_tf.support.errors import InputError

SMALL = Settings("diving", "scoring", 4, 0, None, False, 0.25, 48, 64)

DIVING = get_simulator("diving")


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _rows(file: Path) -> list[dict]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def _num_frames(file: Path) -> int:
    with av.open(str(file)) as container:
        return sum(1 for _ in container.decode(video=0))


def _write_labels(folder: Path, boundaries, difficulty, overall, training, testing):
    (folder / "split_3_2").mkdir(parents=True)
    write_vector(folder / "diving_overall_scores.mat", "overall_scores", overall)
    write_vector(folder / "diving_difficulty_level.mat", "difficulty_level", difficulty)
    for part, ids in (("training", training), ("testing", testing)):
        write_vector(folder / "split_3_2" / f"{part}_idx.mat", f"{part}_idx", np.array(ids, np.uint16), column=True)
    text = "".join(",".join(map(str, row)) + "\n" for row in boundaries)
    (folder / "jump_drop_water_label.txt").write_text(text)
    return folder


@pytest.fixture
def labels_dir(tmp_path):
    boundaries = [(20, 30, 50, 60), (5, 14, 38, 44), (9, 8, 30, 40), (30, 41, 64, 75), (3, 9, 30, 33)]
    return _write_labels(
        tmp_path / "real", boundaries, [3.2, 3.6, 3.0, 4.1, 2.7], [80.0, 81.0, 75.0, 49.2, 74.25], [1, 3, 5], [2, 4]
    )


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "drawn"
    simulate(SMALL, folder, workers=1)
    return folder


def test_layout_is_the_official_one(drawn):
    names = {str(file.relative_to(drawn)) for file in drawn.rglob("*") if file.is_file()}
    assert names == {
        *(f"diving_samples_len_ori/00{video}.avi" for video in range(1, 5)),
        *("diving_overall_scores.mat", "diving_difficulty_level.mat", "jump_drop_water_label.txt"),
        *("split_3_1/training_idx.mat", "split_3_1/testing_idx.mat"),
        *("stage_labels.csv", "factors.csv", "README.md", "simulation.json", "joints/joints.json"),
        *(f"joints/00{video}.npy" for video in range(1, 5)),
    }
    difficulty = scipy.io.loadmat(drawn / "diving_difficulty_level.mat")["difficulty_level"]
    overall = scipy.io.loadmat(drawn / "diving_overall_scores.mat")["overall_scores"]
    training = scipy.io.loadmat(drawn / "split_3_1" / "training_idx.mat")["training_idx"]
    assert difficulty.shape == overall.shape == (1, 4)
    assert difficulty.dtype == overall.dtype == np.float64
    assert training.shape == (3, 1)


def test_labels_agree_with_each_other_and_with_the_videos(drawn):
    boundaries = np.loadtxt(drawn / "jump_drop_water_label.txt", delimiter=",", dtype=int)
    stages = _rows(drawn / "stage_labels.csv")
    for video, (t0, _, t2, t3) in enumerate(boundaries, start=1):
        segments = [row for row in stages if row["video_id"] == f"{video:03d}"]
        starts, ends = ([int(row[key]) for row in segments] for key in ("start_frame", "end_frame"))
        assert starts == [0, *ends[:-1]]
        assert ends[-1] == _num_frames(drawn / f"diving_samples_len_ori/{video:03d}.avi")
        spans = {row["stage"]: (int(row["start_frame"]), int(row["end_frame"])) for row in segments}
        assert spans["take-flight"] == (t0, t2) and spans["entry"] == (t2, t3) and spans["pre-starting"][1] == t0
        assert segments[-1]["stage"] == "noise"
    overall = scipy.io.loadmat(drawn / "diving_overall_scores.mat")["overall_scores"].ravel()
    for row, final in zip(_rows(drawn / "factors.csv"), overall, strict=True):
        marks = sorted(float(mark) for mark in row["marks"].split())
        assert final == pytest.approx(float(row["difficulty"]) * sum(marks[2:5]))


def test_videos_are_encoded_as_planned(drawn):
    plans, found = plan_videos(DIVING, SMALL), []
    for plan in plans:
        with av.open(str(drawn / plan.path)) as container:
            found.append(container.streams.video[0].codec_context.name)
    planned = [plan.codec.replace("libx264", "h264") for plan in plans]
    assert found == planned and len(set(found)) > 1


def test_severities_are_in_the_columns_of_their_faults(drawn):
    plans = plan_videos(DIVING, SMALL)
    for row, plan in zip(_rows(drawn / "factors.csv"), plans, strict=True):
        assert {name: float(row[name]) for name in plan.trait.severities} == pytest.approx(
            plan.trait.severities, abs=1e-4
        )
    assert len({severity for plan in plans for severity in plan.trait.severities.values()}) > 8


def test_the_card_has_the_least_the_median_and_the_most(drawn):
    lines = [line.strip("| ").split(" | ") for line in (drawn / "README.md").read_text().splitlines()]
    cells = {name: [float(figure) for figure in figures] for name, *figures in lines if name == "execution"}
    execution = sorted(float(row["execution"]) for row in _rows(drawn / "factors.csv"))
    assert cells == {"execution": pytest.approx([execution[0], sum(execution[1:3]) / 2, execution[3]], abs=0.006)}
    assert execution[0] < execution[3] - 1


def test_the_dataset_says_that_it_is_simulated(drawn):
    description = json.loads((drawn / "simulation.json").read_text())
    assert description["simulated"] is True and description["settings"]["easy"] is False
    assert "simulated" in (drawn / "README.md").read_text()


def test_same_seed_same_bytes_whatever_the_number_of_workers(drawn, tmp_path):
    simulate(SMALL, tmp_path / "again", workers=2)
    assert _digests(tmp_path / "again") == _digests(drawn)


def test_another_seed_gives_other_videos(drawn, tmp_path):
    simulate(dataclasses.replace(SMALL, seed=1), tmp_path / "other", workers=1)
    ours, other = _digests(drawn), _digests(tmp_path / "other")
    assert all(ours[name] != other[name] for name in ours if name.endswith(".avi") and name in other)


def test_a_folder_with_other_settings_or_other_files_is_refused(drawn, tmp_path):
    with refused("other_simulation", "settings seed"):
        simulate(dataclasses.replace(SMALL, seed=9), drawn, workers=1)
    (tmp_path / "notes.txt").write_text("mine")
    with refused("exists", tmp_path):
        simulate(SMALL, tmp_path, workers=1)


def test_a_video_that_fails_leaves_no_file_under_its_name(tmp_path):
    def broken():
        yield np.zeros((48, 64, 3), np.uint8)
        raise RuntimeError("no more film")

    with pytest.raises(RuntimeError):
        write_video(tmp_path / "a.avi", broken(), 5)
    assert not (tmp_path / "a.avi").exists()
    with refused("no_frames", "b.avi"):
        write_video(tmp_path / "b.avi", iter(()), 5)


def test_real_labels_are_kept_as_they_are(labels_dir, tmp_path):
    folder = tmp_path / "sim"
    simulate(dataclasses.replace(SMALL, labels_dir=labels_dir, num_videos=None), folder, workers=1)
    videos = sorted(file.name for file in (folder / "diving_samples_len_ori").iterdir())
    assert videos == ["001.avi", "002.avi", "004.avi", "005.avi"]
    before, after = read_labels(labels_dir), read_labels(folder)
    np.testing.assert_array_equal(after.overall, before.overall)
    np.testing.assert_array_equal(after.difficulty, before.difficulty)
    np.testing.assert_array_equal(after.boundaries, before.boundaries)
    assert (after.split_name, after.training, after.testing) == ("split_3_2", [1, 5], [2, 4])
    assert "row 3: 9,8,30,40" in (folder / "README.md").read_text()
    factors = {int(row["video_id"]): row for row in _rows(folder / "factors.csv")}
    assert float(factors[4]["execution"]) == pytest.approx(49.2 / 4.1)
    assert factors[5]["dive"] in ("107C", "205C", "305C", "6241B")
    for row in _rows(folder / "stage_labels.csv"):
        if row["stage"] == "noise" and row["start_frame"] == "0":
            assert int(row["end_frame"]) <= 0.4 * before.boundaries[int(row["video_id"]) - 1, 0]


def test_real_dives_show_the_faults_that_their_execution_lost(labels_dir):
    """What all faults cost together is what is missing to 30, to within what a panel errs (4 deviations of 0.6)."""
    plans = plan_videos(DIVING, dataclasses.replace(SMALL, labels_dir=labels_dir, num_videos=None))
    assert {plan.video_id: plan.execution for plan in plans} == pytest.approx({1: 25.0, 2: 22.5, 4: 12.0, 5: 27.5})
    for plan in plans:
        assert total_deduction(plan.trait.severities, FAULTS) == pytest.approx(30 - plan.execution, abs=2.4)


def test_drawn_marks_are_those_of_the_faults_shown():
    """Of 200 dives each is marked as it deserves, to within what a panel errs, and not too well or badly on average."""
    errors = []
    for plan in plan_videos(DIVING, dataclasses.replace(SMALL, num_videos=200)):
        deserved = 30 - total_deduction(plan.trait.severities, FAULTS)
        assert plan.execution == sum(sorted(plan.marks)[2:5]) and len(plan.marks) == 7
        assert plan.difficulty == degree_of_difficulty(plan.element)
        errors.append(plan.execution - deserved)
    assert max(map(abs, errors)) < 4 and abs(np.mean(errors)) < 0.2


def test_fewer_videos_of_real_labels_represent_both_splits(labels_dir):
    plans = plan_videos(DIVING, dataclasses.replace(SMALL, labels_dir=labels_dir, num_videos=2))
    assert [(plan.video_id, plan.split) for plan in plans] == [(1, "train"), (2, "test")]
    with refused("out_of_range", "--num_videos=9"):
        plan_videos(DIVING, dataclasses.replace(SMALL, labels_dir=labels_dir, num_videos=9))


def test_unusable_label_files_are_named(labels_dir):
    (file,) = labels_dir.glob("split_*/testing_idx.mat")
    for testing, code in (([2, 0], "out_of_range"), ([2, 6], "out_of_range"), ([1], "duplicate")):
        scipy.io.savemat(file, {"testing_idx": np.array(testing)})
        with refused(code, "split_3_2", testing[-1]):
            read_labels(labels_dir)
    scipy.io.savemat(file, {"testing_idx": np.array([2, 4])})
    path = labels_dir / "diving_overall_scores.mat"
    scores = scipy.io.loadmat(path)["overall_scores"]
    scipy.io.savemat(path, {"overall_scores": 100 * scores})
    with refused("wrong_scale", "diving_overall_scores", "row 1 and 4 more rows"):
        read_labels(labels_dir)
    (labels_dir / "jump_drop_water_label.txt").write_text("1,2,3,4\n1,2,x,4\n")
    for damage in (lambda: None, lambda: path.write_bytes(path.read_bytes()[:160]), path.unlink):
        damage()
        with pytest.raises(InputError) as error:
            read_labels(labels_dir)
        assert path.name in str(error.value) or "jump_drop_water_label.txt, row 2" in str(error.value)


def test_motion_clips_have_their_dive_as_class(tmp_path):
    settings = dataclasses.replace(SMALL, task="motion", num_videos=5)
    simulate(settings, tmp_path / "motion", workers=1)
    rows = _rows(tmp_path / "motion" / "motion_classes.csv")
    assert [row["video"] for row in rows] == [f"{video:05d}.avi" for video in range(1, 6)]
    assert {row["split"] for row in rows} == {"train", "validation"}
    for row, factors, plan in zip(
        rows, _rows(tmp_path / "motion" / "factors.csv"), plan_videos(DIVING, settings), strict=True
    ):
        group, _, half_somersaults, *further, position = factors["dive"]  # as the rules number dives: 5253B
        assert [row["group"], row["half_somersaults"], row["position"]] == [group, half_somersaults, position]
        assert row["half_twists"] == (further[0] if further else "0")
        assert _num_frames(tmp_path / "motion" / "videos" / row["video"]) == plan.boundaries[2] + CLIP_TAIL


def test_easy_preset_has_one_dive_for_each_difficulty_and_is_named(tmp_path):
    settings = dataclasses.replace(SMALL, easy=True, num_videos=60)
    dives = {}
    for plan in plan_videos(DIVING, settings):
        assert dives.setdefault(plan.difficulty, plan.element.number) == plan.element.number
    assert settings.to_json()["easy"] is True


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (120, 160), (240, 320)])
def test_frames_have_the_size_asked_for_and_show_the_same_scene(size):
    settings = dataclasses.replace(SMALL, height=size[0], width=size[1], num_videos=2)
    plan = plan_videos(DIVING, settings)[0]
    frames = list(film_video(DIVING, plan, settings))
    assert len(frames) == plan.num_frames
    assert all(frame.shape == (*size, 3) and frame.dtype == np.uint8 for frame in frames)
    assert np.std(frames[plan.boundaries[0]]) > 5


def test_boundaries_are_visible_in_the_pixels():
    settings = dataclasses.replace(SMALL, height=120, width=160, num_videos=8, seed=3)
    for plan in plan_videos(DIVING, settings):
        small = [
            cv2.resize(frame, (20, 15), interpolation=cv2.INTER_AREA) for frame in film_video(DIVING, plan, settings)
        ]
        change = np.abs(np.diff(np.stack(small).astype(int), axis=0)).mean(axis=(1, 2, 3))  # from frame i to i + 1
        t0, t1, t2, t3 = plan.boundaries
        assert change[t1 : t2 - 1].mean() > 2 * change[max(plan.lead, t0 - 4) : t0 - 1].mean()
        if not plan.linger:
            assert change[t3 - 1] > 2 * np.median(change[t2 : t3 - 1])  # the cut against what came before it


def test_a_sport_without_simulator_is_refused():
    with refused("unknown_name", "curling"):
        get_simulator("curling")


@pytest.mark.parametrize("centre", [(20.0, 15.0), (20.3, 15.75), (8.0, 6.5), (2.4, 1.2), (50.0, 15.0)])
def test_window_between_pixels(centre):
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    seen = window(image, centre, 16, 12)
    for row in range(12):
        for column in range(16):
            # Bilinear; beyond the border the border repeats.
            x, y = centre[0] - 7.5 + column, centre[1] - 5.5 + row
            left, top = int(np.floor(x)), int(np.floor(y))
            parts = [
                (1 - abs(x - c)) * (1 - abs(y - r)) * image[np.clip(r, 0, 29), np.clip(c, 0, 39)].astype(float)
                for r in (top, top + 1)
                for c in (left, left + 1)
            ]
            assert np.abs(sum(parts) - seen[row, column]).max() <= 1.01


@pytest.mark.parametrize(("sport", "task"), [("diving", "scoring"), ("vault", "scoring"), ("diving", "session")])
def test_another_rendering_is_the_same_performances_in_other_pixels(tmp_path, sport, task):
    of_session = {"num_videos": 1, "performances": 2, "minutes": 0.4} if task == "session" else {}
    first = dataclasses.replace(SMALL, sport=sport, task=task, **of_session)
    folders = [tmp_path / str(number) for number in range(3)]
    for folder, rendering in zip(folders, (0, 1, 2), strict=True):
        simulate(dataclasses.replace(first, rendering=rendering), folder, workers=1)
    digests = [_digests(folder) for folder in folders]
    is_picture = {name: name.endswith((".avi", ".npy")) for name in digests[0]}
    labels = {name for name, pictured in is_picture.items() if not pictured} - {"README.md", "simulation.json"}
    for other in digests[1:]:
        assert all(other[name] == digests[0][name] for name in labels)
    for name in is_picture.keys() - labels:
        assert len({digest[name] for digest in digests}) == 3, name
    assert task == "session" or "--seed=0 --rendering=1" in (folders[1] / "README.md").read_text()
    with refused("other_simulation", "settings rendering"):
        simulate(first, folders[1], workers=1)


def test_another_rendering_has_encoders_of_its_own():
    settings = dataclasses.replace(SMALL, num_videos=60)
    first, other = (plan_videos(DIVING, dataclasses.replace(settings, rendering=number)) for number in (0, 1))
    assert sum(a.codec != b.codec for a, b in zip(first, other, strict=True)) > 20
    for a, b in zip(first, other, strict=True):
        assert dataclasses.replace(a, codec=b.codec, quantiser=b.quantiser) == b


def test_the_first_rendering_is_described_as_before_there_were_any(drawn):
    """So that such a dataset can be gone on with."""
    assert "rendering" not in json.loads((drawn / "simulation.json").read_text())["settings"]
