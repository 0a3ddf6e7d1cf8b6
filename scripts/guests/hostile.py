"""Bodies that no program should send, to every operation that takes one: hostile.py ADDRESS TOKEN

Each is refused in the one form of refusals, none by a fault of the relay. That the relay is busy and when to come
again is an honest answer, as long as an operation does not always say so."""

import http.client
import json
import re
import sys
from urllib.parse import quote, urlparse

address, token = urlparse(sys.argv[1]), sys.argv[2]
BODIES = {
    "empty": b"",
    "no text": b"\xff\xfe\x00\x80",
    "deep": b"[" * 60_000,
    "deep object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "number": b"1e999999",
    "half": b'{"text": "a',
    "twice": b'{"kind":"accepted","kind":"closed"}',
    "surrogate": b'{"text":"\\ud800","category":"order"}',
    "nul": b'{"text":"\\u0000","category":"order\\u0000"}',
    "long": b'{"text":"' + b"x" * 60_000 + b'"}',
    "bomb": b"id,name\n" + b'"' * 60_000,
}
IDS = ["0" * 32, "f" * 32, "%00", "..%2f..%2fetc", "a" * 5_000, "%F0%9F%92%A9", "-1", "%27%20OR%201=1"]


def ask(method, path, body, kind):
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, answer.headers, text


document = json.loads(ask("GET", "/api/openapi.json", b"", "text/plain")[2])
asked = 0
for path, methods in document["paths"].items():
    if path == "/api/events":
        continue
    for method, operation in methods.items():
        kinds = operation.get("requestBody", {}).get("content", {})
        cases = [("ids", b"{}", ident) for ident in IDS] if "{" in path else []
        cases += [(name, body, "0" * 32) for name, body in BODIES.items()] if kinds or method == "post" else []
        busy = answered = 0
        for name, body, ident in cases:
            filled = re.sub(r"\{\w+\}", lambda _: ident, path)
            for kind in kinds or ["application/json"]:
                status, headers, text = ask(method.upper(), filled, body, kind)
                asked += 1
                where = f"{method} {path} ({name}, {kind}): {status}"
                is_busy = status == 503 and int(headers.get("Retry-After") or 0) > 0
                busy += is_busy
                answered += not is_busy
                assert status < 500 or is_busy, f"{where} {text[:200]!r}"
                if status >= 400:
                    assert headers["Content-Type"] == "application/json", f"{where} {headers}"
                    assert json.loads(text)["error"]["code"], where
        assert answered or not busy, f"{method} {path}: never anything but busy"
print(f"hostile: {asked} requests, each refused or answered in form")
