"""Bad records, and bad input of what reads them: `evaluate`, `train`, `calibrate`."""

from bad_case import Case
from bad_makers import changed, cut, flipped, holding, index, swapped_ids

E = "scoringnet_tf.evaluate --model=model.keras --records_dir=records"
T = (
    "scoringnet_tf.train --records_dir=records --model_dir=run --image_size=32,32 --width_multiplier=0.0625 "
    "--clip_lengths=8,8 --batch_size=4 --epochs=1 --validation_fraction=0"
)
FIELDS = "records/dataset_info.json: expected the fields of DatasetInfo. Received:"
RECORDS = (
    Case(
        "no records", "scoringnet_tf.evaluate", "evaluate: --records_dir: expected a value. Received: none. See --help."
    ),
    Case(
        "a word too many", "scoringnet_tf.evaluate stray", "evaluate: Expected flags only. Received: stray. See --help."
    ),
    Case(
        "a folder of videos in place of records",
        "scoringnet_tf.evaluate --records_dir=dives",
        "evaluate: dives/dataset_info.json: expected the index of a folder of records. Received: no such file. Records "
        "are made with\n  python -m data_prep simulate …",
    ),
    Case(
        "an index cut off",
        E,
        "evaluate: records/dataset_info.json: expected a JSON object. Received: …",
        changed("records/dataset_info.json", cut),
    ),
    Case(
        "an index that is a list",
        E,
        "evaluate: records/dataset_info.json: expected a JSON object. Received: list",
        holding("records/dataset_info.json", b"[]"),
        needs="records",
    ),
    Case("an index whose splits are a list", E, f"evaluate: {FIELDS} splits []", index(splits=[])),
    Case("an index with NaN frames a second", E, f"evaluate: {FIELDS} frame_rate nan", index(frame_rate=float("nan"))),
    Case(
        "an index of a sport that there is not",
        E,
        "evaluate: records/dataset_info.json: Expected a sport, one of …. Received: 'curling'",
        index(sport="curling"),
    ),
    Case(
        "a shard cut off",
        E,
        "evaluate: records/test-…: expected a shard of … bytes. Received: … bytes (truncated or changed). Build the "
        "records again.",
        changed("records/test-*", cut),
    ),
    Case(
        "a shard that is not there",
        E,
        "evaluate: records/test-…: expected a shard of … bytes. Received: no such file. Build the records again.",
        changed("records/test-*", lambda _: None),
    ),
    Case(
        "a shard with a flipped byte",
        E,
        "…evaluate: damaged records (…). Find them: python -m data_prep inspect",
        changed("records/test-*", flipped),
    ),
    Case(
        "an index with two videos in each other's place",
        E,
        "…evaluate: damaged records (…records: expected 00… as the index says. Received: 00…). Find them: python -m "
        "data_prep inspect",
        changed("records/dataset_info.json", swapped_ids),
    ),
    Case(
        "an index with other frames of its stages than the records have",
        "data_prep inspect --records_dir=records",
        "…inspect: records: expected sound records. Received:\n  test: expected the frames of each stage that its "
        "records have, {'entry': …}. Received: {'entry': 1}\n  train: expected the frames of each stage that its "
        "records have, {'entry': …}. Received: {}",
        index(stage_frames={"train": {}, "test": {"entry": 1}}),
        prints="unlv_diving …",
    ),
    Case(
        "a split that the records do not have",
        f"{E} --split=dev",
        "evaluate: records: expected a split, one of test, train. Received: 'dev'",
    ),
    Case(
        "a model of another sport",
        "scoringnet_tf.evaluate --model=vault.keras --records_dir=records",
        "evaluate: records: expected records with the model's sport, vault. Received: diving.",
    ),
    Case(
        "records of classes, which have no scores",
        "scoringnet_tf.evaluate --model=model.keras --records_dir=motion_records --split=validation",
        "evaluate: motion_records: expected records of performances. Received: of classes, to pretrain on.",
    ),
    Case(
        "records of features for a model of frames",
        "scoringnet_tf.evaluate --model=model.keras --records_dir=feature_records",
        "evaluate: feature_records: expected records with the model's content, frames. Received: features.",
    ),
    Case(
        "a file where the report is to go",
        f"{E} --output_dir=dive.avi",
        "evaluate: --output_dir: dive.avi: expected a folder, or a place for one. Received: dive.avi, a file.",
    ),
    Case(
        "no videos in a step",
        f"{E} --batch_size=0",
        "FATAL Flags parsing error: flag --batch_size=0: 0 is not a positive integer…",
    ),
    Case(
        "no records to train on",
        "scoringnet_tf.train",
        "train: --records_dir: expected a value. Received: none. See --help.",
    ),
    Case(
        "one number as image size",
        "scoringnet_tf.train --records_dir=records --model_dir=run --image_size=64",
        "train: --image_size: expected two positive integers, e.g. 64,64. Received: 64",
    ),
    Case(
        "a learning rate that is no number",
        f"{T} --learning_rate=nan",
        "FATAL Flags parsing error: --learning_rate: expected a finite number. Received: nan",
    ),
    Case(
        "a pretrained network that is not there",
        f"{T} --pretrained=none.keras",
        "train: --pretrained=none.keras: expected …. Received: no such file.",
    ),
    Case(
        "a ScoringNet as pretrained C3D",
        f"{T} --pretrained=model.keras",
        "train: --pretrained=model.keras: expected a C3D saved as .keras. Received: a ScoringNet.",
    ),
    Case(
        "a part that there is not",
        f"{T} --lr_multipliers=head:2",
        "train: --lr_multipliers: the model has no part head, only …. [unknown_name]",
    ),
    Case(
        "the damaged state of an earlier run",
        T,
        "train: run/checkpoints/joint_0001/state.json: expected a JSON object. Received: …",
        holding("run/checkpoints/joint_0001/state.json", b"{"),
        leaves="run",  # its lock
    ),
    Case(
        "checkpoints that were copied without their configuration",
        T,
        "train: run/config.json: expected the configuration of the run whose checkpoints/ lie there. Received: no such "
        "file. Put it back, or choose another --model_dir.",
        holding("run/checkpoints/joint_0001/state.json", b'{"steps_done": 1, "phase": "joint", "epoch": 1}'),
        leaves="run",  # its lock
    ),
    Case(
        "no model to calibrate",
        "scoringnet_tf.calibrate --records_dir=records",
        "calibrate: --model: expected a value. …",
    ),
    Case(
        "records that set intervals, and no split of them",
        "scoringnet_tf.calibrate --records_dir=records --model=model.keras --held_out_records_dir=records",
        "calibrate: --held_out_records_dir: expected --held_out_split, which of their splits. Received: none.",
    ),
    Case(
        "a model that ships, which cannot be replaced",
        "scoringnet_tf.calibrate --records_dir=records --model=diving_small",
        "calibrate: --model=diving_small: expected a path. Received: the name of a model that ships.",
    ),
    Case(
        "records of classes to calibrate on",
        "scoringnet_tf.calibrate --records_dir=motion_records --model=model.keras",
        "calibrate: motion_records: expected records of performances. Received: of classes, to pretrain on.",
    ),
    Case(
        "records of classes to fit a system to",
        "scoringnet_tf.baselines c3d_svr --records_dir=motion_records --output_dir=out",
        "baselines: --records_dir=motion_records: expected records with scores. Received: of classes.",
    ),
    Case(
        "records without classes to pretrain on",
        "scoringnet_tf.pretrain --records_dir=records --model_dir=run",
        "pretrain: records: expected classes (--dataset=motion or ucf101). Received: unlv_diving.",
    ),
    Case(
        "records of another sport to calibrate on",
        "scoringnet_tf.calibrate --records_dir=records --model=vault.keras",
        "calibrate: records: expected records with the model's sport, vault. Received: diving.",
    ),
)
