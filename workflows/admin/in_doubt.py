"""Firings in doubt on the page of their run, and the buttons that decide about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages

from engine.codec import parse_json
from engine.errors import CodecError, InputError
from workflows.admin import show
from workflows.admin.caller import caller
from workflows.errors import ConflictError
from workflows.in_doubt import decide
from workflows.models import DoubtAction, DoubtfulFiring

if TYPE_CHECKING:
    from django.http import HttpRequest

    from workflows.models import Execution

MOST = 100  # shown on the page; the API has all
EXAMPLE = '{"out": []}'


def doubts_of(execution: Execution) -> list[dict[str, Any]]:
    """What the page shows: the open ones first."""
    rows = DoubtfulFiring.objects.filter(execution=execution).order_by("action", "pk")[:MOST]
    return [
        {
            "row": row,
            "begun": show.ago(row.begun_at),
            "decided": show.ago(row.decided_at),
            "inputs": show.pretty(row.inputs),
            "example": EXAMPLE,
        }
        for row in rows
    ]


def decide_by_form(request: HttpRequest, execution: Execution) -> str:
    """Do what a button says.

    Returns:
        What was done, for the log; empty if nothing was, and the page says why.
    """
    action, number = request.POST.get("action", ""), request.POST.get("id", "")
    known = action in DoubtAction.values and number.isascii() and number.isdigit()
    if not known or len(number) > 18:
        messages.error(request, "Nothing was decided: the form was incomplete.")
        return ""
    try:
        outputs = _outputs(request.POST.get("outputs", "")) if action == "output" else None
        decide(
            execution=execution,
            action=action,
            by=caller(request),
            ids=[int(number)],
            outputs=outputs,
        )
    except (CodecError, InputError, ConflictError) as error:
        messages.error(request, f"Nothing was decided: {error}")
        return ""
    said = f"Decided: {DoubtAction(action).label}."
    messages.success(request, said)
    return said


def _outputs(text: str) -> dict[str, Any]:
    outputs = parse_json(text)
    if not isinstance(outputs, dict):
        raise CodecError("the output is a JSON object with the outports as keys")
    return outputs
