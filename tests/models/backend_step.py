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
    """The outputs of the model in a folder, and its figures before and after one step on the batch there."""
    batch = dict(np.load(folder / "batch.npz"))
    model = scoringnet_tf.ScoringNet.from_preset(folder / "model.keras")
    inputs = {name: batch.pop(name) for name in (model.content, "mask")}
    outputs = {name: np.asarray(value).tolist() for name, value in model.predict(inputs, verbose=0).items()}
    model.compile(keras.optimizers.SGD(1e-3))
    before = model.evaluate(inputs, batch, batch_size=3, verbose=0, return_dict=True)
    step = model.fit(inputs, batch, batch_size=3, shuffle=False, verbose=0).history
    after = model.evaluate(inputs, batch, batch_size=3, verbose=0, return_dict=True)
    figures = {"before": before, "step": {name: values[0] for name, values in step.items()}, "after": after}
    print(json.dumps({"backend": keras.backend.backend(), "outputs": outputs, "figures": figures}))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        main(pathlib.Path(name))
