"""The whole server, from nothing to healthy, and back: what ``manage.py up`` does."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from reflow_site.supervisor import banner
from reflow_site.supervisor.address import ensure_free
from reflow_site.supervisor.admin_user import ensure_admin
from reflow_site.supervisor.broker import LOG_NAME, answers, broker_spec, find_server, prepare
from reflow_site.supervisor.children import Child
from reflow_site.supervisor.examples import load_examples
from reflow_site.supervisor.family import Family, StoppedError
from reflow_site.supervisor.first_run import Client, FirstRunError, connect, send_example
from reflow_site.supervisor.lock import sole_owner
from reflow_site.supervisor.plan import specs
from workflows.models import HELD, Execution
from workflows.workers import live_workers

if TYPE_CHECKING:
    from reflow_site.supervisor.credentials import Credentials
    from reflow_site.supervisor.output import Output
    from reflow_site.supervisor.plan import Plan

BROKER_SECONDS = 10.0
HEALTH_SECONDS = 60.0
WORKER_SECONDS = 60.0
FIRST_RUN_SECONDS = 60.0


class StartError(Exception):
    """The server did not come up; the text says what to look at."""


class Server:
    """One supervisor and its children, on one ``var`` folder."""

    def __init__(self, plan: Plan, output: Output) -> None:
        self._plan = plan
        self._output = output
        self._family = Family(output)

    def run(self) -> None:
        """Start everything, stay, and end everything when asked to.

        Raises:
            AlreadyRunningError, AddressError, NoBrokerError, StartError: with the fix.
        """
        with sole_owner(self._plan.var_dir, self._plan.address.url):
            ensure_free(self._plan.address)
            self._family.listen_to_signals()
            try:
                with suppress(StoppedError):
                    self._bring_up()
                    self._family.wait(lambda: False)
                self._output.say("ending")
            finally:
                self._family.stop()

    def _bring_up(self) -> None:
        started = time.monotonic()
        self._start_broker()
        self._migrate()
        children = {spec.name: Child(spec, self._output) for spec in specs(self._plan)}
        if Execution.objects.filter(status__in=HELD).exists():  # of a server that was killed
            self._family.start(children.pop("keeper"))
        self._await_broker()
        credentials, is_new = self._prepare_user()
        connections.close_all()  # what follows may last for months
        self._family.start(children.pop("web"), children.pop("worker"))
        with connect(self._plan.address.url, credentials.token) as http:
            client = Client(http)
            self._await_health(client)
            seconds = time.monotonic() - started
            self._family.start(*children.values())
            url = self._plan.address.url
            self._output.plain(banner.banner(url, seconds, settings.CREDENTIALS_FILE))
            if is_new:
                self._output.plain(banner.new_credentials(credentials))
            self._run_example_once(client)
        connections.close_all()

    def _await_health(self, client: Client) -> None:
        if not self._family.wait(client.is_healthy, HEALTH_SECONDS):
            raise StartError(
                f"The server was not healthy after {HEALTH_SECONDS:g} s; the lines of web above"
                " say why"
            )

    def _start_broker(self) -> None:
        if settings.PRIVATE_BROKER:
            data_dir = self._plan.var_dir / "broker"
            prepare(settings.BROKER_SOCKET, data_dir)
            spec = broker_spec(find_server(), settings.BROKER_SOCKET, data_dir)
            self._family.start(Child(spec, self._output))

    def _await_broker(self) -> None:
        if self._family.wait(lambda: answers(settings.REDIS_URL), BROKER_SECONDS):
            return
        if settings.PRIVATE_BROKER:
            log = self._plan.var_dir / "broker" / LOG_NAME
            raise StartError(f"The private broker does not answer; {log} says why")
        self._output.say("REDIS_URL does not answer; runs wait until it does")

    def _migrate(self) -> None:
        try:
            executor = MigrationExecutor(connections["default"])
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
            if plan:
                self._output.say(f"migrating the database: {len(plan)} steps")
                call_command("migrate", verbosity=0, interactive=False)
        except DatabaseError as error:
            raise StartError(f"The database cannot be used: {error}") from error
        self._family.check()

    def _prepare_user(self) -> tuple[Credentials, bool]:
        user, credentials, is_new = ensure_admin(settings.CREDENTIALS_FILE)
        if self._plan.examples:
            loaded, problems = load_examples(user, settings.BASE_DIR / "examples")
            if loaded:
                self._output.say(f"loaded {loaded} example workflows")
            for problem in problems:
                self._output.say(f"example not loaded: {problem}")
        return credentials, is_new

    def _run_example_once(self, client: Client) -> None:
        marker = self._plan.var_dir / "first-run-shown"
        if not self._plan.examples or marker.exists():
            return
        if not self._family.wait(live_workers().exists, WORKER_SECONDS):
            self._output.say("no worker is up yet; the orders example waits for the next start")
            return
        document = (settings.BASE_DIR / "examples" / "orders.json").read_text("utf-8")
        try:
            run = send_example(
                client, document, lambda until: self._family.wait(until, FIRST_RUN_SECONDS)
            )
        except FirstRunError as error:
            self._output.say(f"the orders example did not run: {error}")
            return
        row = Execution.objects.get(execution_id=run.execution_id)
        page = reverse("admin:workflows_execution_change", args=[row.pk])
        self._output.plain(banner.first_run(run, self._plan.address.url + page))
        marker.touch()
