"""The flags of `train` and `pretrain`: made of the fields of their configuration, which they fill.

A field without a flag is set by `--set=PATH=VALUE`, with the path that it has in config.json.
"""

import functools
import itertools
import sys
import typing
from typing import Any, TypeVar

from absl import app, flags

from scoringnet_tf.support.messages import InputError
from scoringnet_tf.training.fields import Field, all_fields, flat, to_json, with_values

Config = TypeVar("Config")
SET = "set"


def define(cls: type) -> None:
    """Defines the flags of a configuration's fields, and `--set`."""
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


def configuration(default: Config) -> Config:
    """The configuration of the flags that were given; those that have no effect in it are named.

    Raises:
        InputError: a value that a field cannot have, or the path of a file that nothing would read.
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


def group_help(cls: type) -> None:
    """Makes `--help` show the flags of a configuration by its sections."""
    app.define_help_flags()
    flags.FLAGS["help"].parse = functools.partial(_show_help, cls)  # type: ignore[method-assign]


def _show_help(cls: type, argument: Any) -> None:
    if argument in (False, "false"):
        return
    print(sys.modules["__main__"].__doc__)
    fields = [(path.partition(".")[0], about, default) for path, about, _, default in all_fields(cls) if about.flag]
    for section, of_section in itertools.groupby(fields, key=lambda each: each[0]):
        print(f"\n{section}:")
        for _, about, default in of_section:
            print(f"  --{about.flag}: {about.help} {_shown(about, default)}".rstrip())
    print(f"\n  --{SET}: Other settings, as PATH=VALUE with the paths of config.json (repeated).")
    print("  --flagfile: File of flags. --helpfull: all flags, those of TensorFlow's libraries too.")
    sys.exit(0)


def _shown(about: Field, default: Any) -> str:
    names = [*(about.alternatives or about.choices)]
    value = about.name_of(default) if about.alternatives else default
    value = ",".join(map(str, value)) if isinstance(value, tuple | dict) else value
    shown = [" | ".join(names)] * bool(names) + [f"default: {value}"] * (value not in ("", None))
    return f"({'; '.join(shown)})" if shown else ""
