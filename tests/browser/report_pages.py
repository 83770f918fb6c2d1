"""Pages of a report for a browser, with all that they can show and with little: real frames, made curves."""

import dataclasses
import pathlib

import av
import numpy as np

from scoringnet_tf.data.preprocessing import encode_jpeg
from scoringnet_tf.report.page import ShownPerformance, ShownScore
from scoringnet_tf.report.session import write_pages
from scoringnet_tf.report.thumbnails import encode_clip, film_frames

CLIP = pathlib.Path(__file__).parents[1] / "clips/diving.mp4"
RANGES = {"difficulty": (1.0, 5.0), "execution": (0.0, 30.0), "final": (0.0, 150.0)}
RUNS = (("pre-starting", 0, 29), ("take-flight", 29, 55), ("entry", 55, 67), ("noise", 67, 120))
LONG_NAME = "broadcast_of_the_final_women_10_m_platform_round_3_of_5_dive_107B_seen_from_the_side_camera.mp4"


def a_performance(name, final, judged, **kwargs):
    """A performance with all that a page can show: real frames, made curves."""
    with av.open(str(CLIP)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    length, stages = len(frames), ("noise", "pre-starting", "take-flight", "entry")
    probabilities = np.full((length, 4), 0.02)
    for stage, start, end in RUNS:
        probabilities[start:end, stages.index(stage)] = 0.94
    found = [
        {"name": stage, "start_frame": start, "end_frame": end, "start_s": start / 25, "end_s": end / 25}
        for stage, start, end in RUNS
    ]
    jpegs = {index: encode_jpeg(frames[index], 92) for index in range(length)}
    return ShownPerformance(
        name=name,
        sport="diving",
        stage_names=stages,
        fps=25.0,
        times=np.arange(length + 1) / 25,
        scores=[
            ShownScore("difficulty", 3.0, RANGES["difficulty"], true=3.1),
            ShownScore("execution", final / 3, RANGES["execution"], (final / 3 - 2, final / 3 + 2), "± 2", judged / 3),
            ShownScore("final", final, RANGES["final"], true=judged),
        ],
        stages=found,
        probabilities=probabilities,
        film=[(index, jpegs[index]) for index in film_frames(length)],
        clips=[
            (stage, encode_clip(frames[start:end], 25.0), jpegs[(start + end) // 2]) for stage, start, end in RUNS[:3]
        ],
        notes=["The model was trained on simulated video: on filmed video its scores are not to be relied on."],
        **kwargs,
    )


def without_score(shown):
    """The same performance, its scores withheld."""
    scores = [dataclasses.replace(score, value=None, interval=None, true=None) for score in shown.scores]
    reasons = ["No entry was found."]
    withheld = {"scores": scores, "reasons": reasons}
    return dataclasses.replace(shown, name="no dive.mp4", **withheld)


def write_report(folder):
    """The page of a session, then those of its performances: the third, the first, the second, one without a score."""
    first = a_performance("a.mp4", 60.0, 62.0)
    performances = [
        first,
        a_performance(LONG_NAME, 84.0, 81.5, reasons=["No pre-starting was found."]),
        a_performance("c10.mp4", 72.0, 69.0),
        without_score(first),
    ]
    left_out = [f"{LONG_NAME}.part, which could not be scored"]
    return write_pages(folder / "session.html", performances, "diving_small", "Final, women", left_out)
