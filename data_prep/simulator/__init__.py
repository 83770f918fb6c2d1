"""Simulates videos in the official layouts: plans, films (scene, diving, vault), scores and writes them."""
