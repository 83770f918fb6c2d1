"""Seconds of an epoch of joints with film's noise: from records, and on the same batches in memory. Rows `joints`.

The network, its losses and its batches are those of recipes/diving_joints.flags.
"""

import functools
import pathlib
from collections.abc import Callable
from typing import Any

from absl import flags

from benchmarks import workload
from benchmarks.pairs import Ask

RECIPE = pathlib.Path(__file__).parents[1] / "recipes" / "diving_joints.flags"


def measurements(records_dir: str) -> Ask:
    """Seconds of a phase's epoch, `segmentation records` and so on; `memory` has read its batches before."""
    resolved = functools.cache(_resolved)

    @functools.lru_cache(maxsize=1)
    def fits(name: str) -> dict[str, Callable[[], Any]]:
        run = resolved(records_dir)
        phase = next(phase for phase in run.phases if phase.name == name)
        run.task.compile_phase(run, phase)
        records = run.task.training_batches(run, phase, 0).take(run.steps)
        kept = records.cache()
        for _ in kept:
            pass
        fit = functools.partial(run.model.fit, verbose=0, shuffle=False)
        return {source: functools.partial(fit, data) for source, data in (("records", records), ("memory", kept))}

    def measure(what: str) -> float:
        phase, source = what.split()
        return workload.seconds(fits(phase)[source])

    return measure


def _resolved(records_dir: str) -> Any:
    """The recipe's run on these records; nothing is written."""
    from scoringnet_tf.training import flags as training_flags
    from scoringnet_tf.training.config import TrainingConfig
    from scoringnet_tf.training.plan import check
    from scoringnet_tf.training.resolve import resolve

    training_flags.define(TrainingConfig)
    flags.FLAGS(["train", f"--flagfile={RECIPE}", f"--records_dir={records_dir}", f"--model_dir={records_dir}/none"])
    config = training_flags.configuration(TrainingConfig())
    return resolve(check(config, training_flags.records(config)))
