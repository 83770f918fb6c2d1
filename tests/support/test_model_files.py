"""Which model a path or a name means, and which a command could take in place of a wrong one."""

import pytest
from refusals import refused

import scoringnet_tf
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import (
    WITH_C3D,
    check_model,
    configuration,
    model_path,
    shipped_presets,
)

SCORING = {"diving_body", "diving_film", "diving_small", "vault_film", "vault_small"}
C3D = {"dives_small", "motion_small"}


def refusal(function, *arguments, **named):
    """(code, the models that ship which it names) of the error."""
    with pytest.raises(InputError) as raised:
        function(*arguments, **named)
    return raised.value.code, {name for name in SCORING | C3D if name in str(raised.value)}


@pytest.mark.parametrize(
    ("kinds", "names"), [(None, SCORING | C3D), (["ScoringNet"], SCORING), (["C3D"], C3D), (["KeyFragment"], set())]
)
def test_models_that_ship_are_known_by_their_class(kinds, names):
    assert set(shipped_presets(kinds)) == names


def test_a_wrong_name_is_answered_by_those_that_would_do():
    assert refusal(model_path, "nosuch") == ("not_found", SCORING)
    assert refusal(model_path, "nosuch", kinds=WITH_C3D) == ("not_found", SCORING | C3D)
    assert refusal(scoringnet_tf.C3D.from_preset, "nosuch") == ("not_found", C3D)
    assert refusal(check_model, "nosuch", shipped=False) == ("not_found", set())
    with refused("not_found", "nosuch", ".keras"):
        model_path("nosuch")
    assert refusal(model_path, "") == ("empty_flag", set())
    with refused("not_local", "--model=https://host/model.keras"):
        model_path("https://host/model.keras")


def test_one_of_another_class_is_answered_by_those_that_would_do():
    code, names = refusal(check_model, "motion_small")
    assert code == "wrong_model" and names - {"motion_small"} == SCORING
    assert check_model("motion_small", kinds=WITH_C3D) == check_model("motion_small", kinds=["C3D"])
    for name in SCORING:
        assert check_model(name) == check_model(name, kinds=WITH_C3D) == model_path(name)
    assert check_model() == model_path("diving_small")


def test_a_configuration_is_read_without_keras(stage_model):
    expected = configuration(check_model(stage_model), "model")
    assert expected["content"]["frame_size"] == [36, 48] and expected["sport"] == "diving"


@pytest.mark.parametrize(
    ("content", "code"), [(None, "not_found"), (b"", "damaged_model"), (b"PK no archive", "damaged_model")]
)
def test_a_file_without_a_model_is_refused(tmp_path, content, code):
    if content is not None:
        (tmp_path / "m.keras").write_bytes(content)
    assert refusal(check_model, tmp_path / "m.keras")[0] == code
    assert refusal(configuration, tmp_path / "m.keras", "pretrained", ["C3D"])[0] == code
