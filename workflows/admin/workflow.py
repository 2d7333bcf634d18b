"""Workflows in the admin: the list, the editor, the check while typing, and "Run now"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.enums import ActionVariant

from engine.errors import ProblemsError
from engine.graph import Graph
from engine.graph.elements import NOTHING
from workflows import services
from workflows.admin import show
from workflows.admin.caller import caller
from workflows.admin.checking import check_text
from workflows.admin.forms import RunForm, WorkflowForm, example_input
from workflows.admin.policy_pages import policy_page
from workflows.admin.secret_page import secret_page
from workflows.admin.transfer import download, import_page
from workflows.errors import AdmissionError, ExecutionConflictError
from workflows.models import Workflow
from workflows.selectors import executions_of, versions_of, workflows_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

    from engine.errors import Problem

LATEST_RUNS = 5
LATEST_VERSIONS = 20


@admin.register(Workflow)
class WorkflowAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """A user's own workflows; what is stored goes through the services."""

    form = WorkflowForm
    list_display = ("name", "about", "version", "changed")
    list_filter = ("archived", ("updated_at", admin.DateFieldListFilter))
    search_fields = ("name", "description")
    search_help_text = "Search by name or description"
    fields = WorkflowForm.Meta.fields
    actions_list = ("import_document",)
    actions_detail = (
        "run_now",
        "policies",
        "webhook_secret",
        {"title": "Export", "items": ("export_zeal", "export_json", "export_yaml")},
    )
    warn_unsaved_form = True
    list_per_page = 50

    @admin.display(description="Description")
    def about(self, workflow: Workflow) -> str:
        return show.first_line(workflow.description)

    @admin.display(description="Version", ordering="current__number")
    def version(self, workflow: Workflow) -> str:
        return str(workflow.current.number) if workflow.current else "not published"

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, workflow: Workflow) -> SafeString | str:
        return show.ago(workflow.updated_at)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workflow]:
        return workflows_of(request.user)

    def has_run_permission(self, request: HttpRequest, _obj: object = None) -> bool:
        return request.user.has_perm("workflows.add_execution")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:
        """A workflow goes with its versions, though nobody deletes a version alone."""
        objects, counts, needed, protected = super().get_deleted_objects(objs, request)
        return objects, counts, needed - {"workflow version"}, protected

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[WorkflowForm]:
        form = super().get_form(request, *args, **kwargs)
        return type("OwnWorkflowForm", (form,), {"user": caller(request)})

    def get_urls(self) -> list[URLPattern]:
        check = path(
            "check/", self.admin_site.admin_view(self.check_view), name="workflows_workflow_check"
        )
        return [check, *super().get_urls()]

    def save_model(
        self, request: HttpRequest, obj: Workflow, form: WorkflowForm, change: bool
    ) -> None:
        """Store by the services: a graph that differs becomes a version."""
        graph = Graph.from_json(form.cleaned_data["graph"])
        limits: dict[str, Any] = {
            "max_concurrent": obj.max_concurrent,
            "keep_days": obj.keep_days,
            "keep_runs": obj.keep_runs,
        }
        if change:
            services.update_workflow(
                workflow=obj,
                by=caller(request),
                name=obj.name,
                description=obj.description,
                archived=obj.archived,
                graph=graph,
                when_full=obj.when_full,
                **limits,
            )
        else:
            stored = services.create_workflow(
                owner=caller(request),
                name=obj.name,
                graph=graph,
                description=obj.description,
                when_full=obj.when_full,
                **limits,
            )
            obj.__dict__.update(stored.__dict__)  # what the admin log and the redirect name

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = {"show_save_and_add_another": False, **(extra_context or {})}
        response = super().changeform_view(request, object_id, form_url, extra)
        context = response.context_data if isinstance(response, TemplateResponse) else None
        if context and "adminform" in context:
            context.update(self._page(request, context))
        return cast("HttpResponse", response)

    def _page(self, request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
        """What the editor shows around the form."""
        form: WorkflowForm = context["adminform"].form
        form.fields["graph"].widget.attrs["data-check-url"] = reverse(
            "admin:workflows_workflow_check"
        )
        checked = form.checked or check_text(form["graph"].value() or "")
        page = {
            "problems": checked.shown,
            "summary": checked.summary,
            "drawing": checked.drawing(),
        }
        workflow = context.get("original")
        return page if workflow is None else page | _history(request, workflow)

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """The editor's text, checked: every problem and a new drawing. Stores nothing."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        return JsonResponse(check_text(request.body).answer())

    @action(  # type: ignore[untyped-decorator]  # unfold is untyped
        description="Run now",
        icon="play_arrow",
        url_path="run",
        permissions=("run",),
        variant=ActionVariant.PRIMARY,
    )
    def run_now(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the input, start an execution, and go to its page."""
        workflow = self.get_object(request, object_id)
        if workflow is None or workflow.current is None:
            missing = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast("HttpResponse", missing)
        graph = Graph.from_json(workflow.current.graph)
        form = RunForm(request.POST or None, initial={"input": example_input(graph)})
        problems: tuple[Problem, ...] = ()
        if request.method == "POST" and form.is_valid():
            try:
                return self._start(request, workflow, form)
            except ProblemsError as error:
                problems = error.problems
            except ExecutionConflictError as error:
                form.add_error("execution_id", str(error))
            except AdmissionError as error:
                form.add_error(None, str(error))
        context = self._run_context(request, workflow, graph)
        context |= {"form": form, "problems": problems}
        return TemplateResponse(request, "admin/workflows/workflow/run.html", context)

    @action(  # type: ignore[untyped-decorator]  # unfold is untyped
        description="When it fails",
        icon="healing",
        url_path="policies",
        permissions=("change",),
    )
    def policies(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Retries, breakers, fallbacks of each node, and what a failure does to the run."""
        workflow = self.get_object(request, object_id)
        if workflow is None or workflow.current is None:
            missing = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast("HttpResponse", missing)
        context = {
            **self.admin_site.each_context(request),
            "title": f"When {workflow.name} fails",
            "opts": self.opts,
            "original": workflow,
        }
        response = policy_page(request, workflow, context)
        if response.status_code == 302:
            self.log_change(request, workflow, "Changed what happens when it fails.")
        return response

    @action(  # type: ignore[untyped-decorator]  # unfold is untyped
        description="Webhook secret",
        icon="key",
        url_path="webhook-secret",
        permissions=("change",),
    )
    def webhook_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a secret that signs the workflow's webhooks, show it once, or forget all."""
        workflow = self.get_object(request, object_id)
        if workflow is None:
            missing = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast("HttpResponse", missing)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Webhook secret of {workflow.name}",
            "opts": self.opts,
            "original": workflow,
        }
        if request.method == "POST":
            self.log_change(request, workflow, "Changed its webhook secret.")
        return secret_page(request, workflow, context)

    @action(  # type: ignore[untyped-decorator]  # unfold is untyped
        description="Import", icon="upload", url_path="import", permissions=("add",)
    )
    def import_document(self, request: HttpRequest) -> HttpResponse:
        """Keep a Zeal workflow or a graph, from a file or pasted; or only check it."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Import a workflow",
            "opts": self.opts,
        }
        return import_page(request, context)

    @action(description="Zeal workflow", url_path="export-zeal")  # type: ignore[untyped-decorator]
    def export_zeal(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._export(request, object_id, "zeal")

    @action(description="Graph as JSON", url_path="export-json")  # type: ignore[untyped-decorator]
    def export_json(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._export(request, object_id, "reflow")

    @action(description="Graph as YAML", url_path="export-yaml")  # type: ignore[untyped-decorator]
    def export_yaml(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._export(request, object_id, "yaml")

    def _export(self, request: HttpRequest, object_id: str, kind: str) -> HttpResponse:
        workflow = self.get_object(request, object_id)
        if workflow is None or workflow.current is None or not self.has_view_permission(request):
            missing = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return cast("HttpResponse", missing)
        return download(workflow, kind)

    def _start(self, request: HttpRequest, workflow: Workflow, form: RunForm) -> HttpResponse:
        start = services.start_execution(
            owner=caller(request),
            workflow=workflow,
            input=form.cleaned_data["input"],
            execution_id=form.cleaned_data["execution_id"],
            source="admin",
        )
        said = "started" if start.created else "was started before with the same content"
        self.message_user(request, f"Execution {start.execution.execution_id} {said}.")
        self.log_change(request, workflow, f"Started execution {start.execution.execution_id}.")
        return HttpResponseRedirect(
            reverse("admin:workflows_execution_change", args=(start.execution.pk,))
        )

    def _run_context(
        self, request: HttpRequest, workflow: Workflow, graph: Graph
    ) -> dict[str, Any]:
        inports = [
            {
                "name": port.name,
                "type": port.port_type,
                "description": (port.details.metadata or NOTHING).get("description", ""),
            }
            for port in graph.inports.values()
        ]
        return {
            **self.admin_site.each_context(request),
            "title": f"Run {workflow.name}",
            "opts": self.opts,
            "original": workflow,
            "workflow": workflow,
            "version": workflow.current,
            "inports": inports,
        }


def _history(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    """The latest runs and versions, with one query each."""
    runs = executions_of(request.user).filter(workflow=workflow)[:LATEST_RUNS]
    versions = versions_of(request.user).filter(workflow=workflow).defer("graph")
    newest = list(versions.order_by("-number")[:LATEST_VERSIONS])
    return {
        "runs": [show.run_row(run) for run in runs],
        "versions": [
            {
                "pk": version.pk,
                "number": version.number,
                "checksum": version.checksum,
                "saved": show.ago(version.created_at),
                "by": version.created_by or show.EMPTY,
            }
            for version in newest
        ],
        "more_versions": (newest[-1].number or 1) - 1 if newest else 0,
    }
