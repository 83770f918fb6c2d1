"""What may stand beside the versions of a servable: a model of the same sport, part by part, in the same format."""

import contextlib
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from scoringnet_tf.data.features import feature_differences
from scoringnet_tf.data.preprocessing import RATE_TOLERANCE, Form, form_differences
from scoringnet_tf.inference.portable import FORMATS, PORTABLE_DESCRIPTION
from scoringnet_tf.inference.serving import DESCRIPTION_FILE
from scoringnet_tf.sports import differences, sport_of
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import AnyPath, as_path
from scoringnet_tf.support.reading import read_json


def check_successor(versions: Iterable[AnyPath], form: str, description: Mapping[str, Any]) -> None:
    """Refuses what whoever follows the versions, TF Serving too, would take for a better model of the same.

    Args:
        versions: their folders, the newest first. It is compared with the first in which an export lies, for a folder
            may be empty, or its upload not be done; where none does, anything may follow.
        form: of what is to follow, as of `--format`.
        description: `model_description` of the model that is to follow.

    Raises:
        InputError: that version is of another format or sport, takes other inputs or gives other outputs, or does not
            say so.
    """
    sport = sport_of(description["sport"], "the model")
    # A file that only this format has, and where it describes the model.
    files = {"saved_model": (DESCRIPTION_FILE, DESCRIPTION_FILE)}
    files |= {name: (known.file, PORTABLE_DESCRIPTION) for name, known in FORMATS.items()}
    exports = (
        (folder, found, folder / file_of_description)
        for folder in map(as_path, versions)
        for found, (file, file_of_description) in files.items()
        if (folder / file).is_file()
    )
    for folder, found, file_of_description in itertools.islice(exports, 1):
        definition = _sport_definition(file_of_description)
        if (found, definition["name"]) != (form, sport.name):
            expected = f"expected {found} of {definition['name']}, as the newest version there"
            raise InputError("todo", f"{folder}: {expected}. Received: {form} of {sport.name}.")
        different = differences(sport, sport_of(definition, str(file_of_description)))
        different += _other_interface(read_json(file_of_description), description)
        if different:
            expected = f"expected {sport.name} as the newest version there has it"
            raise InputError("todo", f"{folder}: {expected}. Received: {'; '.join(different)}.")


def _other_interface(kept, description):
    """What requests to the newest version would miss in the next one, or what it would not take, a phrase each."""
    different = []
    for differences_of in (_other_input, _other_rate, _other_scores, _other_stages, _lost_outputs):
        with contextlib.suppress(KeyError, TypeError):  # of a version that did not describe this
            different += differences_of(kept, description)
    return different


def _other_input(kept, new):
    """Whoever asks brings frames to their form, and has features from where they came."""
    inputs, learned, found = _input(new), kept["preprocessing"], new["preprocessing"]
    if inputs != _input(kept):
        return [f"input: {inputs} instead of {_input(kept)}"]
    if new["content"] == "features":
        return feature_differences(learned, found)
    old, size = ("×".join(map(str, one["frame_size"])) for one in (learned, found))
    different = [] if old == size else [f"stored at {size} instead of {old}"]
    forms = (Form(None, one["aspect"], one["jpeg_quality"], one["fit"]) for one in (learned, found))
    return different + form_differences(*forms)


def _input(one):
    if one["content"] == "features":
        return f"features of {one['preprocessing']['size']}"
    return f"frames of {'×'.join(map(str, one['preprocessing']['image_size']))}"


def _other_rate(kept, new):
    """A request has no clock. Rates of training are medians of measured ones."""
    old, rate = kept["frame_rate"], new["frame_rate"]
    if old == rate or (None not in (old, rate) and abs(rate - old) <= RATE_TOLERANCE * old):
        return []
    rate, old = ("unknown" if one is None else f"{one:.4g}" for one in (rate, old))
    return [f"frames a second: {rate} instead of {old}"]


def _other_scores(kept, new):
    old, scores = (", ".join(sorted(one["scores"])) for one in (kept, new))
    return [] if old == scores else [f"scores: {scores} instead of {old}"]


def _other_stages(kept, new):
    old, stages = ("none" if one["decoding"] is None else "found" for one in (kept, new))
    return [] if old == stages else [f"stages: {stages} instead of {old}"]


def _lost_outputs(kept, new):
    lost = sorted({*kept["outputs"]} - {*new["outputs"]})
    return [f"outputs: none of {', '.join(lost)}"] if lost else []


def _sport_definition(description):
    """What an exported model says of its sport; at least a name."""
    try:
        definition = read_json(description)["sport"]
        return {**definition, "name": definition["name"]}
    except (OSError, KeyError, TypeError) as error:
        raise InputError(
            "todo", f"{description}: expected what describes an exported model. Received: {error!r}."
        ) from error
