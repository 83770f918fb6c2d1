"""What a result tells of a performance that people corrected."""

import dataclasses

from scoringnet_tf.data.corrections import END, START, Correction
from scoringnet_tf.inference.result import Performance
from scoringnet_tf.inference.times import Element
from scoringnet_tf.inference.words import remark

DIVE = "dive"  # the element that people type


def as_corrected(performance: Performance, correction: Correction) -> Performance:
    """The performance with the names and notes that people gave, and what the model had in their place."""
    frames = {
        (name if name == END else f"{START}{name}"): {"model": correction.model[name], "corrected": frame}
        for name, frame in correction.frames.items()
    }
    texts = {name: {"model": model, "corrected": text} for name, (model, text) in correction.texts.items()}
    changed = [name for name, one in (frames | texts).items() if one["model"] != one["corrected"]]
    elements, dive = dict(performance.elements), texts.get(DIVE, {}).get("corrected")
    told = elements[DIVE].value if DIVE in elements else ""
    if dive is not None and dive != told:
        elements.pop(DIVE, None)
        elements |= {DIVE: Element(dive)} if dive else {}
    warnings = [*performance.warnings, remark("corrected", what=", ".join(changed) or "nothing", date=correction.date)]
    return dataclasses.replace(performance, corrections=frames | texts, elements=elements, warnings=warnings)
