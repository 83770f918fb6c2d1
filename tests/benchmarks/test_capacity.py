"""What many videos take, against sums done by hand."""

import dataclasses
import json
import math

import pytest
from command_forks import forked

from benchmarks.capacity import WORKS, Supply, crossing, demand
from benchmarks.costs import Costs, load_costs
from benchmarks.risks import Risks
from scoringnet_tf.support.errors import InputError

COSTS = Costs(
    machine="a",
    videos=3,
    frames=100.0,
    spread=0.0,
    video_bytes=1e6,
    record_bytes=2e6,
    index_bytes=500.0,
    result_bytes=1000.0,
    encode=2.0,
    write=0.5,
    compare=0.001,
    start=10.0,
    read=1.0,
    model=4.0,
    load=0.5,
    step=8.0,
    index=0.01,
    index_memory=600.0,
    parameters=1000,
    memory=10_000.0,
)
SUPPLY = Supply(4, 2, gpu_factor=10.0, gpus_per_machine=1, network=1e6, link=1e3, epochs=3, batch_size=5)
RISKS = Risks(mtbf=1e12, repair=0.0, checkpoint=1.0, stragglers=0.0, straggle=1.0, jobs=400, seed=0)
SMALL = ("--jobs=40", "--totals=100,10000")


def test_prepare():
    took = demand("prepare", COSTS, SUPPLY, 100)
    assert (took.core_seconds, took.gpu_seconds) == (200, 0)
    assert took.serial_seconds == pytest.approx(100 * 0.5 + 4950 * 0.001)
    assert took.traffic == 100 * (1e6 + 3 * 2e6)
    assert took.memory == 100 * 10_600
    assert took.hours(SUPPLY) == pytest.approx(
        {"cores": 50 / 3600, "GPUs": 0, "network": 700 / 3600, "between machines": 0, "one process": 54.95 / 3600}
    )
    assert took.limit(SUPPLY) == "network"
    assert demand("prepare", COSTS, SUPPLY, 10**7).limit(SUPPLY) == "one process"  # that alone grows with the square


def test_score():
    took = demand("score", COSTS, SUPPLY, 100)
    assert (took.core_seconds, took.gpu_seconds) == (100 * 1 + 2 * 10, 100 * 4 / 10)
    assert took.traffic == took.stored == 100 * 1_001_000
    without = dataclasses.replace(SUPPLY, gpus=0)
    took = demand("score", COSTS, without, 100)
    assert (took.core_seconds, took.gpu_seconds) == (100 * (1 + 4) + 4 * 10, 0)


def test_train():
    took = demand("train", COSTS, SUPPLY, 100)
    assert took.gpu_seconds == 300 * 8 / 10
    assert took.core_seconds == 2 * 300 * 0.5  # both machines read all
    assert took.traffic == 2 * (300 * 2e6 + 100 * 500)
    assert took.exchanged == 300 / (2 * 5) * 2 * 0.5 * 4 * 1000
    assert (took.serial_seconds, took.memory) == (1, 60_000)
    alone = dataclasses.replace(SUPPLY, gpus_per_machine=2)
    assert demand("train", COSTS, alone, 100).exchanged == 0
    without = dataclasses.replace(SUPPLY, gpus=0)
    assert demand("train", COSTS, without, 100).core_seconds == 300 * (0.5 + 8)
    assert COSTS.state_bytes == 12_000


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 64])
def test_crossing_is_where_the_one_process_takes_longer(cores):
    supply = dataclasses.replace(SUPPLY, cores=cores)

    def waits(videos):
        took = demand("prepare", COSTS, supply, videos)
        return took.serial_seconds >= took.core_seconds / cores

    expected = 0 if cores >= 4 else next(number for number in range(1, 10**5) if waits(number))
    assert math.ceil(crossing(COSTS, cores)) == pytest.approx(expected, abs=1)


def test_costs_are_kept_as_json(tmp_path):
    COSTS.save(tmp_path / "a.json")
    assert load_costs(tmp_path / "a.json") == COSTS


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"read": -1}, "expected read as a number from 0 up. Received: -1"),
        ({"read": "1"}, "expected read as a number from 0 up. Received: '1'"),
        ({"read": True}, "expected read as a number from 0 up. Received: True"),
        ({"read": float("nan")}, "a.json"),
        ({"red": 1}, "Received: others in red"),
    ],
)
def test_wrong_costs_are_refused(change, said, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(dataclasses.asdict(COSTS) | change))
    with pytest.raises(InputError, match=r"a\.json") as caught:
        load_costs(tmp_path / "a.json")
    assert said in str(caught.value)


def test_a_full_line_is_as_fast_as_its_slowest_stage():
    from benchmarks import scenarios

    supply = dataclasses.replace(SUPPLY, network=1e9)
    for workers, limit, rate in ((2, "decoding", 2.0), (40, "model", 5.0)):  # 1 s each; two GPUs, 0.4 s each
        found = scenarios.throughput(COSTS, supply, RISKS, workers)
        assert (found["limit"], found["bound"]) == (limit, rate)
        assert found["videos_per_second"] == pytest.approx(rate, rel=0.03)
        assert found["shares"][limit]["useful"] == pytest.approx(1, abs=0.03)
    assert found["shares"]["decoding"]["useful"] == pytest.approx(5 / 40, rel=0.1)
    assert found["shares"]["decoding"]["blocked"] > 0.5
    slow = scenarios.throughput(COSTS, dataclasses.replace(SUPPLY, network=1e5), RISKS, 40)
    assert slow["limit"] == "storage" and slow["videos_per_second"] == pytest.approx(0.1, rel=0.01)


@pytest.mark.interop
def test_work_that_hardly_ever_ends_between_two_failures_is_said(tmp_path):
    """A checkpoint and a start that take longer than three failures are apart: no piece of either is simulated."""
    pytest.importorskip("simpy", reason="needs SimPy: pip install '.[bench]'")
    from benchmarks import scenarios

    risks = dataclasses.replace(RISKS, mtbf=3.0, checkpoint=20.0)
    found = scenarios.simulated(COSTS, SUPPLY, risks)
    said = scenarios.summary(found)
    assert said.count(f"| {scenarios.SELDOM} |") == 1 + len(scenarios.MACHINES)
    assert [each["at_best"] for each in found["checkpointing"]] == [None] * len(scenarios.MACHINES)
    scenarios.draw(found, tmp_path / "a.png")


@pytest.mark.slow
def test_pieces_and_checkpoints_follow_the_formula():
    from benchmarks import scenarios

    risks = dataclasses.replace(RISKS, mtbf=50_000.0, repair=100.0, jobs=4000)
    for points in (scenarios.pieces(COSTS, risks, 1000.0)["points"], scenarios.checkpointing(risks, 4)["points"]):
        assert 5 < len(points) < 25  # the others hardly ever succeed
        assert [p["simulated"] for p in points] == pytest.approx([p["expected"] for p in points], rel=0.1)
    assert scenarios.checkpointing(risks, 4)["best"] == pytest.approx(math.sqrt(2 * 50_000 / 4))


def run(*arguments):
    return forked("benchmarks.scaling", *arguments)


def test_the_command_prints_writes_and_draws(tmp_path):
    files = [f"--{kind}={tmp_path / name}" for kind, name in (("json", "a.json"), ("picture", "a.png"))]
    result = run(*files, *SMALL, "--cores=4", "--gpus=0")
    assert result.returncode == 0, result.stderr
    written = json.loads((tmp_path / "a.json").read_text())
    assert [(row["work"], row["videos"]) for row in written["rows"]] == [(w, n) for w in WORKS for n in (100, 10_000)]
    assert written["assumed"]["cores"] == 4 and written["costs"]["parameters"] > 1e6
    for row in written["rows"]:
        assert f"| {row['work']} | {row['videos']:,} |" in result.stdout
        assert row["needs"]["gpus"] == row["hours"]["GPUs"] == 0
        assert row["limit"] == max(row["hours"], key=row["hours"].get)
        if row["work"] == "score":  # 10 Gbit/s, and a day; each video is read, and its result written
            gigabits = 8e-9 * row["videos"] * (written["costs"]["video_bytes"] + written["costs"]["result_bytes"])
            assert row["hours"]["network"] == pytest.approx(gigabits / 10 / 3600)
            assert row["needs"]["storage_gbit"] == pytest.approx(gigabits / 24 / 3600)
    assert "not measured" in result.stdout
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--totals=many",), "--totals: expected whole numbers"),
        (("--costs=none.json",), "none.json"),
        (("--measure",), "--videos: expected a value"),
        (("--measure", "--videos=none"), "--videos=none: expected a folder of some videos. Received: 0"),
    ],
)
def test_what_is_wrong_is_one_line(arguments, said):
    result = run(*arguments)
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
    assert said in result.stderr
