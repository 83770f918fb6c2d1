"""Recognition by a backbone's classes: a window of colours, against NumPy, and the film at hand."""

import keras
import numpy as np
import pytest
from conftest import write_video
from refusals import codes, refused, said
from scripted_stages import labels_of, scripted
from training_runs import TINY, trained

import scoringnet_tf
from scoringnet_tf.inference.pipeline import Predictor
from scoringnet_tf.inference.recognition import RECOGNISED, WINDOW, recognised_windows, recognition, where_recognised
from scoringnet_tf.inference.reliability import reliability
from scoringnet_tf.inference.rendering import lines, rows
from scoringnet_tf.models.backbones.backbone import Backbone
from scoringnet_tf.models.settings import merged
from scoringnet_tf.sports import definition_of, get_sport
from scoringnet_tf.sports.definition import differences, sport_of

SIZE = (32, 32)
CLASSES = ("red", "green", "blue")
SCALE = 0.05  # of a logit, for a value of 0…255


def sport_of_red(**changes):
    return sport_of(
        {**definition_of(get_sport("diving")), "name": "painting", "recognised_as": ["red"], **changes}, "test"
    )


def model_of(sport=None, **options):
    """Its features are the mean colour of each frame, and so are its classes."""
    image = keras.Input((*SIZE, 3))
    colours = keras.Model(image, keras.layers.AveragePooling2D(32)(image))
    backbone = Backbone(colours, pretrained=True, classes=CLASSES, **options)
    backbone.classifier.set_weights([SCALE * np.eye(3), np.zeros(3)])
    heads = merged(TINY, {"content": {"frame_size": SIZE}})
    return trained(scoringnet_tf.ScoringNet(sport or sport_of_red(), backbone=backbone, **heads))


@pytest.fixture(scope="module")
def model():
    return model_of()


def probability(features):
    """Of red in a window, features (L, 3), by its definition."""
    logits = SCALE * features.mean(axis=0)
    return np.exp(logits[0]) / np.exp(logits).sum()


@pytest.mark.parametrize("length", [3, WINDOW, 90])
@pytest.mark.parametrize("stages", [(10, 20), (40, 90), None])
def test_the_best_window_that_shows_a_stage_counts(model, length, stages):
    features = np.random.default_rng(length).uniform(0, 255, (length, 3)).astype(np.float32)
    labels = np.zeros(length, int)
    if stages:
        labels[slice(*stages)] = 2
    size = min(WINDOW, length)
    windows = [(first, first + size) for first in range(length - size + 1)]
    shown = [(a, b) for a, b in windows if labels[a:b].any() or not labels.any()]
    expected = max(probability(features[a:b]) for a, b in shown)
    padded = SCALE * np.concatenate([features, np.full((7, 3), 255, np.float32)])[np.newaxis]
    of_padded = np.append(labels, [2] * 7)[np.newaxis], (np.arange(length + 7) < length)[np.newaxis]
    assert float(recognition(model, padded, *of_padded)[0]) == pytest.approx(expected, rel=1e-4)
    ends = np.flatnonzero(np.asarray(recognised_windows(model, SCALE * features[np.newaxis]))[0])
    assert list(ends) == [b - 1 for a, b in windows if probability(features[a:b]) >= RECOGNISED]


def colour(name, count):
    frame = np.zeros((36, 48, 3), np.uint8)
    frame[..., CLASSES.index(name)] = 220
    return [frame] * count


@pytest.mark.parametrize(("frames", "code"), [(colour("red", 50), None), (colour("green", 50), "not_recognised")])
def test_what_it_looks_like_is_told(model, tmp_path, frames, code):
    write_video(tmp_path / "v.avi", frames)
    found = Predictor(model)(tmp_path / "v.avi")
    assert ("not_recognised" in codes(found.reasons)) == (code is not None)
    [one] = found.performances
    assert (one.recognised >= RECOGNISED) == (code is None)
    assert f"  Probability of red: {one.recognised:.2f}" in lines(found)[0]
    assert [row["recognised"] for row in rows(found)] == [one.recognised]
    assert [told["recognised"] for told in found.to_dict()["performances"]] == [one.recognised]
    if code:
        message = str(said(found.reasons, code))
        assert message.index("green") < message.index("red") and len(found.reasons) == 1


@pytest.fixture(scope="module")
def phases():
    """A model of dives in phases that look red."""
    model = model_of(
        sport_of({**definition_of(get_sport("diving_phases")), "name": "p", "recognised_as": ["red"]}, "t")
    )
    model.learned_parts = {"kfs"}
    return Predictor(model)


@pytest.mark.parametrize(
    ("green", "runs", "moments", "codes_of_reasons"),
    [
        (0, [(1, 10), (2, 8), (3, 25), (4, 10), (0, 20)], 2, []),
        (0, [(3, 25), (4, 10), (0, 20)], 1, []),
        (230, [(1, 10), (2, 8), (3, 25), (4, 10), (0, 20)], 2, []),
        (230, [(3, 25), (4, 10), (0, 20)], 0, ["barely_recognised", "beginning_unsure"]),
    ],
)
def test_what_is_barely_recognised_says_so_and_half_a_fall_is_withheld(
    phases, tmp_path, green, runs, moments, codes_of_reasons
):
    labels = labels_of(*runs)
    write_video(tmp_path / "v.avi", [np.full((36, 48, 3), (220, green, 0), np.uint8)] * len(labels))
    (one,) = scripted(phases, labels)(tmp_path / "v.avi").performances
    assert (len(one.moments), list(codes(one.own_reasons))) == (moments, codes_of_reasons)
    assert ("barely_recognised" in codes(one.warnings)) == (green > 0) == (one.recognised < 0.4)


@pytest.mark.parametrize(
    ("frozen", "told"),
    [
        ((45, 52), "1.80 to 2.04"),  # in the flight
        ((32, 40), "1.28 to 1.56"),  # from before it on
        ((45, 50), None),  # 0.2 s
        ((0, 20), None),  # before the body moves
        ((64, 80), None),  # after the entry
    ],
)
def test_film_that_hangs_in_a_fall_says_so(phases, tmp_path, frozen, told):
    labels = labels_of((1, 30), (2, 8), (3, 25), (4, 10), (0, 20))
    shown = [frozen[0] if frozen[0] <= at < frozen[1] else at for at in range(len(labels))]
    frames = [np.full((36, 48, 3), (220, 0, 0), np.uint8) for _ in shown]
    for at, frame in zip(shown, frames, strict=True):
        frame[at % 24 : at % 24 + 8, 20:28] = 0
    write_video(tmp_path / "v.mkv", frames, codec="ffv1")
    (one,) = scripted(phases, labels)(tmp_path / "v.mkv").performances
    remarks = [warning for warning in one.warnings if warning.code == "frames_repeated"]
    assert len(remarks) == (told is not None) and all(told in each for each in remarks)


def test_without_statistics_a_model_warns_unless_its_backbone_recognises():
    """Then unlike videos are told by the classes."""
    learned_further = model_of(trainable=True)
    assert "no_reference" in codes(reliability(learned_further).doubts)
    assert "no_reference" not in codes(reliability(model_of()).doubts)


@pytest.mark.parametrize(("rate", "around"), [(25.0, 100), (10.0, 40), (None, WINDOW)])
def test_stages_far_from_what_is_recognised_are_noise(model, rate, around):
    """Four seconds around the windows that are red; a window is told by its last frame."""
    colours, uniform = [[0, 220, 0], [220, 0, 0], [0, 220, 0]], np.full((560, 4), 0.25)
    features = np.repeat(colours, [250, 60, 250], axis=0).astype(np.float32)
    found = where_recognised(model, uniform, SCALE * features, rate)
    ends = np.flatnonzero(np.asarray(recognised_windows(model, SCALE * features[np.newaxis]))[0])
    near = np.arange(max(ends[0] - around, 0), min(ends[-1] + around + 1, 560))
    np.testing.assert_array_equal(np.flatnonzero((found == uniform).all(axis=1)), near)
    np.testing.assert_array_equal(np.delete(found, near, axis=0), np.tile([1.0, 0, 0, 0], (560 - len(near), 1)))
    nothing = where_recognised(model, uniform[:50], SCALE * features[:50], rate)
    np.testing.assert_array_equal(nothing, np.tile([1.0, 0, 0, 0], (50, 1)))


def test_a_backbone_that_learned_further_recognises_nothing_and_other_classes_are_refused():
    assert model_of(trainable=True).recognised == ()
    assert model_of(get_sport("ski_jumping")).recognised == ()
    with refused("unknown_name", "purple"):
        assert model_of(sport_of_red(recognised_as=["purple"])).recognised
    for wrong, code in (
        (["red", "red"], "duplicate"),
        ([""], "wrong_value"),
        ("red", "wrong_value"),
        ([3], "wrong_value"),
    ):
        with refused(code, "recognised_as"):
            sport_of_red(recognised_as=wrong)
    assert differences(sport_of_red(), sport_of_red(recognised_as=["blue"])) == []


def test_classes_are_saved_with_the_model(model, tmp_path):
    model.save(tmp_path / "m.keras")
    again = scoringnet_tf.ScoringNet.from_preset(tmp_path / "m.keras")
    assert again.recognised == (0,)
    np.testing.assert_array_equal(again.backbone.classifier.kernel, model.backbone.classifier.kernel)
