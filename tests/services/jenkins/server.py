#!/usr/bin/env python3
"""The remote API of Jenkins, as far as jobs of pipelines go, on the loopback. It is not Jenkins: it was written from the
sources and pages of Jenkins' API, no build of it runs anything, and stages pass by the clock.

server.py FOLDER [PORT]

FOLDER holds `port` (written when it listens), `state.json` (jobs, queue, builds: it may be killed and started anew), `log`
(METHOD PATH of each request) and `knobs.json`, read at each request:
  quiet        seconds in the queue                   stage        seconds of a stage
  fail         name of the stage that fails           unstable     name of the stage that is unstable
  ask          name of the stage that asks            approved     true: it has its answer
  jenkinsfile  what a repository holds                answers      [[method, words of the path, HOW, times], ...]: a status, "cut", "lost" (it is
                                                                   done, and not answered), "forget" (sessions are over), "garbage",
                                                                   "truncated" (done, and a part of the answer comes), "slow" (2 s, then
                                                                   no answer), "endless",
                                                                   "evil" (members of other kinds, letters that steer a terminal)
  crumbs       "no": none are issued                  forget       seconds until an item that left the queue is forgotten
  stages       "no": the plug-in pipeline-rest-api is not there
What it holds to, beside the answers themselves:
  Basic authorisation: 403 without, 401 with a wrong one. A crumb belongs to a session, which is known by its cookie and
  gone after a restart. XML must be well-formed, of an application/xml type, with the root flow-definition. config.xml comes
  back as Jenkins writes it: with plug-ins named. The address in `Location` is the one that Jenkins believes to have.
  Parameters that the job does not define are dropped. Equal items in the queue are one. One build at a time. A first build
  takes parameters and triggers from the Jenkinsfile into the job. `doDelete` answers by sending elsewhere.
"""
import base64
import html
import http.server
import io
import json
import os
import re
import secrets
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as tree

FOLDER = sys.argv[1]
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 0
ROOT = "/jenkins"                            # the context path
BELIEVED = "http://ci.example.org" + ROOT    # what stands in Location
USERS = {"ada": "t0ken-of-ada-11aa22bb"}
READERS = {"bob": "t0ken-of-bob-33cc44dd"}   # may read, and nothing else
CRUMB = "Jenkins-Crumb"
STATE = os.path.join(FOLDER, "state.json")
LOCK = threading.RLock()
SESSIONS = {}                                # session -> (user, crumb); in memory, as it is there
PARAMETERS = "hudson.model.ParametersDefinitionProperty"


def knobs():
    try:
        with open(os.path.join(FOLDER, "knobs.json"), encoding="utf-8") as f:
            return json.load(f)
    except FileNotFoundError:
        return {}


class State:
    def __init__(self):
        self.jobs = {"team": {"folder": True}}   # "team/x" -> {"config", "next", "builds": {number: build}}
        self.queue = []                          # {"id", "job", "parameters", "since", "build", "left", "cancelled"}
        self.next_item = 1
        if os.path.exists(STATE):
            with open(STATE, encoding="utf-8") as f:
                self.__dict__.update(json.load(f))

    def save(self):
        with open(STATE + ".new", "w", encoding="utf-8") as f:
            json.dump(self.__dict__, f)
        os.rename(STATE + ".new", STATE)


S = State()


# -- jobs ---------------------------------------------------------------------------------------------------------------

def parse(text):
    """Well-formed or ValueError. expat knows XML 1.0 only; of 1.1 the characters differ, and none is used here."""
    text = re.sub(r"^<\?xml version=(['\"])1\.1\1", r"<?xml version=\g<1>1.0\1", text)
    try:
        root = tree.fromstring(text.encode())
    except tree.ParseError as e:
        raise ValueError("org.xmlpull.v1.XmlPullParserException: " + str(e)) from None
    if root.tag != "flow-definition":
        raise ValueError("com.thoughtworks.xstream.mapper.CannotResolveClassException: " + root.tag)
    if root.find("definition") is None or "class" not in root.find("definition").attrib:
        raise ValueError("no definition")
    return root


def write(root):
    """As XStream writes it."""
    root.set("plugin", "workflow-job@1400.v7fd111b_ec82f")
    root.find("definition").set("plugin", "workflow-cps@3894.vd0f0248b_a_fc4")
    for name in ("actions", "properties", "triggers"):
        if root.find(name) is None:
            root.insert(0, tree.Element(name))
    return "<?xml version='1.1' encoding='UTF-8'?>\n" + tree.tostring(root, encoding="unicode")


def script_of(job):
    root = parse(job["config"])
    return (root.findtext("definition/script") or knobs().get("jenkinsfile", "")).strip("\n")


def defined(job):
    return {p.findtext("name"): p.findtext("defaultValue") or "" for p in parse(job["config"]).iterfind("properties/%s/parameterDefinitions/*" % PARAMETERS)}


def stages_of(job):
    return [re.sub(r"\\(.)", r"\1", m) for m in re.findall(r"^ *stage\('((?:[^'\\]|\\.)*)'\)", script_of(job), re.M)]


def take_over(job):
    """What a build of a declarative pipeline does first: its parameters and triggers become the job's, beside what is there."""
    root = parse(job["config"])
    script = script_of(job)
    properties = root.find("properties")
    holder = properties.find(PARAMETERS + "/parameterDefinitions")
    if holder is None:
        holder = tree.SubElement(tree.SubElement(properties, PARAMETERS), "parameterDefinitions")
    for kind, name in re.findall(r"^        (string|choice)\(name: '([A-Za-z0-9_]+)'", script, re.M):
        for old in [p for p in holder if p.findtext("name") == name]:
            holder.remove(old)
        one = tree.SubElement(holder, "hudson.model.%sParameterDefinition" % ("String" if kind == "string" else "Choice"))
        tree.SubElement(one, "name").text = name
    if "triggers {" in script and properties.find("org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty") is None:
        tree.SubElement(tree.SubElement(properties, "org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty"), "triggers")
    job["config"] = write(root)


# -- time ---------------------------------------------------------------------------------------------------------------

def turn():
    """What has happened since: items leave the queue, builds pass their stages."""
    k, now = knobs(), time.time()
    for path, job in S.jobs.items():
        for build in job.get("builds", {}).values():
            advance(build, now)
    for item in S.queue:
        job = S.jobs.get(item["job"])
        if item["build"] or item["cancelled"] or job is None:
            continue
        if now - item["since"] < k.get("quiet", 0.3) or any(b["result"] is None for b in job["builds"].values()):
            continue
        number = job["next"]
        job["next"] += 1
        take_over(job)
        job["builds"][str(number)] = {"number": number, "queue": item["id"], "parameters": item["parameters"], "start": now, "result": None, "asked": False,
                                      "stage": k.get("stage", 0.1), "names": stages_of(job), "fail": k.get("fail"), "unstable": k.get("unstable"), "ask": k.get("ask")}
        item["build"] = number
        item["left"] = now
    S.queue = [i for i in S.queue if not i["left"] or now - i["left"] < k.get("forget", 300)]
    S.save()


def advance(b, now):
    """Stages one after the other. What holds the failing one fails with it, and what follows is told as failed, too."""
    stages, bad, uneasy = [], None, False
    for n, name in enumerate(b["names"]):
        begins, ends = b["start"] + n * b["stage"], b["start"] + (n + 1) * b["stage"]
        if bad is not None:
            status = "FAILED"
        elif b["result"] == "ABORTED":
            status = "ABORTED" if begins <= b["aborted"] < ends else "SUCCESS" if ends <= b["aborted"] else "NOT_EXECUTED"
        elif now < begins:
            break
        elif b["ask"] == name and not b["asked"] and not knobs().get("approved"):
            stages.append({"id": str(n + 10), "name": name, "status": "PAUSED_PENDING_INPUT"})
            b["start"] = now - n * b["stage"]
            break
        elif now < ends:
            status = "IN_PROGRESS"
        elif b["fail"] == name:
            status, bad = "FAILED", n
        elif b["unstable"] == name:
            status, uneasy = "UNSTABLE", True
        else:
            status = "SUCCESS"
        stages.append({"id": str(n + 10), "name": name, "status": status})
    if bad is not None and "main" in b["names"]:
        stages[b["names"].index("main")]["status"] = "FAILED"
    b["stages"], b["bad"] = stages, bad
    if b["result"] is None and (bad is not None or now >= b["start"] + len(b["names"]) * b["stage"]):
        b["result"] = "FAILURE" if bad is not None else "UNSTABLE" if uneasy else "SUCCESS"
    b["log"] = log_of(b)


def log_of(b):
    lines = ["Started by user ada", "[Pipeline] Start of Pipeline"]
    for stage in b["stages"]:
        lines += ["[Pipeline] { (%s)" % stage["name"], "+ ./flow.py run %s" % stage["name"]]
        if b["bad"] is not None and b["names"][b["bad"]] == stage["name"]:
            lines += failure(stage["name"])
    if b["result"]:
        lines += ["[Pipeline] End of Pipeline", "Finished: " + b["result"]]
    return "\n".join(lines) + "\n"


def failure(name):
    return ["%s: cannot open <station.csv>" % name, "the token is " + USERS["ada"], "ERROR: script returned exit code 1"]


# -- answers ------------------------------------------------------------------------------------------------------------

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Jetty(12.0.14)"
    sys_version = ""

    def log_message(self, *_):
        pass

    def say(self, code, body=b"", kind="text/html;charset=utf-8", headers=()):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(code)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Jenkins", "2.479.3")
        for name, value in headers:
            self.send_header(name, value)
        if code != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def json(self, what):
        self.say(200, json.dumps(what), "application/json;charset=utf-8")

    def page(self, code, words, headers=()):
        self.say(code, "<html><head><title>Error %d</title><style>h2 { color: red }</style></head>\n<body><h2>HTTP ERROR %d</h2>\n<table><tr><th>MESSAGE:</th><td>%s</td></tr></table>"
                 "<script>alert(1)</script></body></html>\n" % (code, code, html.escape(words)), headers=headers)

    def user(self):
        """Who asks, or None where that was answered."""
        given = self.headers.get("Authorization", "")
        if not given.startswith("Basic "):
            self.say(403, "<html><head><meta http-equiv='refresh' content='1;url=/jenkins/login?from=%2F'/></head><body>Authentication required</body></html>")
            return None
        name, _, token = base64.b64decode(given[6:]).decode().partition(":")
        if USERS.get(name, READERS.get(name)) != token:
            self.page(401, "Invalid password/token for user: " + name, [("WWW-Authenticate", 'Basic realm="Jenkins"')])
            return None
        return name

    def session(self):
        cookie = re.search(r"JSESSIONID\.1=([0-9a-f]+)", self.headers.get("Cookie", ""))
        return cookie.group(1) if cookie else None

    def handle_one(self, method):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        with LOCK:
            with open(os.path.join(FOLDER, "log"), "a", encoding="utf-8") as f:
                f.write("%s %s\n" % (method, self.path))
            bad = self.spoilt(method)
            if bad == "cut":
                return self.cut()
            if isinstance(bad, int):
                return self.page(bad, "the server is unwell", [("Retry-After", "1")] if bad in (429, 503) else [])
            if bad == "garbage":
                return self.say(200, "<html><body>Please sign on</body></html>")
            if bad == "evil":
                return self.json(EVIL)
            if bad == "forget":
                SESSIONS.clear()
            if bad == "slow":
                time.sleep(2)
                return self.cut()
            if bad == "endless":
                return self.endless()
            if bad in ("lost", "truncated"):
                self.wfile, wire = io.BytesIO(), self.wfile
                self.route(method, body)
                self.wfile, said = wire, self.wfile.getvalue()
                self.wfile.write(said[:len(said) - 5] if bad == "truncated" else b"")
                return self.cut()
            return self.route(method, body)

    def endless(self):
        self.close_connection = True
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
        except OSError:
            pass

    def cut(self):
        self.close_connection = True
        self.connection.close()

    def spoilt(self, method):
        """How this answer is to go wrong; each so often."""
        for n, (of, words, how, times) in enumerate(knobs().get("answers", [])):
            key = "%d %s %s" % (n, of, words)
            if of == method and words in self.path and SPOILT.get(key, 0) < times:
                SPOILT[key] = SPOILT.get(key, 0) + 1
                return how
        return None

    def route(self, method, body):
        user = self.user()
        if user is None:
            return None
        url = urllib.parse.urlsplit(self.path)
        if not url.path.startswith(ROOT + "/"):
            return self.page(404, "Not Found")
        words = url.path[len(ROOT) + 1:].strip("/").split("/")
        query = dict(urllib.parse.parse_qsl(url.query))
        turn()
        if method == "GET" and words == ["crumbIssuer", "api", "json"]:
            return self.crumb(user)
        if method == "POST" and knobs().get("crumbs") != "no":
            known = SESSIONS.get(self.session())
            if known != (user, self.headers.get(CRUMB)):
                return self.page(403, "No valid crumb was included in the request")
        if method == "POST" and user in READERS:
            return self.page(403, user + " is missing the Job/Configure permission")
        if words[0] == "queue" and method == "GET":
            return self.queue(words[1:])
        path = []
        while len(words) >= 2 and words[0] == "job":
            path.append(words[1])
            words = words[2:]
        return self.job(method, "/".join(path), words, query, body)

    def crumb(self, user):
        if knobs().get("crumbs") == "no":
            return self.page(404, "Not Found")
        session, crumb = secrets.token_hex(16), secrets.token_hex(32)
        SESSIONS[session] = (user, crumb)
        body = json.dumps({"_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": crumb, "crumbRequestField": CRUMB})
        return self.say(200, body, "application/json;charset=utf-8", [("Set-Cookie", "JSESSIONID.1=%s; Path=/jenkins; HttpOnly" % session), ("Set-Cookie", "screenResolution=1x1; Path=/")])

    def queue(self, words):
        now = time.time()
        if words == ["api", "json"]:
            return self.json({"_class": "hudson.model.Queue", "items": [self.item(i, now) for i in S.queue if not i["left"] and not i["cancelled"]]})
        found = [i for i in S.queue if words[:1] == ["item"] and str(i["id"]) == words[1]]
        return self.json(self.item(found[0], now)) if found and words[2:] == ["api", "json"] else self.page(404, "Not Found")

    def item(self, i, now):
        d = {"id": i["id"], "url": "queue/item/%d/" % i["id"], "actions": actions(i["parameters"]), "task": {"name": i["job"].split("/")[-1]}}
        if i["build"]:
            d.update({"_class": "hudson.model.Queue$LeftItem", "cancelled": False, "why": None, "executable": {"number": i["build"], "url": "%s/job/%s/%d/" % (BELIEVED, i["job"], i["build"])}})
        elif i["cancelled"]:
            d.update({"_class": "hudson.model.Queue$LeftItem", "cancelled": True, "why": None})
        elif now - i["since"] < knobs().get("quiet", 0.3):
            d.update({"_class": "hudson.model.Queue$WaitingItem", "why": "In the quiet period. Expires in %.1f sec" % (i["since"] + knobs().get("quiet", 0.3) - now)})
        else:
            d.update({"_class": "hudson.model.Queue$BlockedItem", "why": "Build #%d is already in progress (ETA: N/A)" % (S.jobs[i["job"]]["next"] - 1)})
        return d

    def job(self, method, path, words, query, body):
        if method == "POST" and words == ["createItem"]:
            return self.create(path, query, body)
        job = S.jobs.get(path)
        if job is None or job.get("folder"):
            return self.page(404, "Not Found")
        if words == ["config.xml"]:
            return self.say(200, job["config"], "application/xml") if method == "GET" else self.configure(job, body)
        if method == "POST" and words == ["buildWithParameters"]:
            return self.build(path, job, body)
        if method == "POST" and words == ["doDelete"]:
            del S.jobs[path]
            S.queue = [i for i in S.queue if i["job"] != path]
            S.save()
            return self.say(302, headers=[("Location", BELIEVED + "/")])
        if method == "GET" and words == ["api", "json"]:
            builds = sorted(job["builds"].values(), key=lambda b: -b["number"])
            return self.json({"builds": [{"number": b["number"], "actions": actions(b["parameters"])} for b in builds[:100]]})
        build = job["builds"].get(words[0]) if words else None
        return self.page(404, "Not Found") if build is None or method != "GET" else self.run(path, build, words[1:], query)

    def create(self, folder, query, body):
        name = query.get("name", "")
        path = folder + "/" + name if folder else name
        if folder and not S.jobs.get(folder, {}).get("folder"):
            return self.page(404, "Not Found")
        if not self.headers.get("Content-Type", "").startswith(("application/xml", "text/xml")):
            return self.page(400, "No mode given", [("X-Error", "No mode given")])
        if not name or path in S.jobs:
            words = "A job already exists with the name ‘%s’" % name if name else "Query parameter 'name' is required"
            return self.page(400, words, [("X-Error", words.encode().decode("latin-1"))])
        try:
            S.jobs[path] = {"config": write(parse(body)), "next": 1, "builds": {}}
        except ValueError as e:
            return self.page(500, "java.io.IOException: Unable to read config.xml: %s\n\tat hudson.model.Items.load(Items.java:371)" % e)
        S.save()
        return self.say(200)

    def configure(self, job, body):
        if not self.headers.get("Content-Type", "").startswith(("application/xml", "text/xml")):
            return self.page(400, "config.xml must be XML")
        try:
            job["config"] = write(parse(body))
        except ValueError as e:
            return self.page(500, str(e))
        S.save()
        return self.say(200)

    def build(self, path, job, body):
        if not self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            return self.page(400, "This page expects a form submission")
        if parse(job["config"]).findtext("disabled") == "true":
            return self.page(409, path + " is not buildable")
        known = defined(job)
        if not known:
            return self.page(500, "java.lang.IllegalStateException: This build is not parameterized!")
        given = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        parameters = {name: given.get(name, default) for name, default in known.items()}
        same = [i for i in S.queue if i["job"] == path and not i["left"] and i["parameters"] == parameters]
        if not same:
            S.queue.append({"id": S.next_item, "job": path, "parameters": parameters, "since": time.time(), "build": None, "left": None, "cancelled": False})
            S.next_item += 1
            S.save()
        return self.say(201, headers=[("Location", "%s/queue/item/%d/" % (BELIEVED, (same or S.queue[-1:])[0]["id"]))])

    def run(self, path, b, words, query):
        if words == ["api", "json"]:
            return self.json({"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "building": b["result"] is None, "result": b["result"]})
        if words == ["logText", "progressiveText"]:
            log = b["log"].encode()
            start = int(query.get("start", 0))
            start = start if start <= len(log) else 0   # as it does: it begins anew
            headers = [("X-Text-Size", str(len(log)))] + ([("X-More-Data", "true")] if b["result"] is None else [])
            return self.say(200, log[start:], "text/plain;charset=utf-8", headers)
        if knobs().get("stages") == "no":
            return self.page(404, "Not Found")
        if words == ["wfapi", "describe"]:
            status = {"FAILURE": "FAILED", None: "IN_PROGRESS"}.get(b["result"], b["result"])
            return self.json({"id": str(b["number"]), "name": "#%d" % b["number"], "status": status, "stages": b["stages"]})
        if words[:2] == ["execution", "node"] and words[3:] == ["wfapi", "describe"]:
            nodes = []
            if b["bad"] is not None and words[2] == str(b["bad"] + 10):
                nodes = [{"id": "100", "name": "Shell Script", "status": "FAILED", "error": {"message": "script returned exit code 1", "type": "hudson.AbortException"}, "parentNodes": [words[2]]}]
            return self.json({"id": words[2], "stageFlowNodes": nodes})
        if words == ["execution", "node", "100", "wfapi", "log"]:
            return self.json({"nodeId": "100", "nodeStatus": "FAILED", "hasMore": False, "text": html.escape("\n".join(failure(b["names"][b["bad"]])) + "\n")})
        return self.page(404, "Not Found")

    def do_GET(self):
        self.handle_one("GET")

    def do_POST(self):
        self.handle_one("POST")


def actions(parameters):
    return [{"_class": "hudson.model.CauseAction", "causes": []}, {},
            {"_class": "hudson.model.ParametersAction", "parameters": [{"_class": "hudson.model.StringParameterValue", "name": n, "value": v} for n, v in parameters.items()]}]


EVIL = {"building": "no", "result": 7, "cancelled": "\x1b[31m", "why": "\x1b[31m" + "x" * 100000, "executable": {"number": -5}, "items": [3, {"actions": 3}, {"actions": [{"parameters": {"a": []}}]}], "builds": "x",
        "stages": [1, [], {"id": 5}, {"id": "\x1b", "name": "\x1b[31mred\n" + "y" * 100000, "status": "SUCC\x1b[0mESS"}]}
SPOILT = {}
server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Server)
server.daemon_threads = True
with open(os.path.join(FOLDER, "port.new"), "w", encoding="utf-8") as f:
    f.write(str(server.server_address[1]))
os.rename(os.path.join(FOLDER, "port.new"), os.path.join(FOLDER, "port"))
server.serve_forever()
