"""--rates and --freeze of `python -m scoringnet_tf.train`: the parts that they name, and whether they can be meant."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from scoringnet_tf.models.parameter_groups import parts
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.run import Phase
from scoringnet_tf.training.targets import is_kfs_alone


def part_rates(entries: Iterable[str]) -> dict[str, float]:
    """--rates as part → factor; InputError where an entry is not PART:FACTOR, or a part has two."""
    rates = {}
    for entry in entries:
        part, _, text = entry.partition(":")
        try:
            factor = float(text)
        except ValueError:
            factor = math.nan
        if not 0 < factor <= 100 or part in rates:
            hint = f"To keep a part as it is: --freeze={part}." if factor == 0 else ""
            raise InputError(
                "wrong_value",
                f"--rates: {entry!r} is not PART:FACTOR, with a factor above 0 and up to 100, once for each part.",
                hint or "For example c3d:0.1.",
            )
        rates[part] = factor
    return rates


def check_parts(network: ScoringNet, rates: Mapping[str, float], settings: Mapping[str, Any]) -> None:
    """InputError where --rates or --freeze name a part that the network lacks, or both name the same one."""
    frozen, known = settings["freeze"], parts(network)
    for flag, named in (("rates", rates), ("freeze", frozen)):
        unknown = [part for part in named if part not in known]
        if unknown:
            raise InputError(
                "unknown_name", f"--{flag}: the model has no part {', '.join(unknown)}, only {', '.join(known)}."
            )
    both = [part for part in rates if part in frozen]
    if both:
        raise InputError(
            "flags_conflict", f"--rates: --freeze names {', '.join(both)} too.", "Name each part in one of them."
        )


def check_frozen(network: ScoringNet, planned: Iterable[Phase], settings: Mapping[str, Any]) -> None:
    """InputError where a frozen part would stay random, or leaves nothing of a phase to learn."""
    start, alone = settings["initial_model"], ""
    given = {"c3d": settings["pretrained"], "kfs": settings["segmenter"]}
    random = [part for part in settings["freeze"] if not given.get(part)]
    if random and start:
        source = load_scoring_net(start, "initial_model")
        whole = is_kfs_alone(settings) or source.scores_learned
        random = [part for part in random if not (whole or part in source.learned_parts)]
        if source.learned_parts == {"kfs"}:
            alone = f" In {start} only KFS has learned: use --segmenter={start} and --pretrained."
    if random:
        raise InputError(
            "untrained_frozen",
            f"--freeze: {', '.join(random)} would stay random.",
            "--pretrained brings weights for c3d, --segmenter for kfs, --initial_model for all." + alone,
        )
    for phase in planned:
        network.choose_trained(phase.name, settings["freeze"])
        if not network.trainable_variables:
            raise InputError(
                "nothing_learned",
                f"--freeze={','.join(settings['freeze'])}: the phase {phase.name} has nothing left to learn.",
            )
