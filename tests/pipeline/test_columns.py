import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

from pipeline.columns import to_columns, to_table

arrays = hn.arrays(st.sampled_from([np.uint8, np.float32, np.float64]), hn.array_shapes(min_dims=1, max_dims=3))


@given(st.lists(st.tuples(st.text(), st.floats(), arrays, st.none() | st.binary()), max_size=5))
def test_columns_travel_and_come_back_the_same(rows: list[tuple[str, float, np.ndarray, bytes | None]]) -> None:
    columns = {name: [row[index] for row in rows] for index, name in enumerate(["id", "akd", "crop", "code"])}
    back = to_columns(to_table(columns))
    crops = [row[2] for row in rows]
    for sent, received in zip(crops, back.pop("crop"), strict=True):
        assert sent.dtype == received.dtype
        np.testing.assert_array_equal(sent, received)
    del columns["crop"]
    np.testing.assert_equal(back, columns)


def test_a_column_has_its_type_even_where_a_batch_has_no_value_for_it() -> None:
    assert (
        to_table({"message": [None], "bytes": [None], "akd": [None]}).schema
        == to_table({"message": ["x"], "bytes": [np.int64(3)], "akd": [1.0]}).schema
    )
