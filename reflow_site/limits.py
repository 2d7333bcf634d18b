"""Every limit of the server that a setting holds: its hard cap, what happens at it, its proof.

``docs/limits.md`` is made from this table, and the system checks hold the settings against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024**2
DAY = 86_400
MOST_NODES = 10_000  # the hard cap of max_actors_per_node


@dataclass(frozen=True, slots=True)
class Limit:
    """One setting that is a limit.

    Args:
        at_it: what happens there, with the code of the refusal.
        proof: the file and name of the test that reaches it.
        most: the hard cap; None where the machine is the only one.
        least: the smallest value; numbers above 0 by default.
    """

    setting: str
    what: str
    at_it: str
    proof: str
    most: float | None = None
    least: float | None = None


_JSON = "400 `json_invalid`"
_FAILS = "the run fails with `limit_exceeded`"
_WAIT = "429 `rate_limited` with `Retry-After`"
_REQUEST = "the firing fails with `{}`"
_SLOW = "503 `database_slow` with `Retry-After`"
_ENTRIES = "workflows/test_entries.py::test_every_entry_refuses_what_is_no_strict_json"

LIMITS: tuple[Limit, ...] = (
    Limit(
        "API_MAX_BODY_BYTES",
        "bytes of a request, or of a `start_workflow` message",
        "413 `body_too_large`",
        "workflows/api/test_bad_input.py::test_a_body_of_50_mib_is_refused",
        64 * MIB,
    ),
    Limit("JSON_DEPTH", "lists and objects inside each other (a graph: 64)", _JSON, _ENTRIES, 256),
    Limit("JSON_OBJECT_KEYS", "keys of one JSON object", _JSON, _ENTRIES, 100_000),
    Limit("JSON_DOCUMENT_KEYS", "keys of one JSON document", _JSON, _ENTRIES, 10_000_000),
    Limit("JSON_STRING_BYTES", "bytes of one text in JSON", _JSON, _ENTRIES, 64 * MIB),
    Limit("JSON_NUMBER_DIGITS", "characters of one number in JSON", _JSON, _ENTRIES, 10_000),
    Limit(
        "GRAPH_CONNECTIONS",
        "connections and initial packets of a graph; its nodes are `max_actors_per_node`",
        "400 `graph_invalid`, problem `graph_too_large`",
        "workflows/test_limits.py::test_a_graph_has_so_many_connections",
        50_000,
    ),
    Limit(
        "MESSAGE_BYTES",
        "bytes of one message between nodes",
        _FAILS,
        "workflows/test_limits.py::test_a_message_that_is_too_large_ends_the_run",
        16 * MIB,
    ),
    Limit(
        "RUN_MESSAGES",
        "messages over all connections of a run",
        _FAILS,
        "workflows/test_limits.py::test_a_run_sends_so_many_messages",
        10_000_000,
    ),
    Limit(
        "RUN_SECONDS",
        "seconds of a run",
        "the run fails with `deadline_exceeded`",
        "workflows/test_beat.py::test_a_run_is_stopped_for_a_reason",
        30 * DAY,
    ),
    Limit(
        "RUN_SECONDS_MAX",
        "seconds that a start or a graph may ask for",
        "400 `timeout_invalid`",
        "workflows/test_run_time.py::test_a_time_limit_that_cannot_be_is_refused_by_name",
        30 * DAY,
    ),
    Limit(
        "NODE_SECONDS",
        "seconds of one firing",
        "the firing fails with `node_timeout`",
        "engine/network/test_patience.py::test_a_firing_that_takes_too_long_fails_and_the_next_one_fires",
        DAY,
    ),
    Limit(
        "EVENT_LIMIT",
        "`MessageSent` events of a run, one by one",
        "later ones are summed up for each connection",
        "workflows/test_event_log.py::test_after_the_event_limit_messages_are_stored_as_sums",
        1_000_000,
    ),
    Limit(
        "EVENT_WARN",
        "events of a run that are nothing special",
        "the server's log names the run",
        "workflows/test_limits.py::test_a_run_with_many_events_is_named_in_the_log",
        1_000_000,
    ),
    Limit(
        "EVENT_MESSAGE_BYTES",
        "bytes of a message that an event keeps whole",
        "the event keeps its beginning, and says `shortened`",
        "workflows/test_event_rows.py::test_a_large_message_is_kept_as_its_beginning_with_type_and_size",
        16 * MIB,
    ),
    Limit(
        "EVENT_PREVIEW_CHARACTERS",
        "characters kept of a larger one",
        "the rest is left out",
        "workflows/test_event_rows.py::test_a_large_message_is_kept_as_its_beginning_with_type_and_size",
        65_536,
    ),
    Limit(
        "EVENT_PAGE",
        "events that a reader takes at once",
        "the next page follows",
        "workflows/test_consumers.py::test_a_long_run_is_replayed_page_by_page",
        5_000,
    ),
    Limit(
        "DEAD_LETTER_BYTES",
        "bytes of the messages of a dead letter",
        "the beginning is kept, and it cannot be requeued",
        "workflows/test_dead_letters.py::test_inputs_over_the_limit_are_shortened_and_cannot_be_requeued",
        16 * MIB,
    ),
    Limit(
        "WORKER_CHILD_BYTES",
        "memory of a worker's child, looked at after each run",
        "the child ends, and a fresh one takes its place",
        "workflows/test_limits.py::test_a_child_that_has_grown_is_replaced",
    ),
    Limit(
        "LOST_ATTEMPTS",
        "workers that a run may lose",
        "the run fails with `worker_lost`",
        "workflows/test_recovery.py::test_a_run_that_was_lost_five_times_fails_with_its_reason",
        100,
        0,
    ),
    Limit(
        "QUEUE_LIMIT",
        "queued runs of the server",
        "429 `queue_full`",
        "workflows/test_admission.py::test_a_full_queue_refuses_and_names_its_limit",
    ),
    Limit(
        "QUEUE_LIMIT_USER",
        "queued runs of one user",
        "429 `queue_full`",
        "workflows/test_admission.py::test_a_full_queue_refuses_and_names_its_limit",
    ),
    Limit(
        "RUN_LIMIT_USER",
        "runs of one user at the same time",
        "further ones wait; `waiting_reason` says so",
        "workflows/test_limits.py::test_a_user_has_so_many_runs_at_once",
    ),
    Limit(
        "WEBHOOK_BYTES",
        "bytes of a completion webhook",
        "the result is left out of it",
        "workflows/test_deliveries.py::test_a_result_that_is_too_large_is_left_out",
        25 * MIB,
    ),
    Limit(
        "WEBHOOK_TIMEOUT_SECONDS",
        "seconds of one attempt to send it",
        "it is tried again later",
        "workflows/test_deliveries.py::test_a_receiver_that_never_answers_costs_one_timeout",
        900,
    ),
    Limit(
        "WEBHOOK_RETRY_SECONDS",
        "seconds in which it is tried again",
        "it is given up, and can be sent again by hand",
        "workflows/test_deliveries.py::test_after_the_last_attempt_it_is_given_up_and_can_be_sent_again",
        30 * DAY,
    ),
    Limit(
        "API_USER_RATE",
        "requests and socket messages of one user a second",
        _WAIT,
        "workflows/api/test_access.py::test_a_user_beyond_the_burst_waits",
    ),
    Limit(
        "API_USER_BURST",
        "of them at once",
        _WAIT,
        "workflows/api/test_access.py::test_a_user_beyond_the_burst_waits",
    ),
    Limit(
        "API_ANONYMOUS_PER_MINUTE",
        "requests of one address without a user a minute, refused tokens among them",
        _WAIT,
        "workflows/api/test_access.py::test_guessing_tokens_is_slowed_down",
    ),
    Limit(
        "HTTP_CONNECT_SECONDS",
        "for finding an address, connecting and TLS, each",
        _REQUEST.format("http_timeout"),
        "engine/test_http.py::test_a_name_server_that_does_not_answer_ends_at_the_connect_timeout",
        900,
    ),
    Limit(
        "HTTP_READ_SECONDS",
        "between two parts of an answer",
        _REQUEST.format("http_timeout"),
        "engine/test_http.py::test_silence_ends_at_the_read_timeout",
        900,
    ),
    Limit(
        "HTTP_TOTAL_SECONDS",
        "of a request with all its redirects",
        _REQUEST.format("http_timeout"),
        "engine/test_http.py::test_a_slow_drip_ends_at_the_total_deadline",
        900,
    ),
    Limit(
        "HTTP_REDIRECTS",
        "redirects of a request",
        _REQUEST.format("http_redirect"),
        "engine/test_http.py::test_a_redirect_without_end_stops_after_five",
        20,
        0,
    ),
    Limit(
        "HTTP_RESPONSE_BYTES",
        "bytes of an answer as it is sent",
        _REQUEST.format("http_limit"),
        "engine/test_http.py::test_an_endless_body_is_cut",
        256 * MIB,
    ),
    Limit(
        "HTTP_DECODED_BYTES",
        "bytes of an answer once it is unpacked",
        _REQUEST.format("http_limit"),
        "engine/test_http.py::test_a_large_unpacked_body_is_refused",
        256 * MIB,
    ),
    Limit(
        "HTTP_RATIO",
        "how many times larger it may become",
        _REQUEST.format("http_limit"),
        "engine/test_http.py::test_a_gzip_bomb_is_stopped_while_it_is_small",
        1_000,
    ),
    Limit(
        "API_LOGINS_PER_MINUTE",
        "tries to sign in to the admin a minute, of one name at one address",
        "429 with `Retry-After`, as a page",
        "reflow_site/test_sign_in.py::test_the_sixth_try_of_a_name_waits",
    ),
    Limit(
        "WS_MESSAGE_BYTES",
        "bytes of a socket message that starts nothing",
        "`error` with `body_too_large`",
        "workflows/test_consumers.py::test_an_overlong_command_names_its_own_limit",
        MIB,
    ),
    Limit(
        "WS_SUBSCRIPTIONS",
        "subscriptions of one socket",
        "`error` with `limit_exceeded`",
        "workflows/test_consumers.py::test_the_subscriptions_of_a_socket_are_bounded",
        1_000,
    ),
    Limit(
        "WS_CONNECTIONS_USER",
        "sockets of one user in one web process",
        "close code 4429 (an HTTP 403 to a client that was not connected yet)",
        "workflows/test_socket_limits.py::test_a_user_has_so_many_sockets",
        1_000,
    ),
    Limit(
        "WS_IDLE_SECONDS",
        "seconds without a message and without a subscription",
        "close code 4408",
        "workflows/test_socket_limits.py::test_an_idle_socket_is_closed",
        DAY,
    ),
    Limit(
        "WS_UNREAD_BYTES",
        "bytes that a client has not read (Daphne; uvicorn has its own, smaller)",
        "the server waits for it, see the next line",
        "reflow_site/test_bounded_daphne.py::test_a_client_that_never_reads_is_cut_off",
        64 * MIB,
    ),
    Limit(
        "WS_UNREAD_SECONDS",
        "seconds that it waits",
        "the connection is cut",
        "reflow_site/test_bounded_daphne.py::test_a_client_that_never_reads_is_cut_off",
        600,
    ),
    Limit(
        "WS_PING_SECONDS",
        "seconds between two pings",
        "a client that does not answer is cut off by the web server",
        "reflow_site/test_plan.py::test_the_web_server_pings_its_sockets",
        600,
    ),
    Limit(
        "DATABASE_STATEMENT_SECONDS",
        "seconds of one statement of a web process (PostgreSQL)",
        _SLOW,
        "reflow_site/test_database_timeouts.py::test_a_statement_that_takes_too_long_is_a_503",
        600,
        0,
    ),
    Limit(
        "DATABASE_LOCK_SECONDS",
        "seconds that it waits for a lock",
        _SLOW,
        "reflow_site/test_database_timeouts.py::test_a_lock_that_takes_too_long_is_a_503",
        600,
        0,
    ),
    Limit(
        "DATABASE_IDLE_SECONDS",
        "seconds that it does nothing in a transaction",
        "the connection is closed: 503 `unavailable`",
        "reflow_site/test_database_timeouts.py::test_a_web_process_has_the_three_limits",
        600,
        0,
    ),
)


def exceeded(values: object) -> Iterator[tuple[Limit, float]]:
    """The limits whose setting is above its hard cap, with the setting's value."""
    for limit in LIMITS:
        value: float = getattr(values, limit.setting)
        if limit.most is not None and value > limit.most:
            yield limit, value
