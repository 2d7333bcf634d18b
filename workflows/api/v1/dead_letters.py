"""Dead letters: list, look at, edit, requeue and discard; one by one, by ids or by a filter."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.filters import OrderingFilter
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import GenericViewSet

from workflows.api.commands import checked
from workflows.api.documents import ERRORS
from workflows.api.strict import StrictInput
from workflows.api.v1.filters import DeadLetterFilter
from workflows.api.v1.pagination import Keyset
from workflows.api.v1.serializers import ObjectText
from workflows.api.view import ApiView, caller
from workflows.dead_letters import (
    Refusal,
    discard_dead_letters,
    edit_dead_letter,
    requeue_dead_letters,
)
from workflows.models import EXECUTION_ID, DeadLetter, LetterStatus
from workflows.selectors import dead_letters_of, letter_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from rest_framework.request import Request

    from workflows.dead_letters import Outcome

MOST_IDS = 1_000  # of one request; a filter has no such limit
MOST_GROUPS = 200
MAX_ID = 2**63 - 1


class DeadLetterRow(serializers.ModelSerializer[DeadLetter]):
    execution = serializers.CharField(source="execution.execution_id", read_only=True)
    requeued_as = serializers.CharField(
        source="requeued_as.execution_id", default=None, read_only=True
    )

    event_url = serializers.SerializerMethodField(
        help_text="the event of the failure; null if it is not stored"
    )

    class Meta:
        model = DeadLetter
        fields: tuple[str, ...] = (
            "id",
            "status",
            "execution",
            "workflow",
            "node",
            "component",
            "error",
            "code",
            "fingerprint",
            "attempts",
            "event_seq",
            "event_url",
            "incomplete",
            "created_at",
            "resolved_by",
            "resolved_at",
            "requeued_as",
        )
        read_only_fields: tuple[str, ...] = fields

    def get_event_url(self, letter: DeadLetter) -> str | None:
        if letter.event_seq is None:
            return None
        events = reverse("execution-events", [letter.execution.execution_id])
        return f"{events}?after_seq={letter.event_seq - 1}&limit=1"


class DeadLetterDetail(DeadLetterRow):
    inputs = ObjectText(read_only=True, help_text="the messages by inport, tagged")

    class Meta(DeadLetterRow.Meta):
        fields: tuple[str, ...] = (*DeadLetterRow.Meta.fields, "inputs")
        read_only_fields: tuple[str, ...] = fields


class DeadLetterPatch(StrictInput):
    inputs = serializers.DictField(help_text="all inports of the firing: values or tagged messages")


class _Which(StrictInput):
    workflow = serializers.IntegerField(required=False, min_value=0, max_value=MAX_ID)
    node = serializers.CharField(required=False, max_length=1000, trim_whitespace=False)
    code = serializers.CharField(required=False, max_length=64)
    fingerprint = serializers.CharField(required=False, max_length=64)
    execution = serializers.RegexField(EXECUTION_ID, required=False)
    status = serializers.ChoiceField(choices=LetterStatus.choices, default=LetterStatus.OPEN)


class BulkInput(StrictInput):
    """Which letters: ``ids``, or all that fit ``filter``, open ones unless it says another."""

    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MAX_ID),
        required=False,
        max_length=MOST_IDS,
    )
    filter = _Which(required=False)
    dry_run = serializers.BooleanField(default=False, help_text="only say what would be done")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError("give either ids or a filter")
        return attrs


class RefusalDocument(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    count = serializers.IntegerField()
    ids = serializers.ListField(child=serializers.IntegerField(), help_text="the first 20")


class OutcomeDocument(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField()
    matched = serializers.IntegerField()
    done = serializers.IntegerField(help_text="with dry_run: so many would be")
    left = serializers.IntegerField(help_text="too many for one call: ask again")
    refused = RefusalDocument(many=True)
    executions = serializers.ListField(child=serializers.CharField(), help_text="the new runs")


class GroupDocument(serializers.Serializer[Any]):
    fingerprint = serializers.CharField()
    code = serializers.CharField()
    node = serializers.CharField()
    error = serializers.CharField(help_text="of one of them")
    count = serializers.IntegerField()
    open = serializers.IntegerField()
    requeued = serializers.IntegerField()
    discarded = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


@extend_schema(tags=["dead letters"])
@extend_schema_view(
    list=extend_schema(responses={200: DeadLetterRow(many=True), **ERRORS}),
    retrieve=extend_schema(responses={200: DeadLetterDetail, **ERRORS}),
)
class DeadLetters(ApiView, ListModelMixin, RetrieveModelMixin, GenericViewSet[DeadLetter]):
    """What failed for good in the caller's runs."""

    queryset = DeadLetter.objects.none()  # for the schema only
    lookup_value_regex = "[0-9]{1,18}"
    filterset_class = DeadLetterFilter
    filter_backends = (DjangoFilterBackend, OrderingFilter)
    ordering_fields = ("created_at",)
    ordering = ("-created_at",)
    pagination_class = Keyset

    def get_queryset(self) -> QuerySet[DeadLetter]:
        rows = dead_letters_of(caller(self.request))
        return rows.defer("inputs") if self.action == "list" else rows

    def get_serializer_class(self) -> type[DeadLetterRow]:
        return DeadLetterRow if self.action == "list" else DeadLetterDetail

    @extend_schema(request=DeadLetterPatch, responses={200: DeadLetterDetail, **ERRORS})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Give an open letter other messages; one that was shortened is then complete."""
        letter = self.get_queryset().select_related("execution__version").filter(pk=pk).first()
        if letter is None:
            raise NotFound(f"there is no dead letter {pk}")
        edit_dead_letter(letter=letter, **checked(DeadLetterPatch, request.data))
        return Response(DeadLetterDetail(letter).data)

    @extend_schema(request=BulkInput, responses={200: OutcomeDocument, **ERRORS})
    @action(detail=False, methods=["post"], filterset_class=None)
    def requeue(self, request: Request) -> Response:
        """Start a run from the letter's node for each; a letter is requeued once."""
        return _bulk(request, requeue_dead_letters)

    @extend_schema(request=BulkInput, responses={200: OutcomeDocument, **ERRORS})
    @action(detail=False, methods=["post"], filterset_class=None)
    def discard(self, request: Request) -> Response:
        """Close letters for good; they stay in the list."""
        return _bulk(request, discard_dead_letters)

    @extend_schema(responses={200: GroupDocument(many=True), **ERRORS})
    @action(detail=False, pagination_class=None, filter_backends=(DjangoFilterBackend,))
    def groups(self, request: Request) -> Response:  # noqa: ARG002 -- the framework's signature
        """Letters by cause: code, node and message, without the values in it. 200 at most."""
        groups = letter_groups(self.filter_queryset(self.get_queryset()))[:MOST_GROUPS]
        return Response(GroupDocument(groups, many=True).data)


def _bulk(request: Request, act: Callable[..., Outcome]) -> Response:
    values = checked(BulkInput, request.data)
    user = caller(request)
    letters = dead_letters_of(user)
    if "ids" in values:
        outcome = act(
            letters=letters.filter(pk__in=values["ids"]), by=user, dry_run=values["dry_run"]
        )
        outcome = _with_missing(outcome, values["ids"], letters)
    else:
        fit = letters.filter(**{_COLUMNS[name]: value for name, value in values["filter"].items()})
        outcome = act(letters=fit, by=user, dry_run=values["dry_run"])
    return Response(OutcomeDocument(asdict(outcome)).data)


_COLUMNS = {
    "workflow": "workflow_id",
    "node": "node",
    "code": "code",
    "fingerprint": "fingerprint",
    "execution": "execution__execution_id",
    "status": "status",
}


def _with_missing(outcome: Outcome, ids: list[int], letters: QuerySet[DeadLetter]) -> Outcome:
    """Ids that the caller has no letter of are a refusal, too."""
    missing = set(ids) - set(letters.filter(pk__in=ids).values_list("pk", flat=True))
    if not missing:
        return outcome
    shown = tuple(sorted(missing)[:20])
    refusal = Refusal("not_found", "there is no such dead letter", len(missing), shown)
    return replace(outcome, refused=(*outcome.refused, refusal))
