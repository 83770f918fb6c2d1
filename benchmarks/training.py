"""Seconds of a training step and of inference, memory of a step: rows `training` and `backbone` of the table."""

import functools
from typing import Any

from benchmarks import rows, workload
from benchmarks.pairs import Ask


def measurements(
    width_multiplier: float,
    image_size: int,
    num_frames: int,
    batch_size: int,
    precision: str = "float32",
    backbone: str = rows.SEPARATE,
    steps: int = 3,
) -> Ask:
    """Seconds for a step of a phase or for inference of a video, MiB of a joint step."""
    from scoringnet_tf.training.strategy import configure

    held, size = workload.peak_mib(), (image_size, image_size)
    policy = configure(precision, deterministic=False)
    import scoringnet_tf
    from scoringnet_tf.inference.evaluation import prediction_function

    network = scoringnet_tf.ScoringNet(
        image_size=size,
        width_multiplier=width_multiplier,
        score_predictor={"score_statistics": {"difficulty": (0.0, 1.0), "execution": (0.0, 1.0)}},
        backbone=_backbone(backbone, (None, *size, 3), width_multiplier, policy),
        dtype=policy,
    )
    inputs, targets = workload.random_batch(batch_size, num_frames, size)
    outputs_of = prediction_function(network)
    trained = functools.lru_cache(maxsize=1)(
        lambda phase: workload.training_steps(network, batch_size, num_frames, phase)
    )

    def measure(what: str) -> float:
        if what == rows.INFERENCE:
            return workload.seconds(lambda: outputs_of(inputs, targets["stages"]), steps) / batch_size
        if what == rows.MEMORY:
            workload.forget_peak()
            trained("joint")(steps)
            return workload.peak_mib() - held
        return trained(what)(steps) / steps

    return measure


def _backbone(backbone: str, shape: tuple[int | None, ...], width_multiplier: float, policy: str) -> Any:
    """The network that all parts share; None if each has a C3D."""
    from scoringnet_tf import C3D, I3D, Backbone
    from scoringnet_tf.weights.backbones import I3D_ENDPOINTS

    name, _, frozen = backbone.partition(" ")
    given = {"width_multiplier": width_multiplier, "masked": True, "dtype": policy}
    if name == "C3D":
        return Backbone(C3D(shape, temporal_pooling=False, **given))
    return Backbone(I3D(shape, final_endpoint=I3D_ENDPOINTS, **given), trainable=not frozen) if name == "I3D" else None
