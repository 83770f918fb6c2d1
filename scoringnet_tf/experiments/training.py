"""One training and its evaluations, each by its own command, in a folder named by all that its result depends on."""

import dataclasses
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from scoringnet_tf import __version__
from scoringnet_tf.data.dataset_info import DatasetInfo, described_pixels
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.files import replacing_file
from scoringnet_tf.support.model_files import is_shipped, model_path
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.fields import all_fields
from scoringnet_tf.training.flags import SET

METAFILE, LOG = "metafile.yml", "log.txt"
GPUS = Path("/proc/driver/nvidia/gpus")
OWN_FLAGS = ("seed", "records_dir", "model_dir", "flagfile")  # of train: what a training says of itself
# Of train: what lies there is part of the configuration.
FILE_FLAGS = ("pretrained", "model.fragments.network.weights", "initial_model", "segmenter")
SCORING_FLAGS = (  # of train: those that say nothing of KFS where it is trained before SP
    *("scoring_epochs", "fragments", "fragment_jitter", "model.fragments.difficulty", "model.fragments.execution"),
    *("clip_lengths", "views", "model.conv_filters", "model.fc_units", "model.pool_stride", "dropout"),
    *("head", "model.head.output_activation", "model.head.sigma", "data.shuffle_labels", "run.test_scores"),
    *("alpha", "beta", "ranking_margin", "loss.pair_reduction", "loss.ties", "loss.units"),
)
FLAGS = {path: about.flag for path, about, *_ in all_fields(TrainingConfig) if about.flag}
SHOWN_LINES = 3  # of what a command printed before it failed


class TrainingError(Exception):
    """A command of a training failed; the message says which, why, and where its whole output lies."""


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What all trainings of a suite have in common.

    Attributes:
        preset: flag file of `train`.
        records: of the trainings; its test split is the first rendering.
        renderings: further records whose test split holds the same performances, filmed or rendered anew.
        folder: where the folders of trainings are.
        further: flags of `train` for every training, over those of the preset; what a row says stands above them.
    """

    preset: Path
    records: DatasetInfo
    renderings: tuple[DatasetInfo, ...]
    folder: Path
    further: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for argument in self.further:
            if not argument.startswith("--") or _name_and_value(argument)[0] in OWN_FLAGS:
                raise InputError(
                    "wrong_flag",
                    f"{argument} cannot stand behind --.",
                    f"Give flags of train as --NAME=VALUE, but none of {', '.join(OWN_FLAGS)}.",
                )

    @property
    def sport(self) -> str:
        """The name of the records' sport."""
        return get_sport(self.records.sport).name

    @property
    def tested(self) -> tuple[DatasetInfo, ...]:
        """The records whose test split is evaluated."""
        return (self.records, *self.renderings)


@dataclasses.dataclass(frozen=True)
class Training:
    """A run of `train`: its flags over those of the preset, name → value, and its seed."""

    flags: Mapping[str, str]
    seed: int

    def resolved(self, surroundings: Surroundings) -> dict[str, str]:
        """The flags that its result depends on, name → value, but the records; sorted by name."""
        given = [*preset_flags(surroundings.preset), *surroundings.further, *as_arguments(self.flags)]
        flags = dict(_name_and_value(argument) for argument in given) | {"seed": str(self.seed)}
        kfs_alone = flags.get("training") == "staged" and flags.get("scoring_epochs") == "0"
        without = {"records_dir", "model_dir", "run.reference"} | (
            {*SCORING_FLAGS} - {"scoring_epochs"} if kfs_alone else set()
        )
        if flags.get("fragments") == "whole":
            flags = _without_kfs(flags)
        return {name: flags[name] for name in sorted(flags.keys() - without)}

    def kfs(self, surroundings: Surroundings) -> "Training | None":
        """The training of KFS alone whose KFS this one takes: the same for all that differ in SP alone.

        None where it has no KFS, is given one, or trains KFS and SP in one step.
        """
        flags = self.resolved(surroundings)
        staged = flags.get("training") == "staged" and flags.get("fragments") != "whole"
        given = flags.get("segmenter") or flags.get("initial_model")
        if not staged or given or "0" in (flags.get("segmentation_epochs"), flags.get("scoring_epochs")):
            return None
        of_kfs = {name: value for name, value in self.flags.items() if name not in SCORING_FLAGS}
        return Training({**of_kfs, "training": "staged", "scoring_epochs": "0"}, self.seed)

    def configuration(self, surroundings: Surroundings) -> dict[str, Any]:
        """All that the result depends on.

        Raises:
            InputError: a flag names a file that does not exist.
        """
        flags, kfs = self.resolved(surroundings), self.kfs(surroundings)
        contents = {name: _content_hash(name, flags[name]) for name in FILE_FLAGS if flags.get(name)}
        return {
            "flags": flags,
            "contents": contents,
            **({"kfs": kfs.folder(surroundings).name} if kfs else {}),
            "data_hash": surroundings.records.data_hash,
            **surroundings.records.beside_records(),
            "scoringnet_tf": __version__,
        }

    def folder(self, surroundings: Surroundings) -> Path:
        """Where it is or will be: what tells it from the preset, in words, and a hash of its configuration."""
        told = "-".join(f"{name}={value.replace('/', '_')}" for name, value in sorted(self.flags.items())) or "preset"
        return run_folder(surroundings, told, self.seed, self.configuration(surroundings))

    def is_trained(self, surroundings: Surroundings) -> bool:
        """Whether it was finished."""
        return (self.folder(surroundings) / METAFILE).is_file()

    def state(self, surroundings: Surroundings) -> str:
        """`"trained"`, `"begun"` (under way, stopped or failed: its log says) or `"missing"`."""
        if self.is_trained(surroundings):
            return "trained"
        return "begun" if (self.folder(surroundings) / LOG).is_file() else "missing"

    def train(self, surroundings: Surroundings) -> None:
        """Trains, or goes on where it stopped, its shared KFS first; does nothing if it was finished.

        Raises:
            TrainingError: the command failed.
        """
        if self.is_trained(surroundings):
            return
        folder, kfs, flags = self.folder(surroundings), self.kfs(surroundings), self.resolved(surroundings)
        if kfs:
            kfs.train(surroundings)
            flags |= {"segmentation_epochs": "0", "segmenter": str(kfs.folder(surroundings))}
        # Tables refuse no video: what training videos are like need not be measured.
        arguments = [
            *as_arguments(flags),
            "--set=run.reference=false",
            f"--records_dir={surroundings.records.records_dir}",
        ]
        goes_on, start = (folder / "checkpoints").is_dir(), time.monotonic()
        run_command("scoringnet_tf.train", [*arguments, f"--model_dir={folder}"], folder / LOG)
        described = {
            "command": ["python", "-m", "scoringnet_tf.train", *arguments],
            "configuration": self.configuration(surroundings),
            "pixels": described_pixels(surroundings.records.simulation),
            "seed": self.seed,
            "versions": json.loads((folder / "config.json").read_text(encoding="utf-8"))["versions"],
            "hardware": hardware(),
            "seconds": round(time.monotonic() - start, 1),
            "seconds_are_of": "the last part of a run that was stopped" if goes_on else "the whole run",
        }
        write_metafile(folder, described)

    def report(self, surroundings: Surroundings, rendering: DatasetInfo, flags: Sequence[str] = ()) -> Path:
        """Folder of the report on the test split of `rendering`, by `evaluate` with these flags."""
        told = "".join(f"_{flag.lstrip('-')}" for flag in flags)
        return self.folder(surroundings) / f"test_{rendering.data_hash[:10]}{told}"

    def evaluate(self, surroundings: Surroundings, rendering: DatasetInfo, flags: Sequence[str] = ()) -> None:
        """Makes that report if it is not there.

        Raises:
            TrainingError: the command failed.
        """
        report = self.report(surroundings, rendering, flags)
        if not (report / "predictions.csv").is_file():
            folder = self.folder(surroundings)
            where = [f"--model={folder}", f"--records_dir={rendering.records_dir}", f"--output_dir={report}"]
            run_command("scoringnet_tf.evaluate", [*where, "--split=test", *flags], folder / LOG)


def run_folder(surroundings: Surroundings, told: str, seed: int, configuration: Mapping[str, Any]) -> Path:
    """A folder of the suite's, named by what tells a run from others, in words, and a hash of its configuration."""
    text = json.dumps(configuration, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:10]
    return surroundings.folder / f"{told[:80]}-seed={seed}-{digest}"


def write_metafile(folder: Path, described: Mapping[str, Any]) -> None:
    """Writes what a finished run says of itself."""
    with replacing_file(folder / METAFILE) as path:
        path.write_text(yaml.safe_dump(dict(described), sort_keys=False, allow_unicode=True), encoding="utf-8")


def preset_flags(path: Path, within: tuple[Path, ...] = ()) -> list[str]:
    """The flags of a flag file, without its comments; in place of a flag file that it names stand that one's.

    Args:
        within: the files that named it, one in the other.

    Raises:
        InputError: there is no such file, or it is within itself.
    """
    if not path.is_file() or path.resolve() in within:
        reason = "it includes itself" if path.is_file() else "there is no such file"
        raise InputError("circular_flag_file" if path.is_file() else "not_found", f"--flagfile={path}: {reason}.")
    found = []
    for line in map(str.strip, path.read_text(encoding="utf-8").splitlines()):
        if not line or line.startswith(("#", "//")):
            continue
        name, value = _name_and_value(line)
        found += preset_flags(Path(value), (*within, path.resolve())) if name == "flagfile" else [line]
    return found


def as_arguments(flags: Mapping[str, str]) -> list[str]:
    """Flags of a command line, of name → value."""
    return [f"--set={name}={value}" if "." in name else f"--{name}={value}" for name, value in flags.items()]


def _without_kfs(flags):
    """Flags of a training on whole videos (−KFS), without what its preset says of KFS and of fragments."""
    of_kfs = ("segmenter", "fragment_jitter", "decoding", "stage_network")
    found = {
        name: value for name, value in flags.items() if name not in of_kfs and not name.startswith("model.fragments.")
    }
    if found.get("lr_multipliers"):
        kept = [entry for entry in found["lr_multipliers"].split(",") if entry.partition(":")[0] != "kfs"]
        found["lr_multipliers"] = ",".join(kept)
    if found.get("views", "1") not in ("1", "2"):
        found["views"] = "2"  # a whole video and its mirror image: no fragment that could begin earlier
    return found


def _name_and_value(argument):
    """("alpha", "5") of --alpha=5, ("loss.ties", "skip") of --set=loss.ties=skip; a name alone is true."""
    name, given, value = argument.lstrip("-").partition("=")
    if name == SET:
        path, _, value = value.partition("=")
        return FLAGS.get(path, path), value
    if given:
        return name, value
    return (name[2:], "false") if name.startswith("no") else (name, "true")


def _content_hash(name, path):
    """sha256 of the model at `path`, or of all in that folder, or of one that ships."""
    if is_shipped(path):
        path = model_path(path, name)
    files = sorted(Path(path).glob("*.keras")) if Path(path).is_dir() else [Path(path)]
    if not files or not files[0].is_file():
        raise InputError("not_found", f"--{name}={path}: there is no such model.")
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def run_command(module: str, arguments: Sequence[str], log: Path) -> None:
    """Runs `python -m module`, its output appended to `log`.

    Raises:
        TrainingError: it failed; the message has the last lines that it printed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        file.write(f"$ python -m {module} {' '.join(arguments)}\n".encode())
        file.flush()
        before = file.tell()
        status = subprocess.run([sys.executable, "-m", module, *arguments], stdout=file, stderr=file).returncode
    if status:
        with log.open("rb") as file:
            file.seek(before)
            printed = file.read().decode(errors="replace").replace("\r", "\n").splitlines()
        last = "; ".join(line.strip() for line in printed[-SHOWN_LINES:] if line.strip())
        raise TrainingError(f"{module} exited {status}: {last or 'without a word'} ({log})")


def hardware() -> dict[str, Any]:
    """What computes: the processor, its cores, and NVIDIA's accelerators where Linux names some."""
    name = platform.processor() or platform.machine()
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.is_file():
        for line in cpu_info.read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    cards = [file.read_text() for file in sorted(GPUS.glob("*/information"))]
    models = [re.search(r"^Model:\s*(.+)$", text, re.MULTILINE) for text in cards]
    accelerators = [model[1].strip() for model in models if model]
    return {"processor": name, "cores": os.cpu_count(), **({"accelerators": accelerators} if accelerators else {})}
