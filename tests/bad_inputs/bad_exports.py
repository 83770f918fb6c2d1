"""Bad input of the other commands of `scoringnet_tf`."""

from bad_case import Case
from bad_makers import folder_at, holding

OTHERS = (
    Case(
        "no folder to export to",
        "scoringnet_tf.export",
        "export: --export_dir: expected a value. Received: none. See --help.",
    ),
    Case(
        "a file where an export is to go",
        "scoringnet_tf.export --export_dir=dive.avi",
        "export: --export_dir: dive.avi: expected a folder, or a place for one. Received: dive.avi, a file.",
    ),
    Case(
        "a version that is there",
        "scoringnet_tf.export --export_dir=e --version=2",
        "export: e/2: expected a version that does not exist yet. Received: --version=2.",
        folder_at("e/2"),
    ),
    Case(
        "another sport's model as the next version",
        "scoringnet_tf.export --export_dir=e --model=vault.keras",
        "export: e/2: expected saved_model of diving, as the newest version there. Received: saved_model of vault.",
        holding("e/2/assets.extra/model.json", b'{"sport": {"name": "diving"}}'),
    ),
    Case(
        "a format that there is not",
        "scoringnet_tf.export --export_dir=e --format=pdf",
        "FATAL Flags parsing error: flag --format=pdf: value should be one of <saved_model|litert|onnx>…",
    ),
    Case(
        "no weights", "scoringnet_tf.import_weights --output=c.keras", "import_weights: Expected one file of weights. …"
    ),
    Case(
        "text as weights",
        "scoringnet_tf.import_weights --output=c.keras w.txt",
        "import_weights: w.txt: expected C3D's weights in a layout that is known (see --help); …. Received: …",
        holding("w.txt", b"no weights\n"),
    ),
    Case(
        "weights of another name",
        "scoringnet_tf.import_weights --output=c.h5 w.txt",
        "import_weights: --output: expected a name that ends in .keras. Received: c.h5.",
        holding("w.txt", b"no weights\n"),
    ),
    Case(
        "nothing to extract from",
        "scoringnet_tf.extract --model=c3d.keras --endpoint=conv5b --output_dir=f",
        "extract: Expected video files or --records_dir. Received: …. See --help.",
    ),
    Case(
        "files for a C3D that knows no rate",
        "scoringnet_tf.extract --model=motion_small --endpoint=conv5b --frame_size=73,98 --output_dir=f dive.avi",
        "extract: --frame_rate: expected frames per second, as this C3D does not say it. Received: none.",
    ),
    Case(
        "an endpoint that there is not",
        "scoringnet_tf.extract --model=c3d.keras --endpoint=conv9 --output_dir=f dive.avi",
        "FATAL Flags parsing error: flag --endpoint=conv9: value should be one of <…>…",
    ),
    Case("no page", "scoringnet_tf.report dive.avi", "report: --output: expected a value. Received: none. See --help."),
    Case(
        "a page of nothing",
        "scoringnet_tf.report --output=page.html",
        "report: Expected one or more video files. Received: none. See --help.",
    ),
    Case(
        "a page that is none",
        "scoringnet_tf.report --output=page.pdf dive.avi",
        "report: --output: expected a name that ends in .html. Received: page.pdf.",
    ),
    Case(
        "judges without a name",
        "scoringnet_tf.report --output=page.html --judges= dive.avi",
        "report: --judges: expected a value. Received: an empty one.",
    ),
    Case(
        "judges that are not there",
        "scoringnet_tf.report --output=page.html --judges=no.csv dive.avi",
        "report: --judges=no.csv: expected a CSV file. Received: …",
    ),
    Case(
        "two columns of one name",
        "scoringnet_tf.report --output=page.html --judges=judges.csv dive.avi",
        "report: judges.csv: expected the columns video and any of difficulty, execution, final, start and name, each "
        "once. Received: video, final, final.",
        holding("judges.csv", b"video,final,final\ndive.avi,70,71\n"),
    ),
    Case(
        "a report to before its start",
        "scoringnet_tf.report --output=page.html --start=3 --end=2 dive.avi",
        "report: --end: expected more than --start=3. Received: 2.",
    ),
    Case(
        "a judge's score that is no number",
        "scoringnet_tf.report --output=page.html --judges=judges.csv dive.avi",
        "report: judges.csv:2: expected a number as final. Received: 'nan'.",
        holding("judges.csv", b"video,final\ndive.avi,nan\n"),
    ),
    Case(
        "judges of another scale",
        "scoringnet_tf.report --output=page.html --judges=judges.csv dive.avi",
        "report: judges.csv:2: expected final of diving from 0 to 144. Received: 7200.",
        holding("judges.csv", b"video,final\ndive.avi,7200\n"),
    ),
    Case(
        "a system that there is not",
        "scoringnet_tf.baselines svm",
        "baselines: Expected a system, one of …. Received: svm",
    ),
    Case(
        "nowhere to write to",
        "scoringnet_tf.baselines core --records_dir=records",
        "baselines: --output_dir: expected a value. Received: none. See --help.",
    ),
    Case(
        "a table that there is not",
        "scoringnet_tf.experiments run table99",
        "experiments: Expected tables, of … or all. Received: table99",
    ),
    Case(
        "tables in a store",
        "scoringnet_tf.experiments run table3 --records_dir=records --results_dir=s3://bucket/tables",
        "experiments: --results_dir=s3://bucket/tables: expected a local path. Received: an address.",
    ),
    Case(
        "a preset that is not there",
        "scoringnet_tf.experiments run table3 --records_dir=records --preset=no.flags",
        "experiments: --preset=no.flags: expected small or paper, in a checkout of the project, or a flag file. "
        "Received: no.flags, no such file.",
    ),
)
