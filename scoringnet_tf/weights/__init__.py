"""Readers of published C3D weights, a module per layout; `layouts` chooses, `convert` makes a `C3D`."""
