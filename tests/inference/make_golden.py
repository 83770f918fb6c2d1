"""Makes tests/clips/: what the shipped models say of two simulated clips, which `test_golden.py` holds them to.

    python tests/inference/make_golden.py    # golden.json anew; run it where scores are meant to change, and say why

A clip that is not there is made first, from the simulator as it then is: another one than the one that was there.
"""

import fractions
import json
import pathlib
import subprocess
import sys
import tempfile

import av

import scoringnet_tf

CLIPS = pathlib.Path(__file__).parents[1] / "clips"
GOLDEN = CLIPS / "golden.json"
# Clip: the shipped model that scores it, and which of four simulated videos it is.
SOURCES = {
    "diving.mp4": ("diving_small", "diving_samples_len_ori/004.avi"),
    "vault.mp4": ("vault_small", "gym_vault_samples_len_ori/002.avi"),
}


def make_clip(name):
    """Films a simulated video and encodes it in H.264, which every decoder decodes to the same pixels."""
    sport, video = name.partition(".")[0], SOURCES[name][1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--num_videos=4", "--seed=2018", "--height=120", "--width=160", f"--output_dir={folder}/simulated"]
        subprocess.run([sys.executable, "-m", "data_prep", "simulate", f"--sport={sport}", *options], check=True)
        with av.open(f"{folder}/simulated/{video}") as source, av.open(str(CLIPS / name), "w") as target:
            rate = source.streams.video[0].average_rate
            stream = target.add_stream("libx264", rate=fractions.Fraction(rate), options={"crf": "26"})
            stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
            for frame in source.decode(video=0):
                target.mux(stream.encode(av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")))
            target.mux(stream.encode())


def golden(name):
    """What is pinned of a clip: its stages as (name, first frame, end), and its scores in points."""
    model = scoringnet_tf.from_preset(SOURCES[name][0])
    score = scoringnet_tf.score_video(model=model, path=CLIPS / name, force=True)
    stages = [(stage["name"], stage["start_frame"], stage["end_frame"]) for stage in score.stages]
    scores = {key: round(getattr(score, key), 4) for key in ("difficulty", "execution", "final")}
    return {"model": SOURCES[name][0], "num_frames": score.num_frames, "stages": stages, **scores}


if __name__ == "__main__":
    for clip in SOURCES:
        if not (CLIPS / clip).is_file():
            make_clip(clip)
    GOLDEN.write_text(json.dumps({clip: golden(clip) for clip in SOURCES}, indent=2) + "\n", encoding="utf-8")
