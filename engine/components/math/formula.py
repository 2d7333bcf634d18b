"""Formulas such as ``$input * 2 ^ 3``, translated to CEL, which then checks and evaluates them.

All numbers are floats. ``^`` binds to the right and weaker than a minus in front (``-2 ^ 2`` is
4). What is no formula is tried as a CEL expression with the same functions: ``input > 2.0 ?
input : 0.0``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from engine.components.math.functions import CONSTANTS, FUNCTIONS
from engine.errors import nearest
from engine.expressions import MAX_TEXT, Expression

if TYPE_CHECKING:
    from engine.messages import Message

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>\$?[A-Za-z_]\w*)|(?P<sign>[-+*/%^(),]))"
)
_ONLY_CEL = re.compile(r"[?:=<>!&|\[\]{}\"']")
_INPUTS = frozenset({"$input", "$x", "input", "x"})
_ARITY = {function.name: function.parameters for function in FUNCTIONS}
_MAX_DEPTH = 24  # CEL's own bound is 32


@dataclass(frozen=True, slots=True)
class Formula:
    """A compiled formula of one variable, ``input``."""

    text: str
    expression: Expression

    @classmethod
    def from_setting(cls, raw: Any) -> Self:
        """Compile a setting; a number is a formula too.

        Raises:
            ValueError: it is none; says why and where.
        """
        text = str(raw) if isinstance(raw, (int, float)) and not isinstance(raw, bool) else raw
        if not isinstance(text, str):
            raise ValueError(f"must be a formula, not {raw!r}")
        if len(text) > MAX_TEXT:
            raise ValueError(f"the formula is longer than {MAX_TEXT} characters")
        try:
            translated = _Translator(text).formula()
        except ValueError:
            if not _ONLY_CEL.search(text):
                raise
            translated = re.sub(r"\$(?=(?:input|x)\b)", "", text)
        expression = Expression.compile(translated, FUNCTIONS)
        expression.require_names({"input", "x"})
        return cls(text, expression)

    def evaluate(self, number: float) -> Message:
        """The value for this input; raises as an expression does."""
        return self.expression.evaluate({"input": number, "x": number})


class _Translator:
    """Reads a formula from left to right and writes CEL."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._kind = self._word = ""
        self._start = 0
        self._advance()

    def formula(self) -> str:
        written = self._sum()
        if self._kind:
            raise self._unexpected()
        return written

    def _advance(self) -> None:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            rest = self._text[self._at :]
            self._start = self._at + len(rest) - len(rest.lstrip())
            self._kind, self._word = ("other", rest.lstrip()[:1]) if rest.strip() else ("", "")
            return
        self._kind = str(match.lastgroup)
        self._word = match[self._kind]
        self._start, self._at = match.start(self._kind), match.end()

    def _unexpected(self) -> ValueError:
        what = f"unexpected {self._word!r}" if self._kind else "something is missing"
        return ValueError(f"{what} at position {self._start + 1}")

    def _sum(self) -> str:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError(f"is nested too deeply at position {self._start + 1}")
        written = self._product()
        while self._word in ("+", "-") and self._kind == "sign":
            sign = self._word
            self._advance()
            written = f"{written} {sign} {self._product()}"
        self._depth -= 1
        return written

    def _product(self) -> str:
        written = self._power()
        while self._word in ("*", "/", "%") and self._kind == "sign":
            sign = self._word
            self._advance()
            right = self._power()
            if sign == "*":
                written = f"{written} * {right}"
            else:
                written = f"{'div' if sign == '/' else 'mod'}({written}, {right})"
        return written

    def _power(self) -> str:
        base = self._signed()
        if self._word != "^":
            return base
        self._advance()
        return f"pow({base}, {self._power()})"

    def _signed(self) -> str:
        negative = False
        while self._word in ("+", "-") and self._kind == "sign":
            negative ^= self._word == "-"
            self._advance()
        value = self._value()
        return f"(-{value})" if negative else value

    def _value(self) -> str:
        kind, word = self._kind, self._word
        if kind == "number":
            self._advance()
            return _written(float(word))
        if kind == "name":
            return self._named(word)
        if word != "(":
            raise self._unexpected()
        self._advance()
        inner = self._sum()
        self._close()
        return f"({inner})"

    def _named(self, name: str) -> str:
        start = self._start
        self._advance()
        if name in _INPUTS:
            return "input"
        if name in CONSTANTS:
            return _written(CONSTANTS[name])
        if name not in _ARITY:
            hint = nearest(name, {*_INPUTS, *CONSTANTS, *_ARITY})
            raise ValueError(f"unknown {name!r} at position {start + 1}: {hint or 'no such name'}")
        return f"{name}({', '.join(self._arguments(name, start))})"

    def _arguments(self, name: str, start: int) -> list[str]:
        if self._word != "(":
            raise self._unexpected()
        self._advance()
        arguments = [self._sum()]
        while self._word == ",":
            self._advance()
            arguments.append(self._sum())
        self._close()
        if len(arguments) != _ARITY[name]:
            wanted = _ARITY[name]
            raise ValueError(
                f"{name} at position {start + 1} takes {wanted} values, not {len(arguments)}"
            )
        return arguments

    def _close(self) -> None:
        if self._word != ")":
            raise self._unexpected()
        self._advance()


def _written(number: float) -> str:
    """The number as CEL writes a double."""
    if number == float("inf"):
        raise ValueError("a number in it is too large")
    return repr(number)
