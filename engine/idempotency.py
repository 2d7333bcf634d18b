"""Keys by which a service knows a call that it has had already."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING

from engine.codec import encode
from engine.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.messages import Message


class Keys:
    """The keys of one node: one for each firing, made of what the firing was given.

    Equal inputs are told apart by how often the node has had them, never by their position in a
    stream: that differs between the attempts of a run.
    """

    __slots__ = ("_node", "_run", "_seen")

    def __init__(self, run_id: str, node_id: str) -> None:
        self._run = run_id
        self._node = node_id
        self._seen: Counter[str] = Counter()

    def next(self, inputs: Mapping[str, Message]) -> str:
        """The key of the next firing with these inputs: 64 hexadecimal digits."""
        digest = digest_of(inputs)
        number = self._seen[digest]
        self._seen[digest] += 1
        parts = json.dumps([self._run, self._node, digest, number])
        return sha256(parts.encode()).hexdigest()

    def count(self, firings: Iterable[Mapping[str, Message]]) -> None:
        """These inputs have had their keys, in an earlier attempt."""
        for inputs in firings:
            self._seen[digest_of(inputs)] += 1


def digest_of(inputs: Mapping[str, Message]) -> str:
    """The sha256 of what a firing is given, in hexadecimal digits."""
    return sha256(_canonical(inputs).encode()).hexdigest()


def _canonical(inputs: Mapping[str, Message]) -> str:
    """One text for equal inputs, whatever the order of keys."""
    try:
        tagged = {port: encode(message) for port, message in inputs.items()}
        return json.dumps(tagged, sort_keys=True)
    except CodecError:  # it has no wire form: an integer that is too large
        return repr(sorted(inputs.items()))
