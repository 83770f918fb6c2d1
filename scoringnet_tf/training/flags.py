"""The flags of `train` and `pretrain`: made of the fields of their configuration, which they fill.

A field without a flag is set by `--set=PATH=VALUE`, with the path that it has in config.json.
"""

import functools
import sys
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from absl import app, flags

from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.config import PretrainingConfig, TrainingConfig
from scoringnet_tf.training.fields import all_fields, flat, named, to_json, with_values

Config = TypeVar("Config")
SET = "set"


def define(cls: type, module: str) -> None:
    """Defines the flags of a configuration's fields, as those of a module."""
    for path, about, hint, default in all_fields(cls):
        if about.flag:
            _define(about, hint, default, f"{about.help} [{path.partition('.')[0]}]")
            _of_module(about.flag, module)
    flags.DEFINE_multi_string(SET, [], "Other settings, as PATH=VALUE with the paths of config.json.")
    _of_module(SET, module)


def _of_module(name, module):
    flags.FLAGS.register_key_flag_for_module(module, flags.FLAGS[name])


def _define(about, hint, default: Any, text):
    if about.alternatives or about.choices:
        names = list(about.alternatives or about.choices)
        value = about.name_of(default) if about.alternatives else default
        flags.DEFINE_enum(about.flag, value, names, text)
    elif hint is int:
        flags.DEFINE_integer(about.flag, default, text, about.low, about.high)
    elif hint is float or (float in typing.get_args(hint) and typing.get_origin(hint) is not dict):
        flags.DEFINE_float(about.flag, default, text, about.low, about.high)
    elif typing.get_origin(hint) in (tuple, dict):
        flags.DEFINE_list(about.flag, [*map(str, default)], text)
    else:
        flags.DEFINE_string(about.flag, default or None, text)


def configuration(default: Config) -> Config:
    """The configuration of the flags that were given; those that have no effect in it are named.

    Raises:
        InputError: a value that a field cannot have, or the path of a file that nothing would read.
    """
    fields = {path: about for path, about, *_ in all_fields(type(default))}
    given = {path: flags.FLAGS[about.flag] for path, about in fields.items() if about.flag}
    values = {path: flag.value for path, flag in given.items() if flag.present}
    for entry in flags.FLAGS[SET].value or ():
        path, equals, value = entry.partition("=")
        if not equals:
            raise InputError("wrong_value", f"--{SET}={entry}: not PATH=VALUE.", "For example optimizer.clip_norm=0.")
        values[path] = value
    config, unused = with_values(default, values)
    _name_unused(config, {path: values[path] for path in sorted(unused)}, fields)
    return config


def _name_unused(config, unused: Mapping[str, Any], fields):
    chosen = flat(to_json(config), type(config))
    for path, value in unused.items():
        if value in (None, "", []):
            continue
        text = ",".join(map(str, value)) if isinstance(value, list) else value
        outer = next(each for each in _above(path) if each in chosen)
        message = (
            f"{named(fields[path], path)}={text} has no effect with {named(fields[outer], outer)}={chosen[outer]}."
        )
        if fields[path].file:
            raise InputError("flag_unused", message)
        print(message)


def _above(path):
    """The paths of the choices that a path lies in, the nearest first."""
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def check_learning_rate(config: TrainingConfig | PretrainingConfig) -> None:
    """InputError if the learning rate is 0."""
    if config.optimizer.learning_rate == 0:
        raise InputError("learning_rate_zero", "--learning_rate=0: nothing would be learned.", "Use a rate above 0.")


# === Help ===


def group_help(cls: type) -> None:
    """Makes `--help` show the flags of a configuration by its sections."""
    app.define_help_flags()
    flag = flags.FLAGS["help"]
    flag.parse = functools.partial(_show_help, cls)  # type: ignore[method-assign]


def _show_help(cls, argument):
    if argument in (False, "false"):
        return
    print(sys.modules["__main__"].__doc__)
    section = ""
    for path, about, _, default in all_fields(cls):
        if not about.flag:
            continue
        if path.partition(".")[0] != section:
            section = path.partition(".")[0]
            print(f"\n{section}:")
        print(f"  --{about.flag}: {about.help} {_shown(about, default)}".rstrip())
    print(f"\n  --{SET}: Other settings, as PATH=VALUE with the paths of config.json (repeated).")
    print("  --flagfile: File of flags. --helpfull: all flags, those of TensorFlow's libraries too.")
    sys.exit(0)


def _shown(about, default):
    if about.alternatives or about.choices:
        names = [*(about.alternatives or about.choices)]
        value = about.name_of(default) if about.alternatives else default
        return f"({' | '.join(names)}; default: {value})"
    shown = ",".join(map(str, default)) if isinstance(default, tuple | dict) else default
    return "" if shown in ("", None) else f"(default: {shown})"
