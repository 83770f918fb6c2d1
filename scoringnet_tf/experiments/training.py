"""A training, or a fit of another system, in a folder named by all that its result depends on."""

import dataclasses
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from absl import flags as absl_flags

from scoringnet_tf import __version__
from scoringnet_tf.baselines import load_system
from scoringnet_tf.baselines.videos import BESIDE
from scoringnet_tf.data.dataset_info import DatasetInfo, described_pixels
from scoringnet_tf.data.factors import factors_hash
from scoringnet_tf.data.splits import fewer
from scoringnet_tf.experiments.catalogue import TRAIN_VIDEOS
from scoringnet_tf.sports import get_sport
from scoringnet_tf.support.files import read_json, write_text
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.model_files import is_shipped, model_path, split_name
from scoringnet_tf.support.processor import hardware
from scoringnet_tf.training.config import TrainingConfig
from scoringnet_tf.training.fields import all_fields
from scoringnet_tf.training.flags import SET

METAFILE, LOG = "metafile.yml", "log.txt"
OWN_FLAGS = ("seed", "records_dir", "model_dir", "flagfile")  # that a training sets itself
FILE_FLAGS = ("pretrained", "initial_model", "segmenter", "backbone")  # whose files' contents count
SCORING_FLAGS = (  # of train: no part of a KFS that is trained before SP
    *("scoring_epochs", "fragments", "fragment_jitter", "model.fragments.difficulty", "model.fragments.execution"),
    *("clip_lengths", "views", "model.conv_filters", "model.fc_units", "model.pool_stride", "dropout"),
    *("head", "model.head.output_activation", "model.head.sigma", "data.shuffle_labels"),
    *("alpha", "beta", "loss.ranking_margin", "loss.pair_reduction", "loss.ties", "loss.units"),
)
KFS_FLAGS = ("segmenter", "fragment_jitter", "decoding", "stage_network")
FLAGS = {path: about.flag for path, about, *_ in all_fields(TrainingConfig) if about.flag}
SHOWN_LINES = 3  # of a failed command's output


class TrainingError(Exception):
    """A command of a training failed; the message says which, why, and where its whole output lies."""


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What all trainings of a suite have in common.

    Attributes:
        preset: flag file of `train`; None: the defaults.
        records: of the trainings; its test split is the first rendering.
        renderings: further records whose test split holds the same performances.
        folder: of the trainings' folders.
        further: flags of `train` over those of the preset, and below those of a row.
    """

    preset: Path | None
    records: DatasetInfo
    renderings: tuple[DatasetInfo, ...]
    folder: Path
    further: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for argument in self.further:
            if not argument.startswith("--") or _name_and_value(argument)[0] in OWN_FLAGS:
                hint = f"Give flags of train as --NAME=VALUE, but none of {', '.join(OWN_FLAGS)}."
                raise InputError("wrong_flag", f"{argument} cannot stand behind --.", hint)

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
        """The flags that its result depends on, sorted by name."""
        preset = preset_flags(surroundings.preset) if surroundings.preset else []
        given = [*preset, *surroundings.further, *_as_arguments(self.flags)]
        flags = dict(_name_and_value(argument) for argument in given) | {"seed": str(self.seed)}
        without = {"records_dir", "model_dir", "run.reference", TRAIN_VIDEOS}
        if flags.get("training") == "staged" and flags.get("scoring_epochs") == "0":  # KFS alone
            without |= {*SCORING_FLAGS} - {"scoring_epochs"}
        if flags.get("fragments") == "whole":
            flags = _without_kfs(flags)
        return {name: flags[name] for name in sorted(flags.keys() - without)}

    def records(self, surroundings: Surroundings) -> DatasetInfo:
        """All training videos, or as many as its row says, drawn by its seed."""
        number, info = self.flags.get(TRAIN_VIDEOS), surroundings.records
        return fewer(info, int(number), self.seed, surroundings.folder / "splits") if number else info

    def kfs(self, surroundings: Surroundings) -> "Training | None":
        """The training of KFS alone, shared by all that differ in SP alone; None if it trains or needs no such KFS."""
        flags = self.resolved(surroundings)
        staged = flags.get("training") == "staged" and flags.get("fragments") != "whole"
        given = flags.get("segmenter") or flags.get("initial_model")
        if not staged or given or "0" in (flags.get("segmentation_epochs"), flags.get("scoring_epochs")):
            return None
        of_kfs = {name: value for name, value in self.flags.items() if name not in SCORING_FLAGS}
        return Training({**of_kfs, "training": "staged", "scoring_epochs": "0"}, self.seed)

    def configuration(self, surroundings: Surroundings) -> dict[str, Any]:
        """All that the result depends on; InputError if a flag names a file that does not exist."""
        flags, kfs, info = self.resolved(surroundings), self.kfs(surroundings), self.records(surroundings)
        contents = {name: _content_hash(name, path) for name, path in _files(flags).items()}
        return {
            "flags": flags,
            "contents": contents,
            **({"kfs": kfs.folder(surroundings).name} if kfs else {}),
            "data_hash": info.data_hash,
            **info.beside_records(),
            **({"factors": factors_hash(info)} if flags.get("model.auxiliary", "false") != "false" else {}),
            "scoringnet_tf": __version__,
        }

    def folder(self, surroundings: Surroundings) -> Path:
        """Its folder: its flags in words, and a hash of its configuration."""
        text = json.dumps(self.configuration(surroundings), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        return surroundings.folder / f"{self._words()[:80]}-seed={self.seed}-{digest}"

    def _words(self) -> str:
        return "-".join(f"{name}={value.replace('/', '_')}" for name, value in sorted(self.flags.items())) or "preset"

    def is_trained(self, surroundings: Surroundings) -> bool:
        """Whether it was finished."""
        return (self.folder(surroundings) / METAFILE).is_file()

    def train(self, surroundings: Surroundings) -> None:
        """Trains if it was not finished, its shared KFS first; TrainingError if the command fails."""
        if self.is_trained(surroundings):
            return
        folder, kfs, flags = self.folder(surroundings), self.kfs(surroundings), self.resolved(surroundings)
        if kfs:
            kfs.train(surroundings)
            flags |= {"segmentation_epochs": "0", "segmenter": str(kfs.folder(surroundings))}
        timed = "the last part" if (folder / "checkpoints").is_dir() else "the whole run"
        # Tables refuse no video: what training videos are like need not be measured.
        arguments = ["--set=run.reference=false", f"--records_dir={self.records(surroundings).records_dir}"]
        self._run("train", [*_as_arguments(flags), *arguments, f"--model_dir={folder}"], surroundings, timed)

    def _run(self, command: str, arguments: Sequence[str], surroundings: Surroundings, timed: str) -> None:
        """Runs a command in the folder, and writes the metafile."""
        folder, start = self.folder(surroundings), time.monotonic()
        run_command(f"scoringnet_tf.{command}", arguments, folder / LOG)
        described = {
            "command": ["python", "-m", f"scoringnet_tf.{command}", *arguments[:-1]],
            "configuration": self.configuration(surroundings),
            "pixels": described_pixels(surroundings.records.simulation),
            "seed": self.seed,
            **self._kept(folder),
            "hardware": hardware(),
            "seconds": round(time.monotonic() - start, 1),
            "seconds_are_of": timed,
        }
        write_text(folder / METAFILE, yaml.safe_dump(described, sort_keys=False, allow_unicode=True))

    def _kept(self, folder: Path) -> dict[str, Any]:
        return {"versions": read_json(folder / "config.json")["versions"]}

    def report(self, surroundings: Surroundings, rendering: DatasetInfo, flags: Sequence[str] = ()) -> Path:
        """Folder of the report on the test split of `rendering`, by `evaluate` with these flags."""
        told = "".join(f"_{flag.lstrip('-')}" for flag in flags)
        return self.folder(surroundings) / f"test_{rendering.data_hash[:10]}{told}"

    def evaluate(self, surroundings: Surroundings, rendering: DatasetInfo, flags: Sequence[str] = ()) -> None:
        """Makes that report if it is not there; TrainingError if the command fails."""
        report = self.report(surroundings, rendering, flags)
        if not (report / "predictions.csv").is_file():
            folder = self.folder(surroundings)
            where = [f"--model={folder}", f"--records_dir={rendering.records_dir}", f"--output_dir={report}"]
            run_command("scoringnet_tf.evaluate", [*where, "--split=test", "--nosimple", *flags], folder / LOG)


@dataclasses.dataclass(frozen=True)
class Fitting(Training):
    """A fit of a `system` by `python -m scoringnet_tf.baselines`, with its flags; it predicts every rendering."""

    system: str = ""

    def configuration(self, surroundings: Surroundings) -> dict[str, Any]:
        """All that the result depends on; the C3D is that which the trainings start from, where they do."""
        trained = Training({}, self.seed).configuration(surroundings)
        pretrained = {name: trained["flags"][name] for name in ("pretrained",) if trained["flags"].get(name)}
        found = {
            **{name: value for name, value in trained.items() if name != "kfs"},
            "system": self.system,
            "flags": {**pretrained, **self.flags, "seed": str(self.seed)},
            "contents": {name: trained["contents"][name] for name in pretrained},
        }
        if (sees := load_system(self.system).sees) in BESIDE:
            found[sees] = [BESIDE[sees](info) for info in surroundings.tested]
        return found

    def kfs(self, _: Surroundings) -> None:
        """It has none."""

    def _words(self) -> str:
        return self.system

    def is_trained(self, surroundings: Surroundings) -> bool:
        """Whether it was fitted, and has predicted every rendering."""
        reports = (self.report(surroundings, rendering) for rendering in surroundings.tested)
        return super().is_trained(surroundings) and all((one / "predictions.csv").is_file() for one in reports)

    def train(self, surroundings: Surroundings) -> None:
        """Fits it and predicts the renderings if it was not finished; TrainingError if the command fails."""
        if self.is_trained(surroundings):
            return
        renderings = ",".join(str(rendering.records_dir) for rendering in surroundings.renderings)
        arguments = [
            self.system,
            *_as_arguments(self.configuration(surroundings)["flags"]),
            f"--records_dir={surroundings.records.records_dir}",
            *([f"--renderings={renderings}"] if renderings else []),
            f"--features_dir={surroundings.folder / 'features'}",  # which all share
            f"--output_dir={self.folder(surroundings)}",
        ]
        self._run("baselines", arguments, surroundings, "the fit, without features that were there")

    def _kept(self, folder: Path) -> dict[str, Any]:
        settings = read_json(folder / "settings.json")
        return {name: settings[name] for name in ("chosen", "sees", "versions")}

    def evaluate(self, surroundings: Surroundings, rendering: DatasetInfo, flags: Sequence[str] = ()) -> None:
        """Nothing: it predicts when it is fitted."""


# === Flags ===


def preset_flags(path: Path) -> list[str]:
    """The flags of a flag file and of those that it names; InputError if there is no such file."""
    try:
        return absl_flags.FlagValues().read_flags_from_files([f"--flagfile={path}"])
    except absl_flags.CantOpenFlagFileError as error:
        raise InputError("not_found", f"--flagfile={path}: {error}.") from error


def _as_arguments(flags: Mapping[str, str]) -> list[str]:
    return [f"--set={name}={value}" if "." in name else f"--{name}={value}" for name, value in flags.items()]


def _without_kfs(flags: Mapping[str, str]) -> dict[str, str]:
    """Flags of a training on whole videos (−KFS), without those of KFS and of fragments."""
    found = {name: value for name, value in flags.items() if name not in KFS_FLAGS}
    found = {name: value for name, value in found.items() if not name.startswith("model.fragments.")}
    if found.get("lr_multipliers"):
        kept = [entry for entry in found["lr_multipliers"].split(",") if entry.partition(":")[0] != "kfs"]
        found["lr_multipliers"] = ",".join(kept)
    return found


def _name_and_value(argument: str) -> tuple[str, str]:
    """("alpha", "5") of --alpha=5, ("loss.ties", "skip") of --set=loss.ties=skip; a name alone is true."""
    name, given, value = argument.lstrip("-").partition("=")
    if name == SET:
        path, _, value = value.partition("=")
        return FLAGS.get(path) or path, value
    if given:
        return name, value
    return (name[2:], "false") if name.startswith("no") else (name, "true")


def _files(flags: Mapping[str, str]) -> dict[str, str]:
    """Flag → the model that it names."""
    found = {name: flags[name] for name in FILE_FLAGS if flags.get(name)}
    path, _ = split_name(found.pop("backbone", ""))
    return {**found, "backbone": path} if path.endswith(".keras") else found  # others have no file


def _content_hash(name: str, path: Any) -> str:
    """sha256 of the model at `path`, or of all in that folder, or of one that ships."""
    if is_shipped(path):
        path = model_path(path, name)
    files = sorted(Path(path).glob("*.keras")) if Path(path).is_dir() else [Path(path)]
    if not files or not files[0].is_file():
        raise InputError("not_found", f"--{name}={path}: there is no such model.")
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def run_command(module: str, arguments: Sequence[str], log: Path) -> None:
    """Runs `python -m module`, its output appended to `log`; TrainingError, with its last lines, if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        file.write(f"$ python -m {module} {' '.join(arguments)}\n".encode())
        file.flush()
        before = file.tell()
        status = subprocess.run([sys.executable, "-m", module, *arguments], stdout=file, stderr=file).returncode
    if status:
        printed = log.read_bytes()[before:].decode(errors="replace").replace("\r", "\n").splitlines()
        last = "; ".join(line.strip() for line in printed[-SHOWN_LINES:] if line.strip())
        raise TrainingError(f"{module} exited {status}: {last or 'without a word'} ({log})")
