"""Bad input of `data_prep`."""

from bad_case import Case
from bad_makers import all_of, changed, flipped, folder_at, holding, rows

B = "data_prep build --dataset=manifest --sport=diving --workers=1 --source_dir=own --output_dir=new"
C = "data_prep check --dataset=manifest --sport=diving --workers=1 --source_dir=own"
S = "data_prep split --dataset=manifest --sport=diving --source_dir=own --output=f.csv"
ONE = "a.avi,train,3.0,20,60"
STAGES = "video_id,stage,start_frame,end_frame"


def problems_of(*problems):
    """What `build` says of rows."""
    lines = "".join(f"\n  manifest.csv, {problem}" for problem in problems)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return f"…build: own: expected consistent videos and labels. Received: {count}{lines}\nNothing was …"


DATA = (
    Case("no command", "data_prep", "…Expected a command: …. Received: no command", status=2),
    Case("a command that there is not", "data_prep biuld", "…Expected a command: …. Received: 'biuld'", status=2),
    Case(
        "flags left out",
        "data_prep build",
        "FATAL Flags parsing error:\n  flag --dataset=None: Flag --dataset must have a value other than None.…",
    ),
    Case(
        "a dataset that there is not",
        "data_prep check --dataset=diving --source_dir=own",
        "FATAL Flags parsing error: flag --dataset=diving: value should be one of <…>…",
        status=2,
    ),
    Case(
        "a source in an object store",
        "data_prep check --dataset=unlv_diving --source_dir=s3://bucket/dives",
        "check: --source_dir: expected a folder on this machine. Received: an address, s3:/bucket/dives.",
        status=2,
    ),
    Case(
        "a source that is not there",
        "data_prep check --dataset=unlv_diving --source_dir=none",
        "check: none: expected the folder of the dataset unlv_diving. Received: no such folder.",
        status=2,
    ),
    Case(
        "another dataset than is said",
        "data_prep check --dataset=mtl_aqa --source_dir=dives",
        status=1,
        prints="dives: expected the folder of the broadcasts' frames, …. Received: no such one.\n"
        "dives (mtl_aqa): not readable, problems: 1.",
    ),
    Case(
        "a sport that there is not",
        "data_prep build --dataset=manifest --sport=curling --source_dir=own --output_dir=new",
        "build: --sport: expected a sport, one of …, or a file .yaml or .yml that defines one. Received: curling",
    ),
    Case(
        "a damaged file of a sport",
        "data_prep build --dataset=manifest --sport=mine.yaml --source_dir=own --output_dir=new",
        "build: mine.yaml…: expected plain YAML. Received: ….",
        holding("mine.yaml", b"name: [mine\n"),
    ),
    Case(
        "an option of another dataset",
        "data_prep build --dataset=unlv_diving --sport=diving --source_dir=dives --output_dir=new",
        "build: Expected no --sport with --dataset=unlv_diving. Received: one.",
    ),
    Case(
        "no table",
        B,
        "build: own/manifest.csv: expected a table, CSV text with a header. Received: no such file.",
        changed("own/manifest.csv", lambda _: None),
    ),
    Case(
        "an empty table",
        B,
        "build: own/manifest.csv: expected a header. Received: an empty file.",
        holding("own/manifest.csv"),
        needs="own",
    ),
    Case(
        "a spreadsheet as table",
        B,
        "build: own/manifest.csv: expected CSV text. Received: a spreadsheet's own format; save it as CSV (UTF-8).",
        holding("own/manifest.csv", b"PK\x03\x04" + bytes(50)),
        needs="own",
    ),
    Case(
        "a table in another encoding",
        B,
        "build: own/manifest.csv: expected text in UTF-8; --encoding=cp1252 reads what Western European Windows "
        "writes. Received: …",
        holding("own/manifest.csv", b"video,split\nk\xfcr.avi,train\n"),
        needs="own",
    ),
    Case("a table without rows", B, "build: own/manifest.csv: expected a row for every video. Received: none.", rows()),
    Case(
        "a column twice",
        B,
        "build: own/manifest.csv: expected every column once. Received: final more than once",
        rows("a.avi,train,60,61", header="video,split,final,final"),
    ),
    Case(
        "a row with a field too many",
        B,
        "build: own/manifest.csv: expected 5 fields in every row, with … as the delimiter. Received: 6 in row 2",
        rows(f"{ONE},9"),
    ),
    Case(
        "a score that is no number",
        B,
        problems_of("row 2: expected final of diving from 0 to 144. Received: nan"),
        rows("a.avi,train,3.0,20,nan"),
    ),
    Case(
        "scores in each other's columns",
        B,
        problems_of("row 2: expected difficulty of diving from 1.2 to 4.8. Received: 20"),
        rows("a.avi,train,20,3.0,60"),
    ),
    Case(
        "a final score that the others do not give",
        B,
        problems_of("row 2: expected a final score of 60.00 (product rule). Received: 70.00"),
        rows("a.avi,train,3.0,20,70"),
    ),
    Case(
        "a video that is not there",
        B,
        problems_of("row 2: own/none.avi: expected a video file or a folder of images. Received: no such file."),
        rows("none.avi,train,3.0,20,60"),
    ),
    Case(
        "a video outside its folder",
        B,
        problems_of("row 2: expected a video inside own. Received: own/../dive.avi"),
        rows("../dive.avi,train,3.0,20,60"),
        needs="own dive.avi",
    ),
    Case(
        "a video twice",
        B,
        problems_of(
            *(f"row {row}: expected id a.avi once, in one split. Received: 2 times in train" for row in (2, 3))
        ),
        rows(ONE, ONE),
    ),
    Case(
        "a split that there is not",
        B,
        problems_of("row 2: expected a split, one of train, validation, test. Received: 'dev'"),
        rows("a.avi,dev,3.0,20,60"),
    ),
    Case(
        "stages that go back in time",
        B,
        problems_of("row 2: expected 0 ≤ pre-starting ≤ take-flight ≤ entry ≤ end. Received: 0,9,5,20"),
        rows(f"{ONE},0,9,5,20", header="video,split,difficulty,execution,final,pre-starting,take-flight,entry,end"),
    ),
    Case(
        "stages beyond the end of the video",
        B,
        problems_of("row 2: expected stages within the video's 24 frames. Received: entry [9, 99)"),
        rows(f"{ONE},0,5,9,99", header="video,split,difficulty,execution,final,pre-starting,take-flight,entry,end"),
        leaves=".new.building",
    ),
    Case(
        "a damaged simulation.json",
        B,
        "build: own/simulation.json: expected a JSON object. Received: list",
        holding("own/simulation.json", b"[1]"),
        needs="own",
    ),
    Case(
        "true joints of a simulation without what it says of itself",
        B,
        "build: own/joints/joints.json: expected simulation.json of videos with true joints of the simulator. "
        "Received: none; copy it from the folder of the simulation to that of the videos.",
        holding("own/joints/joints.json", b'{"source": "true joints of the simulator", "names": ["head"]}'),
        needs="own",
    ),
    Case(
        "videos that count from 0",
        "data_prep build --dataset=unlv_diving --source_dir=dives --output_dir=new",
        "build: dives/diving_samples_len_ori: expected videos numbered from 1, as the labels count. Received: 000.avi.",
        holding("dives/diving_samples_len_ori/000.avi"),
    ),
    Case(
        "stages by the id of a video, and others by its file",
        B,
        problems_of(
            "row 2: expected its stages in stage_labels.csv once. Received: those of Ann (stage_labels.csv, row 2) and "
            "others of a.avi (stage_labels.csv, row 3)"
        ),
        all_of(
            rows(f"Ann,{ONE}", header="id,video,split,difficulty,execution,final"),
            rows("Ann,entry,3,9", "a.avi,entry,4,9", header=STAGES, name="own/stage_labels.csv"),
        ),
    ),
    Case(
        "an output that holds something else",
        B,
        "build: new: expected a new or empty folder. Received: something that is not records.",
        holding("new/thesis.txt", b"mine"),
        needs="own",
    ),
    Case(
        "records of an earlier build",
        f"{B.replace('=new', '=records')}",
        "build: records: expected a new or empty folder. Received: records (--overwrite replaces them).",
    ),
    Case(
        "what a killed build left: it is removed",
        B,
        "…",
        folder_at(".new.4711.new"),
        status=0,
        prints="…Written to new",
        leaves="new",
    ),
    Case(
        "an output under a file",
        f"{B.replace('=new', '=dive.avi/new')}",
        "build: dive.avi/new: expected a place that can be written to. Received: ….",
        needs="own",
    ),
    Case(
        "a problem, checked",
        C,
        "…",
        rows("none.avi,train,3.0,20,60"),
        prints="manifest.csv, row 2: own/none.avi: expected a video file or a folder of images. Received: no such file."
        "\n…problems: 1.",
    ),
    Case(
        "a split of videos that there are not",
        f"{B} --split_csv=split.csv",
        "build: split.csv: expected a split for each of 2 records. Received: none for a.avi, b.avi; z.avi, which "
        "are no records",
        holding("split.csv", b"id,split\nz.avi,train\n"),
    ),
    Case(
        "a file of splits that was written for other performances of those names",
        f"{B} --split_csv=split.csv",
        "build: split.csv: expected the frames that its ids were written for. Received: others as a.avi (0 to 9, now 9 "
        "to 18); give the rows ids of their own, and split anew.",
        all_of(
            rows("a.avi,60,9,18", header="video,final,start_frame,end_frame"),
            holding("split.csv", b"id,split,start_frame,end_frame\na.avi,train,0,9\n"),
        ),
    ),
    Case(
        "no records to look at",
        "data_prep inspect --records_dir=none",
        "inspect: none/dataset_info.json: expected the index of a folder of records. …",
    ),
    Case(
        "a picture of another kind",
        "data_prep inspect --records_dir=records --output=sheet.jpg",
        "inspect: --output: expected a file name ending in .png. Received: sheet.jpg",
    ),
    Case(
        "how many videos to show, and no picture to show them in",
        "data_prep inspect --records_dir=records --num_videos=3",
        "inspect: --num_videos: expected it with --output, which is drawn of it. Received: no --output.",
    ),
    Case(
        "records with a flipped byte",
        "data_prep inspect --records_dir=records",
        "…inspect: records: expected sound records. Received:\n  …",
        changed("records/test-*", flipped),
        prints="…",
    ),
    Case(
        "no records to describe",
        "data_prep describe --records_dir=dives",
        "describe: dives/dataset_info.json: expected the index of a folder of records. …",
    ),
    Case(
        "neither number nor labels",
        "data_prep simulate --output_dir=new",
        "simulate: Expected --num_videos or --labels_dir. Received: neither",
    ),
    Case(
        "an odd height",
        "data_prep simulate --output_dir=new --num_videos=2 --height=61",
        "simulate: Expected even --height and --width. Received: 61, 320",
    ),
    Case(
        "a store to simulate into",
        "data_prep simulate --output_dir=s3://bucket/dives --num_videos=2",
        "simulate: --output_dir=s3://bucket/dives: expected a local path. Received: an address.",
    ),
    Case(
        "a folder of something else to simulate into",
        "data_prep simulate --output_dir=new --num_videos=2 --workers=1",
        "simulate: Expected an empty or new folder. Received: new, which holds other files",
        holding("new/thesis.txt", b"mine"),
    ),
    Case(
        "no stage labels",
        "data_prep stages --output=new.csv",
        "stages: Expected one or more files of stage labels. Received: none. See --help.",
    ),
    Case(
        "stage labels of no known kind",
        "data_prep stages --output=new.csv notes.txt",
        "stages: notes.txt: expected stage labels: …",
        holding("notes.txt", b"Dear diary\n"),
    ),
    Case(
        "a stage that the sport does not have",
        "data_prep stages --output=new.csv labels.csv",
        "stages: labels.csv, row 2: expected a stage, one of …. Received: 'swim'",
        rows("1,swim,0,5", header=STAGES, name="labels.csv"),
    ),
    Case(
        "a frame rate for files that count frames",
        "data_prep stages --fps=30 --output=new.csv labels.csv",
        "stages: --fps: expected it with files that count time. Received: csv alone.",
        rows("1,take-flight,0,9", header=STAGES, name="labels.csv"),
    ),
    Case(
        "stages that overlap",
        "data_prep stages --output=new.csv labels.csv",
        "stages: labels.csv, row 3: expected segments in order, start ≤ end, without overlap. Received: …",
        rows("1,take-flight,0,9", "1,entry,5,12", header=STAGES, name="labels.csv"),
    ),
    Case(
        "a frame rate of Label Studio as text",
        "data_prep stages --output=new.csv tasks.json",
        "stages: tasks.json, task 1: expected fps from 1 to 500, a number. Received: '24'",
        holding("tasks.json", b'{"data": {"video": "1.mp4", "fps": "24"}, "annotations": [{"result": []}]}'),
    ),
    Case(
        "stage labels that are there already",
        "data_prep stages --output=stages.csv stages.csv",
        "stages: --output: expected a new file, or --existing=merge or --existing=replace. Received: stages.csv, which "
        "exists.",
    ),
    Case(
        "a seed where nothing is drawn",
        f"{S} --by=own --seed=3",
        "split: --by=own: expected no --seed, for nothing is drawn. Received: 3.",
    ),
    Case(
        "more folds than videos",
        f"{S} --folds=9",
        "split: Expected records for test, train. Received: 2 records, 2 to be kept apart, which leave one of these "
        "empty",
    ),
    Case(
        "more than all videos",
        f"{S} --test_fraction=0.7 --validation_fraction=0.7",
        "split: Expected records for test, train, validation. Received: 2 records, 2 to be kept apart, which leave one "
        "of these empty",
    ),
    Case(
        "a split that is there already",
        S,
        "split: Expected new files. Received: f.csv, which no split command wrote.",
        holding("f.csv", b"mine"),
        needs="own",
    ),
    Case(
        "nothing to suggest for",
        "data_prep suggest --output=new.csv",
        "suggest: Expected --videos_dir, or one or more video files. Received: neither. See --help.",
    ),
    Case(
        "a model of features to suggest with",
        "data_prep suggest --output=new.csv --model=features.keras dive.avi",
        "suggest: --model=features.keras: expected a model that finds stages in frames. Received: one for features.",
    ),
    Case(
        "suggestions that may have been corrected",
        "data_prep suggest --output=stages.csv --model=model.keras dive.avi",
        "suggest: --output: expected a new file or folder. Received: stages.csv, which exists.",
    ),
)
