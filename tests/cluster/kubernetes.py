"""A Kubernetes API that takes every job, notes what it was given, and says that the job failed."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CONFIGURATION = """\
apiVersion: v1
kind: Config
current-context: noted
clusters: [{{name: noted, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
contexts: [{{name: noted, context: {{cluster: noted, user: noted}}}}]
users: [{{name: noted, user: {{}}}}]
"""


class Noted:
    """The jobs and secrets that were asked for, and the KUBECONFIG under which to ask."""

    def __init__(self, folder: Path) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.secrets: list[dict[str, Any]] = []
        noted = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                (noted.secrets if self.path.endswith("/secrets") else noted.jobs).append(body)
                self._answer(body)

            def do_GET(self) -> None:
                self._answer({"status": {"failed": 1}} if "/jobs/" in self.path else {"items": []})

            def do_DELETE(self) -> None:
                self._answer({})

            def _answer(self, body: dict[str, Any]) -> None:
                text = json.dumps(body).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.configuration = folder / "kubeconfig"
        self.configuration.write_text(CONFIGURATION.format(port=self.server.server_address[1]))

    def __enter__(self) -> Noted:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
