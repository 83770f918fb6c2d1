"""The paper's models: C3D, KFS (`segmentation`), SP (`score_prediction`) and ScoringNet."""

# Before any model module begins: importing Keras registers all of them, and none may be half-initialised by then.
import keras  # noqa: F401
