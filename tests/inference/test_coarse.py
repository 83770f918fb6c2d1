"""A coarse look at long film: what it leaves out, and that the rest is found as without it."""

import dataclasses

import numpy as np
import pytest
from conftest import write_video
from scripted_stages import scripted
from test_recognition import colour, model_of

from scoringnet_tf.inference import coarse
from scoringnet_tf.inference.coarse import AROUND, STEP, FilmReader
from scoringnet_tf.inference.pipeline import Predictor

LENGTH, RED = 2000, (900, 1000)  # frames of 80 s; those that show the sport


@pytest.fixture(scope="module")
def predictor():
    return Predictor(model_of(provenance={"frame_rate": 25.0}))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "v.mp4"
    write_video(path, [*colour("green", RED[0]), *colour("red", 100), *colour("green", 1000)], codec="libx264")
    return path


@pytest.mark.parametrize("speed", [1, 2])
def test_what_is_near_the_sport_is_read_and_the_rest_has_a_picture_a_second(predictor, film, speed):
    before, near, after = FilmReader(predictor.model).parts(film, speed=speed / 2)
    around = (AROUND + STEP / coarse.RATE) * 25 * speed / 2
    assert (before.first_frame, after.first_frame + len(after.frames)) == (0, LENGTH)
    assert before.first_frame + len(before.frames) == near.first_frame == pytest.approx(RED[0] - around, abs=25)
    assert near.first_frame + len(near.frames) == after.first_frame == pytest.approx(RED[1] + around, abs=25)
    assert (before.shows_nothing, near.shows_nothing, after.shows_nothing) == (True, False, True)
    assert len(set(map(id, before.frames))) == pytest.approx(len(before.frames) / 25, abs=1)
    assert all(part.is_part for part in (before, near, after))
    ends = [part.first_time + part.timestamps[-1] for part in (before, near, after)]
    assert ends[:2] == pytest.approx([near.first_time - 0.08 / speed, after.first_time - 0.08 / speed], abs=1e-3)


def test_decisions_and_times_are_those_without_it(predictor, film, monkeypatch):
    labels = np.zeros(LENGTH, int)
    labels[930:975] = np.repeat([1, 2, 3], 15)
    labels[100:145] = labels[930:975]  # which does not look like the sport
    found = scripted(predictor, labels)(film, force=True)
    monkeypatch.setattr(coarse, "LONG", np.inf)
    whole = scripted(predictor, labels)(film, force=True)
    (one,), (other,) = found.performances, whole.performances
    assert (one.start_frame, one.end_frame) == (930, 975)
    assert dataclasses.replace(one, warnings=[]) == dataclasses.replace(other, warnings=[])
    assert (found.num_frames, found.fps, found.stages) == (whole.num_frames, whole.fps, whole.stages)


def test_film_without_the_sport_is_not_read_and_shown_as_a_whole(predictor, tmp_path):
    write_video(tmp_path / "v.mp4", colour("green", 1600), codec="libx264")
    found = predictor(tmp_path / "v.mp4")
    assert [reason.code for reason in found.reasons][:1] == ["no_performance"]
    assert found.num_frames == 1600 and [stage["name"] for stage in found.stages] == ["noise"]
    assert len(found.shown) == 10
