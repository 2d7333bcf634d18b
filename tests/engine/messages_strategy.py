"""Messages of every kind, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.messages import (
    FLOW,
    AnyValue,
    Encoded,
    ErrorValue,
    Event,
    OptionalValue,
    RemoteReference,
    StreamHandle,
    freeze,
)

I64 = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=20)
SIZES = st.integers(0, 2**63 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | I64 | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
).map(freeze)
WRAPPERS = st.one_of(
    st.just(FLOW),
    st.builds(ErrorValue, TEXTS),
    st.builds(Event, JSON),
    st.builds(AnyValue, JSON),
    st.builds(OptionalValue, JSON.filter(lambda value: value is not None)),
    st.builds(Encoded, st.binary(max_size=20)),
    st.builds(StreamHandle, SIZES, TEXTS, TEXTS, st.none() | TEXTS, st.none() | SIZES),
    st.builds(RemoteReference, TEXTS, TEXTS, TEXTS),
)
MESSAGES = JSON | WRAPPERS | st.binary(max_size=300)
