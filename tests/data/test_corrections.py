"""Corrections: a saved table comes in as it went out, and every nearly right one is refused."""

import csv
import io
from pathlib import Path

import pytest
from conftest import write_bars
from refusals import refused

from scoringnet_tf.data.corrections import COLUMNS, by_video, read_corrections
from scoringnet_tf.data.video import Clip
from scoringnet_tf.sports import get_sport

SPORT = get_sport("diving_phases")
DATE = "2026-12-01T22:24:02.466Z"
NOTE = 'late, <b>"arms"</b>\n🏊'
EDGES = [("start of approach", 0, 2), ("start of jump", "", 5), ("start of flight", 8, 9), ("start of entry", 20, 20)]


def table(sha256, edges=(*EDGES, ("end", 30, "")), number=1, video="dive.avi", **texts):
    """The rows of a performance, header first."""
    rows = [*edges, *(("note", "", text) for text in texts.values())]
    return [COLUMNS, *([video, sha256, number, *row, DATE] for row in rows)]


def written(path, rows, **options):
    """A CSV file."""
    text = io.StringIO()
    csv.writer(text, **options).writerows(rows)
    path.write_bytes(text.getvalue().encode())
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "dive.avi"
    write_bars(path, 30)
    return path


def test_a_saved_table_comes_in_as_it_went_out(video, tmp_path):
    """Columns and rows may be in another order, as a spreadsheet sorts them."""
    sha256 = Clip(video).sha256()
    header, *rows = table(sha256, note=NOTE)
    mixed = [list(reversed(row)) for row in (header, *rows[::-1])]
    for name, content in (("a", [header, *rows]), ("b", mixed)):
        path = written(tmp_path / f"{name}.csv", content)
        ((one,),) = by_video(read_corrections(path), [str(video), "other.avi"], SPORT).values()
        assert (one.video, one.sha256, one.performance, one.date) == ("dive.avi", sha256, 1, DATE)
        assert [*one.frames.items()] == [("approach", 2), ("jump", 5), ("flight", 9), ("entry", 20), ("end", None)]
        assert one.model == {"approach": 0, "jump": None, "flight": 8, "entry": 20, "end": 30}
        assert one.texts == {"note": ("", NOTE)}
        assert one.labels(SPORT, 1, 28).tolist() == [0] + [1] * 3 + [2] * 4 + [3] * 11 + [0] * 9
    folder = tmp_path / "several"
    folder.mkdir()
    written(folder / "dive.avi.corrections.csv", table(sha256))
    written(folder / "dive.avi.corrections (1).csv", table(sha256, number=2))
    assert [one.performance for one in read_corrections(folder)] == [2, 1]


def test_a_namesake_that_was_not_corrected_is_told_apart(video, tmp_path):
    """Each video of a kept session has its folder; the corrections of all are found in the one around them."""
    namesake = tmp_path / "second" / video.name
    namesake.parent.mkdir()
    write_bars(namesake, 29)
    written(namesake.parent / "corrections.csv", table(Clip(video).sha256()))
    assert [*by_video(read_corrections(tmp_path), [str(namesake), str(video)], SPORT)] == [str(video)]
    with refused("other_video", str(namesake)):
        by_video(read_corrections(tmp_path), [str(namesake)], SPORT)


def test_one_video_is_taken_out_of_a_session_with_its_namesake(video, tmp_path):
    """Phones give the same names again; the file of a table that is wrong is named in full."""
    folders = [tmp_path / token for token in "ab"]
    for number, folder in enumerate(folders):
        folder.mkdir()
        write_bars(folder / video.name, 30 - number)
        written(folder / "corrections.csv", table(Clip(folder / video.name).sha256(), [*EDGES, ("end", 28, "")]))
    for folder in folders:
        path = str(folder / video.name)
        ((one,),) = by_video(read_corrections(tmp_path), [path], SPORT).values()
        assert one.where.startswith(str(folder / "corrections.csv"))
    write_bars(folders[0] / video.name, 31)
    with refused("other_video", str(folders[0] / "corrections.csv"), str(folders[0] / video.name)):
        by_video(read_corrections(tmp_path), [str(folder / video.name) for folder in folders], SPORT)


def without(number):
    return lambda rows: [row for at, row in enumerate(rows) if at != number]


def changed(row, column, value):
    def change(rows):
        rows = [list(each) for each in rows]
        rows[row][column] = value
        return rows

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda rows: [rows[0], *([row[0], "0" * 64, *row[2:]] for row in rows[1:])], "other_video"),
        (lambda rows: [rows[0], *(["other.avi", *row[1:]] for row in rows[1:])], "other_video"),
        (changed(4, 5, 31), "out_of_range"),
        (changed(3, 5, 5), "not_in_order"),
        (changed(0, 4, "modell"), "missing_column"),
        (lambda rows: [[*row, "extra"] for row in rows], "wrong_columns"),
        (without(2), "missing_rows"),
        (lambda rows: rows[:1], "missing_rows"),
        (lambda rows: [*rows, rows[3]], "duplicate"),
        (changed(3, 5, "9.5"), "malformed_rows"),
        (changed(3, 5, "-9"), "malformed_rows"),
        (changed(3, 1, "12ab"), "malformed_rows"),
        (changed(3, 2, "one"), "malformed_rows"),
        (changed(3, 6, "yesterday"), "malformed_rows"),
        (lambda rows: [*rows[:-1], rows[-1][:4]], "malformed_rows"),
        (changed(3, 6, "2026-12-02T09:00:00Z"), "edited"),
        (changed(3, 3, "start of landing"), "unknown_name"),
        (changed(3, 3, "take-off"), "unknown_name"),
        (lambda rows: [*rows, [*rows[1][:3], "dive", "", "999Z", DATE]], "wrong_value"),
        (lambda rows: [*rows, [*rows[1][:3], "note", "", "x" * 10**7, DATE]], "too_large"),
    ],
)
def test_every_nearly_right_table_is_refused(video, tmp_path, change, code):
    path = written(tmp_path / "corrections.csv", change(table(Clip(video).sha256())))
    with refused(code):
        by_video(read_corrections(path), [str(video)], SPORT)


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "half.csv").write_text(f'{",".join(COLUMNS)}\na,"b')
    (tmp_path / "sheet.csv").write_text(";".join(COLUMNS))
    with refused("missing_column", "commas"):
        read_corrections(tmp_path / "sheet.csv")
    (tmp_path / "latin.csv").write_bytes(b"video,\xff")
    for name, code in (("half.csv", "malformed_rows"), ("latin.csv", "wrong_encoding"), ("none.csv", "not_found")):
        with refused(code, name):
            read_corrections(tmp_path / name)
    (tmp_path / "empty").mkdir()
    with refused("not_found"):
        read_corrections(tmp_path / "empty")
    for name in ("corrections.csv", "corrections (1).csv"):
        written(tmp_path / name, table("0" * 64))
    with refused("duplicate"):
        read_corrections(tmp_path)


def test_the_page_on_data_has_its_columns():
    page = " ".join((Path(__file__).parents[2] / "docs/data.md").read_text(encoding="utf-8").split())
    assert f"The table has the columns {', '.join(f'`{name}`' for name in COLUMNS)}." in page
