"""A model's file that is damaged, cut off or empty is refused, with a code."""

import random
import warnings

import pytest
from refusals import refused

import scoringnet_tf
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.training_statistics import checksum
from scoringnet_tf.support.messages import InputError


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """(The file of a model that is read fast, the checksum of its weights.)"""
    features = {"size": 6, "stride": 1, "origin": None}
    model = scoringnet_tf.ScoringNet(
        width_multiplier=1 / 16, content={"features": features}, score_predictor={"scores": ("final",)}, segmenter=None
    )
    path = tmp_path_factory.mktemp("sound") / "model.keras"
    model.save(path)
    return path, checksum(model)


@pytest.mark.parametrize("number", range(6))
def test_one_flipped_byte_is_noticed_wherever_it_is(sound, tmp_path, number):
    """Half of them in the last kilobytes: zip's own index."""
    content, draw = bytearray(sound[0].read_bytes()), random.Random(number)
    position = draw.randrange(len(content)) if number % 2 else len(content) - 1 - draw.randrange(200)
    content[position] ^= 0xFF
    (tmp_path / "m.keras").write_bytes(content)
    try:
        model = load_scoring_net(tmp_path / "m.keras")
    except InputError as error:
        assert error.code == "damaged_model" and "m.keras" in str(error)
    else:  # the date of a file in it, say
        assert checksum(model) == sound[1]


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.9])
def test_a_file_that_is_cut_off_is_damaged_and_not_missing(sound, tmp_path, kept):
    content = sound[0].read_bytes()
    (tmp_path / "m.keras").write_bytes(content[: int(len(content) * kept)])
    with warnings.catch_warnings(), refused("damaged_model", "m.keras"):
        warnings.simplefilter("ignore")  # zipfile's, of names that are there twice
        load_scoring_net(tmp_path / "m.keras")
