"""What `test_backends.py` runs in a process of its own for each backend: forward, one step of `fit`, `evaluate`.

    KERAS_BACKEND=jax python tests/models/backend_step.py FOLDER…

Prints the figures of each FOLDER/model.keras on FOLDER/batch.npz as one line of JSON.
"""

import json
import pathlib
import sys

import keras
import numpy as np

import scoringnet_tf


def main(folder):
    """Prints what the model in a folder makes of the batch there."""
    batch = dict(np.load(folder / "batch.npz"))
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    if isinstance(model, scoringnet_tf.I3D):
        outputs, figures = {"logits": model.predict(batch["frames"], verbose=0)}, {}
    else:
        inputs = {name: batch.pop(name) for name in (model.content, "mask")}
        outputs, encoded = model.predict(inputs, verbose=0), model.backbone and model.encode(inputs)
        figures = learned(model, inputs, batch)
        if model.backbone:
            outputs |= {"encoded": encoded, "encoded after the step": model.encode(inputs)}
    outputs = {name: np.asarray(value).tolist() for name, value in outputs.items()}
    print(json.dumps({"backend": keras.backend.backend(), "outputs": outputs, "figures": figures}))


def learned(model, inputs, targets):
    """The figures of a model before, in and after one step."""
    model.compile(keras.optimizers.SGD(1e-4 if model.backbone else 1e-3))
    before = model.evaluate(inputs, targets, batch_size=3, verbose=0, return_dict=True)
    step = model.fit(inputs, targets, batch_size=3, shuffle=False, verbose=0).history
    after = model.evaluate(inputs, targets, batch_size=3, verbose=0, return_dict=True)
    return {"before": before, "step": {name: values[0] for name, values in step.items()}, "after": after}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        main(pathlib.Path(name))
