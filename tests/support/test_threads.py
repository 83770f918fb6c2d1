"""Work in threads: in order, a few items at a time, and nothing lost before an error."""

import time

import pytest

from scoringnet_tf.support.threads import overlapping


def test_results_come_in_order_and_few_items_are_made_ahead():
    made = []

    def items():
        for number in range(30):
            made.append(number)
            yield number

    def slower_for_even_numbers(number):
        time.sleep(0.002 * (1 - number % 2))
        return number

    for count, result in enumerate(overlapping(slower_for_even_numbers, items(), threads=3)):
        assert result == count and len(made) <= count + 2 * 3 + 1
    assert count == 29


def test_what_came_before_an_error_of_the_items_comes_first():
    def items():
        yield from range(4)
        raise RuntimeError("no more")

    results = overlapping(str, items())
    assert [next(results) for _ in range(4)] == ["0", "1", "2", "3"]
    with pytest.raises(RuntimeError, match="no more"):
        next(results)


def test_an_error_of_the_function_comes_in_its_place():
    results = overlapping(lambda number: 1 / number, [1, 2, 0, 4])
    assert [next(results), next(results)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(results)
