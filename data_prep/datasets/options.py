"""Options of several datasets, from what a user gave."""

from data_prep.support.errors import OptionError
from scoringnet_tf.sports import Sport, SportForm, get_sport, named_sport
from scoringnet_tf.support.errors import InputError


def sport_option(sport: SportForm | None) -> Sport:
    """The sport that `--sport` names.

    Args:
        sport: the name of one that ships, the path of a YAML file, a `Sport` or its definition.

    Raises:
        OptionError: none of these, or a file that defines no sport.
    """
    try:
        return named_sport(sport) if sport is None or isinstance(sport, str) else get_sport(sport)
    except InputError as error:
        raise OptionError("todo", str(error)) from error
