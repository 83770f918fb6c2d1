"""`keras.models.clone_model` for a functional model with a constructor of its own.

Keras clones the layers and calls `cls(inputs, outputs, name=…)` if the constructor takes any arguments. Else it makes a
plain `Functional`, which has lost all that the class knows.
"""

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

from scoringnet_tf.support.errors import InputError

if TYPE_CHECKING:
    from keras import Model
else:
    Model = object  # Keras swaps the bases of a functional model, and would change their order


def clonable(init: Callable[..., None]) -> Callable[..., None]:
    """The constructor of a `Clonable`: it also takes the graph of a clone, and builds that model anew."""

    @functools.wraps(init)
    def made(self: Any, *arguments: Any, **options: Any) -> None:
        if len(arguments) == 2 and all(isinstance(each, dict) for each in arguments):
            config = getattr(next(iter(arguments[1].values())), "config_of_clone", None)
            if config is None:
                raise InputError(
                    "other_model", "This model cannot be cloned with a clone_function that changes layers."
                )
            arguments, options = (), config
        init(self, *arguments, **options)

    signature = inspect.signature(init)
    *named, others = signature.parameters.values()
    graph = inspect.Parameter("arguments", inspect.Parameter.VAR_POSITIONAL)  # by which Keras knows that it takes one
    made.__signature__ = signature.replace(parameters=[*named, graph, others])  # type: ignore[attr-defined]
    return made


class Clonable(Model):
    """A model whose clone has the same class, new weights, and is not compiled."""

    def _run_through_graph(self, inputs, operation_fn=None, **options):
        """Keras's; the outputs of unchanged clones of layers know the configuration of the model."""
        if operation_fn is None:
            return super()._run_through_graph(inputs, **options)
        alike = []

        def noting(operation):
            clone = operation_fn(operation)
            is_clone = type(clone) is type(operation) and clone is not operation
            alike.append(is_clone and clone.get_config() == operation.get_config())
            return clone

        outputs = super()._run_through_graph(inputs, noting, **options)
        if all(alike):
            for output in keras.tree.flatten(outputs):
                output.config_of_clone = self.get_config()
        return outputs

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Does nothing: Keras's configuration does not hold what a phase trains."""
