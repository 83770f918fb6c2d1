"""Fields in a typed, nested configuration: set by a path and a value, turned into JSON and back.

A path names a field through its sections, as in config.json: `optimizer.learning_rate`. A field that is
one dataclass among several (a choice) is set by the alternative's name; what lies in the others has no effect.
"""

import dataclasses
import math
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from scoringnet_tf.support.messages import InputError

Config = TypeVar("Config")


@dataclasses.dataclass(frozen=True)
class Field:
    """What a field has besides its type and default.

    A choice without a flag is made by a value for a field in one alternative.
    """

    help: str  # a noun phrase
    flag: Any = ""  # that sets it, if one does; True for one with the field's name
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()  # the values that a text may have, if they are few
    alternatives: Mapping[str, type] = dataclasses.field(default_factory=dict)  # name → dataclass, of a choice
    file: bool = False  # whether it names a file to start from, which must not be overlooked
    free: bool = False  # whether it may change in a run that goes on: it does not change what is computed

    def name_of(self, value: Any) -> str:
        """The alternative's name that a value is."""
        return next(name for name, kind in self.alternatives.items() if type(value) is kind)

    def named(self, path: str) -> str:
        """How a user sets the field at this path."""
        return f"--{self.flag}" if self.flag else f"--set={path}"


def setting(default: Any, help: str, flag: str | bool = "", **options: Any) -> Any:  # pragma: no mutate block
    """A field with a default and a `Field`; with `alternatives`, a choice between dataclasses."""
    of_default = {"default_factory": dict} if isinstance(default, dict) else {"default": default}
    return dataclasses.field(**of_default, metadata={"field": Field(help, flag, **options)})


def _about(field: dataclasses.Field) -> Field | None:
    """The `Field` behind a dataclass's field, with its flag's name; None for a section."""
    about = field.metadata.get("field")
    return dataclasses.replace(about, flag=field.name) if about and about.flag is True else about


def all_fields(cls: type, prefix: str = "") -> Iterator[tuple[str, Field, Any, Any]]:
    """(Path, `Field`, type, default) for every field in a configuration, all alternatives included."""
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        path, about = prefix + field.name, _about(field)
        if about is None:
            yield from all_fields(hints[field.name], f"{path}.")
            continue
        yield path, about, hints[field.name], {} if field.default is dataclasses.MISSING else field.default
        inner = (each for kind in about.alternatives.values() for each in all_fields(kind, f"{path}."))
        yield from {each[0]: each for each in inner}.values()  # some alternatives share fields


def with_values(config: Config, values: Mapping[str, Any]) -> tuple[Config, set[str]]:
    """The configuration with other values (path → a text, or what the field holds), and the paths without effect in it.

    Raises:
        InputError: no such path, or a value that a field cannot have.
    """
    paths = [path for path, *_ in all_fields(type(config))]
    for path in values.keys() - paths:
        same = [each for each in paths if each.rpartition(".")[2] == path.rpartition(".")[2]]
        hint = f"It has {', '.join(same)}." if same else "config.json of a run shows them all."
        raise InputError("unknown_name", f"{path}: the configuration has no such field.", hint)
    used: set[str] = set()
    return _updated(config, values, "", used), values.keys() - used


def _updated(config: Any, values: Mapping[str, Any], prefix: str, used: set[str]) -> Any:
    changes, hints = {}, typing.get_type_hints(type(config))
    for field in dataclasses.fields(config):
        path, value, about = prefix + field.name, getattr(config, field.name), _about(field)
        if path in values:
            used.add(path)
        if about is None or about.alternatives:
            inner = _chosen(about, value, values, path) if about else value
            changes[field.name] = _updated(inner, values, f"{path}.", used)
        elif path in values:
            changes[field.name] = _converted(values[path], hints[field.name], about, path)
    return dataclasses.replace(config, **changes)


def _chosen(about: Field, value: Any, values: Mapping[str, Any], path: str) -> Any:
    """The alternative that the values choose, with the fields that it shares with the one before."""
    name = values.get(path, about.name_of(value))
    if path not in values and not about.flag:
        asked = [each for each, kind in about.alternatives.items() if _is_asked(values, path, kind)]
        if len(asked) > 1:
            raise InputError("flags_conflict", f"--{asked[0]} does not work with --{asked[1]}.", "Use one of them.")
        name = asked[0] if asked else name
    if name not in about.alternatives:
        raise InputError("unknown_name", f"{path}={name}: it is one of {', '.join(about.alternatives)}.")
    kind = about.alternatives[name]
    if type(value) is kind:
        return value
    shared = {field.name for field in dataclasses.fields(kind)} & {field.name for field in dataclasses.fields(value)}
    return kind(**{each: getattr(value, each) for each in shared})


def _is_asked(values: Mapping[str, Any], path: str, kind: type) -> bool:
    return any(values.get(f"{path}.{field.name}") for field in dataclasses.fields(kind))


# === Values ===


def _converted(value: Any, hint: Any, about: Field, path: str) -> Any:
    """A field's value from a text or from JSON; InputError if the field cannot have it."""
    named = f"{about.named(path)}={','.join(map(str, value)) if isinstance(value, list | tuple) else value}"
    parse, form = FORMS[hint]
    try:
        made = parse(value)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise InputError("wrong_value", f"{named}: not {form}.") from error
    if about.choices and made not in about.choices:
        raise InputError("unknown_name", f"{named}: it is one of {', '.join(about.choices)}.")
    low, high = (-math.inf if about.low is None else about.low), (math.inf if about.high is None else about.high)
    for number in made.values() if isinstance(made, dict) else [made]:
        if isinstance(number, int | float) and not low <= number <= high:
            allowed = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
            raise InputError("out_of_range", f"{named}: it must be {allowed}.")
    return made


def _bool(value: Any) -> bool:
    return {"true": True, "false": False}[str(value).lower()]


def _float(value: Any) -> float:
    if not math.isfinite(made := float(value)):
        raise ValueError
    return made


def _names(value: Any) -> tuple[str, ...]:
    return tuple(part for part in value.split(",") if part) if isinstance(value, str) else tuple(value)


def _pair(value: Any) -> tuple[int, int]:
    first, second = map(int, _names(value))
    if min(first, second) < 1:
        raise ValueError
    return first, second


def _factors(value: Any) -> dict[str, float]:
    pairs = [*value.items()] if isinstance(value, Mapping) else [each.split(":") for each in _names(value)]
    made = {name: _float(number) for name, number in pairs}
    if len(made) < len(pairs):
        raise ValueError
    return made


FORMS: dict[Any, tuple[Callable[[Any], Any], str]] = {  # a field's type → how it is read, and what its values are
    bool: (_bool, "true or false"),
    int: (int, "a whole number"),
    float: (_float, "a number"),
    float | None: (lambda value: None if value in (None, "") else _float(value), "a number"),
    str: (str, "a text"),
    str | None: (lambda value: value or None, "a text"),
    tuple[str, ...]: (_names, "names"),
    tuple[int, int]: (_pair, "2 positive integers"),
    dict[str, float]: (_factors, "PART:FACTOR, each part once"),
}


# === JSON ===


def to_json(config: Any) -> dict[str, Any]:
    """A configuration as JSON values, nested as it is; a choice has its alternative's name as `kind`."""
    made: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value, about = getattr(config, field.name), _about(field)
        if about is None or about.alternatives:
            made[field.name] = ({"kind": about.name_of(value)} if about else {}) | to_json(value)
        else:
            made[field.name] = list(value) if isinstance(value, tuple) else value
    return made


def flat(values: Mapping[str, Any], cls: type) -> dict[str, Any]:
    """Path → value in what `to_json` gave; a choice has its alternative's name as value."""
    leaves = {path for path, about, *_ in all_fields(cls) if not about.alternatives}
    made: dict[str, Any] = {}

    def walk(value: Any, path: str) -> None:
        if not isinstance(value, Mapping) or path in leaves:
            made[path] = value
            return
        for name, each in value.items():
            walk(each, path if name == "kind" else f"{path}.{name}".lstrip("."))

    walk(values, "")
    return made
