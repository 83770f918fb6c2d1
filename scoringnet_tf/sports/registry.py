"""The sports that ship, and how others are named: at the command line, and in records and models."""

import pathlib
from collections.abc import Mapping
from typing import Any, TypeAlias

from scoringnet_tf.sports.definition import definition_of, read_sport, sport_of, sport_yaml
from scoringnet_tf.sports.sport import Sport
from scoringnet_tf.sports.values import SUFFIXES
from scoringnet_tf.support.files import write_text
from scoringnet_tf.support.messages import InputError
from scoringnet_tf.support.paths import AnyPath

SportForm: TypeAlias = Sport | str | Mapping[str, Any]  # a sport, its name if it ships, or its definition
SPORTS = {file.stem: read_sport(file) for file in sorted(pathlib.Path(__file__).with_name("shipped").glob("*.yaml"))}


def get_sport(sport: SportForm) -> Sport:
    """The `Sport` for a name, a definition or itself; InputError for an unknown name, or a wrong key."""
    if isinstance(sport, Sport):
        return sport
    if isinstance(sport, Mapping):
        return sport_of(sport, "sport")
    if sport not in SPORTS:
        raise InputError("unknown_name", f"No sport {sport!r} ships.", f"Those that do: {', '.join(SPORTS)}.")
    return SPORTS[sport]


def named_sport(text: str | None) -> Sport:
    """The sport for `--sport`: a name that ships, or a user's YAML file; InputError if it is neither."""
    if text in SPORTS:
        return SPORTS[text]
    if text is None or not text.endswith(SUFFIXES):
        hint = f"Use one of {', '.join(SPORTS)}, or a file {' or '.join(SUFFIXES)} that defines one."
        raise InputError("unknown_name", f"--sport={text} is not a sport.", hint)
    return read_sport(text)


def option_form(sport: Sport, path: AnyPath) -> str:
    """A sport's value for `--sport`: its name if it ships; else `path`, written there."""
    if SPORTS.get(sport.name) == sport:
        return sport.name
    write_text(path, sport_yaml(sport))
    return str(path)


def kept_form(sport: Sport) -> str | dict[str, Any]:
    """What records and models keep: a sport's name if it ships, else its definition. `get_sport` takes it back.

    A sport that ships keeps its stages, fragments and rule from version to version. Its ranges may grow, which should
    part no model from its records.
    """
    return sport.name if SPORTS.get(sport.name) == sport else definition_of(sport)
