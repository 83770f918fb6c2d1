"""Options that a user gives: their error, and --sport."""

from scoringnet_tf.sports import SPORTS, Sport, SportForm, get_sport, named_sport
from scoringnet_tf.support.messages import InputError


class OptionError(InputError):
    """An option is missing, wrong or unused: `check` exits with 2, as for any wrong command line."""


def sport_option(sport: SportForm | None) -> Sport:
    """Returns the sport for `--sport`: a name, a YAML file's path, a `Sport` or its definition; or OptionError."""
    if sport is None:
        raise OptionError("missing_flag", "--sport is missing.", f"Use one of {', '.join(SPORTS)}, or a .yaml file.")
    try:
        return named_sport(sport) if isinstance(sport, str) else get_sport(sport)
    except InputError as error:
        raise OptionError(error.code, error.message, error.hint) from error
