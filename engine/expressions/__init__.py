"""Expressions of users: CEL, by Google's library, which only this package imports.

CEL has no loops, no assignment and no way out of itself. An int and a double are two types:
``1 + 2.5`` is an error, ``double(1) + 2.5`` is not; comparing them is allowed.
"""

from __future__ import annotations

from engine.expressions.expression import MAX_TEXT, Expression, Function

__all__ = ["MAX_TEXT", "Expression", "Function"]
