"""--rates and --freeze of `python -m scoringnet_tf.train`: the parts that they name, and whether they can be meant."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from scoringnet_tf.models.parts import parts
from scoringnet_tf.models.presets import load_scoring_net
from scoringnet_tf.models.scoring_net import ScoringNet
from scoringnet_tf.support.errors import InputError
from scoringnet_tf.training.run import Phase
from scoringnet_tf.training.supervision import is_kfs_alone


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
            hint = f" What is not to learn: --freeze={part}." if factor == 0 else ""
            expected = "PART:FACTOR, once for a part, with a factor above 0 and up to 100"
            raise InputError("todo", f"--rates: expected {expected}, e.g. c3d:0.1. Received: {entry}.{hint}")
        rates[part] = factor
    return rates


def check_parts(network: ScoringNet, rates: Mapping[str, float], settings: Mapping[str, Any]) -> None:
    """InputError where --rates or --freeze name a part that the network lacks, or both name the same one."""
    frozen, known = settings["freeze"], parts(network)
    for flag, named in (("rates", rates), ("freeze", frozen)):
        unknown = [part for part in named if part not in known]
        if unknown:
            raise InputError(
                "todo", f"--{flag}: expected parts of the model: {', '.join(known)}. Received: {', '.join(unknown)}."
            )
    both = [part for part in rates if part in frozen]
    if both:
        raise InputError(
            "todo", f"--rates: expected parts that learn. Received: {', '.join(both)}, which --freeze names."
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
            taken = f"--segmenter={start} takes it, beside --pretrained."
            alone = f" Of --initial_model={start} KFS alone has learned: {taken}"
    if random:
        raise InputError(
            "todo",
            "--freeze: expected parts with weights of --initial_model, c3d of --pretrained or kfs of --segmenter. "
            f"Received: {', '.join(random)}, which would stay random.{alone}",
        )
    for phase in planned:
        network.choose_trained(phase.name, settings["freeze"])
        if not network.trainable_variables:
            raise InputError(
                "todo",
                f"--freeze={','.join(settings['freeze'])}: expected something of the phase {phase.name} to learn. "
                "Received: all of its parts.",
            )
