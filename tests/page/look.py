"""look.py SAID TOKEN RET: asks the server whose address stands in SAID, and writes its metrics to RET."""
import http.client
import re
import socket
import sys
import time

for _ in range(200):
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", open(sys.argv[1], encoding="utf-8").read())
    if found:
        break
    time.sleep(0.05)
else:
    sys.exit("it does not say where it listens")
port = int(found[1])
token = open(sys.argv[2], encoding="utf-8").readline().strip()
bearer = {"Authorization": f"Bearer {token}"}


def ask(path, headers=None, method="GET"):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    link.request(method, path, headers=headers or {})
    answer = link.getresponse()
    body = answer.read().decode()
    link.close()
    return answer.status, answer.headers, body


def want(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got}, not {wanted}")


status, headers, page = ask("/", bearer)
want("/", (status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
want("its policy", headers["Content-Security-Policy"].split(";")[0], "default-src 'none'")
want("a finished run is loaded once", "http-equiv=\"refresh\"" in page, False)
want("its end", page.rstrip().endswith("</html>"), True)
status, headers, svg = ask("/timeline.svg", bearer)
want("/timeline.svg", (status, svg[:4]), (200, "<svg"))
status, headers, metrics = ask("/metrics", bearer)
want("/metrics", (status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
open(sys.argv[3], "w", encoding="utf-8").write(metrics)
want("the token in the address", ask("/metrics?token=" + token.replace("+", "%2B"))[0], 200)
for wrong in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x"}, {"Authorization": f"Bearer {token}x"}, {"Authorization": f"Bearer {token[:-1]}"}):
    for path in ("/", "/metrics", "/nothing"):
        want(f"{path} with {wrong}", ask(path, wrong)[0], 401)
want("another path", ask("/../etc/passwd", bearer)[0], 404)
want("HEAD", ask("/metrics", bearer, "HEAD")[::2], (200, ""))
for method in ("POST", "PUT", "DELETE"):
    want(method, ask("/metrics", bearer, method)[0], 405)

# Not HTTP, too long, or never finished: it goes on with the others.
for bytes_ in (b"\0" * 5000, b"GET / HTTP/1.1\r\n" + b"A: " + b"a" * 100000, b"GET /metrics HTTP/1.1\r\nHost:"):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
        try:
            link.sendall(bytes_)
        except OSError:
            pass
        want("/metrics meanwhile", ask("/metrics", bearer)[0], 200)
