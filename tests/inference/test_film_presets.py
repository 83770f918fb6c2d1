"""The models for film that ship: heads on I3D, which cut filmed dives and refuse other clips."""

import json
import os
import pathlib
import sys

import numpy as np
import pytest
from refusals import codes, refused

import scoringnet_tf
from benchmarks.workload import write_video
from data_prep.simulator.dataset import simulate
from data_prep.simulator.settings import Settings
from scoringnet_tf.data.video import read_video
from scoringnet_tf.support.i3d_files import CACHE, FETCH, PACKAGE, SHA256, is_installed
from scoringnet_tf.support.model_files import model_path
from scoringnet_tf.weights.backbones import athlete_of, behind_backbone

ROOT = pathlib.Path(__file__).parents[2]
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
    assert len(athlete_of(model) or ()) == (832 + 1 if preset == "diving_film" else 0)


def test_without_i3d_a_preset_for_film_says_how_to_fetch_it(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    monkeypatch.setitem(sys.modules, PACKAGE, None)  # as if it were not installed
    with refused("not_installed", FETCH):
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
    assert "two_divers" not in codes(result.warnings)


@pytest.mark.slow
@needs_film
@pytest.mark.parametrize("clip", DIVES)
def test_a_filmed_dive_twice_in_the_picture_is_two_divers(clip, tmp_path):
    """Left, and mirrored and two frames later on the right, 0.4 of the width apart."""
    video = read_video(REAL / clip)
    frames = np.asarray(video.frames)
    half, aside = frames.shape[2] // 2, round(0.2 * frames.shape[2])
    late = frames[np.minimum(np.arange(len(frames)) + 2, len(frames) - 1)][:, :, ::-1]
    both = [frames[:, :, aside : aside + half], late[:, :, half - aside : frames.shape[2] - aside]]
    write_video(tmp_path / "pair.mkv", np.concatenate(both, axis=2), f"{video.fps:.3f}", "ffv1")
    result = scoringnet_tf.score_video(tmp_path / "pair.mkv", "diving_film")
    assert "two_divers" in codes(result.warnings)


@pytest.mark.slow
@pytest.mark.skipif(not is_installed(), reason="I3D is not installed (make backbone)")
def test_what_sees_divers_is_learned_by_its_recipe(tmp_path, monkeypatch, capsys):
    """Four dives teach much the same as two hundred: weights of chance would correlate by 0.03."""
    monkeypatch.chdir(tmp_path)
    size = {"easy": False, "test_fraction": 0.5, "height": 128, "width": 172, "film": True}
    simulate(Settings("diving_phases", "scoring", 4, 5, None, **size), tmp_path / "data/film_dives", workers=1)
    exec((ROOT / "recipes/i3d_divers.py").read_text(encoding="utf-8"), {})
    files = tmp_path / "i3d_divers.json", ROOT / "scoringnet_tf/weights/i3d_divers.json"
    learned, shipped = (json.loads(path.read_text()) for path in files)
    assert {**learned, "weights": 0} == {**shipped, "weights": 0}
    assert np.corrcoef(learned["weights"][:-1], shipped["weights"][:-1])[0, 1] > 0.15
    assert "of 4 dives alone" in capsys.readouterr().out


@pytest.mark.slow
@needs_film
def test_other_clips_are_no_dives_to_it():
    """Two of eight; tests/benchmarks/test_versions.py has what it makes of all."""
    others = sorted((*REAL.glob("film/other/*.*"), *REAL.glob("videos/*.avi")), key=lambda path: path.stat().st_size)
    assert len(others) == 8
    for clip in others[:2]:
        assert "not_recognised" in codes(scoringnet_tf.score_video(clip, "diving_film").reasons), clip.name
