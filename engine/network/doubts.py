"""Unsafe effects: a firing is in the journal before it begins, and in doubt if it never ended.

An intent that no entry closes is in doubt. Before anything runs, each such firing has its
decision: a person's, or that of the policy ``inDoubt``. Where the policy is to ask, the run ends
at once as ``waiting``: nothing of it goes on until somebody has decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.actor import Effect
from engine.errors import InDoubtError, SkippedError
from engine.idempotency import digest_of
from engine.journal import Decision, Intent, Verdict
from engine.network.outputs import Failure
from engine.network.records import Doubted
from engine.policy import InDoubt, in_doubt_of, policy_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.actor import Context
    from engine.graph import Graph
    from engine.journal import JournalRecord
    from engine.messages import Message
    from engine.network.commits import Committer
    from engine.network.node import Node
    from engine.network.scheduler import Scheduler

SKIPPED = "its worker was lost while it ran: whether it was done is not known, and it was skipped"


def in_doubt(records: Iterable[JournalRecord]) -> dict[str, Intent]:
    """The intents that nothing has closed, by key."""
    found: dict[str, Intent] = {}
    for record in records:
        if isinstance(record, Intent):
            found[record.key] = record
        elif record.closes:
            found.pop(record.closes, None)
    return found


def see_to_doubts(graph: Graph, scheduler: Scheduler) -> None:
    """See to a decision on each firing in doubt; the run ends as waiting if one has none."""
    committer = scheduler.committer
    if committer is None:
        return
    asked = []
    for key, intent in in_doubt(scheduler.resume).items():
        if key in committer.decisions:
            continue
        policy = _policy(graph, intent.node)
        _tell(scheduler, intent, policy)
        if policy is InDoubt.ASK:
            asked.append(intent)
        else:
            committer.decisions[key] = Decision(Verdict(policy.value))
    if asked:
        scheduler.crash(InDoubtError(asked))


def _policy(graph: Graph, node_id: str) -> InDoubt:
    policy = policy_of(graph.nodes[node_id].metadata or {}, node=node_id)
    return (policy and policy.in_doubt) or in_doubt_of(graph.properties)


def _tell(scheduler: Scheduler, intent: Intent, policy: InDoubt) -> None:
    if scheduler.recording:
        node, now = scheduler.nodes[intent.node], scheduler.clock.now()
        scheduler.record(Doubted(now, node, intent.key, policy.value))


class Guard:
    """Has each firing of one unsafe node in the journal before it begins."""

    __slots__ = ("_committer", "_node")

    def __init__(self, node: Node, committer: Committer) -> None:
        self._node = node
        self._committer = committer

    async def before(self, ctx: Context) -> Decision | None:
        """Write down that this firing begins; or what was decided if it had begun before.

        Returns:
            None: it is to fire.
        """
        key = ctx.idempotency_key
        decision = self._committer.decisions.pop(key, None)
        if decision is None:
            now = self._node.scheduler.clock.now()
            intent = Intent(self._node.node_id, key, digest_of(ctx.inputs), ctx.inputs, now)
            await self._committer.announce(intent)
            return None
        if decision.verdict is Verdict.RERUN:
            return None  # the journal has its intent
        self._committer.sent.pop(self._node.node_id, None)  # what is left of it is this decision
        return decision


def guard_of(node: Node) -> Guard | None:
    """The guard of a node that needs one: there is a journal, and its effect is unsafe.

    A keyed one is if the node itself says so: not every service knows the key.
    """
    committer, effect = node.scheduler.committer, node.actor.effect_for(node.config)
    distrusted = effect == Effect.KEYED and node.in_doubt in (InDoubt.ASK, InDoubt.SKIP)
    if committer is None or not (effect == Effect.UNSAFE or distrusted):
        return None
    return Guard(node, committer)


def settled(
    decision: Decision, inputs: Mapping[str, Message]
) -> tuple[dict[str, list[Message]], list[Failure]]:
    """What a firing gives that does not fire: its outputs, and a failure if it is skipped."""
    outputs = {port: list(messages) for port, messages in decision.outputs.items()}
    skipped = decision.verdict is Verdict.SKIP
    return outputs, [Failure(SkippedError(SKIPPED), inputs)] if skipped else []
