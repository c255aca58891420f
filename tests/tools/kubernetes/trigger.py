"""Events that start runs, in a real control plane: trigger.py TWINC FOLDER SCRATCH, with KUBECONFIG and PODS in the environment.

The listeners of listens.twin run as its Deployments say; only addresses are those of the loopback, and they look each second. MQTT and
KAFKA are those of brokers.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from judge import Differs, KubeCase, call, documents, kubectl, kubectl_good, moved

SPACE, TOKEN, LIMIT = "listens" + os.environ.get("NAMED", ""), "s3cret", int(os.environ.get("LIMIT", "90"))
LISTENERS = ("ordered", "filled", "sensed", "streamed", "many")
twinc, source, scratch = sys.argv[1:4]
folder, volume = os.path.join(scratch, "twin"), os.path.join(scratch, "volume")


def logs():
    said = ""
    for root, _, names in os.walk(os.environ["PODS"]):
        for name in (n for n in names if n.endswith(".log")):
            with open(os.path.join(root, name), encoding="utf-8", errors="replace") as f:
                said += "== %s/%s\n%s" % (root[len(os.environ["PODS"]) :], name, f.read()[-1500:])
    return said[-8000:]


def until(what, found, limit=LIMIT):
    end = time.time() + limit
    while time.time() < end:
        value = found()
        if value:
            return value
        time.sleep(0.2)
    raise Differs("%s does not come\n%s" % (what, logs()))


def expect(what, found, wanted):
    if found != wanted:
        raise Differs("%s: %r is not %r" % (what, found, wanted))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def objects(port):
    """What is applied: all but services of others, and what fires by a clock or asks elsewhere."""
    case = KubeCase({"twinc": twinc, "project": source, "engine": "run", "spoil": os.environ.get("SPOIL")}, "tools/listens")
    case.space = lambda: SPACE
    home = os.path.join(folder, "build/kubernetes")
    case.spoil(home)
    path = os.path.join(home, "handle/flow/trigger-sensed.json")
    with open(path, encoding="utf-8") as f:
        said = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(said.replace("mqtt.example.org:1883", os.environ["MQTT"]))
    found = case.objects(os.path.join(home, "cloud"))
    kubectl_good(["create", "namespace", SPACE])
    trial = [d for d in found if d["kind"] != "Namespace"]
    kubectl_good(["create", "--dry-run=server", "--validate=true", "-f", "-"], json.dumps({"apiVersion": "v1", "kind": "List", "items": trial}))
    kept = []
    for one in found:
        if one["kind"] in ("Namespace", "StatefulSet", "CronJob", "ResourceQuota", "LimitRange") or (one["kind"] == "Deployment" and one["metadata"]["name"] not in LISTENERS):
            continue
        if one["kind"] == "Deployment":
            env = one["spec"]["template"]["spec"]["containers"][0]["env"]
            env += [{"name": "TWIN_LISTEN", "value": "127.0.0.1:%d" % port}, {"name": "TWIN_EVERY", "value": "1"}]
            for beside in one["spec"]["template"]["spec"]["containers"][1:]:
                for variable in beside["env"]:
                    if variable["name"] == "KAFKA_BROKERS":
                        variable["value"] = os.environ["KAFKA"]
        if one["kind"] == "PersistentVolumeClaim" and one["spec"]["accessModes"] == ["ReadWriteMany"]:
            kept.append({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": SPACE}, "spec": {
                "capacity": {"storage": "1Ti"}, "accessModes": ["ReadWriteMany"], "hostPath": {"path": volume},
                "persistentVolumeReclaimPolicy": "Retain", "claimRef": {"namespace": SPACE, "name": one["metadata"]["name"]}}})
        kept.append(one)
    kept.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "listens-secrets", "namespace": SPACE}, "stringData": {"portal_token": TOKEN, "sensor_user": "twin", "sensor_password": "s3nsor"}})
    return kept


def post(port, body, path="/orders", token=TOKEN, key=None):
    head = {"Authorization": "Bearer " + token, "Content-Type": "text/plain"}
    if key:
        head["Idempotency-Key"] = key
    try:
        with urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:%d%s" % (port, path), data=body, headers=head), timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        return e.code


def answers(port):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d/healthz" % port, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def jobs(trigger):
    said = json.loads(kubectl_good(["-n", SPACE, "get", "jobs", "-l", "twin-trigger=" + trigger, "-o", "json"]))["items"]
    return {j["metadata"]["name"]: [c["type"] for c in j["status"].get("conditions", []) if c["status"] == "True"] for j in said}


def all_complete(trigger, n):
    found = jobs(trigger)
    if any("Failed" in c for c in found.values()):
        raise Differs("a run of %s failed: %s\n%s" % (trigger, found, logs()))
    return len(found) == n and all(c == ["Complete"] for c in found.values())


def local(workflow, *words):
    """What the local runtime makes of the same inputs."""
    shutil.rmtree(os.path.join(folder, "results"), ignore_errors=True)
    code, _, err = call([twinc, "apply", "listens.twin", workflow, "--on", "local", *words], folder)
    expect("twinc apply %s: %s" % (workflow, err), code, 0)
    return os.path.join(folder, "results", workflow)


def same(workflow, ours, *names):
    for name in names:
        with open(os.path.join(ours, name), "rb") as a, open(os.path.join(volume, "results", workflow, name), "rb") as b:
            expect("%s of %s" % (name, workflow), b.read(), a.read())


def orders(port):
    body = b"one\ntwo\nthree\n"
    expect("a wrong token", post(port, body, token="other"), 401)
    expect("another path", post(port, body, path="/other"), 404)
    expect("a long body", post(port, b"x" * 1025), 413)
    expect("a first call", post(port, body), 202)
    expect("the same call again", post(port, body), 200)
    until("the run of an order", lambda: all_complete("ordered", 1))
    with open(os.path.join(scratch, "body.txt"), "wb") as f:
        f.write(body)
    same("handle", local("handle", "order=" + os.path.join(scratch, "body.txt"), "path=/orders"), "numbered/numbered.txt", "lines.json")
    return body


def again(port, body):
    """A listener that dies knows what it knew, and who deletes a run gets no other one."""
    kubectl_good(["-n", SPACE, "delete", "pod", "-l", "app.kubernetes.io/name=ordered", "--grace-period=1"])
    until("another listener", lambda: answers(port))
    expect("the same call, told to another listener", post(port, body), 200)
    expect("the same call with another key", post(port, body, key="second"), 202)
    until("the run of a second order", lambda: all_complete("ordered", 2))
    expect("the second again", post(port, body, key="second"), 200)
    kubectl_good(["-n", SPACE, "delete", "job", next(iter(jobs("ordered")))])
    expect("a call whose run was deleted", post(port, body), 200)
    time.sleep(3)
    expect("runs of orders", len(jobs("ordered")), 1)


def files():
    inbox = os.path.join(volume, "inbox")
    until("a first look", lambda: os.path.exists(os.path.join(volume, "events/filled/.seen.json")))
    for name, text in (("a.csv", "1,2\n"), ("b.txt", "no table\n")):
        with open(os.path.join(inbox, name), "w", encoding="utf-8") as f:
            f.write(text)
    time.sleep(4)
    expect("runs of one file", jobs("filled"), {})
    with open(os.path.join(inbox, "c.csv"), "w", encoding="utf-8") as f:
        f.write("3,4\n")
    until("the run of two files", lambda: all_complete("filled", 1))
    with open(os.path.join(scratch, "given.json"), "w", encoding="utf-8") as f:
        json.dump({"tables": [{"class": "File", "path": os.path.join(inbox, n)} for n in ("a.csv", "c.csv")]}, f)
    same("gather", local("gather", "--inputs", os.path.join(scratch, "given.json")), "all/all.csv")


def measured(port):
    """A metric of a run starts another one; once, as long as it holds."""
    until("who waits for metrics", lambda: os.path.isdir(os.path.join(volume, "events/many/.metrics")))
    before = len(jobs("ordered"))
    expect("runs before there are many lines", jobs("many"), {})
    for n in (101, 102):
        expect("a call with many lines", post(port, b"line\n" * n), 202)
        until("the run of a long order", lambda: all_complete("ordered", before + n - 100))
    until("the run of many lines", lambda: all_complete("many", 1))


def tell(words, text):
    subprocess.run(words, input=text, text=True, timeout=30, check=True)


def produce(text):
    tell(["kcat", "-b", os.environ["KAFKA"], "-P", "-t", "tables", "-p", "0", "-D", "~"], text)


def publish(text):
    host, port = os.environ["MQTT"].split(":")
    tell(["mosquitto_pub", "-h", host, "-p", port, "-u", "twin", "-P", "s3nsor", "-q", "1", "-t", "site/a/order", "-s"], text)


def topics():
    """Messages start runs; one that comes while nobody listens, too."""
    until("who listens to a topic", lambda: os.path.exists(os.path.join(volume, "events/streamed/.next.json")))
    until("who listens to sensors", lambda: os.path.exists(os.path.join(volume, "events/sensed/.session.json")))
    time.sleep(1)
    publish("seven\n")
    for text in ("5,6\n", "7,8\n"):
        produce(text)
    until("the run of a message of MQTT", lambda: all_complete("sensed", 1))
    until("the run of two messages of Kafka", lambda: all_complete("streamed", 1))
    with open(os.path.join(volume, "results/gather/all/all.csv"), encoding="utf-8") as f:
        expect("what two messages of Kafka gave", f.read(), "5,6\n7,8\n")
    with open(os.path.join(scratch, "sensed.txt"), "w", encoding="utf-8") as f:
        f.write("seven\n")
    same("handle", local("handle", "order=" + os.path.join(scratch, "sensed.txt"), "path=site/a/order"), "numbered/numbered.txt", "lines.json")
    for name, send in (("sensed", publish), ("streamed", produce)):
        kubectl_good(["-n", SPACE, "delete", "pod", "-l", "app.kubernetes.io/name=" + name, "--grace-period=1"])
        send("9,9\n")
        send("8,8\n")
    until("runs of messages that came while nobody listened", lambda: all_complete("sensed", 3) and all_complete("streamed", 2))


def main():
    shutil.copytree(source, folder)
    shutil.copytree(source, volume)
    os.makedirs(os.path.join(volume, "inbox"))
    with open(os.path.join(volume, "inbox/old.csv"), "w", encoding="utf-8") as f:
        f.write("0,0\n")
    os.utime(os.path.join(volume, "inbox/old.csv"), (1e9, 1e9))
    code, _, err = call([twinc, "build", "-t", "kubernetes", "listens.twin"], folder)
    expect("twinc build: " + err, code, 0)
    produce("0,0\n")
    port = free_port()
    kubectl_good(["create", "-f", "-"], json.dumps({"apiVersion": "v1", "kind": "List", "items": objects(port)}))
    try:
        until("the listener", lambda: answers(port))
        body = orders(port)
        again(port, body)
        measured(port)
        topics()
        files()
        expect("runs of many lines, in the end", len(jobs("many")), 1)
    finally:
        kubectl(["delete", "namespace", SPACE, "--wait=false"])


try:
    main()
except Differs as e:
    print("FAIL", e)
    sys.exit(1)
print("each event once")
