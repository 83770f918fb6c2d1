"""The files that stage labels come in. A further format is one `Format` in `FORMATS`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from data_prep.stages.formats import label_studio, tables
from data_prep.stages.formats.videos import FactsOf, LabelledVideo
from scoringnet_tf.support.messages import InputError


class Format(NamedTuple):
    """A format of stage labels."""

    recognises: Callable[[Path, str], bool]  # (path, first characters of the file) → whether it is of this format
    # (path, facts_of) → videos; InputError if the file as a whole is malformed
    read: Callable[[Path, FactsOf], list[LabelledVideo]]
    # (output, videos, facts_of), whole or not at all; None if people do not correct labels in it
    write: Callable[[Path, Sequence[LabelledVideo], FactsOf], None] | None = None


FORMATS = {
    "csv": Format(tables.is_csv, tables.read_stages, tables.write_stages),
    "diving_times": Format(tables.is_diving_times, tables.read_times),
    "label_studio": Format(label_studio.recognises, label_studio.read, label_studio.write),
}
WRITABLE = [name for name, form in FORMATS.items() if form.write]
HEAD = 4096  # bytes


def read(path: str | Path, facts_of: FactsOf, name: str | None = None) -> list[LabelledVideo]:
    """Reads a file's videos in a named format, or recognised by content; or InputError."""
    path = Path(path)
    if not path.exists():
        raise InputError("not_found", f"{path}: there is no such file.")
    return FORMATS[name or recognise(path)].read(path, facts_of)


def write(name: str, output: Path, videos: Sequence[LabelledVideo], facts_of: FactsOf) -> None:
    """Writes videos with sound segments in one of `WRITABLE`, whole or not at all, or InputError."""
    writer = FORMATS[name].write
    if writer is None:
        raise InputError("unknown_name", f"{name}: cannot be written. Choose one of {', '.join(WRITABLE)}.")
    try:
        writer(output, videos, facts_of)
    except OSError as error:
        raise InputError("not_writable", f"--output={output} cannot be written: {error}.") from error


def recognise(path: Path) -> str:
    """A file's key in `FORMATS`, or InputError."""
    if path.is_dir():
        raise InputError("wrong_format", f"{path} is a folder, not a file of stage labels.")
    with path.open("rb") as file:
        text = file.read(HEAD).decode("utf-8-sig", errors="replace").lstrip()
    name = next((name for name, form in FORMATS.items() if form.recognises(path, text)), None)
    if name is None:
        hint = "Use stage_labels.csv, jump_drop_water_label.txt, or Label Studio's JSON."
        raise InputError("wrong_format", f"{path} starts with {text[:40]!r}: these are no stage labels.", hint)
    return name
