"""The models of the paper: C3D, KFS (`segmentation`), SP (`score_prediction`) and ScoringNet."""
