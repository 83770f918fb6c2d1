"""UCF-101: 13,320 clips of 101 actions, for pretraining (Soomro et al. 2012; §4.2).

`UCF-101/<Class>/v_<Class>_gNN_cNN.avi`, where clips of one group gNN are cut from one video; `ucfTrainTestlist/` has
`classInd.txt` (`1 ApplyEyeMakeup`), `trainlist0N.txt` (`Class/v_….avi 1`) and `testlist0N.txt` (the path alone; some
copies append the label).
"""

import re
from pathlib import Path, PurePosixPath

from data_prep.datasets.published import Published
from data_prep.datasets.readers.layout import find_dir, find_file
from data_prep.datasets.readers.text import read_text
from data_prep.datasets.sample import Problem, Sample, Source
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.messages import counted

LIST_DIRS = ("ucfTrainTestlist/", "")
SPLITS = ("train", "test")
PUBLISHED = {  # of the official splits
    1: {"train": 9537, "test": 3783},
    2: {"train": 9586, "test": 3734},
    3: {"train": 9624, "test": 3696},
}
HEAD = "action"
CLIP_NAME = re.compile(r"(?P<group>v_(?P<name>\w+)_g\d+)_c\d+")


def read(source_dir: Path, official_split: int = 1) -> Source:
    """Reads one of the three official splits; the classes are in the order of `classInd.txt`.

    Raises:
        InputError: a file or folder is missing, or a row malformed (every one is named).
    """
    video_dir = find_dir(source_dir, ("UCF-101", "."), "the classes' folders,")
    names = _read_classes(_find(source_dir, "classInd.txt"))
    samples = []
    for split in SPLITS:
        path = _find(source_dir, f"{split}list{official_split:02d}.txt")
        samples += [_sample(video_dir, path, row, line, names, split) for row, line in _lines(path)]
    published = Published(PUBLISHED[official_split], f"Soomro et al. 2012, split {official_split}")
    settings = {"official_split": str(official_split)}
    return Source(None, tuple(samples), settings, classes={HEAD: names}, published=published)


def _find(source_dir, name):
    return find_file(source_dir, [folder + name for folder in LIST_DIRS])


def _lines(path):
    """(row from 1, line) of what is not empty; Windows copies have backslashes."""
    lines = enumerate(read_text(path).splitlines(), start=1)
    return [(row, line.strip().replace("\\", "/")) for row, line in lines if line.strip()]


def _read_classes(path):
    """Class names in order; rows are numbered from 1 without a gap."""
    rows = [(row, line.split()) for row, line in _lines(path)]
    malformed = [
        f"{path}, row {row}: expected `{number} ClassName`. Received: {' '.join(fields)!r}"
        for number, (row, fields) in enumerate(rows, start=1)
        if len(fields) != 2 or fields[0] != str(number)
    ]
    names = [fields[1] for _, fields in rows if len(fields) == 2]
    if malformed or not names or len(set(names)) != len(names):
        raise InputError(
            "todo", "\n".join(malformed) or f"{path}: expected distinct classes. Received: {counted(len(rows), 'row')}."
        )
    return names


def _sample(video_dir, path, row, line, names, split):
    """The class is the folder, and a label that a list adds must agree with it; the group is in the name."""
    where = f"{path.name}, row {row}"
    video, _, label = line.partition(" ")
    name = PurePosixPath(video)
    folder, clip = name.parent.name, CLIP_NAME.fullmatch(name.stem)
    problems = []
    if folder not in names or len(name.parts) != 2:
        problems.append(Problem(where, f"expected Class/video.avi of a class of classInd.txt. Received: {line!r}"))
    elif label and label.strip() != str(names.index(folder) + 1):
        problems.append(Problem(where, f"expected the label {names.index(folder) + 1} of {folder}. Received: {label}"))
    elif not clip:
        problems.append(Problem(where, f"expected a clip v_Class_gNN_cNN of a group gNN. Received: {name.stem}"))
    elif clip["name"].casefold() != folder.casefold():  # v_HandStandPushups_g01_c01 is one of HandstandPushups
        problems.append(Problem(where, f"expected a clip of {folder}, as its folder. Received: {name.stem}"))
    classes = {} if problems else {HEAD: names.index(folder)}
    group = clip["group"] if clip else None
    return Sample(name.stem, video_dir / name, split, where, classes=classes, group=group, problems=tuple(problems))
