"""Long videos are scored part by part: what is found is what the whole video shows, and no more than a part is kept."""

import dataclasses
from fractions import Fraction

import av
import keras
import numpy as np
import pytest
from conftest import write_bars
from memory_probe import memory_of
from training_runs import telling

import scoringnet_tf
from scoringnet_tf.inference import prediction
from scoringnet_tf.inference.findings import Findings, Found
from scoringnet_tf.inference.prediction import VideoScorer
from scoringnet_tf.inference.trust import Likeness, Trust
from scoringnet_tf.inference.windows import WindowedSegmenter
from scoringnet_tf.models.preprocessor import OVERLAP, PART, ScoringNetPreprocessor
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.sports import SCORES
from scoringnet_tf.support.messages import Remark

SMALL = {"image_size": (32, 32), "width_multiplier": 1 / 16, "clip_lengths": (8, 8), "frame_size": (36, 48)}
PARTS = {"part": 100, "overlap": 60}
LENGTH = 400


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """400 frames, each of its own pattern."""
    path = tmp_path_factory.mktemp("long") / "v.avi"
    write_bars(path, LENGTH)
    return path


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    statistics = {"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)}
    options = {"provenance": {"frame_rate": 25.0}, "score_statistics": statistics}
    return telling(scoringnet_tf.ScoringNet(**SMALL, **options), 3000.0)


@pytest.fixture(scope="module")
def scorers(model):
    """One that reads the video whole, and one that reads it in parts."""
    return VideoScorer(model), VideoScorer(model, **PARTS)


# === Parts of a video ===


def parts_of(path, length, overlap, **options):
    preprocessor = ScoringNetPreprocessor((32, 32), (36, 48), **options)
    return preprocessor.read(path), list(preprocessor.parts(path, length=length, overlap=overlap))


@pytest.mark.parametrize(("length", "count"), [(LENGTH, 1), (LENGTH - 1, 2), (100, 11), (161, 4)])
def test_parts_overlap_and_cover_the_video(video, length, count):
    whole, parts = parts_of(video, length, 70)
    assert len(parts) == count and not parts[-1].shared
    end = 0
    for part in parts:
        assert len(part.frames) <= length and part.is_part == (count > 1)
        start = part.first_frame
        assert start == max(0, end - 70)
        end = start + len(part.frames)
        assert part.frames == whole.frames[start:end]
        np.testing.assert_allclose(part.first_time + part.timestamps, whole.timestamps[start:end], atol=1e-9)
        assert part.shared == (70 if end < LENGTH else 0)
    assert end == LENGTH and parts[-1].warnings == whole.warnings


@pytest.mark.parametrize(("fps", "length", "overlap"), [(50, 40, 10), (200, 20, 5)])
def test_a_video_of_twice_the_rate_has_parts_of_twice_the_frames(tmp_path, fps, length, overlap):
    """Of eight times the rate they have four times as many: more would not fit memory."""
    write_bars(tmp_path / "v.avi", 120, fps=fps)
    _, parts = parts_of(tmp_path / "v.avi", length, overlap, frame_rate=25.0)
    assert [(part.first_frame, len(part.frames), part.shared) for part in parts] == [(0, 80, 20), (60, 60, 0)]


@pytest.mark.parametrize("fps", [24, 30, 50])
def test_frames_are_sampled_as_in_the_whole_video(tmp_path, fps):
    """Also where the parts begin between two samples."""
    write_bars(tmp_path / "v.avi", 120, fps=fps)
    whole, parts = parts_of(tmp_path / "v.avi", 31, 13, frame_rate=25.0)
    expected, first_of = whole.samples(25.0), whole.sample_of(25.0)
    assert len(parts) > 2
    for part in parts:
        first = first_of[part.first_frame]
        found = part.first_frame + part.samples(25.0)
        inner = slice(1, len(found) - 1)  # beyond the edges may lie a nearer frame
        np.testing.assert_array_equal(found[inner], expected[first : first + len(found)][inner])
        last = part.first_frame + len(part.frames)
        np.testing.assert_array_equal(part.sample_of(25.0)[:-2] + first, first_of[part.first_frame : last][:-2])


@pytest.mark.slow
def test_what_is_known_of_a_file_is_said_of_each_of_its_parts(tmp_path):
    """A score of the first ones is to be relied on no further than one of the last."""
    with av.open(str(tmp_path / "v.mkv"), "w") as container:
        streams = [container.add_stream("libx264", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.codec_context.sample_aspect_ratio, stream.codec_context.color_trc = Fraction(9), 16  # of PQ
        for stream in streams * 90:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        for stream in streams:
            container.mux(stream.encode())
    whole, parts = parts_of(tmp_path / "v.mkv", 31, 13)
    codes = [warning.code.removesuffix("converted").removesuffix("wrong") for warning in whole.warnings]
    assert len(parts) > 2 and codes == ["several_streams", "pixel_aspect_ignored", "colours_"]
    assert [part.warnings for part in parts] == [whole.warnings] * len(parts)


# === What is found ===

DIVE = np.repeat([1, 2, 3], [4, 12, 6])


def script(monkeypatch, scorer, labels):
    """Makes KFS of a scorer find these stages in the frames of the file, surely."""

    def segmented(video, samples):
        of_part = labels[video.first_frame + samples.astype(int)]
        return np.eye(4, dtype="float32")[of_part] * 0.96 + 0.01, np.zeros((len(samples), 2), "float32")

    monkeypatch.setattr(scorer, "_segmented", segmented)


def session(seed):
    """The stages of a session: dives anywhere, one right after another, too, and flights that belong to no dive."""
    rng, labels = np.random.default_rng(seed), np.zeros(LENGTH, int)
    starts = np.cumsum(rng.integers(len(DIVE), 70, 20))
    starts = starts[starts < LENGTH - len(DIVE)]
    for start in starts:
        shown = DIVE if rng.random() < 0.6 else DIVE[DIVE == 2]
        labels[start : start + len(shown)] = shown
    return labels


def assert_same(found, expected):
    """The same result, its scores to 1e-5."""
    for one, other in zip(found.performances, expected.performances, strict=True):
        scores = [[getattr(each, name) for name in SCORES] for each in (one, other)]
        assert scores[0] == pytest.approx(scores[1], rel=1e-5)
    unscored = [
        dataclasses.replace(
            score,
            shown=[],
            performances=[dataclasses.replace(each, **dict.fromkeys(SCORES)) for each in score.performances],
        )
        for score in (found, expected)
    ]
    assert unscored[0] == unscored[1]


@pytest.mark.parametrize("seed", range(6))
def test_parts_show_what_the_whole_video_shows(monkeypatch, scorers, video, seed):
    monkeypatch.setattr(prediction, "AROUND", 0.4)
    for scorer in scorers:
        script(monkeypatch, scorer, session(seed))
    whole, in_parts = (scorer(video, force=True) for scorer in scorers)
    assert len(whole.performances) > 2
    assert_same(in_parts, whole)
    started = session(seed) == 1  # as no flight alone is
    assert [each.start_frame for each in whole.performances] == np.flatnonzero(np.diff(started, prepend=0) > 0).tolist()
    assert all(4 < len({number for number, *_ in one.shown}) == len(one.shown) <= 10 for one in (in_parts, whole))


@pytest.mark.parametrize("start", [0, 11, 30, 39, 40, 41, 110, 230])
@pytest.mark.parametrize("length", [31, 45, 59])
def test_a_performance_as_long_as_the_overlap_is_seen_from_its_beginning(monkeypatch, scorers, video, start, length):
    """Also where it ends in the half of the overlap that is left to the next part, which begins within it."""
    monkeypatch.setattr(prediction, "AROUND", 0.4)
    labels = np.zeros(LENGTH, int)
    labels[start : start + length] = np.repeat([1, 2, 3], [8, length - 16, 8])
    labels[start + length + 12 :][: len(DIVE)] = DIVE
    for scorer in scorers:
        script(monkeypatch, scorer, labels)
    whole, in_parts = (scorer(video, force=True) for scorer in scorers)
    assert [(each.start_frame, each.end_frame) for each in in_parts.performances] == [
        (start, start + length),
        (start + length + 12, start + length + 12 + len(DIVE)),
    ]
    assert_same(in_parts, whole)


def test_a_performance_that_no_part_shows_from_its_beginning_says_so(monkeypatch, scorers, video):
    labels = np.zeros(LENGTH, int)
    labels[35:109] = np.repeat([1, 2, 3], [30, 24, 20])
    labels[200 : 200 + len(DIVE)] = DIVE
    script(monkeypatch, scorers[1], labels)
    score = scorers[1](video, force=True)
    assert [(each.start_frame, each.end_frame) for each in score.performances] == [(40, 109), (200, 222)]
    said = "Its beginning was not seen: it lies before 1.60 s, where a part of the video begins."
    assert score.performances[0].warnings == [Remark("beginning_missing", said)]
    assert score.performances[1].warnings == []


def test_every_performance_is_told_as_soon_as_it_is_found(monkeypatch, scorers, video):
    told, read = [], []
    labels = np.zeros(LENGTH, int)
    for start in (20, 60, 300):
        labels[start : start + len(DIVE)] = DIVE
    script(monkeypatch, scorers[1], labels)
    found = scorers[1]._segmented
    monkeypatch.setattr(scorers[1], "_segmented", lambda *given: (read.append(given[0]), found(*given))[1])
    score = scorers[1].score_file(
        video, video, force=True, found=lambda each: told.append((len(read), each.performances[0], each.stages, each))
    )
    assert [(number, each.start_frame) for number, each, _, _ in told] == [(1, 20), (2, 60), (8, 300)]
    assert [each for _, each, _, _ in told] == score.performances
    assert [[stage["name"] for stage in stages] for _, _, stages, _ in told] == [list(score.sport.stages[1:])] * 3
    assert score.complete and not any(each.complete or each.reasons for _, _, _, each in told)


def test_a_performance_that_is_told_on_the_way_has_the_stages_of_its_own_frames(model):
    """Of a video that is scored from frame 200 on."""
    findings = Findings(model, Trust(model, []))
    findings.has_stages = True
    findings.begin(8 + np.arange(41) / 25, 200)
    labels = np.concatenate([np.zeros(10, int), DIVE, np.zeros(8, int)])
    performance = findings.add(Found(0, 40, labels, [], {}, [], Likeness()), np.arange(40))
    told = findings.on_the_way(performance, "v.mp4", 25.0, None)
    assert [(stage["name"], stage["start_frame"], stage["end_frame"]) for stage in told.stages] == [
        ("pre-starting", 210, 214),
        ("take-flight", 214, 226),
        ("entry", 226, 232),
    ]


@pytest.mark.parametrize("shown", [0, 1, 2])
def test_a_long_video_without_a_performance_has_none(monkeypatch, scorers, video, shown):
    script(monkeypatch, scorers[1], np.full(LENGTH, shown))
    for force in (False, True):
        score = scorers[1](video, force=force)
        assert (score.status, [reason.code for reason in score.reasons]) == ("withheld", ["no_performance"])
        (none,) = score.performances
        assert (none.start_frame, none.end_frame, none.final) == (0, LENGTH, None)
        assert [(stage["name"], stage["end_frame"]) for stage in score.stages] == [("noise", LENGTH)]
        assert len(score.shown) == 10
        gaps = np.diff([0, *(number for number, _, _ in score.shown), LENGTH])  # it shows the whole video, evenly
        assert gaps[1:-1].min() > 0 and gaps.max() < LENGTH / 5


def test_the_rate_of_a_long_video_is_that_of_all_its_parts(model):
    findings = Findings(model, Trust(model, []))
    for first, seconds in ((0, np.arange(61) / 60), (50, 50 / 60 + np.arange(31) / 30)):
        findings.begin(seconds, first)
    found = findings.result("v.mp4", 30.0, None)
    assert (found.num_frames, found.fps) == (80, round(79 / (50 / 60 + 29 / 30), 3))
    findings = Findings(model, Trust(model, []))
    findings.begin(np.arange(61) / 60)
    assert findings.result("v.mp4", 60.0, None).fps == 60


def test_why_a_long_video_cannot_be_scored_is_told_once(model, tmp_path):
    write_bars(tmp_path / "v.avi", 60, fps=5)
    score = VideoScorer(model, part=20, overlap=8)(tmp_path / "v.avi")
    assert [reason.code for reason in score.reasons] == ["frame_rate_too_low"]
    codes = [warning.code for warning in score.warnings]
    assert len(codes) == len(set(codes))


def test_a_model_without_stages_sees_a_long_video_whole(video):
    statistics = {"difficulty": (3.2, 0.3), "execution": (22.0, 4.0)}
    model = telling(scoringnet_tf.ScoringNet(**SMALL, fragments="whole", score_statistics=statistics), 3000.0)
    seen: list = []
    found = [
        VideoScorer(model, **parts).score_file(video, video, seen=lambda *given: seen.append(given))
        for parts in ({}, PARTS)
    ]
    assert found[0].final is not None
    assert_same(*found)
    expected = [(LENGTH, None, score.performances) for score in found]  # what a page of it shows
    assert [(len(of_video.frames), *rest) for of_video, *rest in seen] == expected


# === The horizon ===


def test_away_from_the_edges_a_part_is_segmented_as_in_the_whole_video(model):
    """An untrained Bi-LSTM forgets within 120 frames."""
    frames = np.random.default_rng(0).integers(0, 256, (400, 32, 32, 3)).astype(np.uint8)
    windowed = WindowedSegmenter(model.segmenter, 64)
    whole, seen = windowed(lambda start, stop: frames[start:stop], 400)
    part, of_part = windowed(lambda start, stop: frames[60 + start : 60 + stop], 280)
    np.testing.assert_allclose(part[120:160], whole[180:220], atol=1e-5)
    np.testing.assert_allclose(of_part[8:-8], seen[68:332], atol=1e-5)
    assert np.abs(part - whole[60:340]).max() > 1e-4


@pytest.mark.slow
def test_the_horizon_of_the_shipped_model_is_half_the_overlap():
    """Noise in which its Bi-LSTM remembers most: nothing in it is a stage that would make it forget."""
    model, rng = load_scoring_net(), np.random.default_rng(0)
    length, cut, horizon = 8000, 4000, OVERLAP // 2
    coarse = rng.integers(0, 256, (length, 4, 4, 3)).astype(np.uint8)
    windowed = WindowedSegmenter(model.segmenter)

    def frames_of(start, stop):
        return coarse[start:stop].repeat(16, axis=1).repeat(16, axis=2)

    whole, _ = windowed(frames_of, length)
    part, _ = windowed(frames_of, cut)
    np.testing.assert_allclose(part[:-horizon], whole[: cut - horizon], atol=1e-5)
    rest, _ = windowed(lambda start, stop: frames_of(cut + start, cut + stop), length - cut)
    np.testing.assert_allclose(rest[horizon:], whole[cut + horizon :], atol=1e-5)


# === Memory ===

MEMORY = """
import sys
from benchmarks.workload import forget_peak, peak_mib
from scoringnet_tf.inference.prediction import VideoScorer
from scoringnet_tf.models.presets import load_scoring_net
scorer = VideoScorer(load_scoring_net(), part=1500, overlap=300)
forget_peak()
before = peak_mib()
assert scorer(sys.argv[1]).num_frames == int(sys.argv[2])
print(peak_mib() - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length(tmp_path):
    """Of 4,500 further frames the stored form and what KFS keeps would be some 25 MB."""
    used = []
    for length in (3000, 7500):
        write_bars(tmp_path / "v.avi", length)
        used.append(memory_of(MEMORY, tmp_path / "v.avi", length))
    assert used[1] - used[0] < 12 and used[1] < 400


def test_a_part_is_long_enough_for_a_performance_between_two_horizons():
    assert PART >= 3 * OVERLAP
