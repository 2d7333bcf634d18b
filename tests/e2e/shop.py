"""A shop's payments: an actor that charges by an unsafe POST, and the slow service it calls."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from engine import Actor, Port

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from engine.actor import Context, Outputs


class Charge(Actor):
    """POST an order to its ``url`` and send on the answer."""

    component = "charge"
    inports = (Port("order"),)
    outports = (Port("receipt"),)
    behaviour = "async"
    effect = "unsafe"

    async def process(self, ctx: Context) -> Outputs:
        order = ctx.inputs["order"]
        answer = await ctx.http.request("POST", order["url"], content=order["id"].encode())
        return {"receipt": answer.text}


class Bank:
    """Takes every charge down, and answers none before ``open_up``."""

    def __init__(self) -> None:
        self.charged: list[str] = []
        self._open = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def open_up(self) -> None:
        self._open.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        bank = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                order = self.rfile.read(int(self.headers["Content-Length"])).decode()
                bank.charged.append(order)
                bank._open.wait(60)
                try:
                    self.send_response(200)
                    self.send_header("Content-Length", "4")
                    self.end_headers()
                    self.wfile.write(b"paid")
                except ConnectionError:
                    pass  # its caller was killed

            def log_message(self, *_args: object) -> None:
                pass

        return Handler
