"""Runs a workflow in a cluster: a Job for each call, as soon as what it rests on is done.

`kube.py run` is the container of the run's own Job: it creates the others, decides gates and copies the results. `kube.py begin`
and `kube.py end` stand before and behind the command, in each of their pods. All that is kept are the folders of tasks on the
shared volume; a run that is created again goes on where it was.
"""
import copy
import functools
import hashlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

from flow import *
from flow import WORKFLOW
import twin
from twin import *

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
RESULTS = os.path.join(os.path.dirname(os.path.dirname(twin.STATE)), "results")
ELEMENTS_MAX = 1000  # of one indexed Job
MEETING = 1800  # seconds that workers wait for each other


class Jobs:
    """The Jobs of this namespace that have this label."""

    def __init__(self, label, value):
        with open(os.path.join(ACCOUNT, "token"), encoding="utf-8") as file:
            self.token = file.read().strip()
        with open(os.path.join(ACCOUNT, "namespace"), encoding="utf-8") as file:
            namespace = file.read().strip()
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        self.url = "https://%s:%s/apis/batch/v1/namespaces/%s/jobs" % ("[%s]" % host if ":" in host else host, port, namespace)
        self.trust = ssl.create_default_context(cafile=os.path.join(ACCOUNT, "ca.crt"))
        self.run, self.selector = value, "?labelSelector=%s%%3D%s" % (label, value)

    def ask(self, method, path="", body=None):
        head = {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=head, method=method)
        with urllib.request.urlopen(request, timeout=30, context=self.trust) as answer:
            return json.load(answer)

    def all(self):
        """Name to "active", "complete" or "failed"."""
        found = {}
        for job in self.ask("GET", self.selector)["items"]:
            ended = [c["type"].lower() for c in job["status"].get("conditions", []) if c["status"] == "True" and c["type"] in ("Complete", "Failed")]
            found[job["metadata"]["name"]] = ended[0] if ended else "active"
        return found

    def remove(self, name):
        try:
            self.ask("DELETE", "/" + name, {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"})
        except urllib.error.HTTPError as e:
            if e.code != 404:
                raise

    def post(self, job):
        """False: it is there already."""
        try:
            self.ask("POST", "?fieldValidation=Strict", job)  # an older cluster than the twin says would leave out what it does not know
        except urllib.error.HTTPError as e:
            if e.code != 409:
                raise Trouble("the Job %s cannot be created: %s" % (job["metadata"]["name"], e.read().decode("utf-8", "replace")))
            return False
        return True

    def create(self, tasks):
        """One Job for these tasks of one step; gives its name."""
        job = copy.deepcopy(template(tasks[0].node.step))
        paths = "".join(t.path + "\n" for t in tasks)
        key = hashlib.sha256(paths.encode()).hexdigest()[:8]
        name = re.sub("[^a-z0-9]+", "-", ("%s-%s" % (self.run, tasks[0].node.name)).lower())[:48].strip("-") + "-" + key  # and an index, in 63
        listed = os.path.join(twin.STATE, "jobs", name)
        os.makedirs(os.path.dirname(listed), exist_ok=True)
        write_whole(listed, paths)
        job["metadata"]["name"] = name
        pod = job["spec"]["template"]
        for labelled in (job["metadata"], pod["metadata"]):
            labelled["labels"]["twin-run"] = self.run
        if os.environ.get("TWIN_OWNER"):
            owner = {"apiVersion": "batch/v1", "kind": "Job", "name": self.run, "uid": os.environ["TWIN_OWNER"]}
            job["metadata"]["ownerReferences"] = [owner]  # it goes with its run
        if len(tasks) > 1:
            job["spec"].update(completionMode="Indexed", completions=len(tasks), parallelism=len(tasks))
            if os.environ["TWIN_INDEXED"] == "each":  # fails for itself, and is tried again for itself
                job["spec"]["backoffLimitPerIndex"] = job["spec"].pop("backoffLimit")
            else:
                job["spec"]["backoffLimit"] *= len(tasks)
        given = [("TWIN_STATE", twin.STATE), ("TWIN_TASKS", listed)]
        given += [(k, os.environ[k]) for k in ("TWIN_INPUTS",) if k in os.environ]
        for container in (pod["spec"]["initContainers"][0], pod["spec"]["containers"][0]):
            container["env"] = container.get("env", []) + [{"name": k, "value": v} for k, v in given]
        self.post(job)
        print("%s: %s" % (name, " ".join(t.path for t in tasks)), flush=True)
        return name


@functools.lru_cache(maxsize=None)
def template(step):
    with open(os.path.join(twin.HERE, "step-%s.json" % step), encoding="utf-8") as file:
        return json.load(file)


def workers(task):
    """Of a distributed step: the Job of one task has an index for each; else 0."""
    return template(task.node.step)["spec"].get("completions", 0)


def shares(tasks):
    """Tasks that one Job does: elements of a `for` where Jobs have an index, else one each."""
    nodes = {}
    for task in tasks:
        nodes.setdefault(id(task.node), []).append(task)
    for same in nodes.values():
        most = ELEMENTS_MAX if os.environ.get("TWIN_INDEXED") and not workers(same[0]) else 1
        for start in range(0, len(same), most):
            yield same[start : start + most]


class Run:
    def __init__(self):
        self.jobs, self.started, self.failed, self.told = Jobs("twin-run", os.environ["TWIN_RUN"]), {}, {}, set()

    def tell(self, text):
        if text not in self.told:
            self.told.add(text)
            print(text, flush=True)

    def gate(self, task):
        """Whether it was decided, one way or the other."""
        try:
            self.tell(task.decide())
        except Blocked as e:
            self.tell(str(e))
            if task.node.on_fail == "ask":  # a person may still say so
                return False
            self.failed[task.path] = str(e)
        except Trouble as e:
            self.failed[task.path] = str(e)
        return True

    def look(self):
        """Takes over what has ended."""
        now = self.jobs.all()
        for name, tasks in list(self.started.items()):
            state = now.get(name, "failed")
            if state == "active":
                continue
            del self.started[name]
            for task in tasks:
                if not task.is_done():
                    self.failed[task.path] = "the Job %s %s, and left no outputs" % (name, "is complete" if state == "complete" else "failed")

    def step(self):
        """Starts what can start. False: nothing is under way any more."""
        rests = Rests()
        tasks = list(each_task(root(WORKFLOW), rests))
        under_way = {t.path for same in self.started.values() for t in same}
        waits = [t for t in tasks if not t.is_done() and t.path not in under_way and t.path not in self.failed]
        ready = [t for t in waits if not t.rests().tasks and not t.rests().unknown]
        decided = [self.gate(t) for t in ready if isinstance(t.node, Gate)]
        for same in shares([t for t in ready if isinstance(t.node, Call)]):
            self.started[self.jobs.create(same)] = same
        return bool(self.started) or any(decided) or (not self.failed and False in decided)

    def main(self):
        for name, state in self.jobs.all().items():
            if state != "active":
                self.jobs.remove(name)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            while self.step():
                time.sleep(0.5)
                self.look()
        finally:
            for name in self.started:
                self.jobs.remove(name)
        for path, why in self.failed.items():
            print("twin: %s: %s" % (path, why), file=sys.stderr)
        if self.failed:
            sys.exit(1)
        print(dump(results(WORKFLOW, RESULTS)))


def own_task():
    """The task of this pod, and its rank among the workers where the task is distributed."""
    index = int(os.environ.get("JOB_COMPLETION_INDEX", "0"))
    with open(os.environ["TWIN_TASKS"], encoding="utf-8") as file:
        paths = file.read().splitlines()
    if "TWIN_WORKERS" in os.environ:
        return find(WORKFLOW, paths[0]), index
    return find(WORKFLOW, paths[index]), None


def mark(task, what, rank):
    """A file by which the workers of one Job know of each other."""
    return task.file("workers", "%s-%s-%d" % (os.environ["TWIN_JOB"], what, rank))


def wait_for(paths):
    end = time.time() + MEETING
    while not all(os.path.exists(p) for p in paths):
        if time.time() > end:
            raise Trouble("other workers do not come")
        time.sleep(0.2)


def meet(task, rank, job):
    """The first worker makes the folder; the others wait for it. What PyTorch looks for."""
    if rank:
        wait_for([mark(task, "began", 0)])
        env = task.begin(anew=False)
    else:
        env = task.begin()
        os.makedirs(task.file("workers"), exist_ok=True)
        write_whole(mark(task, "began", 0), "")
    first = "%s-0.%s" % (job, os.environ["TWIN_WORKERS"])
    return dict(env, RANK=rank, LOCAL_RANK=0, WORLD_SIZE=workers(task), MASTER_ADDR=first, MASTER_PORT=29500)


def measured(task):
    """Metrics for the triggers that wait for them, whose listeners are there."""
    step = task.node.step
    metrics = {"%s.%s" % (step, name): task.outputs().get(name) for name in STEPS[step].metrics}
    name = hashlib.sha256(task.folder.encode()).hexdigest()[:16] + ".json"
    for folder in os.environ.get("TWIN_MEASURED", "").split():
        if os.path.isdir(folder):
            write_whole(os.path.join(folder, name), dump({"at": time.time(), "metrics": metrics}) + "\n")


def put_launcher(task, rank, script):
    """mpirun of Open MPI in the first worker starts the others through the volume: an agent leaves orders, which
    they carry out; where there are many, they start each other."""
    here, orders, name = os.path.dirname(script), mark(task, "orders", 0), os.environ["TWIN_JOB_NAME"]
    agent = os.path.join(here, "agent")
    write_whole(agent, """#!/bin/sh
while case $1 in -*) true ;; *) false ;; esac; do shift; done
order=%s/${1%%%%.*}
shift
printf '%%s\\n' "$*" >"$order.new" && mv "$order.new" "$order" || exit 1
until [ -e "$order.ended" ]; do sleep 0.2; done
exit "$(cat "$order.ended")"
""" % quoted(orders))
    os.chmod(agent, 0o755)
    if rank:
        own = quoted("%s/%s-%d" % (orders, name, rank))
        write_whole(script, "export HOME=/tmp\nuntil [ -e %s ]; do sleep 0.2; done\nsh %s\ncode=$?\necho $code > %s.ended\nexit $code\n" % (own, own, own))
        return
    hosts = ",".join("%s-%d:1" % (name, i) for i in range(workers(task)))
    lines = ["mkdir -p %s || exit" % quoted(orders)]
    lines += ["export HOME=/tmp OMPI_MCA_plm_rsh_agent=%s PRTE_MCA_plm_ssh_agent=%s OMPI_MCA_orte_tmpdir_base=/tmp" % (quoted(agent), quoted(agent))]
    lines += ["exec mpirun -np %d --host %s --bind-to none sh %s" % (workers(task), hosts, quoted(os.path.join(here, "worker")))]
    write_whole(script, "\n".join(lines) + "\n")


def end(task, rank):
    """Outputs are taken over by the first worker, when all have ended."""
    if rank:
        write_whole(mark(task, "ended", rank), "")
        return
    if rank == 0:
        wait_for([mark(task, "ended", i) for i in range(1, workers(task))])
    task.end()
    measured(task)


def begin(script):
    """Writes the script of the container with the command, which sees neither secrets nor tasks of others."""
    os.environ["TWIN_ENGINE"] = ""  # the pod is the container
    task, rank = own_task()
    env = task.begin() if rank is None else meet(task, rank, os.environ["TWIN_JOB_NAME"])
    lines = ["for name in $(env | sed -n 's/^\\(KUBERNETES_[A-Z0-9_]*\\)=.*/\\1/p'); do unset \"$name\"; done", "unset name"]
    lines += ["export %s=%s" % (k, quoted(str(v))) for k, v in env.items() if k != "PATH"]
    lines += ["cd %s || exit" % quoted(task.file("work"))]
    lines += ["exec %s </dev/null" % quoted(*command_of(task, env))]
    launched = "TWIN_LAUNCHED" in os.environ
    write_whole(os.path.join(os.path.dirname(script), "worker") if launched else script, "\n".join(lines) + "\n")
    if launched:
        put_launcher(task, rank, script)


if __name__ == "__main__":
    try:
        twin.same_work()
        if sys.argv[1] == "run":
            Run().main()
        elif sys.argv[1] == "begin":
            begin(sys.argv[2])
        else:
            end(*own_task())
    except (Trouble, NotYet, OSError, KeyError) as e:
        print("twin: %s" % e, file=sys.stderr)
        sys.exit(1)
