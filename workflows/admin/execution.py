"""Executions in the admin: the list, the page of one run, its live state, and what stops it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.admin import ModelAdmin

from workflows import services
from workflows.admin import show
from workflows.admin.caller import caller
from workflows.admin.checking import check_text
from workflows.admin.event_table import Choice, event_page
from workflows.admin.in_doubt import decide_by_form, doubts_of
from workflows.admin.progress import MAX_FAILURES, failures_of, state_of
from workflows.errors import ConflictError
from workflows.models import TERMINAL, Execution, Status
from workflows.pausing import pause_execution, resume_execution
from workflows.payloads import reference_of
from workflows.selectors import executions_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

    from workflows.models import WorkflowVersion

MAX_TEXT = 50_000  # characters of an input or result on the page; the API has the whole


MAX_AT_ONCE = 1_000  # runs that one action pauses or resumes

Act = Callable[..., Status]
_DONE: dict[Act, str] = {pause_execution: "Paused", resume_execution: "Resumed"}
_SAID: dict[Act, str] = {
    pause_execution: "It is paused between messages, within about a second.",
    resume_execution: "It goes on.",
}


class OwnWorkflowFilter(admin.RelatedFieldListFilter):
    """Only the caller's workflows as choices."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return field.get_choices(
            include_blank=False,
            ordering=self.field_admin_ordering(field, request, model_admin),
            limit_choices_to={"owner_id": request.user.pk},
        )


@admin.register(Execution)
class ExecutionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """A user's own executions; they start and end by the services, never by hand."""

    list_display = (
        "execution_id",
        "state",
        "of_workflow",
        "took",
        "nodes",
        "source",
        "created",
        "started",
        "finished",
    )
    list_filter = (
        "status",
        ("workflow", OwnWorkflowFilter),
        ("source", admin.AllValuesFieldListFilter),
        ("created_at", admin.DateFieldListFilter),
        "pinned",
    )
    search_fields = ("execution_id",)
    search_help_text = "Search by execution id"
    list_per_page = 50
    list_fullwidth = True
    show_full_result_count = False
    actions = ("pause", "resume", "keep_for_ever", "let_go")

    @admin.display(description="Status", ordering="status")
    def state(self, execution: Execution) -> SafeString:
        return show.badge(execution.status)

    @admin.display(description="Workflow", ordering="workflow__name")
    def of_workflow(self, execution: Execution) -> str:
        return str(execution.workflow or execution.workflow_label or show.EMPTY)

    @admin.display(description="Duration", ordering="duration_ms")
    def took(self, execution: Execution) -> str:
        return show.duration(execution)

    @admin.display(description="Nodes", ordering="nodes_executed")
    def nodes(self, execution: Execution) -> str:
        return show.nodes(execution)

    @admin.display(description="Created", ordering="created_at")
    def created(self, execution: Execution) -> SafeString | str:
        return show.ago(execution.created_at)

    @admin.display(description="Started", ordering="started_at")
    def started(self, execution: Execution) -> SafeString | str:
        return show.ago(execution.started_at)

    @admin.display(description="Finished", ordering="finished_at")
    def finished(self, execution: Execution) -> SafeString | str:
        return show.ago(execution.finished_at)

    @admin.action(description="Keep for ever", permissions=("pin",))
    def keep_for_ever(self, request: HttpRequest, executions: QuerySet[Execution]) -> None:
        self._pin(request, executions, pinned=True)

    @admin.action(description="Let retention have them", permissions=("pin",))
    def let_go(self, request: HttpRequest, executions: QuerySet[Execution]) -> None:
        self._pin(request, executions, pinned=False)

    def _pin(self, request: HttpRequest, executions: QuerySet[Execution], *, pinned: bool) -> None:
        for execution in executions:
            services.pin_execution(execution=execution, pinned=pinned)
            self.log_change(request, execution, f"Kept for ever: {'yes' if pinned else 'no'}.")
        said = "Retention keeps" if pinned else "Retention may remove"
        self.message_user(request, f"{said} {len(executions)} of them.")

    def has_pin_permission(self, request: HttpRequest) -> bool:
        return self.has_stop_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Execution]:
        return executions_of(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: Execution | None = None) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Execution | None = None) -> bool:
        """What is not over must be cancelled first: a worker may hold it."""
        return request.user.is_superuser and (obj is None or obj.is_over)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<uuid:pk>/state/", wrap(self.state_view), name="workflows_execution_state"),
            path("<uuid:pk>/pin/", wrap(self.pin_view), name="workflows_execution_pin"),
            path("<uuid:pk>/cancel/", wrap(self.cancel_view), name="workflows_execution_cancel"),
            path("<uuid:pk>/pause/", wrap(self.pause_view), name="workflows_execution_pause"),
            path("<uuid:pk>/decide/", wrap(self.decide_view), name="workflows_execution_decide"),
            path("<uuid:pk>/resume/", wrap(self.resume_view), name="workflows_execution_resume"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        """The page of one run."""
        execution = self._own(request, object_id)
        failures = failures_of(execution)
        state = state_of(execution, failures)
        context = {
            **self.admin_site.each_context(request),
            **_facts(execution, execution.version),
            **event_page(execution, Choice.from_query(request.GET)),
            "title": f"Execution {execution.execution_id}",
            "opts": self.opts,
            "original": execution,
            "state": state,
            "drawing": check_text(execution.version.graph).drawing(state["node_states"]),
            "failures": failures,
            "failure_limit": MAX_FAILURES,
            "can_pin": self.has_stop_permission(request),
            "doubts": doubts_of(execution),
            "can_decide": self.has_stop_permission(request),
            "can_cancel": not execution.is_over and self.has_stop_permission(request),
        }
        return TemplateResponse(request, "admin/workflows/execution/page.html", context)

    def state_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """What the page's script asks for every other second."""
        execution = self._own(request, str(pk))
        return JsonResponse(state_of(execution, failures_of(execution)))

    def decide_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """What becomes of a firing in doubt, by a button on the page."""
        execution = self._own(request, str(pk))
        if request.method != "POST":
            raise Http404
        if not self.has_stop_permission(request):
            raise PermissionDenied
        if said := decide_by_form(request, execution):
            self.log_change(request, execution, said)
        where = reverse("admin:workflows_execution_change", args=(execution.pk,))
        return HttpResponseRedirect(where)

    def cancel_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Ask first; cancel on POST."""
        execution = self._own(request, str(pk))
        if not self.has_stop_permission(request):
            raise PermissionDenied
        if request.method == "POST" or execution.is_over:
            return self._cancel(request, execution)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Cancel {execution.execution_id}",
            "opts": self.opts,
            "original": execution,
            "execution": execution,
            "badge": show.badge(execution.status),
        }
        return TemplateResponse(request, "admin/workflows/execution/cancel.html", context)

    def pin_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Pin the run, or let go of it, by the button on its page."""
        execution = self._own(request, str(pk))
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_stop_permission(request):
            raise PermissionDenied
        mine = executions_of(request.user).filter(pk=execution.pk)
        self._pin(request, mine, pinned=request.POST.get("pinned") == "yes")
        return HttpResponseRedirect(
            reverse("admin:workflows_execution_change", args=(execution.pk,))
        )

    def _cancel(self, request: HttpRequest, execution: Execution) -> HttpResponse:
        if execution.is_over:
            said = f"It was over already: {execution.get_status_display()}."
        else:
            reason = request.POST.get("reason", "")[:500]
            status = services.cancel_execution(
                execution=execution, by=caller(request), reason=reason
            )
            said = "It is cancelled." if status in TERMINAL else "Asked the worker to stop it."
            self.log_change(request, execution, f"Cancelled. {reason}".strip())
        self.message_user(request, said)
        return HttpResponseRedirect(
            reverse("admin:workflows_execution_change", args=(execution.pk,))
        )

    def pause_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        return self._pause(request, pk, pause_execution)

    def resume_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        return self._pause(request, pk, resume_execution)

    def _pause(self, request: HttpRequest, pk: Any, act: Act) -> HttpResponse:
        execution = self._own(request, str(pk))
        if not self.has_stop_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        reason = request.POST.get("reason", "")[:500]
        try:
            act(execution=execution, by=caller(request), reason=reason)
        except ConflictError as error:
            self.message_user(request, f"Nothing was done: {error}.", messages.WARNING)
        else:
            self.log_change(request, execution, f"{_DONE[act]}. {reason}".strip())
            self.message_user(request, _SAID[act])
        return HttpResponseRedirect(
            reverse("admin:workflows_execution_change", args=(execution.pk,))
        )

    @admin.action(description="Pause", permissions=["stop"])
    def pause(self, request: HttpRequest, chosen: QuerySet[Execution]) -> None:
        self._each(request, chosen, pause_execution)

    @admin.action(description="Resume", permissions=["stop"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Execution]) -> None:
        self._each(request, chosen, resume_execution)

    def _each(self, request: HttpRequest, chosen: QuerySet[Execution], act: Act) -> None:
        """Do it to every chosen run that it can be done to; say how many, and why not the rest."""
        refused: Counter[str] = Counter()
        done = 0
        for execution in chosen[:MAX_AT_ONCE]:
            try:
                act(execution=execution, by=caller(request))
            except ConflictError as error:
                refused[str(error)] += 1
            else:
                done += 1
                self.log_change(request, execution, f"{_DONE[act]}.")
        runs = "run" if done == 1 else "runs"
        self.message_user(request, f"{_DONE[act]}: {done} {runs}.")
        for reason, count in refused.items():
            self.message_user(request, f"{count} left as they are: {reason}.", messages.WARNING)

    def _own(self, request: HttpRequest, object_id: str) -> Execution:
        """The caller's execution with its graph.

        Raises:
            Http404: there is none, or it is somebody else's.
        """
        execution = executions_of(request.user).defer(None).filter(pk=_uuid(object_id)).first()
        if execution is None:
            raise Http404
        if not self.has_view_permission(request, execution):
            raise PermissionDenied
        return execution

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("workflows.change_execution")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error


def _facts(execution: Execution, version: WorkflowVersion) -> dict[str, Any]:
    """What a run was given and what came of it, as texts."""
    return {
        "execution": execution,
        "version": version,
        "created": show.ago(execution.created_at),
        "started": show.ago(execution.started_at),
        "finished": show.ago(execution.finished_at),
        "pruned": show.ago(execution.events_pruned_at),
        "cancelled": show.ago(execution.cancel_requested_at),
        "paused": show.ago(execution.pause_requested_at),
        "input": show.stored(execution.input, MAX_TEXT),
        "result": show.stored(execution.result, MAX_TEXT),
        "large": {
            part: reference.size_bytes
            for part in ("input", "result")
            if (reference := reference_of(getattr(execution, part)))
        },
        "warnings": json.loads(execution.warnings or "[]"),
    }
