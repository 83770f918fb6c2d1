"""Settings for a `ScoringNet`'s stage head, score heads and content: checked, completed and merged."""

import inspect
import types
from collections.abc import Mapping
from typing import Any

from scoringnet_tf.support.messages import InputError, unknown_name

Settings = Mapping[str, Any]
DEFAULT: Settings = types.MappingProxyType({})
NESTED = ("segmenter", "score_predictor", "content")
SHARED = ("sport", "image_size", "width_multiplier", "preprocessing", "features", "dtype", "name", "kwargs")


def defaults_of(kind: type, **further: Any) -> dict[str, Any]:
    """A head's setting → default: its constructor's arguments that the parts do not share, and `further` ones."""
    arguments = inspect.signature(kind).parameters
    return {name: each.default for name, each in arguments.items() if name not in SHARED} | further


def completed(argument: str, given: Settings, defaults: Settings) -> dict[str, Any]:
    """Settings, with the defaults for those that are not given.

    Raises:
        InputError: `given` is no dictionary (`wrong_value`), or names something else (`unknown_name`).
    """
    if not isinstance(given, Mapping):
        raise InputError("wrong_value", f"{argument} must be a dictionary of settings, not {given!r}.")
    if unknown := [name for name in given if name not in defaults]:
        raise unknown_name(argument, unknown[0], defaults)
    return {**defaults, **given}


def merged(*options: Settings) -> dict[str, Any]:
    """A `ScoringNet`'s constructor arguments; later ones win, within settings one by one. None replaces settings."""
    result: dict[str, Any] = {}
    for each in options:
        for name, value in each.items():
            is_nested = name in NESTED and isinstance(value, Mapping) and isinstance(result.get(name), Mapping)
            result[name] = {**result[name], **value} if is_nested else value
    return result


def plain(value: Any) -> Any:
    """Settings as JSON has them: dictionaries and lists."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value
