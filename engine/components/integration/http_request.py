"""Make an HTTP request for each message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.actor import Actor, Context, Effect, Outputs
from engine.components.integration.http_messages import (
    body_message,
    body_of,
    headers_of,
    response_message,
)
from engine.components.integration.http_settings import Method, Url, service_of
from engine.components.palette import inport, outport
from engine.http import HttpError
from engine.node_config import ABSENT, setting

if TYPE_CHECKING:
    from engine.http import HttpResponse
    from engine.messages import Message

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
SAFE = frozenset({"GET", "HEAD"})
LONGEST_WAIT = 300.0  # seconds that a server may ask us to wait by Retry-After


class HttpRequestActor(Actor):
    """Send a request; every status is a response, only a failure to get one is an error.

    With both inports connected, the n-th data goes with the n-th headers.
    """

    component = "tpl_http_request"
    inports = (
        inport("data_in", "any", "data", "body", help="the body: text and bytes as they are"),
        inport("headers_in", "object", "headers", help="headers as an Object of texts"),
    )
    outports = (
        outport("response_out", "object", "response", help="{status, headers, body, url, method}"),
        outport("error_out", "error", "error", help="why there is no response"),
        outport("status", "integer", help="the status alone"),
        outport("headers", "object", help="the headers alone, names in lower case"),
        outport("body", "any", help="the body alone: JSON, text, or Bytes"),
    )
    await_all_inports = True
    source = True
    concurrency = 32
    effect = "keyed"  # GET and HEAD have none, see effect_for
    title = "HTTP request"
    category = "integration"
    icon = "globe"

    @dataclass(frozen=True, slots=True)
    class Config:
        url: Url = setting(help="the address, http or https")
        method: Method = setting("GET", help="GET, POST, PUT, PATCH, DELETE or HEAD")
        timeout_ms: int = setting(
            30_000,
            key="timeout",
            minimum=1,
            maximum=900_000,
            help="milliseconds for one whole request, redirects included",
        )
        headers: dict[str, Any] = setting({}, help="headers; they win over those of headers_in")
        body: Any = setting(ABSENT, help="the body, instead of data_in")
        retry_count: int = setting(
            0,
            key="retryCount",
            minimum=0,
            maximum=10,
            help="how often a request that failed, or was answered by 408, 425, 429, 500, 502, "
            "503 or 504, is sent again; so one with an effect may have it twice",
        )
        retry_delay_ms: int = setting(
            1000,
            key="retryDelayMs",
            minimum=0,
            maximum=300_000,
            help="milliseconds before it is sent again; a longer Retry-After is kept to",
        )

    @classmethod
    def effect_for(cls, config: Any) -> Effect:
        return Effect.NONE if config.method in SAFE else Effect.KEYED

    @classmethod
    def service_for(cls, config: Any) -> str:
        return service_of(config.url)

    @classmethod
    def trouble_in(cls, outputs: Outputs) -> str:
        status = (outputs or {}).get("status")
        return f"status {status}" if status in RETRIED else ""

    async def process(self, ctx: Context) -> Outputs:
        response = await _answered(ctx)
        body = body_message(response)
        whole = response_message(response, body)
        return {
            "response_out": whole,
            "status": response.status,
            "headers": whole["headers"],
            "body": body,
        }


async def _answered(ctx: Context) -> HttpResponse:
    """The response of the last attempt; raises its error if it had none."""
    config: HttpRequestActor.Config = ctx.config
    message: Message = ctx.inputs.get("data_in") if config.body is ABSENT else config.body
    content, content_type = body_of(message)
    typed = {"Content-Type": content_type} if content_type else {}
    keyed = {} if config.method in SAFE else {"Idempotency-Key": ctx.idempotency_key}
    headers = headers_of(keyed, typed, ctx.inputs.get("headers_in"), config.headers)
    for attempt in range(1, config.retry_count + 1):
        try:
            response = await _sent(ctx, headers, content)
            if response.status not in RETRIED:
                return response
            why, wait = f"status {response.status}", _asked_to_wait(response)
        except HttpError as error:
            if not error.retryable:
                raise
            why, wait = str(error), 0.0
        seconds = max(config.retry_delay_ms / 1000, wait)
        ctx.log.warning(
            "attempt %d of %d failed (%s); again in %g s",
            attempt,
            config.retry_count + 1,
            why,
            seconds,
        )
        await ctx.sleep(seconds)
    return await _sent(ctx, headers, content)


async def _sent(ctx: Context, headers: dict[str, str], content: bytes) -> HttpResponse:
    config: HttpRequestActor.Config = ctx.config
    return await ctx.http.request(
        config.method, config.url, headers=headers, content=content, total=config.timeout_ms / 1000
    )


def _asked_to_wait(response: HttpResponse) -> float:
    """Seconds of Retry-After; its form with a date is not used."""
    asked = response.headers.get("retry-after", "")
    return min(float(asked), LONGEST_WAIT) if asked.isdecimal() else 0.0
