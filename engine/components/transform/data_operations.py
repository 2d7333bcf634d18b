"""Run each message through a list of steps: transform, filter, map, sort, group, aggregate."""

from __future__ import annotations

from dataclasses import dataclass

from engine.actor import Actor, Context, Outputs
from engine.components.palette import inport, outport
from engine.components.transform.operations import OperationSets
from engine.messages import ErrorValue
from engine.node_config import setting


class DataOperationsActor(Actor):
    """Run each message through a list of steps: transform, filter, map, sort, group, aggregate."""

    component = "tpl_data_operations"
    inports = (inport("data", "any", "input", help="the value that the steps start from"),)
    outports = (
        outport("output", help="the value after the last step"),
        outport("error", "error", help="a value that a step cannot work on"),
    )
    effect = "none"
    stateless = True
    title = "Data operations"
    category = "data"
    icon = "workflow"

    @dataclass(frozen=True, slots=True)
    class Config:
        data_operations: OperationSets | None = setting(
            None,
            key="dataOperations",
            help="list of sets {operations: [{type, enabled, ...}]}; the last set's result is sent",
        )

    def process(self, ctx: Context) -> Outputs:
        value, sets = ctx.inputs["data"], ctx.config.data_operations
        try:
            return {"output": value if sets is None else sets.apply(value)}
        except ValueError as error:
            return {"error": ErrorValue(str(error))}
