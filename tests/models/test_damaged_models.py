"""A model's file that is damaged, cut off, empty or of another kind is refused in one line that says so."""

import random
import warnings

import pytest

from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.training_statistics import checksum
from scoringnet_tf.support.errors import InputError


def refusal(path):
    with pytest.raises(InputError) as refused, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's, of names that are there twice
        load_scoring_net(path)
    (line,) = str(refused.value).splitlines()
    return line


@pytest.mark.parametrize("number", range(12))
def test_one_flipped_byte_is_noticed_wherever_it_is(stage_model, tmp_path, number):
    """Half of them in the last kilobytes: zip's own index."""
    content, draw = bytearray(stage_model.read_bytes()), random.Random(number)
    position = draw.randrange(len(content)) if number % 2 else len(content) - 1 - draw.randrange(200)
    content[position] ^= 0xFF
    (tmp_path / "m.keras").write_bytes(content)
    try:
        found = load_scoring_net(tmp_path / "m.keras")
    except InputError as error:
        assert len(str(error).splitlines()) == 1
        assert "m.keras: expected a ScoringNet saved as .keras. Received: " in str(error)
    else:  # the date of a file in it, say
        assert checksum(found) == checksum(load_scoring_net(stage_model))


@pytest.mark.parametrize(
    ("kept", "received"),
    [
        (0.0, "an empty file."),
        (0.001, "no such archive (truncated, or another kind of file)."),
        (0.9, "no such archive (truncated, or another kind of file)."),
    ],
)
def test_a_file_that_is_cut_off_is_not_called_missing(stage_model, tmp_path, kept, received):
    content = stage_model.read_bytes()
    (tmp_path / "m.keras").write_bytes(content[: int(len(content) * kept)])
    assert refusal(tmp_path / "m.keras").endswith(f"Received: {received}")
