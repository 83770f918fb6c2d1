"""Writes P3D's features of UNLV-Diving, final scores and split as `data_prep build --dataset=manifest` reads them."""

import csv
import pathlib

import numpy as np
import scipy.io

labels, vectors = pathlib.Path("UNLV_DIVING"), pathlib.Path("VECTORS")
vectors.mkdir()
final = scipy.io.loadmat(labels / "diving_overall_scores.mat")["overall_scores"].ravel()
with (vectors / "manifest.csv").open("w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["features", "split", "final", "fps"])
    for split, part in (("train", "training_idx"), ("test", "testing_idx")):
        for number in scipy.io.loadmat(labels / f"split_300_70/{part}.mat")[part].ravel().tolist():
            rows.writerow([f"{number:03d}.npy", split, f"{final[number - 1]:.2f}", 25])
for number, vector in enumerate(np.load(labels / "p3d.npz")["features"], start=1):
    np.save(vectors / f"{number:03d}.npy", vector)
