"""Work in threads: in order, a few items at a time, and nothing lost before an error."""

import threading
import time

import pytest

from scoringnet_tf.support.threads import overlapping


@pytest.mark.parametrize(("ahead", "most"), [(None, 2 * 3 + 1), (1, 2)])
def test_results_come_in_order_and_few_items_are_made_ahead(ahead, most):
    made = []

    def items():
        for number in range(30):
            made.append(number)
            yield number

    def slower_for_even_numbers(number):
        time.sleep(0.002 * (1 - number % 2))
        return number

    results = overlapping(slower_for_even_numbers, items(), 3, ahead)
    waiting = [len(made) - count for count, result in enumerate(results) if result == count]
    assert len(waiting) == 30 and max(waiting) <= most


def broken_off():
    yield from (1, 2, 4)
    raise RuntimeError


@pytest.mark.parametrize(
    ("function", "items", "expected", "error"),
    [(float, broken_off(), [1, 2, 4], RuntimeError), (lambda x: 1 / x, [1, 2, 0, 4], [1, 0.5], ZeroDivisionError)],
    ids=["of the items", "of the function"],
)
def test_an_error_comes_in_its_place(function, items, expected, error):
    results = overlapping(function, items)
    assert [next(results) for _ in expected] == expected
    with pytest.raises(error):
        next(results)


def test_who_ends_early_waits_for_nothing():
    go_on, ended = threading.Event(), []

    def first_at_once(number):
        if number:
            go_on.wait(10)
            ended.append(number)
        return number

    results = overlapping(first_at_once, range(5), 1, ahead=1)
    assert next(results) == 0
    results.close()
    assert ended == []
    go_on.set()
