"""Readers of published C3D weights, a module per layout; `convert` chooses one and makes a `C3D`."""
