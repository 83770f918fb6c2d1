"""`data_prep stages` takes labels to a tool and back, and loses none."""

import json

from command_forks import forked
from conftest import write_bars, write_unlv_diving
from refusals import code_printed

from data_prep.datasets.stage_labels import read_stage_csv


def run(*arguments):
    """`python -m data_prep stages` with these arguments."""
    return forked("data_prep", "stages", *arguments)


def write_stages(path, *rows, columns="video_id,stage,start_frame,end_frame"):
    path.write_text("\n".join([columns, *rows]) + "\n")
    return path


def test_labels_go_to_a_tool_and_back(tmp_path):
    """The times of UNLV's layout, corrected nowhere: out to Label Studio and into the table that `build` reads."""
    source = write_unlv_diving(tmp_path / "unlv", 3, 1)
    videos = f"--videos_dir={source / 'diving_samples_len_ori'}"
    result = run(
        source / "jump_drop_water_label.txt", videos, "--to=label_studio", f"--output={tmp_path / 'tasks.json'}"
    )
    assert result.returncode == 0, result.stderr
    assert "12 stages" in result.stdout and "3 videos" in result.stdout
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    for each in tasks:  # as a tool names a video
        each["data"]["video_id"] += ".avi"
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    result = run(tmp_path / "tasks.json", videos, f"--output={tmp_path / 'stage_labels.csv'}")
    assert result.returncode == 0, result.stderr
    found = read_stage_csv(tmp_path / "stage_labels.csv")
    assert list(found) == ["001.avi", "002.avi", "003.avi"]
    spans = [("pre-starting", 0, 4), ("take-flight", 4, 14), ("entry", 14, 20), ("noise", 20, 26)]
    assert [tuple(segment)[:3] for segment in found["002.avi"]] == spans


def test_predictions_are_named_and_their_rate_is_held_against_the_video(tmp_path):
    """Tasks of 24 frames a second, Label Studio's own, of a video that has 30: beside the video, frames are times."""
    (tmp_path / "videos").mkdir()
    write_bars(tmp_path / "videos/001.mp4", 60, fps=30)
    suggested, tasks = write_stages(tmp_path / "suggested.csv", "001,entry,24,48"), tmp_path / "tasks.json"
    assert not run(suggested, "--to=label_studio", "--fps=24", f"--output={tasks}").returncode
    spans, told = [], []
    for name, flags in (("alone", ()), ("beside", (f"--videos_dir={tmp_path / 'videos'}",))):
        result = run(tasks, f"--output={tmp_path / name}.csv", *flags)
        assert result.returncode == 0 and "001" in result.stderr  # nobody has corrected it
        spans.append(read_stage_csv(tmp_path / f"{name}.csv")["001"][0][1:3])
        told.append("001 (24)" in result.stderr)
    assert spans == [(24, 48), (30, 60)] and told == [True, False]


def test_the_sport_is_that_of_the_flag(tmp_path):
    table, output = write_stages(tmp_path / "vaults.csv", "001,landing,0,5"), tmp_path / "stage_labels.csv"
    result = run(table, f"--output={output}", "--sport=diving")
    assert result.returncode == 1 and code_printed(result.stderr) == "wrong_stages" and not output.exists()
    assert not run(table, "--sport=vault", f"--output={output}").returncode


def test_every_problem_is_listed_and_nothing_written(tmp_path):
    source, output = tmp_path / "times", tmp_path / "stage_labels.csv"
    source.write_text("1,2,3,4\n5,4,6,7\n9,8,7,6\n0,0,0,0\n")
    result = run(source, f"--output={output}")
    assert result.returncode == 1 and not output.exists()
    assert all(row in result.stderr for row in ("row 2", "row 3", "row 4"))
    result = run(source, f"--output={output}", "--on_error=skip")
    assert result.returncode == 0 and "row 3" in result.stderr and "3 videos" in result.stderr
    assert list(read_stage_csv(output)) == ["001"]


def test_existing_labels_are_not_overwritten(tmp_path):
    """The labels of a fourth video come home: those of the first three, typos and all, are still there."""
    table = write_stages(tmp_path / "stage_labels.csv", "001,entry,0,5", "002,entri,0,5", "003,entry,2,")
    before, new = table.read_text(), write_stages(tmp_path / "004.csv", "004,entry,0,7", "001,entry,1,5")
    result = run(new, f"--output={table}")
    assert result.returncode == 1 and table.read_text() == before and str(table) in result.stderr
    assert run(new, f"--output={table}", "--existing=merge").returncode == 0
    assert table.read_text().splitlines()[1:] == ["001,entry,1,5", "002,entri,0,5", "003,entry,2,", "004,entry,0,7"]
    assert run(new, f"--output={table}", "--existing=replace").returncode == 0
    assert list(read_stage_csv(table)) == ["004", "001"]


def test_what_is_left_out_is_not_lost_with_its_only_file(tmp_path):
    """--on_error=skip with the table itself as its output: a row with a typo stays there, or nothing is written."""
    table = write_stages(tmp_path / "stage_labels.csv", "001,entry,0,5", "002,entri,0,5")
    before = table.read_text()
    for choice, status in (("replace", 1), ("merge", 0)):
        result = run(table, f"--output={table}", "--on_error=skip", f"--existing={choice}")
        assert result.returncode == status and table.read_text() == before


def test_a_table_whose_columns_would_be_lost_is_not_merged_into(tmp_path):
    columns = "video_id,stage,start_frame,end_frame,rater"
    table = write_stages(tmp_path / "stage_labels.csv", "1,entry,0,5,Ann", columns=columns)
    new, before = write_stages(tmp_path / "new.csv", "004,entry,0,7"), table.read_text()
    result = run(new, f"--output={table}", "--existing=merge")
    assert result.returncode == 1 and code_printed(result.stderr) == "would_lose_columns"
    assert table.read_text() == before
