"""What listens to events, without a cluster: sources.py BUILT, where BUILT is the folder `build/kubernetes` of listens.twin.

Servers of this test's own speak as much of WebDAV, S3 and Prometheus as is asked of them. The signature is that of an example
which the reference of S3 gives ("Authenticating Requests: Using the Authorization Header", GET Bucket).
"""
import http.server
import json
import os
import shutil
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(sys.argv[1], "handle/flow"))
sys.dont_write_bytecode = True
scratch = tempfile.TemporaryDirectory()
os.environ.update(TWIN_EVENTS=os.path.join(scratch.name, "events"), TWIN_STATE=os.path.join(scratch.name, "runs/x"), TWIN_SECRET_LAKE_TOKEN="lake", TWIN_SECRET_ACCESS_KEY="a", TWIN_SECRET_SECRET_KEY="s")
import listen
import sources

FILES = {"a.csv": b"1\n"}
SEEN, VALUES = [], []


class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def reply(self, code, body, length=None):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def do_PROPFIND(self):
        SEEN.append(self.headers.get("Authorization"))
        one = "<D:response><D:href>%s</D:href><D:propstat><D:prop>%s</D:prop></D:propstat></D:response>"
        told = one % ("/lake/", "<D:resourcetype><D:collection/></D:resourcetype>")
        told += one % ("http://127.0.0.2:1/lake/stolen.csv", "<D:getcontentlength>1</D:getcontentlength><D:getlastmodified>Sat, 01 Jan 2022 00:00:00 GMT</D:getlastmodified>")
        for name, body in FILES.items():
            told += one % ("/lake/" + urllib.parse.quote(name), "<D:getcontentlength>%d</D:getcontentlength><D:getlastmodified>Sat, 01 Jan 2022 00:00:0%d GMT</D:getlastmodified>" % (len(body), len(name)))
        self.reply(207, ('<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">%s</D:multistatus>' % told).encode())

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        SEEN.append(self.headers.get("Authorization"))
        if url.path == "/api/v1/query":
            self.reply(200, json.dumps({"data": {"result": [{"metric": {"__name__": "level", "at": "x"}, "value": [0, v]} for v in VALUES]}}).encode())
        elif url.path == "/tables":
            names = sorted(FILES)
            first = "continuation-token" not in query
            body = "".join("<Contents><Key>%s</Key><Size>%d</Size><ETag>\"%d\"</ETag><LastModified>2022-01-01T00:00:00.000Z</LastModified></Contents>" % (n, len(FILES[n]), hash(FILES[n]) % 97)
                           for n in (names[:1] if first else names[1:]))
            more = "<NextContinuationToken>next</NextContinuationToken>" if first else ""
            self.reply(200, ('<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s%s</ListBucketResult>' % (body, more)).encode())
        else:
            name = urllib.parse.unquote(url.path.split("/", 2)[2])
            self.reply(200 if name in FILES else 404, FILES.get(name, b""), 100 if name == "cut.csv" else None)


def expect(what, found, wanted):
    if found != wanted:
        sys.exit("FAIL %s: %r is not %r" % (what, found, wanted))


def looks(source, name, n=1):
    """Events that came with so many looks of a program that is started anew each time."""
    home = os.path.join(listen.EVENTS, name)
    before = len(listen.Spool(home).known)
    for _ in range(n):
        source.look(listen.Spool(home), home)
    return len(listen.Spool(home).known) - before


def contents(name):
    out = []
    for _, event in listen.Spool(os.path.join(listen.EVENTS, name)).waiting():
        path = event["event"]["file"]["path"]
        expect("where files are put", os.path.realpath(path).startswith(os.path.realpath(listen.EVENTS) + "/"), True)
        with open(path, "rb") as f:
            out.append((os.path.basename(path), f.read()))
    return out


def folders(make, name):
    source = make()
    FILES.clear()
    FILES["a.csv"] = b"1\n"
    expect(name + ": what is there at first", looks(source, name, 3), 0)
    FILES["b b.csv"] = b"22\n"
    expect(name + ": a first look at a new file", looks(source, name), 0)
    FILES["b b.csv"] = b"2222\n"
    expect(name + ": a file that still grows", looks(source, name), 0)
    expect(name + ": a file that came", looks(make(), name, 3), 1)
    expect(name + ": its content", contents(name), [("b b.csv", b"2222\n")])
    FILES["cut.csv"] = b"short"
    FILES["d.csv"] = b"4\n"
    expect(name + ": a download that is cut off, and another", looks(source, name, 4), 1)
    del FILES["cut.csv"]
    listed = [f.name for f in sorted(source.listing())]
    expect(name + ": a listing", sorted(listed), sorted(FILES))
    fetched = source.fetch(sorted(source.listing())[-1:], os.path.join(scratch.name, "given", name))
    with open(fetched[0]["path"], "rb") as f:
        expect(name + ": the newest", f.read(), FILES[listed[-1]])


def alert(server):
    source = sources.make("high", {"kind": "prometheus.alert", "server": server, "expr": "level > 3", "lasting": 0.5})
    VALUES[:] = ["7"]
    expect("a condition that just began", looks(source, "high"), 0)
    time.sleep(0.6)
    expect("a condition that lasts", looks(source, "high", 3), 1)
    VALUES[:] = []
    looks(source, "high")
    VALUES[:] = ["8"]
    looks(source, "high")
    time.sleep(0.6)
    expect("a condition that came back", looks(source, "high"), 1)


def measured():
    """Told with how many seconds ago it was measured."""
    home = os.path.join(listen.EVENTS, "deviates")

    def source(lasting):
        return sources.Measured({"name": "deviates", "lasting": lasting}, lambda event: event["net.loss"] > 3 and event["net.known"])

    def events(lasting, *told):
        shutil.rmtree(home, ignore_errors=True)
        source(lasting).begin(None, home)
        now = time.time()
        for ago, metrics in told:
            listen.write_whole(os.path.join(home, ".metrics", "%d.json" % ago), json.dumps({"at": now - ago, "metrics": metrics}))
        found = looks(source(lasting), "deviates") + looks(source(lasting), "deviates")
        expect("what was heard", os.listdir(os.path.join(home, ".metrics")), [])
        return found

    high, low = {"net.loss": 5.0, "net.known": True}, {"net.loss": 1.0}
    expect("nothing measured", events(0), 0)
    expect("half of it measured", events(0, (1, {"net.loss": 5.0})), 0)
    expect("a metric that is none", events(0, (1, {"net.loss": None, "net.known": True})), 0)
    expect("it holds", events(0, (1, high)), 1)
    expect("it holds on", events(0, (3, high), (2, {"net.loss": 4.0}), (1, high)), 1)
    expect("it came back", events(0, (5, high), (4, low), (3, high), (2, low)), 2)
    expect("not for long enough", events(60, (50, high), (40, high)), 0)
    expect("for long enough", events(60, (70, high), (10, high)), 1)
    expect("for long enough, while nobody looked", events(60, (90, high), (20, low)), 1)
    expect("not at a stretch", events(60, (90, high), (50, low), (40, high)), 0)


def timer():
    source = sources.make("tick", {"kind": "timer.every", "period": 1, "offset": 0})
    looks(source, "tick")
    time.sleep(1.05)
    expect("a tick, asked for twice", looks(source, "tick", 2) in (1, 2), True)


class NoJobs:
    """Jobs as the API server keeps them: one of a name."""

    def __init__(self):
        self.made, self.removed = {}, []

    def post(self, job):
        new = job["metadata"]["name"] not in self.made
        self.made.setdefault(job["metadata"]["name"], "active")
        return new

    def all(self):
        return dict(self.made)

    def remove(self, name):
        self.removed.append(name)
        self.made[name] = "failed"


def policy(overlap, batch=1, debounce=0, times=(), ends=True):
    """How many runs events at these times start, left out and removed ones."""
    said = {"name": "ordered", "object": "ordered", "source": "portal", "overlap": overlap, "batch": batch, "debounce": debounce, "sources": {}}
    jobs, home = NoJobs(), tempfile.mkdtemp(dir=scratch.name)
    trigger = listen.Trigger(said, {}, jobs)
    trigger.home = home
    for i, at in enumerate(times):
        spool = listen.Spool(home)
        spool.add("event %d" % i, lambda folder: {"path": "/"})
        for name, event in spool.open.items():
            if event["identity"] == "event %d" % i:
                event["at"] = at
                listen.write_whole(os.path.join(home, name, "event.json"), json.dumps(event))
        trigger.step(listen.Spool(home), at)
        trigger.step(listen.Spool(home), at)  # told twice
        if ends:
            jobs.made = {n: "complete" for n in jobs.made}
    trigger.step(listen.Spool(home), times[-1] + 1000)
    return len(jobs.made), len(jobs.removed), len(listen.Spool(home).open)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = "http://127.0.0.1:%d" % server.server_address[1]
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    head = {"host": "examplebucket.s3.amazonaws.com", "x-amz-content-sha256": empty, "x-amz-date": "20130524T000000Z"}
    signed = sources.signature("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "/", "max-keys=2&prefix=J", head)
    expect("a signature", signed.rsplit("=", 1)[1], "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    folders(lambda: sources.make("lake", {"kind": "dcache.folder", "url": base + "/lake", "pattern": "*.csv", "token": {"secret": "lake_token"}}), "lake")
    expect("a token", SEEN[0], "Bearer lake")
    folders(lambda: sources.make("bucket", {"kind": "s3.bucket", "server": base, "name": "tables", "suffix": ".csv", "access_key": {"secret": "access_key"}, "secret_key": {"secret": "secret_key"}}), "bucket")
    alert(base)
    measured()
    timer()
    expect("hostile names", [sources.plain(n) for n in ("a/../../b", "..", "x/..", "", "a\0b")], ["b", "file", "file", "file", "ab"])
    expect("parallel", policy("parallel", times=(1, 2, 3), ends=False), (3, 0, 0))
    expect("queue", policy("queue", times=(1, 2, 3), ends=False), (1, 0, 2))
    expect("queue, runs that end", policy("queue", times=(1, 2, 3)), (3, 0, 0))
    expect("skip", policy("skip", times=(1, 2, 3), ends=False), (1, 0, 0))
    expect("replace", policy("replace", times=(1, 2, 3), ends=False)[1:], (2, 0))
    expect("batch", policy("parallel", batch=2, times=(1, 2, 3)), (1, 0, 1))
    expect("debounce", policy("parallel", debounce=10, times=(1, 5, 9, 100)), (2, 0, 0))
    print("sources as expected")


main()
