"""Makes tests/clips/: what the shipped models say of two simulated clips, which `test_golden.py` holds them to.

python tests/inference/make_golden.py    # golden.json anew; run it where scores are meant to change, and say why
"""

import json
import pathlib

import scoringnet_tf

CLIPS = pathlib.Path(__file__).parents[1] / "clips"
GOLDEN = CLIPS / "golden.json"
# Clip: the shipped model that scores it, and the simulated video that it is.
SOURCES = {
    "diving.mp4": ("diving_small", "diving_samples_len_ori/004.avi"),
    "vault.mp4": ("vault_small", "gym_vault_samples_len_ori/002.avi"),
}


def golden(name):
    """What is pinned of a clip: its stages as (name, first frame, end), and its scores in points."""
    model = scoringnet_tf.from_preset(SOURCES[name][0])
    score = scoringnet_tf.score_video(model=model, path=CLIPS / name, force=True)
    stages = [(stage["name"], stage["start_frame"], stage["end_frame"]) for stage in score.stages]
    scores = {key: round(getattr(score, key), 4) for key in ("difficulty", "execution", "final")}
    return {"model": SOURCES[name][0], "num_frames": score.num_frames, "stages": stages, **scores}


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({clip: golden(clip) for clip in SOURCES}, indent=2) + "\n", encoding="utf-8")
