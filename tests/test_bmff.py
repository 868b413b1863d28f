"""Boxes: sizes of all forms, and every way in which one can be wrong."""

from itertools import pairwise

import pytest
from bmff_builder import FTYP, box, window
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio.containers.bmff import Bits, Boxes
from arrtheaudio.errors import Corrupt, Error, Truncated


def walked(data):
    return list(Boxes(window(data)).top())


@pytest.mark.parametrize(
    ("data", "boxes"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(bytes(7), [], id="padding shorter than a header"),
        pytest.param(box(b"free"), [(b"free", 0, 8, 8)], id="empty"),
        pytest.param(box(b"free", b"abc"), [(b"free", 0, 8, 11)], id="short"),
        pytest.param(box(b"mdat", b"abc", form="long"), [(b"mdat", 0, 16, 19)], id="64-bit size"),
        pytest.param(
            box(b"free") + box(b"mdat", b"abc", form="open"),
            [(b"free", 0, 8, 8), (b"mdat", 8, 16, 19)],
            id="to the end",
        ),
        pytest.param(box(b"free", b"abc") + bytes(4), [(b"free", 0, 8, 11)], id="udta's terminator"),
        pytest.param(FTYP, [(b"ftyp", 0, 8, len(FTYP))], id="ftyp"),
    ],
)
def test_boxes_are_walked(data, boxes):
    assert walked(data) == boxes


@pytest.mark.parametrize("size", [2, 7])
def test_a_size_below_the_header_is_corrupt(size):
    with pytest.raises(Corrupt, match=f"free box at byte 0 is {size} bytes long"):
        walked(size.to_bytes(4, "big") + b"free" + bytes(8))


def test_a_64_bit_size_below_the_header_is_corrupt():
    with pytest.raises(Corrupt, match="15 bytes long"):
        walked(b"\0\0\0\1free" + (15).to_bytes(8, "big"))


def test_a_box_that_runs_past_its_parent_is_corrupt():
    data = box(b"free", bytes(8)) + bytes(20)
    with pytest.raises(Corrupt, match="free box at byte 0 runs past its parent, to byte 16"):
        list(Boxes(window(data)).walk(0, 15))


def test_a_box_that_runs_past_the_file_is_truncated():
    with pytest.raises(Truncated, match="inside the moov box at byte 8"):
        walked(box(b"free") + box(b"moov", bytes(8))[:-1])


def test_the_sound_ones_of_damaged_boxes_are_kept():
    data = box(b"name", b"x") + box(b"kind", bytes(8))[:-1]
    assert [kind for kind, *_ in Boxes(window(data)).walk_sound(0, len(data))] == [b"name"]


def test_the_number_of_boxes_is_bounded():
    boxes = Boxes(window(box(b"free") * 5), limit=4)
    with pytest.raises(Corrupt, match="too many boxes"):
        list(boxes.walk(0, 40))


@given(st.binary(max_size=200))
def test_any_bytes_are_boxes_or_an_error(data):
    try:
        boxes = walked(data)
    except Error:
        return
    assert all(before[3] == after[1] for before, after in pairwise(boxes))


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, (1 << 30) - 1)), max_size=20))
def test_bits_come_back_as_they_were_packed(fields):
    fields = [(width, value & (1 << width) - 1) for width, value in fields]
    text = "".join(f"{value:0{width}b}" for width, value in fields)
    data = int(text.ljust(-len(text) % 8 + len(text), "0") or "0", 2).to_bytes((len(text) + 7) // 8, "big")
    bits = Bits(data)
    assert [(width, bits.take(width)) for width, _ in fields] == fields


def test_past_the_end_there_are_zeros():
    bits = Bits(b"\xff")
    assert (bits.peek(3), bits.take(7), bits.take(2), bits.take(5)) == (7, 127, 0, 0)
