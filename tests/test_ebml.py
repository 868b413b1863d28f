"""The grammar: ids, data sizes, values, and what damage is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrtheaudio.containers import ebml
from arrtheaudio.errors import Corrupt, Error, Truncated


@pytest.mark.parametrize(
    ("data", "head"),
    [
        pytest.param(b"\xae\x81", (0xAE, 1, 2), id="shortest"),
        pytest.param(b"\xae\x40\x01", (0xAE, 1, 3), id="size padded to two bytes"),
        pytest.param(b"\xae\x01" + b"\0" * 6 + b"\x05", (0xAE, 5, 9), id="size padded to eight bytes"),
        pytest.param(b"\x55\xaa\x81", (0x55AA, 1, 3), id="two-byte id"),
        pytest.param(b"\x16\x54\xae\x6b\x42\x01", (0x1654AE6B, 513, 6), id="Tracks"),
        pytest.param(b"\xae\xff", (0xAE, ebml.UNKNOWN, 2), id="unknown size in one byte"),
        pytest.param(b"\xae\x01" + b"\xff" * 7, (0xAE, ebml.UNKNOWN, 9), id="unknown size in eight bytes"),
        pytest.param(b"\xae\x7f\xfe", (0xAE, 16382, 3), id="largest size in two bytes"),
    ],
)
def test_head(data: bytes, head: tuple[int, int, int]) -> None:
    assert ebml.head(data, 0) == head


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        pytest.param(b"", Truncated, "ends inside the element header at byte 70", id="nothing"),
        pytest.param(b"\xae", Truncated, "ends inside the element header at byte 70", id="no size"),
        pytest.param(b"\xae\x40", Truncated, "ends inside the element header at byte 70", id="half a size"),
        pytest.param(b"\x16\x54", Truncated, "ends inside the element header at byte 70", id="half an id"),
        pytest.param(b"\x08\x54\xae\x6b\x00\x81", Corrupt, "no element id at byte 70", id="id of five bytes"),
        pytest.param(b"\x00\x00", Corrupt, "no element id at byte 70", id="zeros"),
        pytest.param(b"\xae\x00", Corrupt, "no data size at byte 71", id="no length marker"),
    ],
)
def test_head_names_the_damage(data: bytes, error: type[Error], message: str) -> None:
    with pytest.raises(error, match=message):
        ebml.head(data, 0, 70)


def test_walk_gives_each_element_and_its_place() -> None:
    data = b"\x88\x81\x00" + b"\x55\xaa\x81\x01" + b"\xec\x80" + b"\x53\x6e\x40\x02ab"
    assert ebml.walk(data, 0, len(data)) == [
        (0x88, 0, 2, 3),
        (0x55AA, 3, 6, 7),
        (0xEC, 7, 9, 9),
        (0x536E, 9, 13, 15),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"\x88\x81\x00\xae\x82\x00", r"0xAE at byte 103 runs past its parent, to byte 107", id="too long"),
        pytest.param(b"\x88\x81\x00\xae\xff", r"0xAE at byte 103 has no size", id="unknown size"),
        pytest.param(b"\x88\x80" * 6, r"more than 5 elements", id="too many"),
    ],
)
def test_walk_names_the_damage(data: bytes, message: str) -> None:
    with pytest.raises(Corrupt, match=message):
        ebml.walk(data, 0, len(data), 100, 5)


@given(st.binary(max_size=200))
def test_walk_of_any_bytes_is_seamless_or_an_error(data: bytes) -> None:
    try:
        found = ebml.walk(data, 0, len(data))
    except Error:
        return
    assert [start for _, start, _, _ in found] + [len(data)] == [0] + [end for _, _, _, end in found]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        pytest.param(b"", 7, id="no data is the default"),
        pytest.param(b"\0", 0, id="zero"),
        pytest.param(b"\0" * 7 + b"\1", 1, id="eight bytes"),
        pytest.param(b"\xff" * 8, 2**64 - 1, id="largest"),
    ],
)
def test_uint(data: bytes, value: int) -> None:
    assert ebml.uint(data, 0, len(data), 7) == value


def test_an_integer_of_nine_bytes_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="an integer of 9 bytes at byte 50"):
        ebml.uint(bytes(9), 0, 9, 0, 50)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        pytest.param(b"", 8000.0, id="no data is the default"),
        pytest.param(b"\x3f\xc0\0\0", 1.5, id="four bytes"),
        pytest.param(b"\x40\xe7\x70\0\0\0\0\0", 48000.0, id="eight bytes"),
    ],
)
def test_float(data: bytes, value: float) -> None:
    assert ebml.float_(data, 0, len(data), 8000.0) == value


def test_a_float_of_ten_bytes_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="a float of 10 bytes at byte 50"):
        ebml.float_(bytes(10), 0, 10, 0.0, 50)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        pytest.param(b"eng", "eng", id="plain"),
        pytest.param(b"eng\0\0xx", "eng", id="ends at a NUL"),
        pytest.param("日本語".encode(), "日本語", id="UTF-8"),
        pytest.param(b"a\xff", "a\ufffd", id="not UTF-8"),
    ],
)
def test_text(data: bytes, value: str) -> None:
    assert ebml.text(data, 0, len(data)) == value


@given(st.integers(2, 1 << 40))
def test_a_void_fills_exactly_what_it_is_given(total: int) -> None:
    head = ebml.void_head(total)
    identity, size, data = ebml.head(head, 0)
    assert (identity, size + data, data) == (ebml.VOID, total, len(head))


@given(st.integers(1, 8), st.data())
def test_size_is_read_as_it_was_written(width: int, data: st.DataObject) -> None:
    value = data.draw(st.integers(0, ebml.largest(width)))
    assert ebml.head(b"\xec" + ebml.size(value, width), 0) == (ebml.VOID, value, 1 + width)
