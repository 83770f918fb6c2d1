"""Backbones: frames (B, L, H, W, 3) to features (B, L / s, h, w, C)."""
