"""Parts that end when their time is up."""

import time

from ganrs_jax.cli.time_limit import move_on_after
from ganrs_jax.export.ahead import in_order


def test_what_takes_long_is_left_with_what_it_has_done():
    done = []
    with move_on_after(0.3) as limit:
        for number in in_order(lambda x: time.sleep(0.02) or x, range(10_000)):
            done.append(number)
    assert limit.reached
    assert done == list(range(len(done)))
    assert 0 < len(done) < 1000


def test_no_handler_of_errors_keeps_it():
    with move_on_after(0.05) as limit:
        for _ in range(500):
            try:
                time.sleep(0.01)
            except Exception:  # as of a library
                continue
        raise AssertionError("not left")
    assert limit.reached


def test_what_is_done_in_time_is_not_left_and_no_alarm_comes_later():
    with move_on_after(0.2) as limit:
        pass
    time.sleep(0.3)
    assert not limit.reached
