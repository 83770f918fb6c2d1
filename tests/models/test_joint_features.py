"""What a network reads from joints, against a loop over frames; the towers' auxiliary heads."""

import itertools

import keras
import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.body.skeleton import BONES, JOINT, JOINTS
from scoringnet_tf.losses import ElementLoss, FaultLoss
from scoringnet_tf.models.backbones.joints import BENDS, SIZE, JointFeatures
from scoringnet_tf.models.score_prediction import ScorePredictor
from scoringnet_tf.models.scoring_net import ScoringNet

LENGTH = 12
JOINTS_OF_FILM = {"size": 51, "stride": 1, "origin": {"format": "ours", "unit": "heights"}, "joints": 17}


def somersault(length=LENGTH, per_frame=25.0, across=0.1, seed=0):
    """A straight body (L, 17, 3) that turns by so many degrees a frame, and moves to the right and down."""
    rng = np.random.default_rng(seed)
    body = rng.normal(0, 0.02, (len(JOINTS), 2))
    body[:, 1] += np.linspace(-0.3, 0.3, len(JOINTS))
    angles = np.radians(per_frame) * np.arange(length)
    turns = np.stack((np.cos(angles), -np.sin(angles), np.sin(angles), np.cos(angles)), -1).reshape(-1, 2, 2)
    places = np.stack((across * np.arange(length), 0.02 * np.arange(length) ** 2), -1)
    positions = np.einsum("lij,kj->lki", turns, body) + places[:, None]
    return np.concatenate((positions, np.ones((length, len(JOINTS), 1))), -1).astype(np.float32)


def features_of(*videos):
    """The features (B, L, D) for videos that are padded to the longest."""
    longest = max(map(len, videos))
    padded = np.stack([np.pad(each, [(0, longest - len(each)), (0, 0), (0, 0)]) for each in videos])
    mask = np.arange(longest) < np.array([[len(each)] for each in videos])
    return np.asarray(JointFeatures(dtype="float32")(padded.reshape(*padded.shape[:2], -1), mask))


def sine_and_cosine(one, other):
    angle = np.arctan2(other[1], other[0]) - np.arctan2(one[1], one[0])
    return np.sin(angle), np.cos(angle)


def by_a_loop(video):
    """The features (L, D) for a video whose athlete moves to the right, frame by frame."""
    points = video[..., :2].astype(float)
    points /= np.mean([np.linalg.norm(frame[one] - frame[other]) for frame in points for one, other in BONES])
    hips = [(frame[JOINT["hip_l"]] + frame[JOINT["hip_r"]]) / 2 for frame in points]
    rows, before, turned = [], None, 0.0
    for number, (frame, hip) in enumerate(zip(points, hips, strict=True)):
        trunk = (frame[JOINT["shoulder_l"]] + frame[JOINT["shoulder_r"]]) / 2 - hip
        trunk = trunk / np.linalg.norm(trunk)
        about = frame - hip
        own = [(-x * trunk[1] + y * trunk[0], x * trunk[0] + y * trunk[1]) for x, y in about]
        bends = []
        for names in BENDS:
            for side in "lr":
                first, joint, last = (frame[JOINT[f"{name}_{side}"]] for name in names)
                bends += sine_and_cosine(joint - first, last - joint)
        thighs = [frame[JOINT[f"knee_{side}"]] - frame[JOINT[f"hip_{side}"]] for side in "lr"]
        angle = np.degrees(np.arctan2(trunk[1], trunk[0]))
        step = 0.0 if before is None else ((angle - before + 90) % 180 - 90) / 180
        before, turned = angle, turned + step
        moved = hip - hips[number - 1] if number else np.zeros(2)
        seconds = (number - (len(points) - 1) / 2) / 25
        place = hip - np.mean(hips, axis=0)
        confidence = video[number, :, 2].mean()
        shape = [*about.ravel(), *np.ravel(own), *trunk, *bends, *sine_and_cosine(*thighs)]
        rows.append([*shape, *place, *moved, step, turned, seconds, confidence])
    return np.array(rows)


def test_features_are_those_of_a_loop_over_frames():
    video = somersault()
    video[..., 2] = np.random.default_rng(1).uniform(0.5, 1, video.shape[:2])
    features = features_of(video)[0]
    assert features.shape == (LENGTH, SIZE)
    np.testing.assert_allclose(features, by_a_loop(video), atol=2e-5)


def test_place_size_side_and_padding_change_nothing():
    video = somersault()
    moved = video * (0.4, 0.4, 1) + (3, -1, 0)
    mirrored = video * (-1, 1, 1)
    features = features_of(video, moved, mirrored, somersault(2 * LENGTH))
    for other in features[1:3]:
        np.testing.assert_allclose(other, features[0], atol=2e-4)
    assert (features[0, LENGTH:] == 0).all()
    np.testing.assert_allclose(features[0, :LENGTH], features_of(video)[0], atol=1e-5)


@pytest.mark.parametrize("per_frame", [25.0, -40.0])
def test_shoulders_taken_for_hips_are_no_turn(per_frame):
    video, half_turns = somersault(20, per_frame), 19 * per_frame / 180
    swapped = video.copy()
    for frame, side in itertools.product((4, 5, 11), "lr"):
        pair = [JOINT[f"shoulder_{side}"], JOINT[f"hip_{side}"]]
        swapped[frame, pair] = video[frame, pair[::-1]]
    for features in features_of(video, swapped):
        assert features[-1, -3] == pytest.approx(half_turns, abs=0.02)


ELEMENTS, FAULTS = {"101B": 1.5, "107C": 3.0, "5253B": 3.4}, {"looseness": (0.3, 0.2), "entry_angle_deg": (1.0, 12.0)}


@pytest.fixture
def network():
    return ScoringNet(
        content={"features": JOINTS_OF_FILM},
        segmenter={"network": "c3d", "fc_units": 8},
        score_predictor={
            "clip_lengths": (4, 6),
            "conv_filters": 16,
            "fc_units": 16,
            "dropout_rate": 0.0,
            "elements": ELEMENTS,
            "faults": FAULTS,
        },
    )


def inputs_of(*videos):
    joints = np.stack([each.reshape(len(each), -1) for each in videos])
    return {"features": joints, "mask": np.ones(joints.shape[:2], bool)}


def test_the_difficulty_is_that_expected_of_the_recognised_element(network):
    outputs = network(inputs_of(somersault(), somersault(seed=1)))
    probabilities = np.asarray(outputs["element"])
    assert probabilities.shape == (2, 3)
    np.testing.assert_allclose(outputs["difficulty"], probabilities @ [*ELEMENTS.values()], rtol=1e-6)
    assert outputs["faults"].shape == (2, 2)
    np.testing.assert_allclose(outputs["final"], outputs["difficulty"] * np.asarray(outputs["execution"]), rtol=1e-6)


def test_towers_learn_elements_and_faults_where_they_are_known(network):
    inputs = inputs_of(somersault(), somersault(per_frame=-60.0))
    network.adapt_features([(inputs, {"stages": np.ones((2, LENGTH), int)})])
    network.compile(keras.optimizers.Adam(0.02), metrics={})  # which take most of the time
    targets = {
        "stages": np.tile([1, 2, 2, 3], (2, 3)),
        "element": np.array([1, 2]),
        "faults": np.array([[0.9, np.nan], [0.1, 20.0]], np.float32),
    }
    network.fit(inputs, targets, epochs=40, verbose=0)
    outputs = network.score_fragments(network.encode(inputs), targets["stages"], inputs["mask"])
    assert np.argmax(outputs["element"], axis=1).tolist() == [1, 2]
    np.testing.assert_allclose(outputs["faults"][:, 0], [0.9, 0.1], atol=0.1)


def test_a_copy_from_a_file_scores_alike(network, tmp_path):
    network.scores_learned = True
    network.save(tmp_path / "joints.keras")
    inputs = inputs_of(somersault())
    again = keras.models.load_model(tmp_path / "joints.keras")(inputs)
    for name, value in network(inputs).items():
        np.testing.assert_allclose(again[name], value, atol=1e-6)


def test_auxiliary_losses_are_means_over_what_is_known():
    probabilities = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]], np.float32)
    loss = ElementLoss()(np.array([1, -1, 1]), probabilities)
    assert float(loss) == pytest.approx(-(np.log(0.8) + np.log(0.1)) / 2, rel=1e-5)
    truth = np.array([[1.0, np.nan], [3.0, 5.0]], np.float32)
    squares = [(1 / 2) ** 2, (3 / 2) ** 2, (5 / 10) ** 2]
    assert float(FaultLoss([2.0, 10.0])(truth, np.zeros((2, 2), np.float32))) == pytest.approx(sum(squares) / 6)
    weighted = FaultLoss([2.0, 10.0])(truth, np.zeros((2, 2), np.float32), np.array([1.0, 0.0]))
    assert float(weighted) == pytest.approx((1 / 2) ** 2 / 2)


def test_a_distribution_has_no_elements():
    with refused("flags_conflict", "elements"):
        ScorePredictor(features=4, elements=ELEMENTS, head="distribution")
