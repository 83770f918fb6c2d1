"""The files that stage labels come in.

Each format is one module, with

    recognises(path, text) -> bool                      whether a file, `text` its first characters, is of the format
    read(path, facts_of) -> list of LabelledVideo       InputError where the file is malformed as a whole
    write(output, videos, sport, facts_of)              where people correct labels in that tool; whole or not at all

`facts_of` tells what is known of a video (`videos.facts_reader`). Adding a format is one module and one entry here.
"""

from collections.abc import Sequence
from pathlib import Path

from data_prep.stages.formats import cvat, diving_times, elan, finediving, label_studio, stage_csv
from data_prep.stages.formats.labelled_video import LabelledVideo
from data_prep.stages.formats.videos import FactsOf
from scoringnet_tf.sports import Sport
from scoringnet_tf.support.errors import InputError

FORMATS = {
    "csv": stage_csv,
    "cvat": cvat,
    "diving_times": diving_times,
    "elan": elan,
    "finediving": finediving,
    "label_studio": label_studio,
}
COUNT_TIME = {"elan", "label_studio"}  # and so may need the frames per second of a video
WRITABLE = [name for name, module in FORMATS.items() if hasattr(module, "write")]
HEAD = 4096  # bytes: XML may open with a comment


def read(path: str | Path, facts_of: FactsOf, name: str | None = None) -> list[LabelledVideo]:
    """The videos of a file of stage labels.

    Args:
        path: the file, or for FineDiving the folder.
        facts_of: as of `videos.facts_reader`.
        name: key in `FORMATS`; None recognises the format by content.

    Returns:
        A list of `LabelledVideo`.

    Raises:
        InputError: no such file, of no known format, or malformed as a whole.
    """
    path = Path(path)
    if not path.exists():
        raise InputError("todo", f"{path}: expected a file of stage labels. Received: no such file.")
    return FORMATS[name or recognise(path)].read(path, facts_of)


def write(name: str, output: Path, videos: Sequence[LabelledVideo], sport: Sport, facts_of: FactsOf) -> None:
    """Writes videos in the format `name`, one of `WRITABLE`, whole or not at all.

    Args:
        name: key in `FORMATS`.
        output: the file, or for a format with a file per video the folder.
        videos: with sound segments.
        sport: of the videos.
        facts_of: as of `videos.facts_reader`.

    Raises:
        InputError: `output` cannot be written, or what the format needs to know of a video is unknown.
    """
    try:
        FORMATS[name].write(output, videos, sport, facts_of)
    except OSError as error:
        raise InputError("todo", f"--output: expected a place to write to. Received: {error}") from error


def recognise(path: Path) -> str:
    """The key in `FORMATS` of what is in a file or folder.

    Raises:
        InputError: it is none of them.
    """
    text = _head(path)
    name = next((name for name, module in FORMATS.items() if module.recognises(path, text)), None)
    if name is None:
        received = "a folder without its annotations" if path.is_dir() else f"a file that starts with {text[:40]!r}"
        raise InputError(
            "todo",
            f"{path}: expected stage labels: stage_labels.csv, jump_drop_water_label.txt, Label Studio's JSON, CVAT's "
            f"XML for video or its ZIP, ELAN's .eaf, or a folder in FineDiving's layout. Received: {received}",
        )
    return name


def _head(path):
    if path.is_dir():
        return ""
    with path.open("rb") as file:
        return file.read(HEAD).decode("utf-8-sig", errors="replace").lstrip()
