"""The simulation of queues against what is known of them without one."""

import math

import numpy as np
import pytest

from benchmarks.queues import Stage, best_stretch, expected_seconds, simulate

MANY = 20_000


def poisson(rate, number=MANY, seed=1):
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate, number))


def erlang_c(servers, load):
    """The probability that a job must wait, by its sum; `load` = λ/μ."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


@pytest.mark.parametrize(("servers", "load"), [(1, 0.6), (3, 2.1)])
def test_waiting_is_that_of_erlang(servers, load):
    outcome = simulate([Stage("a", servers, 1.0, spread=1.0)], poisson(load))
    expected = erlang_c(servers, load) / (servers - load)
    waits = np.array(outcome.usage[0].waits)
    assert waits.mean() == pytest.approx(expected, rel=0.1)
    assert (waits > 0).mean() == pytest.approx(erlang_c(servers, load), rel=0.05)


def test_waiting_of_constant_work_is_half_of_that():
    """Pollaczek and Khinchine: λs²(1 + spread²) / 2(1 − ρ)."""
    outcome = simulate([Stage("a", 1, 1.0)], poisson(0.6))
    assert np.mean(outcome.usage[0].waits) == pytest.approx(0.6 / (2 * 0.4), rel=0.1)


def test_servers_are_in_use_as_long_as_there_is_work():
    """The law of utilisation: arrivals times work, over servers, in every stage whatever stands between them."""
    stages = [Stage("a", 2, 0.8, spread=0.5), Stage("b", 3, 1.5, spread=1.0), Stage("c", 1, 0.3)]
    arrivals = poisson(1.5)
    outcome = simulate(stages, arrivals)
    for stage, usage in zip(stages, outcome.usage, strict=True):
        assert usage.useful / outcome.seconds == pytest.approx(len(arrivals) / arrivals[-1] * stage.seconds, rel=0.02)
        assert usage.lost == usage.down == usage.retries == 0


@pytest.mark.parametrize("buffer", [0, 4, math.inf])
def test_constant_work_ends_when_it_must(buffer):
    """N jobs through stages of one server: the first through all, the others as fast as the slowest."""
    stages = [Stage(name, 1, seconds, buffer=buffer) for name, seconds in (("a", 1.0), ("b", 3.0), ("c", 2.0))]
    outcome = simulate(stages, np.zeros(50))
    assert outcome.seconds == pytest.approx(1 + 3 + 2 + 49 * 3)
    assert outcome.finished == pytest.approx(6 + 3 * np.arange(50))


def test_several_servers_work_in_rounds():
    outcome = simulate([Stage("a", 4, 2.0)], np.zeros(10))
    assert outcome.finished.tolist() == [2.0] * 4 + [4.0] * 4 + [6.0] * 2


def test_a_full_stage_holds_up_the_one_before():
    """a is done with its second job at 2, and keeps it until b, which has no buffer, is free at 4; and so on."""
    outcome = simulate([Stage("a", 1, 1.0), Stage("b", 1, 3.0, buffer=0)], np.zeros(3))
    assert outcome.usage[0].blocked == (4 - 2) + (7 - 5)
    assert simulate([Stage("a", 1, 1.0), Stage("b", 1, 3.0)], np.zeros(3)).usage[0].blocked == 0


@pytest.mark.slow
@pytest.mark.parametrize("failures", [0.2, 1.0])
def test_failures_cost_what_daly_says(failures):
    """One server, N constant jobs: N times the expected seconds of one; each loses work e^λs − 1 times on average."""
    outcome = simulate([Stage("a", 1, 1.0, failures=failures, repair=0.5)], np.zeros(MANY))
    usage = outcome.usage[0]
    assert outcome.seconds / MANY == pytest.approx(expected_seconds(1.0, failures, 0.5), rel=0.03)
    assert usage.retries / MANY == pytest.approx(math.expm1(failures), rel=0.03)
    lost = math.expm1(failures) / failures - 1  # all the time at work, (e^λs − 1)/λ, but the attempt that succeeds
    assert usage.lost / MANY == pytest.approx(lost, rel=0.05)
    assert usage.down == pytest.approx(0.5 * usage.retries)
    assert usage.useful == pytest.approx(MANY)


def test_expected_seconds_are_those_of_a_drawn_sum():
    """Attempts drawn one by one without any queue."""
    rng, work, failures, repair = np.random.default_rng(0), 2.0, 0.4, 3.0
    drawn = rng.exponential(1 / failures, (MANY, 40))
    failed = np.cumprod(drawn < work, axis=1)
    seconds = (failed * (drawn + repair)).sum(axis=1) + work
    assert expected_seconds(work, failures, repair) == pytest.approx(seconds.mean(), rel=0.02)
    assert expected_seconds(work, 0.0, repair) == work


def test_who_gives_up_is_counted():
    """An attempt succeeds with e^−λs."""
    outcome = simulate([Stage("a", 5, 1.0, failures=1.0, attempts=2)], np.zeros(MANY))
    assert outcome.given_up / MANY == pytest.approx((1 - math.exp(-1)) ** 2, rel=0.05)
    assert outcome.given_up + len(outcome.finished) == MANY


def test_given_up_jobs_leave_room():
    stages = [Stage("a", 1, 1.0), Stage("b", 1, 1.0, buffer=0, patience=0.5, attempts=1)]
    outcome = simulate(stages, np.zeros(7))
    assert (outcome.given_up, len(outcome.finished)) == (7, 0)


def test_stragglers_and_patience():
    """Without patience the mean is s(1 − p + pk); with it each straggler costs the patience and another attempt."""
    slow = {"stragglers": 0.1, "straggle": 20.0}
    waited = simulate([Stage("a", 1, 1.0, **slow)], np.zeros(MANY))
    assert waited.seconds / MANY == pytest.approx(0.9 + 0.1 * 20, rel=0.05)
    retried = simulate([Stage("a", 1, 1.0, patience=3.0, **slow)], np.zeros(MANY))
    assert retried.seconds / MANY == pytest.approx(1 + 3 * 0.1 / 0.9, rel=0.02)


def test_the_best_stretch_between_checkpoints_is_the_best():
    write, failures = 30.0, 1 / 100_000
    best = best_stretch(write, failures)
    assert best == pytest.approx(math.sqrt(6e6))

    def overhead(stretch):
        return expected_seconds(stretch + write, failures, 60.0) / stretch

    others = np.geomspace(best / 5, best * 5, 101)
    assert overhead(best) == pytest.approx(min(map(overhead, others)), rel=1e-3)


def test_the_same_seed_gives_the_same():
    stages = [Stage("a", 3, 1.0, spread=1.0, failures=0.1, repair=1.0)]
    first, again, other = (simulate(stages, np.zeros(50), seed) for seed in (0, 0, 1))
    assert first.seconds == again.seconds != other.seconds
