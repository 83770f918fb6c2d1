"""What a user of scikit-learn would write in place of `cross_validate --nonetwork`, for a manifest of vectors.

Prints each regression's rank correlation and mean error, means over five folds; the fits are those that ours makes.
"""

import csv
import pathlib
import sys
import warnings

import numpy as np
from scipy.stats import spearmanr
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from benchmarks import data, workload

FOLDS = KFold(5, shuffle=True, random_state=0)


def regressions(size):
    """Name → regression of vectors with so many numbers."""
    scale, scaled_svr = np.sqrt(size), TransformedTargetRegressor(SVR(), transformer=StandardScaler())
    kernel = ConstantKernel() * Matern(scale, (scale / 30, scale * 100), nu=1.5) + WhiteKernel()
    grid = {"transformedtargetregressor__regressor__C": (0.3, 1.0, 3.0, 10.0)}
    svr = GridSearchCV(make_pipeline(StandardScaler(), scaled_svr), grid, scoring="neg_mean_absolute_error", cv=FOLDS)
    return {
        "Mean score": DummyRegressor(),
        "Ridge": make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 5, 15))),
        "SVR": svr,
        "Gaussian process": make_pipeline(StandardScaler(), GaussianProcessRegressor(kernel, normalize_y=True)),
        "Extra trees": ExtraTreesRegressor(300, random_state=0),
        "First principal component": make_pipeline(PCA(1, random_state=0), LinearRegression()),
    }


def compare(folder):
    """Name → (rank correlation, error) of the vectors that a folder's manifest.csv names."""
    with pathlib.Path(folder, "manifest.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["features"])
    vectors = (
        np.stack([np.load(pathlib.Path(folder, row["features"])) for row in rows]).astype(np.float32).astype(float)
    )
    finals, figures = np.array([float(row["final"]) for row in rows]), {}
    for name, regression in regressions(vectors.shape[1]).items():
        of_folds = []
        for trained, tested in FOLDS.split(vectors):
            regression.fit(vectors[trained], finals[trained])
            truth, predicted = finals[tested], regression.predict(vectors[tested])
            order = spearmanr(truth, predicted).statistic if np.ptp(predicted) else np.nan
            of_folds.append((order, np.abs(truth - predicted).mean()))
        figures[name] = tuple(np.mean(of_folds, axis=0).tolist())
    return figures


def script(folder):
    """Seconds of this script on the vectors of `cross_validate`'s row."""
    source = data.vectors(pathlib.Path(folder), *data.VECTORS) / "source"
    return lambda: workload.seconds_of_command(sys.executable, "-m", __name__, source)


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name, (order, error) in compare(sys.argv[1]).items():
        print(f"{name:<26} {order:.3f} {error:.3f}")
