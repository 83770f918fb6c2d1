"""Fields of a typed, nested configuration: how a path and a value set one, and how all of them become JSON and back.

A path names a field through its sections, as in config.json: `optimizer.learning_rate`. A field whose value is one of
several dataclasses (a choice) is set by the name of the alternative; what lies in the others has no effect.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from scoringnet_tf.support.errors import InputError

Config = TypeVar("Config")
OWN_NAME = "="  # a flag called as its field


@dataclasses.dataclass(frozen=True)
class Field:
    """What is known of a field besides its type and default.

    Attributes:
        help: a noun phrase.
        flag: the flag that sets it, if one does.
        low, high: the smallest and the largest value, if there is one.
        choices: the values that a text may have, if they are few.
        alternatives: name → dataclass, where the value is an instance of one of them.
        by_value: whether a value for a field of an alternative chooses that alternative.
        file: whether it names a file to start from, which must not be overlooked.
        free: whether it may change in a run that goes on: it does not change what is computed.
    """

    help: str
    flag: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    alternatives: Mapping[str, type] = dataclasses.field(default_factory=dict)
    by_value: bool = False
    file: bool = False
    free: bool = False

    def name_of(self, value: Any) -> str:
        """The name of the alternative that a value is."""
        return next(name for name, kind in self.alternatives.items() if type(value) is kind)


def setting(default: Any, help: str, flag: str | bool = "", **options: Any) -> Any:
    """A field with a default and a `Field` of these options; with `alternatives`, a choice between dataclasses.

    With `flag=True` its flag has its own name.
    """
    about = {"field": Field(help, flag=OWN_NAME if flag is True else flag or "", **options)}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=about)
    return dataclasses.field(default=default, metadata=about)


def _about(field):
    """The `Field` of a dataclass's field, with the name of its flag; None for a section."""
    about = field.metadata.get("field")
    return dataclasses.replace(about, flag=field.name) if about and about.flag == OWN_NAME else about


def all_fields(cls: type, prefix: str = "") -> Iterator[tuple[str, Field, Any, Any]]:
    """(Path, `Field`, type, default) of every field of a configuration, those of all alternatives included."""
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        path, about = prefix + field.name, _about(field)
        if about is None:  # a section
            yield from all_fields(hints[field.name], f"{path}.")
            continue
        default = {} if field.default is dataclasses.MISSING else field.default
        yield path, about, hints[field.name], default
        inner = (each for kind in about.alternatives.values() for each in all_fields(kind, f"{path}."))
        yield from {each[0]: each for each in inner}.values()  # some alternatives share fields


def with_values(config: Config, values: Mapping[str, Any]) -> tuple[Config, set[str]]:
    """The configuration with other values, and the paths among them that have no effect in it.

    Args:
        config: a dataclass.
        values: path → value, a text or what the field holds.

    Raises:
        InputError: no such path, or a value that a field cannot have.
    """
    known = {path for path, *_ in all_fields(type(config))}
    for path in values:
        if path not in known:
            raise InputError("unknown_name", f"{path}: the configuration has no such field.", _similar(path, known))
    used: set[str] = set()
    return _updated(config, values, "", used), values.keys() - used


def _similar(path, known):
    names = sorted(each for each in known if each.rpartition(".")[2] == path.rpartition(".")[2])
    return f"It has {', '.join(names)}." if names else "config.json of a run shows them all."


def _updated(config, values, prefix, used):
    changes, hints = {}, typing.get_type_hints(type(config))
    for field in dataclasses.fields(config):
        path, value, about = prefix + field.name, getattr(config, field.name), _about(field)
        if about is None:
            changes[field.name] = _updated(value, values, f"{path}.", used)
        elif about.alternatives:
            changes[field.name] = _updated(_chosen(about, value, values, path, used), values, f"{path}.", used)
        elif path in values:
            used.add(path)
            changes[field.name] = converted(values[path], hints[field.name], about, path)
    return dataclasses.replace(config, **changes)


def _chosen(about, value, values, path, used):
    """The alternative that the values choose, with the fields that it shares with the one before."""
    name = about.name_of(value)
    if path in values:
        used.add(path)
        name = values[path]
    elif about.by_value:
        given = [each for each, kind in about.alternatives.items() if _is_given(values, path, kind)]
        if len(given) > 1:
            raise InputError("flags_conflict", f"--{given[0]} does not work with --{given[1]}.", "Use one of them.")
        name = given[0] if given else name
    if name not in about.alternatives:
        raise InputError("unknown_name", f"{path}={name}: it is one of {', '.join(about.alternatives)}.")
    kind = about.alternatives[name]
    if type(value) is kind:
        return value
    shared = {field.name for field in dataclasses.fields(kind)} & {field.name for field in dataclasses.fields(value)}
    return kind(**{each: getattr(value, each) for each in shared})


def _is_given(values, path, kind):
    return any(values.get(f"{path}.{field.name}") for field in dataclasses.fields(kind))


# === Values ===


def converted(value: Any, hint: Any, about: Field, path: str) -> Any:
    """A value of a field, made of a text or of what JSON holds; InputError if the field cannot have it."""
    try:
        made = _of_type(value, hint)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise InputError("wrong_value", f"{named(about, path)}={_text(value)}: not {_described(hint)}.") from error
    if about.choices and made not in about.choices:
        raise InputError("unknown_name", f"{named(about, path)}={made}: it is one of {', '.join(about.choices)}.")
    low, high = (-math.inf if about.low is None else about.low), (math.inf if about.high is None else about.high)
    for number in made.values() if isinstance(made, dict) else [made]:
        if isinstance(number, int | float) and not low <= number <= high:
            allowed = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            raise InputError("out_of_range", f"{named(about, path)}={_text(value)}: it must be {allowed}.")
    return made


def named(about: Field, path: str) -> str:
    """How a user sets a field."""
    return f"--{about.flag}" if about.flag else f"--set={path}"


def _text(value):
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value


def _described(hint):
    if hint is bool:
        return "true or false"
    if typing.get_origin(hint) is dict:
        return "PART:FACTOR, each part once"
    if typing.get_origin(hint) is tuple and Ellipsis not in typing.get_args(hint):
        return f"{len(typing.get_args(hint))} positive integers"
    return {int: "a whole number", float: "a number"}.get(hint, "a value of this field")


def _of_type(value, hint):
    origin = typing.get_origin(hint)
    if origin is types.UnionType:  # with None
        return None if value in (None, "") else _of_type(value, typing.get_args(hint)[0])
    if origin is tuple:
        return _tuple(_entries(value), typing.get_args(hint))
    if origin is dict:
        pairs = list(value.items()) if isinstance(value, Mapping) else [e.split(":") for e in _entries(value)]
        made = {name: _of_type(number, float) for name, number in pairs}
        if len(made) < len(pairs):
            raise ValueError
        return made
    if hint is bool:
        return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]
    if hint is float and not math.isfinite(float(value)):
        raise ValueError
    return hint(value)


def _entries(value):
    return [part for part in value.split(",") if part] if isinstance(value, str) else list(value)


def _tuple(entries, hints):
    if Ellipsis not in hints and len(entries) != len(hints):
        raise ValueError
    made = tuple(_of_type(each, hints[0]) for each in entries)
    if hints[0] is int and not all(each > 0 for each in made):
        raise ValueError
    return made


# === JSON ===


def to_json(config: Any) -> dict[str, Any]:
    """JSON values of a configuration, nested as it is; the `kind` of a choice is the name of its alternative."""
    made: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value, about = getattr(config, field.name), _about(field)
        if about is None or about.alternatives:
            made[field.name] = {**({"kind": about.name_of(value)} if about else {}), **to_json(value)}
        else:
            made[field.name] = list(value) if isinstance(value, tuple) else value
    return made


def flat(values: Mapping[str, Any], cls: type) -> dict[str, Any]:
    """Path → value of what `to_json` gave; the value of a choice is the name of its alternative."""
    leaves = {path for path, about, *_ in all_fields(cls) if not about.alternatives}
    made: dict[str, Any] = {}

    def walk(value, path):
        if not isinstance(value, Mapping) or path in leaves:
            made[path] = value
            return
        for name, each in value.items():
            walk(each, path if name == "kind" else f"{path}.{name}".lstrip("."))

    walk(values, "")
    return made


def from_json(cls: type[Config], values: Mapping[str, Any]) -> Config:
    """The configuration that `to_json` gave; InputError if the values are not those of one."""
    return with_values(cls(), flat(values, cls))[0]
