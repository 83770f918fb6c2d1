"""Trained models that ship: each folder holds a Keras model, a SavedModel, metrics.json and a model card."""
