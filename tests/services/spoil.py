"""Stands before a server and spoils its answers, one way at a time, on the loopback.

spoil.py FOLDER URL [CA CERT KEY]      passes on what it is asked to URL; with CA that server is known by it, and CERT and KEY are shown here

FOLDER/port is written when it listens, FOLDER/log has a line for each request: METHOD PATH. FOLDER/how, read at each request, says what is
spoilt, and FOLDER/spoilt what was. A line `HOW N WORDS` of it: the first N requests that match the regular expression WORDS and that no
line before takes, counted since the file was changed:
  429 500 503   that status instead of what was asked for: nothing is done
  done-500      it is done, and 500 is answered
  truncated     it is done, and half of the answer comes
  lost          it is done, and the connection is cut
  garbage       a page of somebody else, 200
  empty         {} instead of the answer, 200
  slow          nothing for 2 seconds, then an end without an answer
  endless       an answer that never ends
  gone          one event of a watch: 410, as of a server that has forgotten that version
"""
import http.client
import http.server
import json
import os
import re
import ssl
import sys
import threading
import time
import urllib.parse

FOLDER, URL = sys.argv[1:3]
TLS = sys.argv[3:6]
UPSTREAM = urllib.parse.urlsplit(URL)
LOCK = threading.Lock()
STATE = {"text": None, "lines": []}


def how_of(line):
    """How this request is to be spoilt, or None."""
    try:
        with open(os.path.join(FOLDER, "how"), encoding="utf-8") as f:
            text = f.read()
    except FileNotFoundError:
        text = ""
    with LOCK:
        if STATE["text"] != text:
            STATE.update(text=text, lines=[[how, int(times), words] for how, times, words in (x.split(None, 2) for x in text.splitlines())])
        for one in STATE["lines"]:
            if one[1] > 0 and re.search(one[2], line):
                one[1] -= 1
                with open(os.path.join(FOLDER, "spoilt"), "a", encoding="utf-8") as f:
                    f.write("%s %s\n" % (one[0], line))
                return one[0]
    return None


def ask(method, path, headers, body):
    if TLS:
        link = http.client.HTTPSConnection(UPSTREAM.netloc, timeout=100, context=ssl.create_default_context(cafile=TLS[0]))
    else:
        link = http.client.HTTPConnection(UPSTREAM.netloc, timeout=100)
    link.request(method, path, body=body, headers=headers)
    return link, link.getresponse()


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, body, kind="application/json", length=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status in (429, 503):
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def cut(self):
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n" % len(data) + data + b"\r\n")

    def begin_chunks(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def spoil(self, how, body):
        if how in ("429", "500", "503"):
            self.say(int(how), b"not now", "text/plain")
        elif how == "garbage":
            self.say(200, b"<html><body>please log in</body></html>", "text/html")
        elif how == "empty":
            self.say(200, b"{}")
        elif how == "slow":
            time.sleep(2)
            self.cut()
        elif how == "endless":
            self.begin_chunks()
            while True:
                self.chunk(b"x" * 0x100000)
        elif how == "gone":
            self.begin_chunks()
            self.chunk(json.dumps({"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}).encode() + b"\n")
            self.chunk(b"")
        else:
            link, answer = ask(self.command, self.path, self.sent(), body)
            data = answer.read()
            link.close()
            if how == "done-500":
                self.say(500, b"oops", "text/plain")
            elif how == "truncated":
                self.say(answer.status, data[:len(data) // 2], length=len(data))
            self.cut()

    def sent(self):
        return {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "content-length")}

    def pass_on(self, body):
        link, answer = ask(self.command, self.path, self.sent(), body)
        length = answer.getheader("Content-Length")
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
                self.send_header(key, value)
        self.send_header(*(("Content-Length", length) if length is not None else ("Transfer-Encoding", "chunked")))
        self.end_headers()
        while True:
            data = answer.read1(65536)
            if length is None:
                self.chunk(data)
            else:
                self.wfile.write(data)
            self.wfile.flush()
            if not data:
                break
        link.close()

    def handle_any(self):
        line = "%s %s" % (self.command, self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with LOCK, open(os.path.join(FOLDER, "log"), "a", encoding="utf-8") as f:
            f.write(line + "\n")
        how = how_of(line)
        try:
            if how:
                self.spoil(how, body)
            else:
                self.pass_on(body)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # whoever asked is gone


server = Quiet(("127.0.0.1", 0), Server)
if TLS:
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(TLS[1], TLS[2])
    server.socket = shown.wrap_socket(server.socket, server_side=True)
with open(os.path.join(FOLDER, "port.new"), "w", encoding="utf-8") as f:
    f.write(str(server.server_address[1]))
os.rename(os.path.join(FOLDER, "port.new"), os.path.join(FOLDER, "port"))
server.serve_forever()
