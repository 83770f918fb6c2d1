"""The models for film that ship: heads on I3D, which cut filmed dives and refuse other clips."""

import os
import pathlib
import sys

import pytest
from refusals import codes, refused

import scoringnet_tf
from scoringnet_tf.support.i3d_files import CACHE, FETCH, PACKAGE, SHA256, is_installed
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.weights.backbones import behind_backbone

PRESETS = {"diving_film": "diving_phases", "vault_film": "vault"}
REAL = pathlib.Path(os.environ.get("SCORINGNET_REAL_DATA", "nowhere"))
needs_film = pytest.mark.skipif(
    not (REAL.is_dir() and is_installed()),
    reason="SCORINGNET_REAL_DATA is not set, or I3D not installed (make backbone)",
)
# First frames of flight and entry, by eye. In the last the diver hops before the take-off.
DIVES = {
    "videos/springboard_dive.mp4": (166, 197),
    "videos/platform_dive_10m.gif": (6, 17),
    "film/platform_dive.mp4": (46, 90),
    "film/masked_dive.gif": (37, 80),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_for_film_is_small_and_names_its_backbone_by_hash(preset):
    model = scoringnet_tf.from_preset(preset)
    origin = model.features["origin"]
    assert (origin["backbone"], origin["weights"]["sha256"]) == ("i3d", SHA256)
    assert (model.sport.name, model.learned_parts) == (PRESETS[preset], {"kfs"})
    assert model_path(preset).stat().st_size < 4e6


def test_without_i3d_a_preset_for_film_says_how_to_fetch_it(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    monkeypatch.setitem(sys.modules, PACKAGE, None)  # as if it were not installed
    with refused("missing_package", FETCH):
        behind_backbone(scoringnet_tf.from_preset("diving_film"))


@pytest.mark.slow
@needs_film
@pytest.mark.parametrize("clip", DIVES)
def test_the_flight_and_the_entry_of_a_filmed_dive_are_found(clip):
    result = scoringnet_tf.score_video(REAL / clip, "diving_film")
    found = {stage["name"]: stage["start_frame"] for stage in result.stages}
    flight, entry = DIVES[clip]
    assert found["flight"] == pytest.approx(flight, abs=8)
    assert found["entry"] == pytest.approx(entry, abs=8)


@pytest.mark.slow
@needs_film
def test_other_clips_are_no_dives_to_it():
    """Two of eight; tests/inference/test_clip_versions.py has what it makes of all."""
    others = sorted((*REAL.glob("film/other/*.*"), *REAL.glob("videos/*.avi")), key=lambda path: path.stat().st_size)
    assert len(others) == 8
    for clip in others[:2]:
        assert "not_recognised" in codes(scoringnet_tf.score_video(clip, "diving_film").reasons), clip.name
