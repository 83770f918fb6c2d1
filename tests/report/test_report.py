"""What a report shows of a video is what was decoded and found."""

import dataclasses
import fractions
import io
import itertools
import os
import re
import signal
import subprocess
import sys
import time

import av
import keras
import numpy as np
import pytest
from command_forks import forked
from conftest import disposed, read_index, write_bars, write_images, write_video
from page_samples import Elements, run
from refusals import code_printed, refused
from training_runs import SMALL, telling

import scoringnet_tf
from scoringnet_tf.body.skeleton import JOINT, JOINTS
from scoringnet_tf.body.track import Track
from scoringnet_tf.data.browser_video import HEIGHT, encode_clip, filmed
from scoringnet_tf.data.preprocessing import decode_jpeg
from scoringnet_tf.data.video import Video
from scoringnet_tf.inference.drawn_body import LEFT
from scoringnet_tf.inference.pipeline import PartResult, Predictor
from scoringnet_tf.inference.result import Performance
from scoringnet_tf.inference.seen import Seen
from scoringnet_tf.inference.times import Element, Measure, Moment
from scoringnet_tf.inference.words import remark
from scoringnet_tf.models.settings import merged
from scoringnet_tf.report.page_data import ONE_DEVIATION, performance_pages, scenes, video_pages
from scoringnet_tf.support.messages import Remark

DAMAGED = Remark("damaged", "It is damaged.")
GAP = Remark("frames_missing", "It has no frame between 1.00 and 1.40 s.")


@pytest.fixture(scope="module")
def predictor():
    keras.utils.set_random_seed(0)
    content = {"content": {"frame_size": (36, 48), "stored": {"jpeg_quality": 100}}}
    return Predictor(telling(scoringnet_tf.ScoringNet(**merged(SMALL, content)), 10_000.0), name="tiny")


def shown(predictor, path, joints=True, **changes):
    """The pages of a video whose score was changed, and that score."""
    (part,) = predictor.results(predictor.read(path, pictures=HEIGHT))
    score = dataclasses.replace(predictor.gather(path, [part.summary]), **changes)
    found = scenes(dataclasses.replace(part, performances=score.performances))
    return performance_pages(score, found, predictor.model.scores, path.name, joints), score


def part_of(video, performances, stages=None):
    """What is found in a video, or in a part of one, by a model that sees every frame."""
    numbers = np.arange(len(video.frames))
    return PartResult(Seen(video, numbers.astype(float), numbers, video.fps, stages), performances, None)


def indices(pictures):
    """(frame number on the page, number that the picture shows) of each picture."""
    return [(one.frame, read_index(decode_jpeg(one.jpeg))) for one in pictures]


def decoded(clip):
    """The frames of an MP4."""
    with av.open(io.BytesIO(clip)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


# === The data of a page ===


def test_a_page_shows_the_video_and_its_result(predictor, tmp_path):
    write_bars(tmp_path / "dive.avi", 40)
    performance = Performance(
        *(0, 40, 0.0, 1.6, 3.0, 24.0, 72.0),
        reasons=[Remark("stage_order", "Wrong order.")],
        deviations={"execution": 2.0, "final": 6.0},
        intervals={"final": (60.0, 84.0)},
    )
    changes = {"performances": [performance], "further_reasons": [], "interval_level": 0.9}
    (page,), score = shown(predictor, tmp_path / "dive.avi", **changes)
    assert (page.name, page.num_frames, page.fps) == ("dive.avi", 40, 25)
    assert [(name, one.value, one.range, one.interval) for name, one in page.scores.items()] == [
        ("difficulty", 3.0, (1.2, 4.8), None),
        ("execution", 24.0, (0, 30), (22.0, 26.0)),
        ("final", 72.0, (0, 144), (60.0, 84.0)),
    ]
    assert page.scores["execution"].confidence == ONE_DEVIATION and "90" in page.scores["final"].confidence
    assert list(page.reasons) == ["Wrong order."]
    assert page.stages == [pytest.approx(stage) for stage in score.stages]
    assert page.notes == [str(warning) for warning in score.warnings]
    assert all(index == picture for index, picture in indices(page.pictures))
    assert [read_index(frame) for frame in decoded(page.clip)] == [*range(40)]
    np.testing.assert_allclose(page.probabilities.sum(axis=1), np.ones(40), rtol=1e-5)


def test_a_page_shows_the_body(predictor, tmp_path):
    """Joints over the moments and a close-up; curves from the performance's first frame on; what was not seen."""
    write_bars(tmp_path / "dive.avi", 40)
    joints = np.full((10, len(JOINTS), 2), 0.5, np.float32)
    joints[:, JOINT["hip_l"]] += 0.1
    centre, still = np.stack([np.zeros(10), np.abs(np.arange(10) - 6.0)], axis=1), np.tile(np.eye(2, 3), (10, 1, 1))
    track = Track(20, np.arange(10) / 25, joints, np.ones((10, len(JOINTS))), still, centre=centre)
    performance = Performance(
        *(10, 40, 0.4, 1.6),
        measures={"flight time": Measure(1.0, "s"), "entry angle": Measure(-14.0, "°", 8.0, 29)},
        elements={"dive": Element("207C", 0.8), "position": Element("tuck", 0.9, 50)},
        curves={"trunk's angle": [0.0, None, 20.0]},
        body=[track],
        moments={"entry": Moment(32, 1.28)},
        warnings=[remark("not_seen", which="opening, legs apart")],
    )
    stages = [run("pre-starting", 0, 20), run("take-flight", 20, 30), run("entry", 30, 40)]
    changes = {"performances": [performance], "stages": stages, "further_reasons": []}
    (page,), _ = shown(predictor, tmp_path / "dive.avi", **changes)
    assert dict(page.dives) == {"207C, back 3½ somersaults, tuck: 3.3": "probability 0.80"}
    rows = {row.name: row for row in page.body}
    assert [(name, row.value, row.note) for name, row in rows.items()] == [
        ("position", "tuck", "probability 0.90"),
        ("entry angle", "−14 ± 8°", "short of the vertical"),
        ("not seen", "", "opening, legs apart"),
    ]
    assert not any("legs" in note for note in page.notes)
    assert rows["position"].picture is None  # beyond the page
    close, angles = rows["entry angle"].picture, page.curves["trunk's angle"]
    assert close.frame == 29 and decode_jpeg(close.jpeg).shape[0] == decode_jpeg(close.jpeg).shape[1]
    np.testing.assert_array_equal(angles[9:14], [np.nan, 0, np.nan, 20, np.nan])
    assert len(angles) == 40
    captions = {picture.frame: picture.caption for picture in page.pictures}
    assert captions[26] == "≈ highest point" and captions[20] == "take-flight begins"
    assert captions[32] == "entry" and 30 not in captions  # where the body enters, and not its stage
    drawn = [number for number, body in enumerate(page.bodies) if body["paths"]]
    assert drawn == [*range(20, 30)] and "M375 500L450 600" in page.bodies[26]["paths"][LEFT]  # the picture is 4:3
    (hip, knee), hips = page.bodies[26]["angles"], joints[6, [JOINT["hip_l"], JOINT["hip_r"]]].mean(axis=0)
    assert hip[:2] == pytest.approx([750 * hips[0], 1000 * hips[1]], abs=1) and knee[2].endswith("°")
    np.testing.assert_allclose(close.crop[2:], (0.75 * close.crop[3], close.crop[3]), atol=0.01)  # a square
    (plain,), _ = shown(predictor, tmp_path / "dive.avi", joints=False, **changes)
    assert not plain.bodies and len(plain.body) == len(page.body)


def test_large_pictures_are_made_smaller(predictor, tmp_path):
    """Those in which bodies are looked for."""
    write_video(tmp_path / "dive.mp4", np.random.default_rng(1).integers(0, 255, (12, 600, 800, 3)).astype(np.uint8))
    (part,) = predictor.results(predictor.read(tmp_path / "dive.mp4", pictures=600))
    score = predictor.gather(tmp_path / "dive.mp4", [part.summary])
    stages = [run("pre-starting", 0, 4), run("take-flight", 4, 8), run("entry", 8, 12)]
    score = dataclasses.replace(score, performances=[Performance(0, 12, 0.0, 0.48)], stages=stages)
    (page,) = performance_pages(score, scenes(dataclasses.replace(part, performances=score.performances)), (), "dive")
    assert {decode_jpeg(one.jpeg).shape[:2] for one in page.pictures} == {(360, 480)}
    assert {frame.shape[:2] for frame in decoded(page.clip)} == {(360, 480)}


def test_a_page_of_a_model_that_gives_no_scores_shows_its_stages(predictor, tmp_path):
    write_bars(tmp_path / "dive.avi", 40)
    reasons = [Remark("missing_stage", "No entry."), Remark("simulated_training", "Simulated.")]
    changes = {"performances": [Performance(0, 40, 0.0, 1.6, reasons=reasons)], "further_reasons": []}
    (page,), _ = shown(predictor, tmp_path / "dive.avi", **changes)
    assert (page.scores, page.reasons, page.model_reasons) == ({}, ["No entry."], ["Simulated."]) and page.stages


def test_each_performance_shows_its_own_frames_and_stages(predictor, tmp_path):
    """A second around it, up to the next performance, whose stages and warnings it leaves out."""
    write_bars(tmp_path / "two.avi", 160)
    runs = [("noise", 0, 50), ("take-flight", 50, 60), ("entry", 60, 70), ("noise", 70, 80), ("take-flight", 80, 90)]
    moments = {"leaves": Moment(50, 2.0, 0.1)}
    performances = [
        Performance(50, 70, 2.0, 2.8, 3.0, 24.0, 72.0, warnings=[GAP], moments=moments),
        Performance(80, 95, 3.2, 3.8),
    ]
    changes = {
        "stages": [run(*one) for one in (*runs, ("entry", 90, 95), ("noise", 95, 160))],
        "warnings": [DAMAGED, GAP],
        "further_reasons": [],
    }
    (first, second), _ = shown(predictor, tmp_path / "two.avi", performances=performances, **changes)
    assert first.name == "two.avi, performance 1 at 0:02.0" and second.scores["final"] is None
    assert [(one.first_frame, one.num_frames) for one in (first, second)] == [(25, 55), (70, 50)]
    assert (first.notes, second.notes) == ([DAMAGED, GAP], [DAMAGED])
    assert [(one["name"], one["start_frame"], one["end_frame"]) for one in first.stages] == [
        *(("noise", 0, 25), ("take-flight", 25, 35), ("entry", 35, 45), ("noise", 45, 55))
    ]
    assert [(one["name"], one["start_frame"], one["start_s"]) for one in second.stages] == [
        *(("noise", 0, pytest.approx(2.8)), ("take-flight", 10, pytest.approx(3.2))),
        *(("entry", 20, pytest.approx(3.6)), ("noise", 25, pytest.approx(3.8))),
    ]
    assert [read_index(frame) for frame in decoded(first.clip)] == [*range(25, 80)]
    assert [(one.caption, 25 + one.frame) for one in first.pictures] == [
        *(("leaves", 50), ("middle of take-flight", 55), ("last frame of take-flight", 59), ("entry begins", 60)),
        ("0.2 s after entry", 65),
    ]
    assert [25 + one.frame for one in first.pictures] == [picture for _, picture in indices(first.pictures)]
    assert (first.moments, first.places, second.moments) == (moments, {"leaves": 25}, {})
    # In a part of its own, which begins with the one before.
    (late,), _ = shown(predictor, tmp_path / "two.avi", performances=performances[1:], **changes)
    assert [(one["name"], one["start_frame"]) for one in late.stages] == [
        *(("noise", 15), ("take-flight", 25), ("entry", 35), ("noise", 40))
    ]


def test_a_stage_that_is_cut_does_not_begin(predictor, tmp_path):
    write_bars(tmp_path / "cut.avi", 40)
    stages = [run("pre-starting", 0, 20), run("take-flight", 20, 30), run("entry", 30, 40)]
    changes = {"stages": stages, "performances": [Performance(0, 40, 0.0, 1.6)], "further_reasons": []}
    (page,), _ = shown(predictor, tmp_path / "cut.avi", **changes)
    assert [(one.frame, one.caption) for one in page.pictures] == [
        *((0, "pre-starting"), (20, "take-flight begins"), (25, "middle of take-flight")),
        *((29, "last frame of take-flight"), (30, "entry begins"), (35, "0.2 s after entry")),
    ]


@pytest.mark.parametrize(("num_frames", "kept"), [(60, (0, 60)), (150, (0, 150)), (151, (35, 110)), (3000, (35, 110))])
def test_of_a_long_file_with_one_dive_the_dive_is_shown(num_frames, kept):
    times = np.cumsum(np.linspace(0.02, 0.06, num_frames))
    video = Video(np.zeros((num_frames, 2, 2, 3), np.uint8), 25.0, times - times[0], (2, 2), 1.0)
    video = dataclasses.replace(video, first_time=times[0])
    ((scene, _),) = scenes(part_of(video, [Performance(min(60, num_frames - 25), min(85, num_frames), 2.4, 3.4)]))
    assert (scene.first_frame, scene.first_frame + scene.num_frames) == kept
    expected = np.round([*times[slice(*kept)], times[kept[1] - 1] + 1 / 25], 3)  # as results tell them
    np.testing.assert_allclose(scene.times, expected)


def test_the_scenes_of_a_long_video_are_those_of_the_whole():
    """However it is cut into parts; a part shows its performance alone, and none of the one before."""
    frames = np.arange(400, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    video = Video(frames, 25.0, np.arange(400) / 25, (1, 1), 1.0, pictures=[*map(str.encode, map(str, range(400)))])
    found = [Performance(10, 215, 0.4, 8.6), Performance(230, 330, 9.2, 13.2)]
    whole, parts = scenes(part_of(video, found, np.eye(400))), []
    for (start, stop), performance, before in zip(((0, 230), (200, 400)), found, (0, 215), strict=True):
        part = dataclasses.replace(video.cut(start, stop), shared=100)
        parts += scenes(part_of(part, [performance], np.eye(400)[start:stop]), before)
    for (one, pictures), (other, expected) in zip(parts, whole, strict=True):
        assert one.first_frame == other.first_frame and [*pictures] == [*expected]
        np.testing.assert_allclose(one.times, other.times, rtol=1e-12)
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
    assert [(one.first_frame, one.num_frames) for one, _ in whole] == [(0, 230), (215, 140)]
    assert [[*map(int, pictures)] for _, pictures in whole] == [[*range(230)], [*range(215, 355)]]


def test_a_long_video_without_a_performance_has_a_page_of_a_few_frames(predictor, tmp_path):
    write_bars(tmp_path / "v.avi", 250)
    frames = predictor.model.preprocessor.read(tmp_path / "v.avi").frames
    pictures = [(number, number / 25, jpeg) for number, jpeg in enumerate(frames)]
    none = Performance(0, 250, 0.0, 10.0, reasons=[Remark("no_performance", "No dive found.")])
    score = dataclasses.replace(predictor(tmp_path / "v.avi"), performances=[none], shown=pictures[::50])
    (page,) = performance_pages(score, [], predictor.model.scores, "v.avi")
    assert page.reasons == ["No dive found."] and page.num_frames == 250
    assert indices(page.pictures) == [(number, number) for number in range(0, 250, 50)]
    np.testing.assert_allclose(page.times, np.arange(251) / 25)


def test_the_part_that_is_scored_is_shown(predictor, tmp_path):
    write_bars(tmp_path / "v.mp4", 60, codec="libx264")
    _, (page,) = video_pages(predictor, tmp_path / "v.mp4", start=0.8, end=2.0, force=True)
    assert (page.first_frame, page.num_frames, page.times[0]) == (20, 30, pytest.approx(0.8))
    assert [read_index(frame) for frame in decoded(page.clip)] == [*range(20, 50)]
    score = predictor(tmp_path / "v.mp4", force=True, start=0.8, end=2.0)
    assert [one.value for one in page.scores.values()] == [score.difficulty, score.execution, score.final]


# === Pictures ===


def test_pictures_are_as_they_were_filmed(predictor, tmp_path):
    """640×480, of which the model sees 48×36: no more than 360 lines, in the aspect as shown."""
    frames = np.zeros((40, 480, 640, 3), np.uint8)
    frames[:, :, :320] = 255
    for index in range(40):
        frames[index, :, 320 : 320 + 8 * index] = 128
    write_video(tmp_path / "dive.mp4", frames, codec="libx264")
    _, (page,) = video_pages(predictor, tmp_path / "dive.mp4", force=True)
    pictures = [*enumerate(decoded(page.clip)), *((one.frame, decode_jpeg(one.jpeg)) for one in page.pictures)]
    assert len(pictures) > 41 and {picture.shape for _, picture in pictures} == {(360, 480, 3)}
    for index, picture in pictures:
        grey = (np.abs(picture[180, 240:, 0].astype(int) - 128) < 40).sum()
        assert abs(grey - 6 * index) <= 2


def test_pictures_of_anamorphic_video_are_as_wide_as_it_is_shown(predictor, tmp_path):
    with av.open(str(tmp_path / "v.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = fractions.Fraction(4, 3)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 48, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    (part,) = predictor.read(tmp_path / "v.mkv", pictures=HEIGHT)
    shown = [*map(decode_jpeg, part.pictures), *filmed(tmp_path / "v.mkv", 0, 1)]
    assert [picture.shape for picture in shown] == [(48, 64, 3)] * 2


def test_images_are_shown_whatever_their_first_number(tmp_path):
    write_images(tmp_path / "frames", 30, first=100)
    assert [read_index(frame) for frame in filmed(tmp_path / "frames", 3, 6)] == [3, 4, 5]


def test_pictures_are_decoded_when_they_are_looked_at(predictor, tmp_path):
    """A slice decodes nothing, and costs nothing where there is no performance."""
    write_bars(tmp_path / "v.avi", 30)
    (part,) = predictor.read(tmp_path / "v.avi", pictures=HEIGHT)
    later = part.cut(10, 20).pictures[2:]
    assert [read_index(decode_jpeg(each)) for each in later] == [*range(12, 20)] == [*range(12, 12 + len(later))]
    write_bars(tmp_path / "v.avi", 15)
    with refused("changed"):
        list(later)


def test_pictures_of_a_long_video_go_with_the_frames_of_each_part(predictor, tmp_path):
    write_bars(tmp_path / "v.avi", 60)
    reading = predictor.model.preprocessor.parts(tmp_path / "v.avi", length=25, overlap=10, pictures=HEIGHT)
    spans = []
    for part in reading:
        shown = [read_index(decode_jpeg(picture)) for picture in part.pictures]
        assert shown == [*range(part.first_frame, part.first_frame + len(part.frames))]
        spans.append((shown[0], shown[-1]))
    assert len(spans) > 2 and (spans[0][0], spans[-1][1]) == (0, 59)
    assert all(before[1] >= after[0] for before, after in itertools.pairwise(spans))


@pytest.mark.parametrize("clock", [np.arange(5) * 1001 / 30000, (0, 0.02, 0.1, 0.15, 0.3), 3600 * np.arange(5)])
def test_a_clip_holds_its_frames_at_their_times(clock):
    """A video of a frame an hour has a clip too."""
    clip = encode_clip([np.full((35, 47, 3), value, np.uint8) for value in (0, 80, 160, 240)], clock)
    assert [frame.shape for frame in decoded(clip)] == [(34, 46, 3)] * 4
    assert [round(frame.mean() / 80) for frame in decoded(clip)] == [0, 1, 2, 3]
    with av.open(io.BytesIO(clip)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    np.testing.assert_allclose(times, clock[:-1], atol=1e-4)


# === The command ===


@pytest.mark.slow
def test_a_report_that_is_stopped_keeps_what_was_scored(stage_model, tmp_path):
    """It waits for an image that does not come when the signal does; an earlier report stays."""
    for name in ("a.avi", "c.avi"):
        write_bars(tmp_path / name, 40)
    write_images(tmp_path / "b", 29)
    os.mkfifo(tmp_path / "b/img_00030.jpg")
    (tmp_path / "r.html").write_text("of a session that is whole")
    words = [f"--model={stage_model}", "--force", "--output=r.html", "a.avi", "b", "c.avi"]
    arguments = [sys.executable, "-m", "scoringnet_tf.report", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with disposed(signal.SIGINT, signal.SIG_DFL):  # however the tests were started
        process = subprocess.Popen(arguments, **pipes, text=True, cwd=tmp_path, env=environment)
    while process.poll() is None:
        try:
            writer = os.open(tmp_path / "b/img_00030.jpg", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads it yet
            time.sleep(0.05)
        else:
            process.send_signal(signal.SIGINT)
            os.close(writer)  # a read that begins after the signal would wait for ever
            break
    printed, errors = process.communicate()
    assert process.returncode == 130 and "r_stopped.html" in errors, errors
    assert (tmp_path / "r.html").read_text() == "of a session that is whole"
    text = (tmp_path / "r_stopped.html").read_text()
    assert ">a.avi</a>" in text and len(re.findall("<li>2 of 3 videos.*?</li>", text)) == 1
    assert printed.split() == ["r_stopped.html", "r_stopped_pages/001.html"]


@pytest.mark.slow
def test_the_command_shows_what_it_can_and_names_the_rest(tmp_path):
    """Videos of one name are told apart."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_bars(tmp_path / folder / "v.avi", 30, number=len(folder))
    words = ["httq://a/b.mp4", "none.mp4", "a/v.avi", "b/v.avi", "--output=r.html", "--force", "--model=diving_small"]
    result = forked("scoringnet_tf.report", *words, folder=tmp_path)
    failures = [line for line in result.stderr.splitlines() if line.startswith("report: ")]
    assert result.returncode == 1 and len(failures) == 2 and "Traceback" not in result.stderr
    assert "httq://a/b.mp4" in failures[0] and "none.mp4" in failures[1]
    text = (tmp_path / "r.html").read_text()
    assert all(f">{name}</a>" in text for name in ("a/v.avi", "b/v.avi"))
    assert [one.split(",")[0] for one in re.findall("<li>(.*?)</li>", text)] == ["httq://a/b.mp4", "none.mp4"]
    assert len(re.findall(r'data-value="\d+\.\d', text)) >= 2, "scores that are withheld without --force"
    words = ["scoringnet_tf.report", "--model=diving_small", "--output=c.html", "--compare", "a/v.avi"]
    alone = forked(*words, folder=tmp_path)
    assert (alone.returncode, code_printed(alone.stderr)) == (1, "too_few") and not (tmp_path / "c.html").exists()
    both = forked(*words, "b/v.avi", folder=tmp_path)
    assert (both.returncode, both.stdout.split()) == (0, ["c.html"])
    videos = Elements((tmp_path / "c.html").read_text()).of("video")
    assert [one["aria-label"] for one in videos] == ["a/v.avi", "b/v.avi"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("v.avi --output=r.html --start=2 --end=1", "out_of_range"),
        ("v.avi --output=mine.html", "exists"),
        ("v.avi --output=own.html", "exists"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_scored(words, code, tmp_path):
    (tmp_path / "v.avi").touch()
    for name in ("mine_pages", "own_stopped_pages"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.txt").touch()
    result = forked("scoringnet_tf.report", *words.split(), folder=tmp_path)
    assert (result.returncode, code_printed(result.stderr)) == (1, code), result.stderr
