"""The systems that are fitted at once: each on a case whose answer is known."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from refusals import refused
from scipy import stats
from sklearn.svm import SVR
from tiny_sets import linear_set, training_set

from scoringnet_tf.baselines import load_system, poses, svr
from scoringnet_tf.baselines.system import order
from scoringnet_tf.baselines.videos import ClipFeatures, evenly
from scoringnet_tf.data.joints import Joints


@pytest.mark.parametrize(("name", "features"), [("c3d_svr", 6), ("apenft", 6), ("s3d", 2)])
def test_a_linear_truth_is_recovered(name, features):
    training, inputs, scores = linear_set((60, features))
    learned = load_system(name).learn(training)
    within = learned.chosen["epsilon"] * scores.std() if name == "s3d" else 0.2
    assert stats.spearmanr(learned.predict(inputs), scores).statistic > 0.99
    assert np.abs(learned.predict(inputs) - scores).mean() < within
    assert learned.chosen["cross_validation_src"] > 0.98 and learned.chosen["folds"] == 5
    tried = {"c3d_svr": svr.MEAN_C, "apenft": poses.C, "s3d": svr.C}[name]
    assert any(value in tried for value in learned.chosen.values())


def test_noise_has_no_order():
    rng = np.random.default_rng(0)
    training = training_set(rng.normal(size=(60, 6)), rng.normal(size=60))
    assert abs(svr.linear_svr(training).chosen["cross_validation_src"]) < 0.4
    assert order(np.arange(4.0), np.ones(4)) == 0
    assert order(np.arange(4.0), np.array([0.0, 2, 1, 3])) == pytest.approx(0.8)


def test_cuts_of_one_source_are_in_one_fold():
    """Pairs that show the same: whoever has seen the one of a pair knows the other, and no new one."""
    rng = np.random.default_rng(0)
    inputs, scores = np.repeat(np.eye(20), 2, axis=0), np.repeat(rng.normal(size=20), 2)
    known = training_set(inputs, scores)
    grouped = dataclasses.replace(known, groups=np.repeat(np.arange(20), 2))
    found = [svr.linear_svr(training).chosen["cross_validation_src"] for training in (known, grouped)]
    assert found[0] > 0.8 and abs(found[1]) < 0.3
    with refused("one_source", "40 videos"):
        svr.linear_svr(dataclasses.replace(known, groups=np.zeros(40, int)))


def test_nine_of_the_clips_are_evenly_spaced():
    assert evenly(9, 17).tolist() == list(range(0, 17, 2))
    assert evenly(9, 1).tolist() == [0] * 9
    assert evenly(9, 5).tolist() == [0, 0, 1, 2, 2, 2, 3, 4, 4]


# === What needs no network ===


def test_the_mean_is_that_of_the_training_scores():
    training, inputs, _ = linear_set((60, 1))
    np.testing.assert_allclose(load_system("mean").learn(training).predict(inputs), training.scores.mean())


@pytest.mark.parametrize(
    "name", ["duration", "ridge", "component", "support_vectors", "gaussian_process", "extra_trees"]
)
def test_simple_systems_recover_a_line(name):
    training, inputs, scores = linear_set((60, 1))
    predicted = load_system(name).learn(training).predict(inputs)
    assert stats.spearmanr(predicted, scores).statistic > 0.98
    assert np.abs(predicted - scores).mean() < 0.3


def test_ridges_shrink_noise_to_the_mean():
    rng = np.random.default_rng(0)
    training = training_set(rng.normal(size=(60, 40)), 5 + rng.normal(size=60))
    for name in ("ridge", "gaussian_process"):
        assert np.ptp(load_system(name).learn(training).predict(rng.normal(size=(60, 40)))) < 1.0


def videos_of(*sequences):
    """What a system is given of features."""
    info = SimpleNamespace(has_vectors=all(len(each) == 1 for each in sequences), videos={})
    for number, each in enumerate(sequences):
        info.videos[str(number)] = {"num_frames": len(each)}
    clips = [ClipFeatures(np.float32(each), np.zeros(len(each), int)) for each in sequences]
    return SimpleNamespace(info=info, ids=tuple(info.videos), clips=lambda: clips)


def test_simple_systems_see_statistics_raw_numbers_and_durations():
    rng = np.random.default_rng(0)
    short, long = rng.normal(size=(5, 3)), rng.normal(size=(100, 3))
    seen = videos_of(short, long)
    found = load_system("ridge").see(seen)
    assert found.shape == (2, 28)
    np.testing.assert_allclose(found[:, :3], [short.mean(axis=0), long.mean(axis=0)], atol=1e-5)
    np.testing.assert_allclose(found[1, 3:6], long.std(axis=0), atol=1e-5)
    np.testing.assert_allclose(found[1, 12:15], np.abs(np.diff(long, axis=0)).mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(found[1, 15:27], long.reshape(4, 25, 3).mean(axis=1).ravel(), atol=1e-5)
    np.testing.assert_allclose(load_system("duration").see(seen), np.log([[5], [100]]))
    raw = load_system("component").see(seen)
    assert raw.shape == (2, 96)
    np.testing.assert_allclose(raw[1, -3:], long[-1], rtol=1e-5)
    vectors = videos_of(short[:1], short[1:2])
    for name in ("ridge", "component"):
        np.testing.assert_allclose(load_system(name).see(vectors), short[:2], rtol=1e-5)


# === S3D ===


def test_s3d_regresses_scores_of_deviation_14_as_published():
    """An SVR with the kernel that was chosen, an ε of 10 points and one of the published C, of points."""
    training, inputs, _ = linear_set((60, 6), noise=1.0)
    standard = (training.scores - training.scores.mean()) / training.scores.std()
    learned = svr.learn_stacked(training_set(training.inputs, 70 + 14 * standard))
    kernel, c = (learned.chosen[f"regressor__{name}"] for name in ("kernel", "C"))
    published = SVR(kernel=kernel, C=14 * c, epsilon=10).fit(training.inputs, 70 + 14 * standard)
    assert round(14 * c, 6) in range(60, 261)
    np.testing.assert_allclose(learned.predict(inputs), published.predict(inputs), atol=0.1)  # libsvm stops at 1e-3
    hundredths = svr.learn_stacked(training_set(training.inputs, 0.7 + 0.14 * standard))  # the same in any unit
    np.testing.assert_allclose(hundredths.predict(inputs), learned.predict(inputs) / 100, atol=1e-6)


def test_s3d_takes_the_kernel_that_the_training_videos_are_better_told_by():
    """A score that rises to both sides of the middle is no straight line."""
    inputs = np.random.default_rng(0).normal(size=(80, 1))
    assert svr.learn_stacked(training_set(inputs, 14 * inputs[:, 0] ** 2)).chosen["regressor__kernel"] == "rbf"
    assert svr.learn_stacked(linear_set((60, 2))[0]).chosen["regressor__kernel"] == "linear"


def test_segments_are_averaged_and_stacked():
    values, stages = np.arange(12.0).reshape(6, 2), np.array([0, 1, 1, 2, 0, -1])
    found = svr.stacked(ClipFeatures(values, stages), 4)
    np.testing.assert_array_equal(found, [3, 4, 6, 7, *values.mean(axis=0)])  # no clip of stage 3: the whole video
    alone = svr.stacked(ClipFeatures(values[:1], np.array([2])), 4)  # a video of one clip, beside longer ones
    np.testing.assert_array_equal(alone, [*values[0]] * 3)


def test_videos_without_stage_labels_have_no_segments():
    """Their stacked features would be as many copies of one mean; one vector of a whole video needs no stages."""
    values = np.arange(12.0).reshape(6, 2)
    info = SimpleNamespace(stages=("noise", "a", "b"), records_dir="records", has_vectors=False)

    def seen(*stages):
        clips = [ClipFeatures(values[: len(one)], np.array(one)) for one in stages]
        return svr.segments(SimpleNamespace(ids=("1", "2"), clips=lambda: clips, info=info))

    with refused("no_stage_labels", "records: 2"):
        seen([0, 1, 1, 2, 0, -1], [-1] * 6)
    assert seen([2], [1, 1, 0]).tolist() == [[0, 1, 0, 1], [1, 2, 2, 3]]
    info.has_vectors = True
    assert seen([2], [-1]).tolist() == [[0, 1], [0, 1]]


def test_systems_of_clips_see_all_of_a_video_and_in_order():
    """Clips begin every 8 frames and have 16: those of SVR do not overlap, LSTM's nine span all."""
    values = np.stack([np.arange(30.0), np.arange(30.0) ** 2], axis=1)
    videos = SimpleNamespace(clips=lambda: [ClipFeatures(values, np.full(30, -1))], info=SimpleNamespace(features=None))
    assert svr.mean_features(videos).tolist() == [values[::2].mean(axis=0).tolist()]
    of_features = SimpleNamespace(clips=videos.clips, info=SimpleNamespace(features={"size": 2}))
    assert svr.mean_features(of_features).tolist() == [values.mean(axis=0).tolist()]  # steps, not clips
    ((*first, last),) = load_system("c3d_lstm").see(videos)
    assert len(first) == 8 and first[0].tolist() == [0, 0] and last.tolist() == [29, 29**2]
    assert np.all(np.diff([*(clip[0] for clip in first), last[0]]) > 0)


def test_another_seed_cuts_other_folds_also_where_sources_stay_together():
    inputs = np.random.default_rng(0).normal(size=(40, 3))
    known = training_set(inputs, inputs[:, 0] + 3)
    for groups in (np.arange(40), np.repeat(np.arange(20), 2)):
        of_seeds = [dataclasses.replace(known, groups=groups, seed=seed) for seed in range(4)]
        assert len({svr.linear_svr(training).chosen["cross_validation_src"] for training in of_seeds}) > 1


# === Pose + DCT ===


def test_a_cosine_is_one_frequency():
    """The cosine of frequency k of the DCT itself is √(L / 2) at k, and nothing elsewhere."""
    length, frequency = 80, 7
    cosine = np.cos(np.pi * frequency * (np.arange(length) + 0.5) / length)
    found = poses.frequencies(np.stack([cosine, -3 * cosine], axis=1)).reshape(2, 50)
    expected = np.zeros((2, 50))
    expected[:, frequency] = np.sqrt(length / 2) * np.array([1, 3])
    np.testing.assert_allclose(found, expected, atol=1e-12)
    short = poses.frequencies(np.ones((10, 1)))  # it lacks high frequencies
    assert short.shape == (50,) and short[0] == pytest.approx(np.sqrt(10)) and not short[1:].any()


def test_joints_are_relative_to_the_head():
    positions = np.array([[[1, 2], [5, 5]], [[np.nan, np.nan], [5, 6]], [[3, 3], [4, 8]]])
    joints = Joints(positions, ("head", "toe"), "drawn")
    np.testing.assert_array_equal(joints.relative_to_head(), [[4, 3], [1, 5]])


def test_pose_dct_has_the_published_settings():
    training, inputs, scores = linear_set((60, 6))
    scaled = training_set(1000 * training.inputs, training.scores)  # magnitudes of pixels
    learned = poses.learn_spectra(scaled)
    assert learned.chosen == {"kernel": "linear", "C": 1e-3, "nu": 0.5}
    assert stats.spearmanr(learned.predict(1000 * inputs), scores).statistic > 0.98


# === ApEnFT ===


def double_loop(signal, length, tolerance):
    """Approximate entropy, word for word after Pincus."""

    def phi(m):
        windows = [signal[start : start + m] for start in range(len(signal) - m + 1)]
        shares = []
        for one in windows:
            near = sum(max(abs(a - b) for a, b in zip(one, other, strict=True)) <= tolerance for other in windows)
            shares.append(near / len(windows))
        return sum(np.log(shares)) / len(windows)

    return phi(length) - phi(length + 1)


@pytest.mark.parametrize("signal", [np.sin(np.arange(60) / 3), np.random.default_rng(0).normal(size=60)])
def test_approximate_entropy_is_that_of_a_double_loop(signal):
    assert poses.regularity(np.ones(50)) == 0 and poses.regularity(np.arange(3.0)) == 0
    expected = double_loop(signal.tolist(), 2, 0.2 * signal.std())
    assert poses.regularity(signal) == pytest.approx(expected, rel=1e-12)


def test_approximate_entropy_of_a_published_example():
    """Heart rates of 85, 80, 89, …, with m = 2 and r = 3, in Wikipedia's article, which gives its size."""
    signal = np.array([85, 80, 89] * 17, float)
    assert abs(poses.approximate_entropy(signal, 2, 3)) == pytest.approx(1.0996541105257052e-05, abs=1e-12)
