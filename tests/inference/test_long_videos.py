"""Long videos are scored part by part: what is found is what the whole video shows, and no more than a part is kept."""

import sys

import keras
import numpy as np
import pytest
from conftest import write_bars
from memory_probe import memory_of
from scripted_stages import scripted, windowed
from training_runs import OF_BARS, telling

import scoringnet_tf
from scoringnet_tf.data.preprocessor import OVERLAP, PART, SHORT_OVERLAP, ScoringNetPreprocessor
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.predictor import scored
from scoringnet_tf.inference.windows import WindowedModel
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.segmentation import KeyFragmentSegmenter
from scoringnet_tf.models.settings import merged
from scoringnet_tf.sports import SCORES

STATISTICS = {"difficulty": (3.3, 0.3), "execution": (24.0, 4.0)}
PARTS = {"part": 100, "overlap": 60}
LENGTH = 400
DIVE = np.repeat([1, 2, 3], [4, 12, 6])


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """400 frames, each of its own pattern."""
    path = tmp_path_factory.mktemp("long") / "v.avi"
    write_bars(path, LENGTH)
    return path


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    options = {"provenance": {"frame_rate": 25.0}, "score_predictor": {"score_statistics": STATISTICS}}
    return telling(scoringnet_tf.ScoringNet(**merged(OF_BARS, options)), 3000.0)


@pytest.fixture(scope="module")
def script():
    """The stages that the `scorers` find."""
    return np.zeros(LENGTH, int)


@pytest.fixture(scope="module")
def scorers(model, script):
    """One that reads the video whole, and one that reads it in parts."""
    return [scripted(Predictor(model, around=0.4, **parts), script) for parts in ({}, PARTS)]


def with_dives(*starts):
    labels = np.zeros(LENGTH, int)
    for start in starts:
        labels[start : start + len(DIVE)] = DIVE
    return labels


def spans(score):
    return [(each.start_frame, each.end_frame) for each in score.performances]


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
    """At eight times the rate they have four times as many: more would not fit memory."""
    write_bars(tmp_path / "v.avi", 120, fps=fps)
    _, parts = parts_of(tmp_path / "v.avi", length, overlap, frame_rate=25.0)
    assert [(part.first_frame, len(part.frames), part.shared) for part in parts] == [(0, 80, 20), (60, 60, 0)]


@pytest.mark.parametrize("fps", [24, 30, 50])
def test_frames_are_sampled_as_in_the_whole_video(tmp_path, fps):
    """Also if the parts begin between two samples."""
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


# === What is found ===


def session(seed):
    """The stages of a session: dives anywhere, one right after another, too, and flights that belong to no dive."""
    rng, labels = np.random.default_rng(seed), np.zeros(LENGTH, int)
    starts = np.cumsum(rng.integers(len(DIVE), 70, 20))
    for start in starts[starts < LENGTH - len(DIVE)]:
        shown = DIVE if rng.random() < 0.6 else DIVE[DIVE == 2]
        labels[start : start + len(shown)] = shown
    return labels


def assert_same(found, expected):
    """The same result, its scores to 1e-5."""
    for one, other in zip(found.performances, expected.performances, strict=True):
        scores = [[getattr(each, name) for name in SCORES] for each in (one, other)]
        assert scores[0] == pytest.approx(scores[1], rel=1e-5)
    plain = []
    for score in (found, expected):
        values = score.to_dict()
        for each in (values, *values["performances"]):
            each |= dict.fromkeys(SCORES)
        plain.append(values)
    assert plain[0] == plain[1]


@pytest.mark.parametrize("seed", range(2))
def test_parts_show_what_the_whole_video_shows(scorers, script, video, seed):
    script[:] = session(seed)
    whole, in_parts = (scorer(video, force=True) for scorer in scorers)
    assert len(whole.performances) > 2
    assert_same(in_parts, whole)
    started = script == 1  # as no flight alone is
    starts = np.flatnonzero(np.diff(started, prepend=0) > 0).tolist()
    assert [start for start, _ in spans(whole)] == starts
    assert all(4 < len({number for number, *_ in one.shown}) == len(one.shown) <= 10 for one in (in_parts, whole))


@pytest.mark.parametrize(("start", "length"), [(0, 59), (39, 59), (41, 31), (230, 59)])
def test_a_performance_as_long_as_the_overlap_is_seen_from_its_beginning(scorers, script, video, start, length):
    """Also if it ends in the half of the overlap that is left to the next part, which begins within it."""
    script[:] = with_dives(start + length + 12)
    script[start : start + length] = np.repeat([1, 2, 3], [8, length - 16, 8])
    whole, in_parts = (scorer(video, force=True) for scorer in scorers)
    second = start + length + 12
    assert spans(in_parts) == [(start, start + length), (second, second + len(DIVE))]
    assert_same(in_parts, whole)


@pytest.mark.parametrize("shown", [0, 2])
def test_a_long_video_without_a_performance_has_none(scorers, script, video, shown):
    script[:] = shown
    for force in (False, True):
        score = scorers[1](video, force=force)
        assert (score.status, [reason.code for reason in score.reasons]) == ("withheld", ["no_performance"])
        (none,) = score.performances
        assert (none.start_frame, none.end_frame, none.final) == (0, LENGTH, None)
        assert [(stage["name"], stage["end_frame"]) for stage in score.stages] == [("noise", LENGTH)]
        gaps = np.diff([0, *(number for number, _, _ in score.shown), LENGTH])  # it shows the whole video, evenly
        assert len(score.shown) == 10 and gaps[1:-1].min() > 0 and gaps.max() < LENGTH / 5


def test_a_performance_that_no_part_shows_from_its_beginning_says_so(scorers, script, video):
    """And the next one does not. A warning of the whole video is of both."""
    script[:] = with_dives(200)
    script[35:109] = np.repeat([1, 2, 3], [30, 24, 20])
    score = scorers[1](video, force=True)
    assert spans(score) == [(40, 109), (200, 222)]
    first, second = score.performances
    (warning,) = first.warnings
    assert warning.code == "beginning_missing" and "1.60" in warning and second.warnings == []
    assert [warning.code for warning in score.warnings] == ["no_reference", "beginning_missing"]


def test_the_rate_of_a_long_video_is_that_of_all_its_parts(model, tmp_path):
    """60 frames/s, then 30."""
    from conftest import write_timed

    times = [*range(0, 1000, 17), *range(1000, 3000, 33)]
    write_timed(tmp_path / "v.mkv", times, rate=60)
    unknown = model.with_dtype("float32", provenance=None)
    score = scripted(Predictor(unknown, part=40, overlap=10), np.zeros(len(times), int))(tmp_path / "v.mkv")
    assert score.fps == pytest.approx((len(times) - 1) / (times[-1] / 1000), rel=1e-3)


def test_what_is_found_in_a_long_video_is_told_at_once(scorers, script, video, capsys, monkeypatch):
    script[:] = with_dives(20, 200)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for scorer, told in zip(scorers, (0, 2), strict=True):
        [(name, result)] = scored([(str(video), None)], scorer, force=True)
        assert name == str(video) and len(result.performances) == 2
        assert capsys.readouterr().err.count(f"{video}: a performance from") == told


def test_why_a_long_video_cannot_be_scored_is_told_once(model, tmp_path):
    write_bars(tmp_path / "v.avi", 60, fps=5)
    score = Predictor(model, part=20, overlap=8)(tmp_path / "v.avi")
    assert [reason.code for reason in score.reasons] == ["frame_rate_too_low"]
    codes = [warning.code for warning in score.warnings]
    assert len(codes) == len(set(codes))


def test_a_model_without_stages_sees_a_long_video_whole(video):
    model = telling(
        scoringnet_tf.ScoringNet(
            **merged(OF_BARS, {"segmenter": None, "score_predictor": {"score_statistics": STATISTICS}})
        ),
        3000.0,
    )
    scores = []
    for parts in ({}, PARTS):
        predictor = Predictor(model, **parts)
        (part,) = predictor.results(predictor.read(video))
        assert len(part.seen.video.frames) == LENGTH and part.seen.frame_stages is None
        scores.append(predictor.gather(video, [part.summary]))
        assert scores[-1].performances == part.performances
    assert scores[0].final is not None
    assert_same(*scores)


# === The horizon ===


def test_away_from_the_edges_a_part_is_segmented_as_in_the_whole_video():
    """An untrained Bi-LSTM forgets within 120 frames."""
    model = scoringnet_tf.ScoringNet(**merged(OF_BARS, {"segmenter": {"network": "c3d_bi_lstm"}}))
    frames = np.random.default_rng(0).integers(0, 256, (400, 32, 32, 3)).astype(np.uint8)
    reader = WindowedModel(model, 64)
    (whole, seen), (part, of_part) = windowed(reader, frames), windowed(reader, frames[60:340])
    np.testing.assert_allclose(part[120:160], whole[180:220], atol=1e-5)
    np.testing.assert_allclose(of_part[8:-8], seen[68:332], atol=1e-5)
    assert np.abs(part - whole[60:340]).max() > 1e-4


@pytest.mark.slow
def test_the_horizon_of_the_shipped_model_is_half_the_overlap():
    """Noise in which its Bi-LSTM remembers most: nothing in it is a stage that would make it forget."""
    model, rng = load_scoring_net(), np.random.default_rng(0)
    length, cut, horizon = 8000, 4000, OVERLAP // 2
    coarse = rng.integers(0, 256, (length, 4, 4, 3)).astype(np.uint8)
    reader = WindowedModel(model)

    def segmented(first, count):
        pieces = (coarse[first + start : first + stop] for start, stop in reader.pieces(count))
        return reader((piece.repeat(16, axis=1).repeat(16, axis=2) for piece in pieces), count)[0]

    whole = segmented(0, length)
    np.testing.assert_allclose(segmented(0, cut)[:-horizon], whole[: cut - horizon], atol=1e-5)
    np.testing.assert_allclose(segmented(cut, length - cut)[horizon:], whole[cut + horizon :], atol=1e-5)
    assert PART >= 3 * OVERLAP


@pytest.mark.parametrize("network", ["c3d", "c3d_ed_tcn", "tcn"])
def test_other_stage_heads_see_no_further_than_half_the_short_overlap(network):
    keras.utils.set_random_seed(0)
    head = KeyFragmentSegmenter(features=5, network=network, width_multiplier=1 / 16)
    features, cut, horizon = np.random.default_rng(0).normal(size=(1, 3000, 5)), 1600, SHORT_OVERLAP // 2

    def stages(first, last):
        part = features[:, first:last].astype(np.float32)
        return np.asarray(head({"features": part, "mask": np.ones(part.shape[:2], bool)}))[0]

    whole = stages(0, 3000)
    assert np.ptp(whole, axis=0).max() > 0.01
    np.testing.assert_allclose(stages(0, cut)[:-horizon], whole[: cut - horizon], atol=1e-6)
    np.testing.assert_allclose(stages(cut, 3000)[horizon:], whole[cut + horizon :], atol=1e-6)


# === Memory ===


MEMORY = """
import sys
from benchmarks.workload import forget_peak, peak_mib
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.models.presets import load_scoring_net
scorer = Predictor(load_scoring_net(), part=1500, overlap=300)
forget_peak()
before = peak_mib()
assert scorer(sys.argv[1]).num_frames == int(sys.argv[2])
print(peak_mib() - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length(tmp_path):
    """The stored form of 4,500 further frames and what KFS keeps of them would be some 25 MB."""
    used = []
    for length in (3000, 7500):
        write_bars(tmp_path / "v.avi", length)
        used.append(memory_of(MEMORY, tmp_path / "v.avi", length))
    assert used[1] - used[0] < 12 and used[1] < 400
