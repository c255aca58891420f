"""Where data comes in: what a source holds now, and what it tells. The standard library only.

Folders (of the volume, of dCache by WebDAV, of an object store) are looked at again and again: what is new since the last look is an
event. So nothing is missed while nobody looks, and any server can be asked. A webhook is told.
"""
import datetime
import email.utils
import fnmatch
import hashlib
import hmac
import http.client
import http.server
import json
import os
import shutil
import socketserver
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree

import values
from values import Trouble, dump, write_whole

LONGEST = 60     # seconds that a server may take
MOST = 1000000   # files of one source


def told(said):
    """An attribute; a secret is where values.py finds it."""
    return values.secret(said["secret"]) if isinstance(said, dict) and "secret" in said else said


class Found:
    """A file of a source. at: when it was changed, in seconds; identity: other where the file is another."""

    def __init__(self, at, name, size, identity, where):
        self.at, self.name, self.size, self.identity, self.where = at, name, size, identity, where

    def __lt__(self, other):
        return (self.at, self.name) < (other.at, other.name)


def plain(name):
    """A name that is one part of a path, whatever it was."""
    name = name.rstrip("/").rsplit("/", 1)[-1].replace("\0", "")
    return name if name not in ("", ".", "..") else "file"


class Source:
    def __init__(self, name, said):
        self.name, self.said = name, said

    def get(self, key, default=None):
        value = told(self.said.get(key))
        return default if value is None else value

    def begin(self, spool, home):
        """Before the first look."""

    def look(self, spool, home):
        """Puts what is new into the spool."""

    def pause(self, seconds):
        time.sleep(seconds)


class Folder(Source):
    """What has a listing."""

    def listing(self):
        raise NotImplementedError

    def copy(self, found, path):
        raise NotImplementedError

    def latest(self, n):
        return sorted(self.listing())[-n:] if n > 0 else []

    def since(self, seconds):
        return [f for f in sorted(self.listing()) if f.at >= time.time() - seconds]

    def fields(self, found):
        return {"name": found.name}

    def fetch(self, listing, folder):
        """Files of the volume, in this order."""
        out = []
        for i, found in enumerate(listing):
            path = os.path.join(folder, "%06d" % i, plain(found.name))
            if not os.path.exists(path):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                self.copy(found, path + ".new")
                os.replace(path + ".new", path)
            out.append({"class": "File", "path": path})
        return out

    def state(self, home):
        return os.path.join(home, ".seen.json")

    def look(self, spool, home):
        """An event for each file that is new, and was the same in the look before. What is there at first is not new."""
        now = {f.identity: f for f in self.listing()}
        if os.path.exists(self.state(home)):
            with open(self.state(home), encoding="utf-8", errors="surrogateescape") as file:
                seen = json.load(file)  # identity to how often: 1, came with the last look; 2, told
        else:
            seen = {i: 2 for i in now}
        for found in sorted(f for i, f in now.items() if seen.get(i) == 1):
            try:
                spool.add(found.identity, lambda folder, found=found: dict(self.fields(found), file=self.fetch([found], os.path.join(folder, "given"))[0]))
            except (Trouble, OSError, http.client.HTTPException) as e:  # the others are not held up
                print("%s: %s: %s" % (self.name, found.name, e), flush=True)
                seen[found.identity] = 0
        write_whole(self.state(home), dump({i: min(seen.get(i, 0) + 1, 2) for i in now}))

    def matches(self, name):
        return fnmatch.fnmatchcase(name, self.get("pattern", "*"))


class Local(Folder):
    """A folder of the volume."""

    def listing(self):
        out = []
        for one in os.scandir(self.said["path"]):
            if one.is_file(follow_symlinks=False) and self.matches(one.name):
                s = one.stat()
                if time.time() - s.st_mtime >= self.get("settle", 0):
                    out.append(Found(s.st_mtime, one.name, s.st_size, "%s %d %d %d" % (one.name, s.st_ino, s.st_size, s.st_mtime_ns), one.path))
        return out

    def copy(self, found, path):
        shutil.copyfile(found.where, path)


def ask(url, method="GET", head=None, body=None):
    request = urllib.request.Request(url, data=body, headers=head or {}, method=method)
    try:
        return urllib.request.urlopen(request, timeout=LONGEST)
    except urllib.error.HTTPError as e:
        raise Trouble("%s %s: %d %s" % (method, url.split("?")[0], e.code, e.read(300).decode("utf-8", "replace").strip()))


def save(answer, path):
    """What a server sends; short ones are no files."""
    with answer, open(path, "wb") as file:
        shutil.copyfileobj(answer, file, 1 << 20)
        length = answer.headers.get("Content-Length")
        if length and int(length) != file.tell():
            raise Trouble("%s: %d bytes of %s came" % (path, file.tell(), length))


def read_xml(answer):
    with answer:
        text = answer.read(256 << 20)
    if b"<!DOCTYPE" in text:
        raise Trouble("the answer has a document type")
    return xml.etree.ElementTree.fromstring(text)


class WebDav(Folder):
    """A folder of dCache (RFC 4918: PROPFIND)."""

    def head(self):
        token = self.get("token")
        return {"Authorization": "Bearer " + token} if token else {}

    def listing(self):
        url = self.said["url"].rstrip("/") + "/"
        root, out = read_xml(ask(url, "PROPFIND", dict(self.head(), Depth="1"))), []
        for one in root.iter("{DAV:}response"):
            where = urllib.parse.urljoin(url, one.findtext("{DAV:}href", ""))
            name = urllib.parse.unquote(where.rstrip("/").rsplit("/", 1)[-1])
            size, changed = one.findtext(".//{DAV:}getcontentlength"), one.findtext(".//{DAV:}getlastmodified")
            if one.find(".//{DAV:}collection") is not None or not size or not size.isdigit() or not changed or not self.matches(name):
                continue
            if urllib.parse.urlsplit(where)[:2] != urllib.parse.urlsplit(url)[:2]:
                continue  # the token is for this server alone
            identity = " ".join((where, size, changed, one.findtext(".//{DAV:}getetag") or ""))
            out.append(Found(email.utils.parsedate_to_datetime(changed).timestamp(), name, int(size), identity, where))
        return out

    def copy(self, found, path):
        save(ask(found.where, head=self.head()), path)


def signature(access, secret, region, path, query, head):
    """Of a GET without a body: AWS Signature Version 4, over all these headers."""
    names = ";".join(sorted(head))
    canonical = "\n".join(["GET", path, query] + ["%s:%s" % (k, head[k]) for k in sorted(head)] + ["", names, head["x-amz-content-sha256"]])
    scope = "%s/%s/s3/aws4_request" % (head["x-amz-date"][:8], region)
    text = "\n".join(["AWS4-HMAC-SHA256", head["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (access, scope, names, hmac.new(key, text.encode(), hashlib.sha256).hexdigest())


class Bucket(Folder):
    """A bucket of an object store: ListObjectsV2 and GetObject of S3."""

    def signed(self, key="", query=()):
        server = self.said["server"] if "://" in self.said["server"] else "https://" + self.said["server"]
        path = "/" + urllib.parse.quote("%s/%s" % (self.said["name"], key) if key else self.said["name"], safe="/-_.~")
        asked = "&".join("%s=%s" % (urllib.parse.quote(k, safe="-_.~"), urllib.parse.quote(v, safe="-_.~")) for k, v in sorted(query))
        head = {"host": urllib.parse.urlsplit(server).netloc, "x-amz-content-sha256": hashlib.sha256(b"").hexdigest()}
        head["x-amz-date"] = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        access, secret = self.get("access_key"), self.get("secret_key")
        if access and secret:
            head["Authorization"] = signature(access, secret, self.get("region", "us-east-1"), path, asked, head)
        return ask("%s%s%s" % (server.rstrip("/"), path, "?" + asked if asked else ""), head=head)

    def listing(self):
        out, query = [], {"list-type": "2", "prefix": self.get("prefix", "")}
        while len(out) < MOST:
            root = read_xml(self.signed(query=query.items()))
            space = root.tag[: root.tag.index("}") + 1] if "}" in root.tag else ""
            for one in root.iter(space + "Contents"):
                key, size = one.findtext(space + "Key", ""), one.findtext(space + "Size", "0")
                if key.endswith("/") or not key.endswith(self.get("suffix", "")):
                    continue
                changed = one.findtext(space + "LastModified", "").split(".")[0].rstrip("Z")
                at = datetime.datetime.strptime(changed, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc).timestamp()
                out.append(Found(at, key, int(size), "%s %s" % (key, one.findtext(space + "ETag", "")), key))
            more = root.findtext(space + "NextContinuationToken")
            if not more:
                break
            query["continuation-token"] = more
        return out

    def fields(self, found):
        return {"key": found.name, "size": found.size}

    def copy(self, found, path):
        save(self.signed(found.where), path)


class Timer(Source):
    def look(self, spool, home):
        period, offset = self.said["period"], self.get("offset", 0)
        tick = int((time.time() - offset) // period)
        text = datetime.datetime.fromtimestamp(tick * period + offset, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        state = os.path.join(home, ".tick.json")
        if os.path.exists(state):
            with open(state, encoding="utf-8") as file:
                if json.load(file) == tick:
                    return
            spool.add("tick %d" % tick, lambda folder: {"time": text})
        write_whole(state, dump(tick))

    def pause(self, seconds):
        period, offset = self.said["period"], self.get("offset", 0)
        time.sleep(min(seconds, period - (time.time() - offset) % period + 0.01))


class Alert(Source):
    """A condition that is asked of Prometheus: it fires once, when it has held for long enough."""

    def look(self, spool, home):
        server = self.said["server"] if "://" in self.said["server"] else "http://" + self.said["server"]
        with ask("%s/api/v1/query?%s" % (server.rstrip("/"), urllib.parse.urlencode({"query": self.said["expr"]}))) as answer:
            result = json.load(answer)["data"]["result"]
        state, before = os.path.join(home, ".holds.json"), {}
        if os.path.exists(state):
            with open(state, encoding="utf-8") as file:
                before = json.load(file)
        holds = {}
        for series in result:
            labels = {k: v for k, v in series["metric"].items() if k != "__name__"}
            key = json.dumps(labels, sort_keys=True)
            holds[key] = before.get(key, time.time())
            if time.time() - holds[key] >= self.get("lasting", 0):
                value = float(series["value"][1])
                spool.add("%s %r" % (key, holds[key]), lambda folder, labels=labels, value=value: {"name": self.name, "value": value, "labels": labels})
        write_whole(state, dump(holds))


class Measured(Source):
    """A condition over metrics of steps, which kube.py puts here as tasks end. What was measured last counts until it is measured again.
    It fires once, when it has held for long enough; again, when it did not hold in between."""

    def __init__(self, said, holds):
        Source.__init__(self, said["name"], said)
        self.holds = holds

    def begin(self, spool, home):
        os.makedirs(os.path.join(home, ".metrics"), exist_ok=True)

    def told(self, folder):
        """What was measured, in that order: when, what, where it lies."""
        out = []
        for name in os.listdir(folder):
            if name.endswith(".json"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    said = json.load(file)
                out.append((said["at"], name, said["metrics"]))
        return sorted(out)

    def is_met(self, metrics):
        try:
            return self.holds(metrics) is True
        except (Trouble, TypeError, LookupError, ArithmeticError):
            return False  # not all is known

    def fire(self, spool, since, now, metrics):
        if since is not None and now - since >= self.get("lasting", 0):
            spool.add("since %r" % since, lambda folder: dict(metrics))

    def look(self, spool, home):
        folder, state = os.path.join(home, ".metrics"), os.path.join(home, ".holds.json")
        since, metrics, new = None, {}, self.told(folder)
        if os.path.exists(state):
            with open(state, encoding="utf-8") as file:
                since, metrics = json.load(file)
        for at, _, measured in new:
            self.fire(spool, since, at, metrics)
            metrics.update(measured)
            since = (at if since is None else since) if self.is_met(metrics) else None
        self.fire(spool, since, time.time(), metrics)
        write_whole(state, dump([since, metrics]))
        for _, name, _ in new:
            os.remove(os.path.join(folder, name))


class Webhook(Source):
    """Calls of others. A call counts once: by its Idempotency-Key, else by what it says."""

    def begin(self, spool, home):
        source, self.called = self, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = LONGEST

            def answer(self, code, **said):
                text = (json.dumps(said) + "\n").encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *words):
                pass  # addresses of callers are nobody's business

            def do_GET(self):
                self.answer(200 if self.path == "/healthz" else 404)

            def do_POST(self):
                url, length, token = urllib.parse.urlsplit(self.path), self.headers.get("Content-Length", ""), source.get("token")
                self.close_connection = True
                if url.path != source.said["path"]:
                    return self.answer(404, error="nobody listens there")
                if token and not hmac.compare_digest(self.headers.get("Authorization", "").encode(), ("Bearer " + token).encode()):
                    return self.answer(401, error="a bearer token is wanted")
                if not length.isdigit():
                    return self.answer(411, error="the length of the body is wanted")
                if int(length) > source.get("limit", 1 << 20):
                    return self.answer(413, error="a body has at most %d bytes" % source.get("limit", 1 << 20))
                body = self.rfile.read(int(length))
                if len(body) != int(length):
                    return self.answer(400, error="the body is cut off")
                try:
                    new = source.take(spool, url, body, self.headers.get("Idempotency-Key"))
                except OSError as e:
                    return self.answer(503, error=str(e))
                source.called.set()
                return self.answer(202 if new else 200, event="taken" if new else "known")

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

        host, port = os.environ.get("TWIN_LISTEN", "0.0.0.0:8080").rsplit(":", 1)
        threading.Thread(target=Server((host, int(port)), Handler).serve_forever, daemon=True).start()

    def take(self, spool, url, body, key):
        def make(folder):
            path = os.path.join(folder, "given", "body" + self.get("extension", ""))
            os.makedirs(os.path.dirname(path))
            with open(path, "wb") as file:
                file.write(body)
                os.fsync(file.fileno())
            query = {k: v[-1] for k, v in urllib.parse.parse_qs(url.query, keep_blank_values=True).items()}
            return {"body": {"class": "File", "path": path}, "path": url.path, "query": query}

        return spool.add("key " + key if key else "%s?%s %s" % (url.path, url.query, hashlib.sha256(body).hexdigest()), make)

    def pause(self, seconds):
        self.called.wait(seconds)
        self.called.clear()


KINDS = {"file.folder": Local, "dcache.folder": WebDav, "s3.bucket": Bucket, "timer.every": Timer, "prometheus.alert": Alert, "webhook.endpoint": Webhook}


def make(name, said):
    if said["kind"] in ("kafka.topic", "mqtt.topic"):
        import streams  # is there where it is needed
        return (streams.Kafka if said["kind"] == "kafka.topic" else streams.Mqtt)(name, said)
    return KINDS[said["kind"]](name, said)
