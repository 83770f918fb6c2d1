"""What may stand beside the versions of a servable: a model of the same sport, part by part, in the same format."""

from scoringnet_tf.inference.portable import FORMATS, PORTABLE_DESCRIPTION
from scoringnet_tf.inference.serving import DESCRIPTION_FILE
from scoringnet_tf.sports import Sport, differences, sport_of
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.support.paths import AnyPath, as_path
from scoringnet_tf.support.reading import read_json


def check_successor(newest: AnyPath, form: str, sport: Sport) -> None:
    """Refuses what whoever follows the versions, TF Serving too, would take for a better model of the same.

    Args:
        newest: folder of the newest version; where no export lies in it, anything may follow.
        form: of what is to follow, as of `--format`.
        sport: of the model that is to follow.

    Raises:
        InputError: the newest version is of another format or sport, or does not say of which.
    """
    folder = as_path(newest)
    # A file that only this format has, and where it describes the model.
    files = {"saved_model": (DESCRIPTION_FILE, DESCRIPTION_FILE)}
    files |= {name: (known.file, PORTABLE_DESCRIPTION) for name, known in FORMATS.items()}
    for found, (file, description) in files.items():
        if (folder / file).is_file():
            definition = _sport_definition(folder / description)
            if (found, definition["name"]) != (form, sport.name):
                expected = f"expected {found} of {definition['name']}, as the newest version there"
                raise InputError(f"{folder}: {expected}. Received: {form} of {sport.name}.")
            different = differences(sport, sport_of(definition, str(folder / description)))
            if different:
                expected = f"expected {sport.name} as the newest version there has it"
                raise InputError(f"{folder}: {expected}. Received: {'; '.join(different)}.")


def _sport_definition(description):
    """What an exported model says of its sport; at least a name."""
    try:
        definition = read_json(description)["sport"]
        return {**definition, "name": definition["name"]}
    except (OSError, KeyError, TypeError) as error:
        raise InputError(f"{description}: expected what describes an exported model. Received: {error!r}.") from error
