"""Django's ASGI handler, with the whole of a request in one thread that outlives it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.urls import set_script_prefix

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable


class RequestThreads(ASGIHandler):
    """Views and middleware run in one of ``WEB_THREADS`` threads, each with its own connection.

    Django's own handler makes a thread and a database connection for every request, and goes from
    that thread to the loop and back for each middleware: two thirds of the time of a small request.
    In exchange a view is not told when its client goes away, which no view of ours waits for.
    """

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self.threads = ThreadPoolExecutor(settings.WEB_THREADS, "request")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        response = await self._in_thread(self._response, scope, body)
        if response.streaming and not response.is_async:
            response.streaming_content = self._parts(response.streaming_content)
        await self.send_response(response, send)
        if response.streaming:
            await self._in_thread(response.close)
        body.close()

    def _response(self, scope: Any, body: Any) -> Any:
        """The answer, or with streaming its head."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        if not response.streaming:
            response.close()  # so that the thread which has the connection hears of the end
        return response

    async def _parts(self, parts: Iterable[bytes]) -> AsyncIterator[bytes]:
        """A file's parts, read in a thread."""
        iterator = iter(parts)
        while (part := await self._in_thread(next, iterator, None)) is not None:
            yield part

    async def _in_thread(self, work: Callable[..., Any], *given: Any) -> Any:
        return await sync_to_async(work, thread_sensitive=False, executor=self.threads)(*given)
