"""Threads: order, what is in hand at a stop, errors of the source, and work that hangs."""

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arrtheaudio.core.record import Record
from arrtheaudio.errors import Fatal
from arrtheaudio.pool import Pool
from arrtheaudio.signals import Signals

PATIENCE = 20.0


def numbers(count: int) -> Iterator[Record]:
    return ({"n": n} for n in range(count))


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 9))
@settings(max_examples=25)
def test_answers_come_in_the_order_of_the_questions(milliseconds: list[int], jobs: int) -> None:
    def work(record: Record) -> Record:
        time.sleep(record["ms"] / 1000)
        return record | {"done": True}

    records = [{"n": n, "ms": ms} for n, ms in enumerate(milliseconds)]
    answers = list(Pool(work, jobs, Signals(), name="x").map(iter(records)))
    assert answers == [record | {"done": True} for record in records]


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_as_many_are_in_hand_as_was_asked_and_no_more(jobs: int) -> None:
    together = threading.Barrier(jobs)
    lock = threading.Lock()
    in_hand: list[int] = [0, 0]

    def work(record: Record) -> Record:
        with lock:
            in_hand[0] += 1
            in_hand[1] = max(in_hand)
        together.wait(PATIENCE)
        with lock:
            in_hand[0] -= 1
        return record

    assert len(list(Pool(work, jobs, Signals(), name="x").map(numbers(jobs * 4)))) == jobs * 4
    assert in_hand[1] <= jobs


def test_an_answer_is_given_on_while_the_next_question_is_awaited() -> None:
    more = threading.Event()

    def source() -> Iterator[Record]:
        yield {"n": 0}
        assert more.wait(PATIENCE)
        yield {"n": 1}

    answers = Pool(lambda record: record, 4, Signals(), name="x").map(source())
    assert next(answers) == {"n": 0}
    more.set()
    assert list(answers) == [{"n": 1}]


def test_little_is_read_ahead() -> None:
    read: list[int] = []

    def source() -> Iterator[Record]:
        for n in range(10_000):
            read.append(n)
            yield {"n": n}

    answers = Pool(lambda record: record, 2, Signals(), name="x").map(source())
    assert next(answers) == {"n": 0}
    time.sleep(0.3)
    assert len(read) < 100
    answers.close()


def test_an_error_of_the_source_comes_after_what_was_read() -> None:
    def source() -> Iterator[Record]:
        yield from numbers(3)
        raise Fatal("the input is broken")

    answers = Pool(lambda record: record, 2, Signals(), name="x").map(source())
    assert [next(answers)["n"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(Fatal, match="the input is broken"):
        next(answers)


def test_closed_early_it_ends_what_is_in_hand_and_begins_no_more() -> None:
    begun, ended = [], []

    def work(record: Record) -> Record:
        begun.append(record["n"])
        time.sleep(0.02)
        ended.append(record["n"])
        return record

    answers = Pool(work, 4, Signals(), name="x").map(numbers(1000))
    next(answers)
    answers.close()
    assert sorted(begun) == sorted(ended)
    assert len(begun) < 100
    time.sleep(0.1)
    assert sorted(begun) == sorted(ended)


@pytest.mark.parametrize("after", [0, 1, 5])
def test_stopped_it_gives_all_that_is_in_hand_and_no_more(after: int) -> None:
    signals = Signals()
    begun = []

    def work(record: Record) -> Record:
        begun.append(record["n"])
        time.sleep(0.01)
        return record

    answers = Pool(work, 4, signals, name="x").map(numbers(1000))
    given_on = [next(answers)["n"] for _ in range(after)]
    signals.number = 15
    signals.wake()
    given_on += [record["n"] for record in answers]
    assert sorted(begun) == given_on
    assert len(given_on) < 100


def test_stopped_while_nothing_comes_it_ends() -> None:
    signals = Signals()
    never = threading.Event()

    def source() -> Iterator[Record]:
        yield {"n": 0}
        never.wait(PATIENCE)

    answers = Pool(lambda record: record, 2, signals, name="x").map(source())
    assert next(answers) == {"n": 0}

    def stop() -> None:
        signals.number = 2
        signals.wake()

    threading.Timer(0.1, stop).start()
    start = time.monotonic()
    assert list(answers) == []
    assert time.monotonic() - start < PATIENCE / 2
    never.set()


def test_work_that_hangs_is_answered_for_and_the_others_go_on() -> None:
    never = threading.Event()

    def work(record: Record) -> Record:
        if record["n"] in (1, 2, 3):
            never.wait(PATIENCE)
        return record | {"done": True}

    answers = list(Pool(work, 2, Signals(), name="probe", timeout=0.2).map(numbers(8)))
    never.set()
    assert [record["n"] for record in answers] == list(range(8))
    late = {"stage": "probe", "code": "timeout", "message": "no answer within 0.2 s"}
    assert [record.get("error") for record in answers] == [None, late, late, late, None, None, None, None]


def test_the_time_counts_from_when_the_work_begins() -> None:
    def work(record: Record) -> Record:
        time.sleep(0.1)
        return record

    answers = list(Pool(work, 1, Signals(), name="x", timeout=0.5).map(numbers(8)))
    assert not [record for record in answers if "error" in record]
