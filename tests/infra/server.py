"""An Infrastructure Manager that behaves badly, one way at a time, on the loopback.

server.py PORT-FILE LOG BEHAVIOUR      writes its port, then a line for each request: METHOD PATH

What it does well is the least of the protocol of IM 2.0: one infrastructure, whose name is found again, whose state is told.
"""
import http.server
import json
import os
import re
import ssl
import sys
import time

PORT_FILE, LOG, BEHAVIOUR = sys.argv[1:4]
NAME = re.compile(r'"infra_name": *"([^"]+)"')
MADE = {}   # id -> the template as it was sent
SEEN = {}   # behaviour -> how often


def first(n=1):
    """Whether this is one of the first n requests that are to go wrong."""
    SEEN["n"] = SEEN.get("n", 0) + 1
    return SEEN["n"] <= n


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, code, what, headers=()):
        body = what.encode() if isinstance(what, str) else json.dumps(what).encode()
        self.send_response(code)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self):
        self.close_connection = True
        self.connection.close()

    def bad(self, made):
        """True where the answer was given, badly. made: what was asked is done all the same."""
        if BEHAVIOUR == "garbage":
            self.say(200, "<html>hello")
        elif BEHAVIOUR == "truncated":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"uri"')
            self.cut()
        elif BEHAVIOUR == "endless":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
            except OSError:
                self.close_connection = True
        elif BEHAVIOUR == "slow":
            time.sleep(8)
            self.cut()
        elif BEHAVIOUR == "unauthorised":
            self.say(401, {"message": "Invalid InfrastructureManager credentials, not " + self.headers["Authorization"], "code": 401})
        elif BEHAVIOUR == "traced":
            self.say(400, {"message": "Error parsing TOSCA template: \n\n\tUnknownFieldError: no field \"x\".\n\t\tFile /opt/im.py, line 11, in <module>\n\t\t\tmain()\n", "code": 400})
        elif BEHAVIOUR == "redirect":
            self.say(302, "", [("Location", "http://127.0.0.1:%d/elsewhere" % PORT)])
        elif BEHAVIOUR == "evil":
            self.say(200, {"uri": "http://127.0.0.1/infrastructures/..%2f..%2f;rm -rf"})
        elif BEHAVIOUR == "busy" and first(2):
            self.say(429, "slow down", [("Retry-After", "1")])
        elif BEHAVIOUR == "unavailable" and first(2):
            self.say(503, "")
        elif BEHAVIOUR == "lost" and made and first(1):
            self.cut()
        elif BEHAVIOUR == "error" and made and first(1):
            self.say(500, "oops")
        else:
            return False
        return True

    def note(self):
        with open(LOG, "a", encoding="utf-8") as f:
            f.write("%s %s\n" % (self.command, self.path))

    def read(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def do_POST(self):
        self.note()
        body = self.read()
        made = self.path.startswith("/infrastructures?")
        if made and BEHAVIOUR in ("lost", "error"):
            MADE["id%d" % (len(MADE) + 1)] = body
        if made and self.bad(True):
            return
        if made and BEHAVIOUR not in ("lost", "error"):
            MADE["id%d" % (len(MADE) + 1)] = body
        self.say(200, {"uri": "http://127.0.0.1:%d/infrastructures/%s" % (PORT, list(MADE)[-1])})

    def do_DELETE(self):
        self.note()
        MADE.pop(self.path.split("/")[2].split("?")[0], None)
        self.say(200, "")

    def do_GET(self):
        self.note()
        words = self.path.split("?")[0].strip("/").split("/")
        if words == ["infrastructures"]:
            self.say(200, {"uri-list": [{"uri": "http://x/infrastructures/" + i} for i in MADE]})
        elif len(words) < 3 or words[1] not in MADE:
            self.say(404, {"message": "Deleted infrastructure.", "code": 404})
        elif words[2] == "state":
            state = "unconfigured" if BEHAVIOUR == "unconfigured" else "configured"
            self.say(200, {"state": {"state": state, "vm_states": {"0": state}}})
        elif words[2] == "vms":
            self.say(200, {"radl": [{"class": "system", "id": "front", "state": "configured", "cpu.count_min": 2, "memory.size_min": 4294967296}]})
        elif words[2] == "contmsg":
            self.say(200, {"contmsg": "TASK [noise]\nok: [10.0.0.1]\nTASK [set the password]\nfatal: [10.0.0.1]: FAILED! => {\"msg\": \"no 5ecret-w0rd\x1b[31m here\"}\n"})
        elif words[2] == "outputs":
            self.say(200, {"outputs": {"front_address": "10.0.0.1\x1b[31m" if BEHAVIOUR == "painted" else "10.0.0.1"}})
        elif words[2] == "radl":
            self.say(200, {"radl": "description desc (name = '%s')" % NAME.search(MADE[words[1]]).group(1)})
        elif words[2] == "tosca":
            self.say(200, {"tosca": MADE[words[1]]})


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
if BEHAVIOUR.startswith("tls"):  # by a certificate of its own, in the current folder
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain("cert.pem", "key.pem")
    server.socket = tls.wrap_socket(server.socket, server_side=True)
PORT = server.server_address[1]
with open(PORT_FILE + ".new", "w", encoding="utf-8") as f:
    f.write(str(PORT))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
