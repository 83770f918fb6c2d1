"""Published weights: from a file to arrays, then to a `C3D` or an `I3D`; backbones by name."""
