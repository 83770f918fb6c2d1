"""What the benchmarks work on: simulated videos, their records, folders of JPEGs, clips, vectors; made once."""

import csv
import os
import pathlib
import shutil
from collections.abc import Callable

import numpy as np

STORED = (128, 171)  # height and width of the records' frames, pixels
FILMED = (240, 320)  # of the videos
SHOWN = (112, 112)  # of what is cut out of the stored frames for a model
CLIP = pathlib.Path(__file__).parents[1] / "tests" / "clips" / "diving.mp4"
VECTORS = (120, 20)  # how many, and their size


def kept(path: pathlib.Path, make: Callable[[pathlib.Path], object]) -> pathlib.Path:
    """The file or folder at `path`, which `make` writes if it is missing, whole or not at all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"unfinished-{path.name}")
        if unfinished.is_dir():
            shutil.rmtree(unfinished)
        make(unfinished)
        unfinished.rename(path)
    return path


def videos(folder: pathlib.Path, count: int) -> pathlib.Path:
    """`count` simulated dives of 320×240 in UNLV-Diving's layout."""
    from data_prep.simulator.dataset import simulate
    from data_prep.simulator.settings import Settings

    settings = Settings("diving", "scoring", count, 0, None, False, 0.2, *FILMED)
    return kept(folder / f"videos-{count}", lambda target: simulate(settings, target, os.cpu_count() or 1))


def records(folder: pathlib.Path, count: int) -> pathlib.Path:
    """Records of these videos, 128×171."""
    from data_prep.records.building import BuildSettings, build_records

    given = "unlv_diving", videos(folder, count)
    return kept(folder / f"records-{count}", lambda target: build_records(*given, target, BuildSettings(STORED)))


def jpegs(folder: pathlib.Path, count: int) -> pathlib.Path:
    """The frames of the training split of these records, as they are: a folder of JPEG files for each video."""
    from data_prep.records.verifying import read_records
    from scoringnet_tf.data.dataset_info import DatasetInfo

    def make(target: pathlib.Path) -> None:
        for _, record in read_records(DatasetInfo.load(records(folder, count)), "train"):
            (video := target / record["example/id"].decode()).mkdir(parents=True)
            for index, jpeg in enumerate(record["image/encoded"]):
                (video / f"{index:06d}.jpg").write_bytes(jpeg)

    return kept(folder / f"jpegs-{count}", make)


def clips(folder: pathlib.Path, count: int) -> list[pathlib.Path]:
    """So many copies of the clip."""

    def make(target: pathlib.Path) -> None:
        target.mkdir()
        for number in range(count):
            shutil.copy(CLIP, target / f"{number:03d}{CLIP.suffix}")

    return sorted(kept(folder / f"clips-{count}", make).iterdir())


def vectors(folder: pathlib.Path, count: int, size: int) -> pathlib.Path:
    """`count` random vectors that tell something of a final score: `source` with a manifest, and `records` of them."""
    from data_prep.records.building import BuildSettings, build_records

    def make(target: pathlib.Path) -> None:
        (source := target / "source").mkdir(parents=True)
        rng = np.random.default_rng(0)
        numbers = rng.normal(size=(count, size)).astype(np.float32)
        finals = 60 + 5 * numbers[:, :3].sum(axis=1) + 5 * rng.normal(size=count)
        rows = [("features", "split", "final")]
        for number, (vector, final) in enumerate(zip(numbers, finals, strict=True)):
            rows.append((f"{number:03d}.npy", "train" if number % 5 else "test", f"{final:.2f}"))
            np.save(source / rows[-1][0], vector)
        with (source / "manifest.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
        build_records("manifest", source, target / "records", BuildSettings(), workers=1, sport="diving")

    return kept(folder / f"vectors-{count}-{size}", make)
