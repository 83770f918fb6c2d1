"""How time and memory grow: with film's length, its dives, the number of videos, a sport's stages. Prints Markdown.

    python -m benchmarks.growth [--only=film,dives,clips,built,stages] [--output_dir=build/bench]

Each point is a process of its own, which does the smallest one first, to trace what is traced. Time is the processor's;
memory is all that the process holds at its peak. What one more costs is a straight line's slope (least squares), how
time grows the exponent b of y = a·x^b. Film is made of clips at hand, not shipped, on a machine that does nothing else.
"""

import itertools
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from absl import flags

from benchmarks import data, film, workload
from benchmarks.pairs import Ask, NotMeasured, worker
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import unknown_name

flags.DEFINE_list("only", [], "Which curves to measure. Default: all.")
flags.DEFINE_string("output_dir", "build/bench", "Folder for what is measured on.")

OTHER = film.CLIP.parent / "other" / "tai_chi.mp4"  # shows no dive
RATE, HEIGHT, WIDTH = 25, 360, 640  # frames per second and size of film, pixels
LASTS = 120  # seconds of the film that shows dives


class Curve(NamedTuple):
    """What x counts, its values, how the input for one is made in a folder, and what is done with it."""

    title: str
    values: tuple[int, ...]
    make: Callable[[pathlib.Path, int], Any]
    work: Callable[[Any], object]


def _film(folder: pathlib.Path, seconds: int, dives: int) -> pathlib.Path:
    """Film with so many dives, evenly spread; people who exercise fill the rest."""
    from scoringnet_tf.data.browser_video import write_clip

    def shots() -> Iterator[np.ndarray]:
        every = seconds * RATE // max(dives, 1)
        for _ in range(max(dives, 1)):
            shown = _pictures(film.CLIP) if dives else []
            yield from shown
            yield from itertools.islice(itertools.cycle(_pictures(OTHER)), every - len(shown))

    def make(path: pathlib.Path) -> None:
        write_clip(path, ((picture, number / RATE) for number, picture in enumerate(shots())), RATE)

    return data.kept(folder / f"film-{seconds}-{dives}.mp4", make)


def _pictures(path: pathlib.Path) -> list[np.ndarray]:
    """A clip's pictures at the film's rate and size."""
    import av
    import cv2

    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        pictures = [cv2.resize(each.to_ndarray(format="rgb24"), (WIDTH, HEIGHT)) for each in container.decode(video=0)]
        step = float(container.streams.video[0].average_rate) / RATE
    return [pictures[int(at)] for at in np.arange(0, len(pictures), step)]


def _score(clips: list[pathlib.Path]) -> None:
    for clip in clips:
        film.predictor()(clip)


def _build(videos: pathlib.Path) -> None:
    from data_prep.records.building import BuildSettings, build_records

    with tempfile.TemporaryDirectory() as folder:
        build_records("unlv_diving", videos, pathlib.Path(folder, "records"), BuildSettings(data.STORED))


def _stages(number: int) -> None:
    """Finds so many stages, in order, in eight videos of I3D's features."""
    import keras

    from scoringnet_tf.models.decoding import StageDecision
    from scoringnet_tf.models.segmentation import KeyFragmentSegmenter

    sport = {"name": "any", "stages": [f"stage {place}" for place in range(number)], "ranges": {"final": [0, 100]}}
    segmenter, decision = KeyFragmentSegmenter(sport, features=1856, network="tcn"), StageDecision("ordered")
    features, mask = keras.random.normal((8, 104, 1856), seed=0), keras.ops.ones((8, 104), "bool")
    np.asarray(decision(segmenter({"features": features, "mask": mask}), mask))


CURVES = {
    "film": Curve("second of film without a dive", (70, 140, 280), lambda to, x: [_film(to, x, 0)], _score),
    "dives": Curve("dive in two minutes", (1, 2, 4), lambda to, x: [_film(to, LASTS, x)], _score),
    "clips": Curve("filmed dive of 3.9 s, a clip", (1, 2, 4), lambda to, x: [film.CLIP] * x, _score),
    "built": Curve("video of 4 s, built", (10, 20, 40, 80), data.videos, _build),
    "stages": Curve("stage of a sport, found in eight videos", (4, 12, 50), lambda to, x: x, _stages),
}


def measurements(curve: str, folder: str) -> Ask:
    """Of a curve, asked for an x: processor seconds and MiB at the peak; asked for nothing, it makes the input."""
    _, values, make, work = CURVES[curve]

    def measure(what: str) -> Any:
        inputs = {x: make(pathlib.Path(folder), x) for x in values}
        if not what:
            return None
        work(inputs[values[0]])
        start = workload.processor_seconds()
        work(inputs[int(what)])
        return workload.processor_seconds() - start, workload.peak_mib()

    return measure


def row(curve: Curve, seconds: np.ndarray, mib: np.ndarray) -> str:
    """A curve's line of the table: its points, what one more costs, and how time grows."""
    x = np.array(curve.values, float)
    points = [
        ", ".join(f"{each:,.3g}" if each < 100 else f"{each:,.0f}" for each in line) for line in (x, seconds, mib)
    ]
    cost, memory = (float(np.polyfit(x, line, 1)[0]) for line in (seconds, mib))
    exponent = float(np.polyfit(np.log(x), np.log(seconds), 1)[0])
    return f"| {' | '.join((curve.title, *points, f'{1000 * cost:,.3g} ms', f'{memory:,.2g} MiB'))} | {exponent:.2f} |"


def main(_: list[str]) -> None:
    """Runs the command with the parsed flags."""
    names = flags.FLAGS.only or list(CURVES)
    for name in names:
        if name not in CURVES:
            raise unknown_name("--only", name, CURVES)
    os.environ.update(workload.ONE_THREAD)
    folder = pathlib.Path(flags.FLAGS.output_dir).absolute()
    print(
        "| one more | from | processor seconds | MiB | time | memory | x^b |\n|---|---|---|---|---|---|---|", flush=True
    )
    for name in names:
        try:
            found = [_asked(name, folder, str(x)) for x in ("", *CURVES[name].values)]
        except NotMeasured as error:
            print(f"{name}: not measured: {error}", file=sys.stderr, flush=True)
        else:
            print(row(CURVES[name], *np.array(found[1:]).T), flush=True)


def _asked(curve: str, folder: pathlib.Path, x: str) -> Any:
    with worker("benchmarks.growth", curve=curve, folder=folder)() as ask:
        return ask(x)


if __name__ == "__main__":
    sys.exit(cli.run(main))
