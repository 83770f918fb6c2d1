"""The flags that `train` and `pretrain` make from their configuration's fields, and fill it with.

A field without a flag is set by `--set=PATH=VALUE`, with the path that it has in config.json.
"""

import typing
from typing import Any, TypeVar

from absl import flags

from scoringnet_tf.data.dataset_info import DatasetInfo, load_records
from scoringnet_tf.support import cli
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import writable_path
from scoringnet_tf.training.fields import all_fields, flat, to_json, with_values

Config = TypeVar("Config")
SET = "set"


def define(cls: type) -> None:
    """Defines a flag for each field that has one, and `--set`."""
    for path, about, hint, default in all_fields(cls):
        if about.flag:
            _define(about, hint, default, f"{about.help} [{path.partition('.')[0]}]")
    flags.DEFINE_multi_string(SET, [], "Other settings, as PATH=VALUE with the paths of config.json.")


def _define(about: Any, hint: Any, default: Any, text: str) -> None:
    if about.alternatives or about.choices:
        value = about.name_of(default) if about.alternatives else default
        flags.DEFINE_enum(about.flag, value, list(about.alternatives or about.choices), text)
    elif hint is int:
        flags.DEFINE_integer(about.flag, default, text, about.low, about.high)
    elif hint in (float, float | None):
        flags.DEFINE_float(about.flag, default, text, about.low, about.high)
    elif typing.get_origin(hint) in (tuple, dict):
        flags.DEFINE_list(about.flag, [*map(str, default)], text)
    else:
        flags.DEFINE_string(about.flag, default or None, text)


def records(config: Any) -> DatasetInfo:
    """The records of a configuration; InputError if a flag is missing, they are damaged, or the run has no place."""
    cli.require(records_dir=config.data.records_dir, model_dir=config.run.model_dir)
    info = load_records(config.data.records_dir)
    writable_path(config.run.model_dir, "model_dir")
    return info


def configuration(default: Config) -> Config:
    """The configuration that the given flags make; those without effect in it are named.

    Raises:
        InputError: a value that a field cannot have, or a file's path that nothing would read.
    """
    fields = {path: about for path, about, *_ in all_fields(type(default))}
    given = {path: flags.FLAGS[about.flag] for path, about in fields.items() if about.flag}
    values: dict[str, Any] = {path: flag.value for path, flag in given.items() if flag.present}
    for entry in flags.FLAGS[SET].value or ():
        path, equals, value = entry.partition("=")
        if not equals:
            raise InputError("wrong_value", f"--{SET}={entry}: not PATH=VALUE.", "For example optimizer.clip_norm=0.")
        values[path] = value
    config, unused = with_values(default, values)
    chosen = flat(to_json(config), type(config))
    for path in sorted(path for path in unused if values[path] not in (None, "", [])):
        outer = path
        while outer not in chosen:
            outer = outer.rpartition(".")[0]
        value = ",".join(values[path]) if isinstance(values[path], list) else values[path]
        choice = f"{fields[outer].named(outer)}={chosen[outer]}"
        message = f"{fields[path].named(path)}={value} has no effect with {choice}."
        if fields[path].file:
            raise InputError("flag_unused", message)
        print(message)
    return config
