"""A customer service on this machine, for `http_enrichment.json`: POST an order, get its customer.

Run it with ``python examples/customer_service.py [PORT]``; it needs nothing but Python.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CUSTOMERS = {
    "ada": {"name": "Ada Lovelace", "tier": "gold"},
    "grace": {"name": "Grace Hopper", "tier": "silver"},
}


class CustomerService(BaseHTTPRequestHandler):
    """Answer ``POST /customers`` with what is known of the order's customer, or 404."""

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        order = json.loads(self.rfile.read(length))
        customer = CUSTOMERS.get(order.get("customer", ""))
        body = json.dumps(customer or {"error": "unknown customer"}).encode()
        self.send_response(200 if customer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Stay quiet: the run's events tell the story."""


def serve(port: int = 8765) -> ThreadingHTTPServer:
    """A server that listens on loopback; port 0 takes a free one."""
    return ThreadingHTTPServer(("127.0.0.1", port), CustomerService)


if __name__ == "__main__":
    server = serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8765)
    print(f"customer service on http://127.0.0.1:{server.server_port}/customers, Ctrl-C ends it")
    server.serve_forever()
