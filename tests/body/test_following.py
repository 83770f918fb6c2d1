"""Athletes are followed through drawn film by an estimator that reads the colours of drawn joints."""

import concurrent.futures
import itertools

import cv2
import numpy as np
import pytest
from refusals import refused

from scoringnet_tf.body import pose
from scoringnet_tf.body.candidates import View, candidates, drawn, look
from scoringnet_tf.body.following import _between, follow
from scoringnet_tf.body.pairs import beside
from scoringnet_tf.body.pose import PLACE, PoseModels, Poses, has_pose_models, load_pose_models
from scoringnet_tf.body.skeleton import BONES, FORMATS, GRAVITY, JOINT, JOINTS, TALL, from_format, trunk_angle
from tests.body.turned import FLIES, RATE, STANDS, TUCK, turned

HEIGHT, WIDTH, SIDE = 240, 320, 64
BRIGHT = [each for each in itertools.product((0, 85, 170, 255), repeat=3) if max(each) - min(each) == 255]
COLOURS = np.array(BRIGHT[:: len(BRIGHT) // 17][:17])  # one for each joint
PAN = np.array([0.8, 2.5])  # pixels of the camera's way from frame to frame


class Reader:
    """Reads joints by their colours in crops that show the body upright, as networks do that know who stands."""

    side, name = SIDE, "reader"

    def __call__(self, crops):
        joints, presence = np.zeros((len(crops), 17, 2), np.float32), np.zeros(len(crops), np.float32)
        for at, crop in enumerate(crops):
            near = np.abs(crop[np.newaxis] * 255 - COLOURS[:, None, None]).sum(axis=-1)
            joints[at] = np.stack(np.unravel_index(near.reshape(17, -1).argmin(axis=1), near.shape[1:])[::-1], axis=1)
            trunk = joints[at, JOINT["shoulder_l"]] - joints[at, JOINT["hip_l"]]
            found = np.median(near.reshape(17, -1).min(axis=1)) < 90
            presence[at] = found * np.clip(-trunk[1] / (np.linalg.norm(trunk) + 1e-6), 0.01, 1)
        return Poses(joints / SIDE, np.repeat(presence[:, np.newaxis], 17, axis=1), presence)


MODELS = PoseModels(Reader(), Reader())


def filmed(track, beside=None):
    """Pictures of a body in front of a wall, by a camera that pans; and where its joints are in each, pixels."""
    noise = np.random.default_rng(0).integers(60, 160, (140, 120, 1), np.uint8)
    wall = cv2.resize(cv2.GaussianBlur(noise, (0, 0), 1), (720, 560), interpolation=cv2.INTER_CUBIC)
    wall = np.repeat(wall[..., np.newaxis], 3, axis=2)
    joints = track.positions * 200 + [150, 110]  # a body is 50 pixels high
    angle = np.radians(trunk_angle(joints))
    aside = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, np.newaxis]  # seen a little from the front
    joints[:, 1:9] -= aside
    joints[:, 9:] += aside
    pictures = []
    for at, body in enumerate(joints):
        left, top = 60 + PAN * at
        picture = cv2.warpAffine(wall, np.array([[1, 0, -left], [0, 1, -top]]), (WIDTH, HEIGHT))
        for off in (0, *(beside or ())):
            shown = body - PAN * at + [off, 0]
            for one, other in (*BONES, (1, 9), (5, 13)):
                cv2.line(picture, *np.rint(shown[[one, other]]).astype(int).tolist(), (250, 240, 200), 5)
            for joint, colour in zip(shown, COLOURS, strict=True):
                cv2.circle(picture, np.rint(joint).astype(int).tolist(), 3, colour.tolist(), -1)
        pictures.append(picture)
    return pictures, joints - PAN * np.arange(len(joints))[:, np.newaxis, np.newaxis]


def frames_followed(track, joints):
    """The frames of a track, in most of which a body that flies is seen, with its joints where they are."""
    frames = np.arange(track.first_frame, track.first_frame + len(track.times))
    air = (frames >= STANDS) & (frames < STANDS + FLIES) & track.seen
    assert air.sum() > 0.85 * FLIES
    error = np.linalg.norm(track.positions * HEIGHT - joints[frames], axis=-1)[air]
    assert np.percentile(error, 90) < 5  # a tenth of the body
    return frames


@pytest.mark.slow
def test_a_body_is_followed_through_its_flight():
    film = turned(5, TUCK)
    pictures, joints = filmed(film)
    (track,) = follow(pictures, film.times, MODELS, STANDS, STANDS + FLIES)
    assert {*range(STANDS, STANDS + FLIES)} <= {*frames_followed(track, joints)}
    assert track.flight == (STANDS - track.first_frame, STANDS + FLIES - track.first_frame)


@pytest.mark.slow
def test_two_who_dive_side_by_side_have_two_tracks():
    film = turned(1)
    pictures, _ = filmed(film, beside=(80,))
    tracks = follow(pictures, film.times, MODELS, STANDS, STANDS + FLIES)
    assert len(tracks) == 2
    apart = np.median(tracks[1].positions[STANDS:30, :, 0]) - np.median(tracks[0].positions[STANDS:30, :, 0])
    assert abs(apart) * HEIGHT == pytest.approx(80, abs=15)


@pytest.mark.slow
def test_film_with_more_frames_costs_no_more():
    """At 50 frames a second every second picture is looked at, and each has its joints."""
    film = turned(1)
    pictures, joints = filmed(film)
    looked = []

    class Counting(Reader):
        def __call__(self, crops):
            looked.append(len(crops))
            return super().__call__(crops)

    counting = PoseModels(Counting(), Counting())
    (track,) = follow(pictures, film.times / 2, counting, STANDS + 1, STANDS + FLIES)
    assert sum(looked) < 10 * len(pictures) / 2 + 64  # in all turns, and those that tell the body's size
    assert (track.times == film.times[frames_followed(track, joints)] / 2).all()
    assert track.ends == (STANDS + 1, STANDS + FLIES)  # as they were given, 39 frames


@pytest.mark.slow
def test_pictures_that_repeat_the_one_before_are_not_looked_at():
    """Film of 25 frames a second that is stored with 75; every second of those would show the body in leaps."""
    film = turned(5, TUCK)
    pictures, _ = filmed(film)
    (once,) = follow(pictures, film.times, MODELS, STANDS, STANDS + FLIES)
    thrice, times = [each for each in pictures for _ in range(3)], np.arange(3 * len(pictures)) / (3 * RATE)
    numbers = 3 * np.arange(len(pictures))
    (track,) = follow(thrice, times, MODELS, 3 * STANDS, 3 * (STANDS + FLIES), new=numbers)
    assert track.first_frame == 3 * once.first_frame and track.ends == (3 * STANDS, 3 * (STANDS + FLIES))
    np.testing.assert_allclose(track.positions[::3][: len(once.times)], once.positions, atol=1e-3)


def test_nobody_is_followed_where_nothing_falls():
    film = turned(1)
    pictures, _ = filmed(film)
    assert follow([pictures[0]] * len(pictures), film.times, MODELS, STANDS, STANDS + FLIES) == []
    assert follow(pictures[:6], film.times[:6] / 10, MODELS, 0, 6) == []  # one picture that is looked at
    assert follow(pictures, np.round(film.times / 100, 3), MODELS, STANDS, STANDS + FLIES) == []


@pytest.mark.slow
def test_a_flight_that_goes_on_behind_the_film_has_no_entry():
    film = turned(1)
    pictures, _ = filmed(film)
    (track,) = follow(pictures[: STANDS + FLIES], film.times[: STANDS + FLIES], MODELS, STANDS, STANDS + FLIES)
    assert track.ends == (STANDS, None)


def test_joints_between_frames_that_are_looked_at_are_by_time():
    """Film's frames need not lie evenly."""
    joints = np.arange(34.0).reshape(2, 17, 1) * [1, -1]
    shown = _between(np.array((0, 0.1, 0.4)), np.array((0, 0.4)), joints)
    np.testing.assert_allclose(shown, [joints[0], joints[0] * 0.75 + joints[1] * 0.25, joints[1]])


def test_hands_and_toes_that_an_estimator_does_not_know_are_at_wrists_and_ankles():
    film, unknown = turned(1), [JOINT[f"{name}_{side}"] for name in ("hand", "toe") for side in "lr"]
    pictures, joints = filmed(film)

    class Coco(Reader):
        def __call__(self, crops):
            poses = super().__call__(crops)
            poses.joints[:, unknown], poses.confidence[:, unknown] = np.nan, 0
            return poses

    place = joints[0].mean(axis=0)
    view = View(pictures, 0, np.ones((HEIGHT, WIDTH), np.float32), place, 50.0)
    poses = look(view, Coco(), [(place, 80.0, 0.0)])
    np.testing.assert_array_equal(poses[0][0, unknown], poses[0][0, np.subtract(unknown, 1)])
    assert len(candidates(view, poses).cost) == 1


# === Formats and files ===


def test_joints_of_other_formats_are_ours():
    numbers = {"coco-17": (17, 9), "blazepose-33": (33, 15), "halpe-26": (26, 9)}  # of joints; the left wrist's
    for name, (count, wrist) in numbers.items():
        ours = from_format(np.arange(count, dtype=float)[:, np.newaxis], name)[:, 0]
        assert len(ours) == len(JOINTS) == len(FORMATS[name])
        assert ours[JOINT["wrist_l"]] == wrist
        assert np.isnan(ours[JOINT["toe_r"]]) == (name == "coco-17")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("pose_landmark_full.tflite", b"other", "other_weights"), ("pose_landmarker_full.task", b"no zip", "damaged")],
)
def test_a_file_that_is_no_known_network_is_refused(tmp_path, monkeypatch, name, content, code):
    load_pose_models.cache_clear()
    (tmp_path / name).write_bytes(content)
    monkeypatch.setenv(PLACE, str(tmp_path))
    with refused(code, name):
        load_pose_models()


@pytest.mark.skipif(not has_pose_models(), reason="BlazePose is not installed")
def test_a_network_without_its_mask_reads_the_same_joints(monkeypatch):
    load_pose_models.cache_clear()
    crops = np.random.default_rng(0).random((2, 256, 256, 3), np.float32)
    cut = load_pose_models().first(crops)
    monkeypatch.setattr(pose, "_without_mask", lambda network: network)
    load_pose_models.cache_clear()
    whole = load_pose_models().first(crops)
    load_pose_models.cache_clear()
    for one, other in zip(cut, whole, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.skipif(not has_pose_models(), reason="BlazePose is not installed")
def test_a_network_is_made_for_the_first_crops_and_silently(monkeypatch, capfd):
    made, without_mask = [], pose._without_mask
    monkeypatch.setattr(pose, "_without_mask", lambda network: made.append(network) or without_mask(network))
    load_pose_models.cache_clear()
    models = load_pose_models()
    assert not made
    models.first(np.zeros((2, 256, 256, 3), np.float32))
    assert len(made) == 1
    assert not capfd.readouterr().err


@pytest.mark.skipif(not has_pose_models(), reason="BlazePose is not installed")
def test_threads_that_share_a_network_read_the_same_joints():
    network, crops = load_pose_models().first, np.random.default_rng(0).random((12, 1, 256, 256, 3), np.float32)
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        found = [*threads.map(network, crops)]
    np.testing.assert_array_equal([each.joints for each in found], [network(crop).joints for crop in crops])


def test_a_place_without_networks_says_what_to_install(tmp_path, monkeypatch):
    load_pose_models.cache_clear()
    monkeypatch.setattr(pose, "_files", list)
    with refused("no_pose_model", "mediapipe"):
        load_pose_models()
    monkeypatch.undo()
    monkeypatch.setenv(PLACE, str(tmp_path / "missing"))
    with refused("not_found", PLACE):
        load_pose_models()


BODY, SHAPE = 60, (240, 320)  # pixels: a body's height; the picture
TIMES = np.arange(FLIES) / RATE


def seen(half_turns, offset=None, clutter=0.02, thick=1.0, stands=None):
    """Views of a flight with another body at an offset, that falls or stands; the first one's joints; times."""
    rng = np.random.default_rng(0)
    joints = turned(half_turns, TUCK).positions[STANDS : STANDS + FLIES] * 185
    joints += [160, 110] - joints.mean(axis=1, keepdims=True)
    joints += np.linspace([0, -0.8 * BODY], [0, 0.8 * BODY], len(joints))[:, np.newaxis]
    views = []
    for shown in joints:
        bodies = [shown] if offset is None else [shown, shown + np.multiply(offset, BODY)]
        bodies += [] if stands is None else [joints[0] + np.multiply(stands, BODY)]
        silhouette = np.max([drawn(each, BODY * thick, SHAPE) for each in bodies], axis=0)
        spots = cv2.GaussianBlur((rng.random(SHAPE) < clutter / 9).astype(np.float32), (0, 0), 1.5) * 9
        views.append(View([], 0, np.minimum(silhouette + spots, 1), shown.mean(axis=0), BODY))
    return views, joints + rng.normal(0, 0.02 * BODY, joints.shape), TIMES


@pytest.mark.parametrize("half_turns", [1, 5, 9])
@pytest.mark.parametrize("offset", [(0.3, 0.05), (-0.6, 0), (1.2, -0.1)])
def test_another_body_is_where_the_silhouette_is_that_of_the_first(half_turns, offset):
    found, speed = beside(*seen(half_turns, offset))
    assert found / BODY == pytest.approx(offset, abs=0.06)
    assert speed == 0


@pytest.mark.parametrize("later", [-2, -1, 0, 1, 2])
def test_another_body_is_found_where_it_falls_some_frames_later(later):
    times, still = TIMES[:20], np.stack([np.zeros(17), np.linspace(-0.5, 0.5, 17)], axis=1)

    def falls(times):
        below = GRAVITY / TALL * times**2 / 2
        return BODY * (still + 1 + np.stack([np.zeros(len(times)), below], axis=1)[:, np.newaxis])

    joints, other = falls(times), falls(times - later / RATE) + np.array((0.7 * BODY, 0))
    bodies = [np.maximum(*(drawn(pose, BODY, (400, 200)) for pose in both)) for both in zip(joints, other, strict=True)]
    views = [View([], 0, body, pose.mean(axis=0), BODY) for body, pose in zip(bodies, joints, strict=True)]
    offset, speed = beside(views, joints, times)
    np.testing.assert_allclose(offset + np.outer(times, (0, speed)), (other - joints).mean(axis=1), atol=BODY / 20)


@pytest.mark.parametrize("half_turns", [1, 5, 9])
def test_nobody_is_beside_a_single_body(half_turns):
    """Neither for clutter, a body thicker than it is drawn, or one that stands there; nor where few frames show it."""
    assert beside(*seen(half_turns)) is None
    assert beside(*seen(half_turns, thick=1.5, clutter=0.1)) is None
    assert beside(*seen(half_turns, stands=(0.5, 0.3))) is None
    assert beside(*(each[:7] for each in seen(half_turns, (0.6, 0)))) is None
