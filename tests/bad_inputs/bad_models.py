"""Bad models and features."""

import numpy as np
from bad_case import Case
from bad_makers import array, changed, cut, flipped, folder_at, holding, in_archive, replaced

P = "scoringnet_tf.predict --model=model.keras"
SCORING = "expected a ScoringNet saved as .keras. Received:"
MODELS = (
    Case(
        "no such model",
        "scoringnet_tf.predict --model=none.keras dive.avi",
        "predict: --model=none.keras: expected a .keras file, a folder with one, or one of diving_small, vault_small. "
        "Received: no such file.",
    ),
    Case(
        "an empty folder as model",
        "scoringnet_tf.predict --model=m dive.avi",
        "predict: --model=m: expected a folder with best.keras or model.keras or c3d.keras or last.keras. Received: "
        "none of them.",
        folder_at("m"),
    ),
    Case(
        "an empty file as model",
        "scoringnet_tf.predict --model=m.keras dive.avi",
        f"predict: --model=m.keras: {SCORING} an empty file.",
        holding("m.keras"),
    ),
    Case(
        "a model cut off",
        f"{P} dive.avi",
        f"predict: --model=model.keras: {SCORING} no such archive (truncated, or another kind of file).",
        changed("model.keras", cut),
    ),
    Case(
        "a model with a flipped byte",
        f"{P} dive.avi",
        f"predict: --model=model.keras: {SCORING} …",
        changed("model.keras", flipped),
    ),
    Case(
        "a model whose settings are a list",
        f"{P} dive.avi",
        f"predict: --model=model.keras: {SCORING} …",
        changed("model.keras", in_archive("config.json", lambda _: b"[]")),
    ),
    Case(
        "a model of a sport that there is not",
        f"{P} dive.avi",
        f"predict: --model=model.keras: {SCORING} …",
        changed("model.keras", in_archive("config.json", replaced(b'"diving"', b'"divinx"'))),
    ),
    Case(
        "a C3D in place of a ScoringNet",
        "scoringnet_tf.predict --model=c3d.keras dive.avi",
        f"predict: --model=c3d.keras: {SCORING} a C3D. Of those that ship: diving_small, vault_small.",
    ),
    Case(
        "a video as model",
        "scoringnet_tf.predict --model=dive.avi dive.avi",
        f"predict: --model=dive.avi: {SCORING} no such archive (truncated, or another kind of file).",
    ),
    Case(
        "a video to a model of features",
        "scoringnet_tf.predict --model=features.keras dive.avi",
        "predict: dive.avi: expected a file of features, one of .npy, .npz, .h5, .hdf5. Received: another kind.",
    ),
    Case(
        "features of another size",
        "scoringnet_tf.predict --model=features.keras --json w.npy",
        "predict: w.npy: expected features like those of the model. Received: size 5 instead of 6.",
        array("w.npy", np.zeros((10, 5), np.float32)),
        prints='{…"video": "w.npy", "status": "failed"…',
    ),
    Case(
        "features that are no numbers, beside sound ones",
        "scoringnet_tf.predict --model=features.keras --force w.npy v.npy",
        "predict: w.npy: expected finite numbers. Received: NaN or infinity, first in step 0.",
        array("w.npy", np.full((10, 6), np.nan)),
        prints="v.npy: 10 frames…final…",
    ),
    Case(
        "features that announce 24 TB",
        "scoringnet_tf.predict --model=features.keras w.npy",
        "predict: w.npy: expected features, an array (T, D). Received: …",
        holding(
            "w.npy",
            b"\x93NUMPY\x01\x00v\x00"
            + b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 6), }".ljust(0x75)
            + b"\n",
        ),
    ),
    Case(
        "a damaged features.json",
        "scoringnet_tf.predict --model=features.keras v.npy",
        "predict: features.json: expected a JSON object. Received: …",
        holding("features.json", b"{"),
    ),
    Case(
        "--plot_dir with a model of features",
        "scoringnet_tf.predict --model=features.keras --plot_dir=p v.npy",
        "predict: --plot_dir: expected a model that sees frames. Received: one that was trained on features.",
    ),
)
