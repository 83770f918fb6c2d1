"""UCF-101: 13,320 clips of 101 actions, for pretraining (Soomro et al. 2012; §4.2).

`UCF-101/<Class>/v_<Class>_gNN_cNN.avi`: clips of one group gNN are cut from one video. `ucfTrainTestlist/` has
`classInd.txt` (`1 ApplyEyeMakeup`), `trainlist0N.txt` (`Class/v_….avi 1`) and `testlist0N.txt` (the path; some copies
append the label).
"""

import re
from pathlib import Path, PurePosixPath

from data_prep.datasets.readers.layout import find_dir, find_file
from data_prep.datasets.readers.text import read_text
from data_prep.datasets.sample import Problem, Published, Sample, Source
from scoringnet_tf.support.messages import InputError

LIST_DIRS = ("ucfTrainTestlist/", "")
SPLITS = ("train", "test")
PUBLISHED = {  # official split: numbers of clips
    1: {"train": 9537, "test": 3783},
    2: {"train": 9586, "test": 3734},
    3: {"train": 9624, "test": 3696},
}
HEAD = "action"
CLIP_NAME = re.compile(r"(?P<group>v_(?P<name>\w+)_g\d+)_c\d+")


def read(source_dir: Path, official_split: int = 1) -> Source:
    """Reads an official split, with classes in the order of `classInd.txt`; InputError lists malformed rows."""
    video_dir = find_dir(source_dir, ("UCF-101", "."), "a folder for each class")
    names = _read_classes(_find(source_dir, "classInd.txt"))
    samples = []
    for split in SPLITS:
        path = _find(source_dir, f"{split}list{official_split:02d}.txt")
        samples += [_sample(video_dir, path, row, line, names, split) for row, line in _lines(path)]
    published = Published(PUBLISHED[official_split], f"Soomro et al. 2012, split {official_split}")
    settings = {"official_split": str(official_split)}
    return Source(None, tuple(samples), settings, classes={HEAD: names}, published=published)


def _find(source_dir: Path, name: str) -> Path:
    return find_file(source_dir, [folder + name for folder in LIST_DIRS])


def _lines(path: Path) -> list[tuple[int, str]]:
    """Returns (row from 1, line) of lines that are not empty; Windows copies have backslashes."""
    lines = enumerate(read_text(path).splitlines(), start=1)
    return [(row, line.strip().replace("\\", "/")) for row, line in lines if line.strip()]


def _read_classes(path: Path) -> list[str]:
    rows = [(row, line.split()) for row, line in _lines(path)]
    malformed = [
        f"{path}, row {row}: {' '.join(words)!r} is not `{number} ClassName`."
        for number, (row, words) in enumerate(rows, start=1)
        if len(words) != 2 or words[0] != str(number)
    ]
    if malformed:
        raise InputError("malformed_rows", "\n".join(malformed))
    names = [name for _, (_, name) in rows]
    if not names or len(set(names)) != len(names):
        raise InputError("duplicate" if names else "no_rows", f"{path}: {len(rows)} rows do not name distinct classes.")
    return names


def _sample(video_dir: Path, path: Path, row: int, line: str, names: list[str], split: str) -> Sample:
    """The class is the folder; a label in the list must agree with it. The group is in the clip's name."""
    where = f"{path.name}, row {row}"
    video, _, label = line.partition(" ")
    name = PurePosixPath(video)
    folder, clip = name.parent.name, CLIP_NAME.fullmatch(name.stem)
    number = names.index(folder) + 1 if folder in names else 0
    problem = None
    if not number or len(name.parts) != 2:
        problem = Problem(where, f"{line!r} is not Class/video.avi of a class of classInd.txt.", code="unknown_name")
    elif label and label.strip() != str(number):
        problem = Problem(where, f"{folder} has the label {number}, not {label}.", code="wrong_class")
    elif not clip:
        problem = Problem(where, f"{name.stem} is not v_Class_gNN_cNN, with a group gNN.", code="no_group")
    elif clip["name"].casefold() != folder.casefold():  # v_HandStandPushups_g01_c01 lies in HandstandPushups
        problem = Problem(where, f"the clip {name.stem} lies in the folder {folder}.", code="wrong_class")
    return Sample(
        name.stem,
        video_dir / name,
        split,
        where,
        classes={} if problem else {HEAD: number - 1},
        group=clip["group"] if clip else None,
        problems=(problem,) if problem else (),
    )
