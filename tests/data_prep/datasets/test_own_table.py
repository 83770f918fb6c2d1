"""A user's own table: what spreadsheets and timing systems write is understood, noted, or refused by row and name."""

import pytest
from layouts import notes_of, problem_codes
from refusals import refused

from data_prep.datasets import manifest
from data_prep.datasets.readers.text import DELIMITERS
from data_prep.datasets.stage_labels import frame_stages
from scoringnet_tf.sports import get_sport


def source_of(tmp_path, text, sport="diving", encoding="utf-8", **options):
    """The source of a table with this text."""
    (tmp_path / "manifest.csv").write_bytes(text.encode(encoding))
    return manifest.read(tmp_path, sport=sport, **options)


def codes(source):
    """The codes of what is wrong with the rows."""
    return [code for _, code in problem_codes(source)]


def scores(sample):
    return sample.difficulty, sample.execution, sample.final


# === Columns ===


@pytest.mark.parametrize(
    ("header", "code", "named"),
    [
        ("video,split,final,final", "duplicate", "final"),
        ("video,split,final,", "missing_column", "'80'"),
        ("video,split,final,Take Flight", "unknown_name", "Take Flight is not called take-flight"),
        ("Video,split,Final,b", "unknown_name", "Video"),
        ("clip,split,final,b", "missing_column", "clip, split"),
        ("video,split,final,entry", "columns_of_stages", "entry alone"),  # the number of an entry, say
        ("video,split,final,end", "columns_of_stages", "end alone"),
        ("video,split;final,b", "count_mismatch", "4 in row 2"),
        ("video,split,final,start_frame", "wrong_columns", "start_frame"),
    ],
)
def test_columns_that_are_refused_by_name(tmp_path, header, code, named):
    with refused(code, named):
        source_of(tmp_path, f"{header}\na.mp4,train,70,80\n")


STAGES_OF_DIVING = "pre-starting,take-flight,entry,end"


@pytest.mark.parametrize("columns", ["split,Punkte\na.mp4,train,72\n", "num_frames,Punkte\na.mp4,20,72\nb.mp4,x,50\n"])
def test_a_table_without_a_known_score_is_a_problem(tmp_path, columns):
    with refused("no_scores", "difficulty, execution, final", "Punkte"):
        source_of(tmp_path, f"video,{columns}")


def test_stages_alone_are_enough_and_other_columns_are_noted(tmp_path):
    source = source_of(tmp_path, f"video,split,{STAGES_OF_DIVING},name\na.mp4,train,1,2,3,4,Ann\n")
    assert source.samples[0].segments and "name" in notes_of(source)["unused_columns"]


# === Text ===


@pytest.mark.parametrize(("name", "delimiter"), DELIMITERS.items())
def test_the_delimiter_is_found_in_the_header(tmp_path, name, delimiter):
    text = "video,split,difficulty,final\na.mp4,train,3.2,64\n".replace(",", delimiter)
    source = source_of(tmp_path, text)
    assert source_of(tmp_path, text, delimiter=name).samples == source.samples
    assert scores(source.samples[0]) == (3.2, 20.0, 64.0) and ("delimiter" in notes_of(source)) == (name != "comma")


@pytest.mark.parametrize(("column", "value"), [("difficulty", 3.2), ("fps", 29.97), ("start_time", None)])
def test_a_decimal_comma_is_found_in_any_column_of_numbers(tmp_path, column, value):
    cell = "0,4" if value is None else f"{value}".replace(".", ",")
    end = ";end_time" * (column == "start_time")
    text = f"features;video;split;final;{column}{end}\na.npy;a;train;60;{cell}{';1' * bool(end)}\n"
    text = text if column == "fps" else text.replace("features;", "").replace("a.npy;", "")
    source = source_of(tmp_path, text)
    assert "decimal_comma" in notes_of(source) and not codes(source)
    assert value is None or getattr(source.samples[0], column) == value


def test_a_decimal_comma_is_found_noted_and_overridden(tmp_path):
    text = "video;split;difficulty;execution;final\na.mp4;train;3,2;;64,00\nb.mp4;train;3;21;\n"
    source = source_of(tmp_path, text)
    assert [scores(sample) for sample in source.samples] == [(3.2, 20.0, 64.0), (3.0, 21.0, 63.0)]
    assert "decimal_comma" in notes_of(source)
    assert "decimal_comma" not in notes_of(source_of(tmp_path, text, decimal_comma=True))
    assert codes(source_of(tmp_path, text, decimal_comma=False))[0] == "not_a_number"


@pytest.mark.parametrize("number", ["1.234,5", "1,234.5", "1 234", "1_000", "3,2,1"])
@pytest.mark.parametrize("decimal_comma", [None, True, False])
def test_numbers_with_thousands_are_refused(tmp_path, number, decimal_comma):
    text = f"video;split;final\na.mp4;train;{number}\n"
    assert codes(source_of(tmp_path, text, decimal_comma=decimal_comma)) == ["not_a_number"]


def test_a_comma_before_three_digits_may_be_either_and_is_asked_about(tmp_path):
    text = "video;split;final\na.mp4;train;64,125\n"
    with refused("ambiguous", "64,125", "--decimal_comma or --nodecimal_comma"):
        source_of(tmp_path, text)
    assert source_of(tmp_path, text, decimal_comma=True).samples[0].final == 64.125
    beside = source_of(tmp_path, f"{text}b.mp4;train;63,5\n")
    assert [sample.final for sample in beside.samples] == [64.125, 63.5], "another number says which it is"


TURKISH = "video,split,final\nTürkiye.mp4,train,64\n"


@pytest.mark.parametrize(
    ("encoding", "option"), [("utf-8-sig", None), ("utf-16", None), ("cp1252", "cp1252"), ("utf-8", "utf-8")]
)
def test_text_is_read_in_the_encoding_that_it_or_the_user_says(tmp_path, encoding, option):
    (tmp_path / "manifest.csv").write_bytes(TURKISH.encode(encoding))
    (sample,) = manifest.read(tmp_path, sport="diving", encoding=option).samples
    assert sample.video_id == "Türkiye.mp4"


@pytest.mark.parametrize(
    ("content", "options", "code", "named"),
    [
        (TURKISH.encode("cp1252"), {}, "wrong_encoding", "--encoding=cp1252"),
        (TURKISH.encode(), {"encoding": "cp99999"}, "unknown_name", "--encoding=cp99999"),
        (b"PK\x03\x04" + bytes(50), {}, "wrong_format", "CSV"),
        (b"video,split;final\na.mp4,train;3\n", {}, "ambiguous", "--delimiter"),
        (b"video,split,final\na,train,1\nb,train,3,2\nc,train\n", {}, "count_mismatch", "4 in row 3, 2 in row 4"),
        (b"video,split,final\n", {}, "no_rows", "manifest.csv"),
        (b"video;split;difficulty;final\na;t;3,2;64,00\nb;t;3.0;63\n", {}, "ambiguous", "--decimal_comma"),
        (TURKISH.encode(), {"feature_stride": 2}, "flag_unused", "--feature_stride"),
    ],
)
def test_text_that_is_refused(tmp_path, content, options, code, named):
    (tmp_path / "manifest.csv").write_bytes(content)
    with refused(code, named):
        manifest.read(tmp_path, sport="diving", **options)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('video;split;final;note\r\n\r\na.mp4;t;x;"two\r\nlines"\r\n;;;\r\nb.mp4;t;y;\r\n', [3, 6]),
        ("\n\nvideo;split;final\na.mp4;t;x\n", [4]),
    ],
)
def test_rows_are_counted_as_an_editor_counts_them(tmp_path, text, rows):
    expected = [(f"manifest.csv, row {row}", "not_a_number") for row in rows]
    assert problem_codes(source_of(tmp_path, text)) == expected


# === Stages and groups ===


@pytest.mark.parametrize(
    ("cells", "stages"),
    [
        ("2,4,7,9", [0] * 2 + [1] * 2 + [2] * 3 + [3] * 2 + [0] * 11),
        (",,,", [-1] * 20),
        (",4,,9", "missing_value"),
        ("2,8,7,9", "not_in_order"),
        ("2,2,2,2", "no_stages"),
    ],
)
def test_boundaries_of_a_row_are_known_or_empty(tmp_path, cells, stages):
    source = source_of(tmp_path, f"video,split,final,{STAGES_OF_DIVING}\na.avi,train,63,{cells}\n")
    if isinstance(stages, str):
        assert codes(source) == [stages]
    else:
        found = frame_stages(source.samples[0].segments, 20, get_sport("diving"))
        assert found.tolist() == stages and not codes(source)


def test_stages_in_seconds_are_noted(tmp_path):
    text = f"video,split,execution,{STAGES_OF_DIVING}\na.mp4,train,24.3,0,1,2,3\nb.mp4,train,24.5,0,15,30,45\n"
    notes = notes_of(source_of(tmp_path, text))
    assert "a.mp4 (3)" in notes["short_performances"] and "b.mp4" not in notes["short_performances"]


STAGE_HEADER = "video_id,stage,start_frame,end_frame\n"


@pytest.mark.parametrize(("stop", "found"), [(9, True), (10, False), (7, False)])
def test_ends_that_may_be_inclusive_are_noted(tmp_path, stop, found):
    """Else a frame at every boundary has no stage, and each stage is a frame short."""
    rows = f"a.mp4,pre-starting,0,{stop}\na.mp4,take-flight,10,{stop + 10}\na.mp4,entry,20,\n"
    (tmp_path / "stage_labels.csv").write_text(STAGE_HEADER + rows)
    notes = notes_of(source_of(tmp_path, "video,split,final\na.mp4,train,63\nb.mp4,train,63\n"))
    assert ("inclusive_ends" in notes) == found


def test_two_tables_of_stages_are_refused(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "manifest.csv").write_text("video,split,final\na.mp4,train,63\n")
    (tmp_path / "stage_labels.csv").write_text(f"{STAGE_HEADER}a.mp4,entry,1,5\n")
    given = {"sport": "diving", "manifest_csv": tmp_path / "manifest.csv"}
    assert manifest.read(tmp_path / "videos", **given).samples[0].segments
    (tmp_path / "videos/stage_labels.csv").write_text(f"{STAGE_HEADER}a.mp4,entry,2,5\n")
    with refused("labelled_twice", tmp_path / "stage_labels.csv", tmp_path / "videos/stage_labels.csv"):
        manifest.read(tmp_path / "videos", **given)


def test_stages_of_videos_that_the_table_does_not_have_are_refused(tmp_path):
    rows = "".join(f"b.mp{number},entry,1,5\n" for number in range(1000, 2500))
    (tmp_path / "stage_labels.csv").write_text(STAGE_HEADER + rows)
    with refused("unknown_name", "stage_labels.csv", "b.mp1000", "1490 more"):
        source_of(tmp_path, "video,split,final\na.mp4,train,63\nb.mp4,train,63\n")


@pytest.mark.parametrize("name", ["Jose\u0301 Bo", "jos\u00e9 bo", "Jos\u00e9  Bo", "Jos\u00e9\u00a0Bo"])
def test_groups_that_are_spelt_differently_are_refused(tmp_path, name):
    """Else one athlete is trained and tested on, and nothing says so."""
    table = "video,split,final,group\na.mp4,train,63,Jos\u00e9 Bo\nb.mp4,train,63,\nc.mp4,test,63,{}\n"
    with refused("two_spellings", repr(name)):
        source_of(tmp_path, table.format(name))
    groups = [sample.group for sample in source_of(tmp_path, table.format("Jos\u00e9 Bao")).samples]
    assert groups == ["Jos\u00e9 Bo", None, "Jos\u00e9 Bao"]
