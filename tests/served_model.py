"""A SavedModel as TF Serving runs it: loaded by the C++ loader, called in a session, nothing checked on the way in."""

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2


class ServedModel:
    """Runs the signatures of the SavedModel at `path`: inputs and outputs by name, NumPy arrays."""

    def __init__(self, path):
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        with self._session.graph.as_default():
            self.meta_graph = tf.compat.v1.saved_model.loader.load(self._session, ["serve"], str(path))
        found = self.meta_graph.signature_def
        self.signatures = {name: found[name] for name in found if not name.startswith("__")}
        self._run = {name: self._callable(signature) for name, signature in self.signatures.items()}

    def _callable(self, signature):
        options = config_pb2.CallableOptions(
            feed=[signature.inputs[name].name for name in sorted(signature.inputs)],
            fetch=[signature.outputs[name].name for name in sorted(signature.outputs)],
        )
        # Session.run compares shapes with those of the signature first, and casts types; C++ does neither.
        return self._session._make_callable_from_options(options)

    def __call__(self, name, inputs):
        """The outputs of the signature `name`; what the C++ session raises, it raises."""
        signature = self.signatures[name]
        values = [np.asarray(inputs[key]) for key in sorted(signature.inputs)]
        return dict(zip(sorted(signature.outputs), self._run[name](*values), strict=True))

    def close(self):
        """Frees what the session holds."""
        self._session.close()
