"""The forms of the admin: a workflow with its graph as JSON, and the input of a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from engine.errors import CodecError
from engine.graph import Graph
from engine.graph.elements import NOTHING
from workflows.admin.checking import Checked, check_text
from workflows.admin.show import pretty
from workflows.models import EXECUTION_ID, Workflow
from workflows.selectors import workflows_of
from workflows.surroundings import read_json

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from engine.graph.elements import ExposedPort


class WorkflowForm(forms.ModelForm):  # type: ignore[type-arg]  # only the stubs take one
    """A workflow and the graph of its current version; ``checked`` is what the graph gave."""

    user: ClassVar[User]  # the caller; set on the subclass that serves one request

    graph = forms.CharField(
        label="Graph as JSON",
        strip=False,
        widget=forms.Textarea(
            {
                "class": "rf-code",
                "spellcheck": "false",
                "autocomplete": "off",
                "wrap": "off",
                "aria-describedby": "graph-problems",
            }
        ),
        help_text="Checked while you type. A graph that cannot run is not saved; a warning is.",
    )

    class Meta:
        model = Workflow
        fields = (
            "name",
            "description",
            "archived",
            "max_concurrent",
            "when_full",
            "keep_days",
            "keep_runs",
        )
        widgets: ClassVar = {"description": UnfoldAdminTextareaWidget({"rows": 3})}
        help_texts: ClassVar = {
            "name": "Yours alone: another user may have a workflow of the same name.",
            "archived": "Kept with its runs, and out of the way.",
            "max_concurrent": "Runs at the same time. Empty: as many as there are workers.",
            "when_full": "What a start does when all of these are in use.",
            "keep_days": "Days a run is kept after its end. Empty: as the server. 0: for ever.",
            "keep_runs": (
                "Ended runs that are kept, the newest. Empty: as the server says. 0: any number."
                " Pinned runs are kept beside them."
            ),
        }

    checked: Checked | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "when_full" in self.fields:  # not there for one who may only look
            self.fields["when_full"].required = False  # left out: as it was
        current = self.instance.current
        self.initial["graph"] = pretty(current.graph) if current else starting_graph()

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = workflows_of(self.user).filter(name=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise ValidationError("You have a workflow of this name already.", "unique")
        return name

    def clean_graph(self) -> str:
        text: str = self.cleaned_data["graph"]
        self.checked = check_text(text)
        if self.checked.errors:
            raise ValidationError([str(problem) for problem in self.checked.errors])
        return text


class RunForm(forms.Form):
    """What a run is given; ``input`` cleans to a JSON object."""

    input = forms.CharField(
        label="Input (a JSON object)",
        widget=forms.Textarea({"class": "rf-code rf-short", "spellcheck": "false"}),
        help_text=(
            "Each key that is an inport of the graph goes there; the rest, as one object, goes to"
            " trigger nodes. Leave {} to run with the graph's own initial packets."
        ),
        required=False,
    )
    execution_id = forms.CharField(
        label="Execution id",
        required=False,
        max_length=128,
        validators=(RegexValidator(EXECUTION_ID, "Use 1 to 128 of letters, digits and . _ : -"),),
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text=(
            "Optional: the server chooses one. The same id with the same input shows the earlier"
            " run instead of starting another."
        ),
    )

    def clean_input(self) -> dict[str, Any]:
        text = self.cleaned_data["input"].strip() or "{}"
        try:
            given = read_json(text)
        except CodecError as error:
            raise ValidationError(str(error), "json") from error
        if not isinstance(given, dict):
            raise ValidationError("The input must be a JSON object, such as {}.", "object")
        return given


def starting_graph() -> str:
    """Where a new workflow begins: two nodes that pass a message on."""
    graph = Graph("my workflow", case_sensitive=True)
    graph.add_node("first", "tpl_passthrough", {"x": 0, "y": 0})
    graph.add_node("second", "tpl_passthrough", {"x": 240, "y": 0})
    graph.add_connection("first", "output", "second", "input")
    graph.add_inport("in", "first", "input")
    graph.add_outport("out", "second", "output")
    return pretty(graph.to_json())


def example_input(graph: Graph) -> str:
    """What the input form is filled with: each inport with its example, or nothing of its type."""
    given = {port.name: _example(port) for port in graph.inports.values()}
    return json.dumps(given, indent=2, ensure_ascii=False)


def _example(port: ExposedPort) -> Any:
    metadata = port.details.metadata or NOTHING
    if "example" in metadata:
        return metadata["example"]
    empty = {"string": "", "integer": 0, "float": 0.0, "boolean": False, "array": [], "object": {}}
    return empty.get(port.port_type)
