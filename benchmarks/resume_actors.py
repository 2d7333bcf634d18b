"""The actors of ``benchmarks.resume_levels``: they send on what they get."""

from __future__ import annotations

from engine import Actor, Context, Outputs, Port


class Pure(Actor):
    component = "pure"
    inports = (Port("in"),)
    outports = (Port("out"),)
    effect = "none"

    def process(self, ctx: Context) -> Outputs:
        return {"out": ctx.inputs["in"]}


class Acts(Pure):
    component = "acts"
    effect = "keyed"


class Unsafe(Pure):
    component = "unsafe"
    effect = "unsafe"


ACTORS = [Pure, Acts, Unsafe]
