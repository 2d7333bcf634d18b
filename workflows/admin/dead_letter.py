"""Dead letters in the admin: the list, bulk actions that ask first, and the page of one letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.admin import ModelAdmin

from engine.errors import CodecError, InputError
from workflows.admin import show
from workflows.admin.caller import caller
from workflows.dead_letters import discard_dead_letters, edit_dead_letter, requeue_dead_letters
from workflows.errors import LetterResolvedError, PayloadError
from workflows.models import DeadLetter
from workflows.payloads import read
from workflows.selectors import dead_letters_of
from workflows.surroundings import read_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

    from workflows.dead_letters import Outcome

MAX_FAILED_TEXT = 200_000  # characters of a refused edit that are shown again
LINKED = ("execution__id__exact", "fingerprint", "workflow__id__exact")
ACTS: dict[str, tuple[str, str, Callable[..., Outcome]]] = {
    "requeue": (
        "Requeue",
        "Each starts a run of the same version from its node. Nothing above the node runs.",
        requeue_dead_letters,
    ),
    "discard": ("Discard", "They stay in the list, and cannot be requeued.", discard_dead_letters),
}


@admin.register(DeadLetter)
class DeadLetterAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """A user's own dead letters."""

    list_display = ("failed_at", "state", "code", "error_line", "of_workflow", "run", "created")
    list_display_links = ("failed_at",)
    list_filter = (
        "status",
        ("workflow", admin.RelatedOnlyFieldListFilter),
        ("code", admin.AllValuesFieldListFilter),
        ("node", admin.AllValuesFieldListFilter),
        ("created_at", admin.DateFieldListFilter),
    )
    search_fields = ("execution__execution_id", "fingerprint", "error")
    search_help_text = "Search by execution id, fingerprint or error"
    list_per_page = 50
    list_fullwidth = True
    show_full_result_count = False
    actions = ("requeue", "discard")

    @admin.display(description="Node", ordering="node")
    def failed_at(self, letter: DeadLetter) -> str:
        return show.first_line(letter.node)

    @admin.display(description="Status", ordering="status")
    def state(self, letter: DeadLetter) -> SafeString:
        return show.letter_badge(letter.status)

    @admin.display(description="Error")
    def error_line(self, letter: DeadLetter) -> str:
        return show.first_line(letter.error)

    @admin.display(description="Workflow", ordering="workflow__name")
    def of_workflow(self, letter: DeadLetter) -> str:
        return str(letter.workflow or letter.execution.workflow_label or show.EMPTY)

    @admin.display(description="Execution")
    def run(self, letter: DeadLetter) -> str:
        return letter.execution.execution_id

    @admin.display(description="Failed", ordering="created_at")
    def created(self, letter: DeadLetter) -> SafeString | str:
        return show.ago(letter.created_at)

    @admin.action(description="Requeue", permissions=("change",))
    def requeue(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> HttpResponse | None:
        return self._ask(request, letters, "requeue")

    @admin.action(description="Discard", permissions=("change",))
    def discard(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> HttpResponse | None:
        return self._ask(request, letters, "discard")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeadLetter]:
        return dead_letters_of(request.user)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in LINKED or super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DeadLetter | None = None) -> bool:  # noqa: ARG002 -- Django's signature
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)
        own = path("<int:pk>/decide/<str:act>/", view, name="workflows_deadletter_act")
        return [own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        """The page of one letter; POST changes its inputs."""
        letter = self._own(request, object_id)
        text, problem = _inputs(letter)
        if request.method == "POST":
            text = request.POST.get("inputs", "")
            problem = self._edit(request, letter, text)
            if not problem:
                return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Dead letter {letter.pk}",
            "opts": self.opts,
            "original": letter,
            "letter": letter,
            "badge": show.letter_badge(letter.status),
            "created": show.ago(letter.created_at),
            "resolved": show.ago(letter.resolved_at),
            "inputs": text[:MAX_FAILED_TEXT],
            "problem": problem,
            "can_change": letter.is_open and self.has_change_permission(request, letter),
        }
        return TemplateResponse(request, "admin/workflows/deadletter/page.html", context)

    def act_view(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        """Requeue or discard one letter, by the button on its page."""
        letter = self._own(request, str(pk))
        if request.method != "POST" or act not in ACTS:
            raise Http404
        if not self.has_change_permission(request, letter):
            raise PermissionDenied
        self._do(request, dead_letters_of(request.user).filter(pk=pk), act)
        return HttpResponseRedirect(reverse("admin:workflows_deadletter_change", args=(pk,)))

    def _edit(self, request: HttpRequest, letter: DeadLetter, text: str) -> str:
        """What is wrong with new inputs; empty if they are the letter's now."""
        if not self.has_change_permission(request, letter):
            raise PermissionDenied
        try:
            inputs = read_json(text)
            if not isinstance(inputs, dict):
                return "The inputs are a JSON object with the inports as keys."
            edit_dead_letter(letter=letter, inputs=inputs)
        except (CodecError, InputError, LetterResolvedError) as error:
            return str(error)
        self.log_change(request, letter, "Inputs changed.")
        self.message_user(request, "The inputs are changed.")
        return ""

    def _ask(
        self, request: HttpRequest, letters: QuerySet[DeadLetter], act: str
    ) -> HttpResponse | None:
        """Say exactly what would be done; do it once that was confirmed, and is still so."""
        would = ACTS[act][2](letters=letters, by=caller(request), dry_run=True)
        if request.POST.get("confirmed") == str(would.done) and would.done:
            self._do(request, letters, act)
            return None
        title, about, _ = ACTS[act]
        context = {
            **self.admin_site.each_context(request),
            "title": f"{title} dead letters",
            "opts": self.opts,
            "verb": title,
            "about": about,
            "act": act,
            "would": would,
            "changed": "confirmed" in request.POST,
            "across": request.POST.get("select_across", "0"),
            "checkbox": ACTION_CHECKBOX_NAME,
            "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
        }
        return TemplateResponse(request, "admin/workflows/deadletter/confirm.html", context)

    def _do(self, request: HttpRequest, letters: QuerySet[DeadLetter], act: str) -> None:
        first = letters.order_by("pk").first()
        outcome = ACTS[act][2](letters=letters, by=caller(request))
        said = f"{ACTS[act][0]}: {outcome.done} done."
        for refusal in outcome.refused:
            said += f" {refusal.count} refused: {show.first_line(refusal.message, 200)}."
        if outcome.left:
            said += f" {outcome.left} are left: do it once more."
        if first is not None:
            self.log_change(request, first, said)
        self.message_user(request, said, "warning" if outcome.refused else "success")

    def _own(self, request: HttpRequest, object_id: str) -> DeadLetter:
        """The caller's letter.

        Raises:
            Http404: there is none, or it is somebody else's.
        """
        rows = dead_letters_of(request.user).select_related("execution__version")
        is_id = object_id.isascii() and object_id.isdigit() and len(object_id) <= 18
        letter = rows.filter(pk=object_id).first() if is_id else None
        if letter is None:
            raise Http404
        if not self.has_view_permission(request, letter):
            raise PermissionDenied
        return letter


def _inputs(letter: DeadLetter) -> tuple[str, str]:
    """The messages of a letter, or why they are not there."""
    try:
        return show.pretty(read(letter.inputs)), ""
    except PayloadError as error:
        return "", str(error)
