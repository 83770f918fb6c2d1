"""Simulated videos in the official layouts: what is filmed (scene, diving, vault), what it scores, what is written."""
