"""What the shipped models say of two committed clips is what was pinned in tests/clips/golden.json.

Where scores are meant to change, `python tests/inference/make_golden.py` pins the new ones.
"""

import json

import pytest
from make_golden import CLIPS, GOLDEN, SOURCES, golden

# Points. Float32 sums in another order (other processors, other versions of TensorFlow) differ by some 1e-5; the final
# score of a dive multiplies the difficulty's error by an execution of up to 30. A JPEG step more or less, another
# resize or a crop that is a pixel off give more than this.
TOLERANCE = {"difficulty": 1e-3, "execution": 1e-3, "final": 2e-2}


@pytest.mark.parametrize("clip", SOURCES)
def test_shipped_models_score_as_they_did(clip):
    pinned, found = json.loads(GOLDEN.read_text(encoding="utf-8"))[clip], golden(clip)
    assert (CLIPS / clip).stat().st_size <= 60_000
    assert [list(stage) for stage in found["stages"]] == pinned["stages"]
    assert (found["model"], found["num_frames"]) == (pinned["model"], pinned["num_frames"])
    for score, tolerance in TOLERANCE.items():
        assert found[score] == pytest.approx(pinned[score], abs=tolerance), score
