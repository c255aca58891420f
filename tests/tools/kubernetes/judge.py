"""Gives what `build -t kubernetes` writes to a real control plane, and compares what its Jobs leave with the local runtime.

judge.py dry|run|meets TWINC PROJECT SCRATCH CASE ...
dry: the API server takes every object, as a trial, and every pod that they would make, where `restricted` is enforced. run: all objects
are applied in a namespace of their own, the run's Job is created, and its Jobs run until it ends. meets: the same with workers that
have to find each other, which the local runtime does not start. KUBECONFIG and PODS (where the kubelet keeps what containers say)
name the cluster, NAMED what its namespaces end in.
"""
import copy
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import time

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import ENV, Case, Differs, Unsaid, call, judge_cases

FREE = {
    "conformance/retry_only_on": "why a task failed is known to the cluster only",
    "conformance/same_work_once": "the same work may be done twice",
    "conformance/output_format": "nobody looks into files",
    "conformance/world_inputs_stay": "inputs are links, which a task could write through",
    "conformance/retry_fresh_folder": "its counter lies outside of the twin's folder, which is all that a volume holds",
    "conformance/workflow_not_said": "it is about the command line",
}
IMAGE = "registry.example.org/tools:1"
CLUSTER = '\ninfra test_cluster: kubernetes.cluster { nodes = 8, cpus = 16, memory = 64GiB, gpus = 8%s }\n'
LIMIT = 180  # seconds that a run may take
# What 1.20 calls otherwise, with the same fields. A newer server is given what is written.
OLDER = {("batch/v1", "CronJob"): "batch/v1beta1", ("policy/v1", "PodDisruptionBudget"): "policy/v1beta1"}
OWN = ("serving.kserve.io/v1beta1",)  # resources of an operator: this API server does not know them


def kubectl(words, given=None, limit=60):
    done = subprocess.run(["kubectl"] + words, input=given, env=os.environ, capture_output=True, timeout=limit, text=True)
    return done.returncode, done.stdout, done.stderr


def kubectl_good(words, given=None):
    code, out, err = kubectl(words, given)
    if code != 0:
        raise Differs("kubectl %s: %s" % (" ".join(words), err))
    return out


def documents(path):
    with open(path, encoding="utf-8") as f:
        return [d for d in yaml.safe_load_all(f) if d]


@functools.lru_cache(maxsize=None)
def minor():
    """Of the server's version, 1.x; Debian's says none."""
    return int(json.loads(kubectl_good(["version", "-o", "json"]))["serverVersion"]["minor"] or 20)


def moved(found, namespace):
    """The same objects in this namespace, as the server knows them."""
    for one in found:
        if one["kind"] == "Namespace":
            one["metadata"]["name"] = namespace
        else:
            one["metadata"]["namespace"] = namespace
        for subject in one.get("subjects", []):
            subject["namespace"] = namespace
        if minor() > 20:
            continue
        one["apiVersion"] = OLDER.get((one["apiVersion"], one["kind"]), one["apiVersion"])
        if one["kind"] == "CronJob":
            one["spec"].pop("timeZone", None)
        if one["kind"] == "Job":
            one["spec"].pop("completionMode", None)
    return found


def pods(found):
    """Those that these objects would make, as the server is to judge them itself: of what makes pods it only warns."""
    for one in found:
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one.get("spec", {})
        if "containers" in spec.get("template", {}).get("spec", {}):
            said = copy.deepcopy(spec["template"]["spec"])
            said["volumes"] = said.get("volumes", []) + [{"name": c["metadata"]["name"], "emptyDir": {}} for c in one["spec"].get("volumeClaimTemplates", [])]
            if minor() > 20:
                said.pop("serviceAccountName", None)  # a trial makes none
                yield {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-", "namespace": one["metadata"]["namespace"]}, "spec": said}


class KubeCase(Case):
    target, suffix, free = "kubernetes", "/run.yaml", FREE
    options = ("--image", IMAGE)

    left_out = ("Deployment", "StatefulSet", "CronJob")  # of a run: they wait for images, or days; `dry` has them
    runs = 0  # so far, each in a namespace of its own

    def space(self):
        return re.sub("[^a-z0-9]+", "-", "%s-%s-%d%s" % (self.kind, self.name.lower(), self.runs, os.environ.get("NAMED", ""))).strip("-")[:63]

    def prepare(self, scratch):
        """For a run, a twin without a cluster gets one that says which version it is."""
        Case.prepare(self, scratch)
        path = os.path.join(self.folder, self.name + ".twin")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if self.settings["engine"] == "dry" or "kubernetes.cluster" in text:
            return
        head = re.search(r"^twin \w+ \{[^}]*\}\n", text, re.M)
        if head:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text[: head.end()] + "import std.kubernetes\n" + text[head.end() :] + CLUSTER % (', version = "1.20"' if minor() == 20 else ""))

    @staticmethod
    def clusters(home):
        """Folders with a namespace: those of clusters."""
        return sorted(os.path.join(home, d) for d in os.listdir(home) if os.path.exists(os.path.join(home, d, "namespace.yaml")))

    def objects(self, cluster):
        path = os.path.join(cluster, "kustomization.yaml")
        if minor() == 20:  # kubectl, too, which calls folders bases
            said = documents(path)[0]
            said["bases"] = said.get("bases", []) + [r for r in said["resources"] if r.startswith("../")]
            said["resources"] = [r for r in said["resources"] if not r.startswith("../")]
            with open(path, "w", encoding="utf-8") as f:
                yaml.safe_dump(said, f)
        code, out, err = call(["kubectl", "kustomize", cluster], cluster, env=os.environ)
        if code != 0:
            raise Differs("kubectl kustomize: %s" % err)
        found = moved([d for d in yaml.safe_load_all(out) if d], self.space())
        return sorted((d for d in found if d["apiVersion"] not in OWN), key=lambda d: d["kind"] != "Namespace")

    def create_namespace(self):
        strict = {"pod-security.kubernetes.io/enforce": "restricted"}
        kubectl_good(["create", "-f", "-"], json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.space(), "labels": strict}}))
        for _ in range(200):
            if kubectl(["-n", self.space(), "get", "serviceaccount", "default"])[0] == 0:
                return
            time.sleep(0.1)
        raise Differs("the namespace has no account")

    # -- a trial of everything

    def judge(self, scratch):
        if self.settings["engine"] == "run":
            return Case.judge(self, scratch)
        self.prepare(scratch)
        words = [self.twinc, "build", self.name + ".twin", "-t", self.target] + list(self.options)
        code, _, err = call(words, self.folder)
        home = os.path.join(self.folder, "build", self.target)
        if code != 0:
            raise Differs("twinc build: exit code %d\n%s" % (code, err))
        self.spoil(home)
        found = [d for c in self.clusters(home) for d in self.objects(c)] if os.path.isdir(home) else []
        for folder, _, names in os.walk(home):
            for name in names:
                if name == "run.yaml" or re.match(r"step-.*\.json\Z", name):
                    found += moved(documents(os.path.join(folder, name)), self.space())
        if not found:
            raise Unsaid("nothing is written")
        self.create_namespace()
        for one in found:  # that one is there now
            if one["kind"] == "Namespace":
                one["metadata"]["name"] += "-new"
        found += pods(found)
        code, _, err = kubectl(["create", "--dry-run=server", "--validate=true", "-f", "-"], json.dumps({"apiVersion": "v1", "kind": "List", "items": found}))
        kubectl(["delete", "namespace", self.space(), "--wait=false"])
        if code != 0:
            raise Differs(err)
        return "taken"

    # -- a run

    def give(self, home, workflow):
        """What is known from an earlier run: the weights of a promoted model."""
        if self.case != "conformance/model_promoted":
            return
        path = os.path.join(home, workflow, "flow/inputs.json")
        with open(path, encoding="utf-8") as f:
            given = json.load(f)
        given["models"]["net"] = {"class": "File", "path": "/twin/given/model.pkl"}
        with open(path, "w", encoding="utf-8") as f:
            json.dump(given, f)
        os.makedirs(os.path.join(self.volume, "given"))
        shutil.copy(os.path.join(self.folder, "results/training/weights/model.pkl"), os.path.join(self.volume, "given/model.pkl"))

    def create_volume(self, claim):
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": self.space()}, "spec": {
            "capacity": {"storage": "1Ti"}, "accessModes": ["ReadWriteMany"], "hostPath": {"path": self.volume},
            "persistentVolumeReclaimPolicy": "Retain", "claimRef": {"namespace": self.space(), "name": claim["metadata"]["name"]}}}
        if "storageClassName" in claim["spec"]:
            volume["spec"]["storageClassName"] = claim["spec"]["storageClassName"]
        kubectl_good(["create", "-f", "-"], json.dumps(volume))

    def run(self, folder, workflow, words, fails):
        self.runs += 1
        home = os.path.join(self.folder, folder)
        self.volume = "%s.volume-%d" % (self.folder, self.runs)
        shutil.copytree(self.folder, self.volume, symlinks=True, ignore=shutil.ignore_patterns(".twin", "results", "build*"))
        self.give(home, workflow)
        self.spoil(home)
        job = documents(os.path.join(home, workflow, "run.yaml"))[0]
        cluster = next(c for c in self.clusters(home) if documents(os.path.join(c, "namespace.yaml"))[0]["metadata"]["name"] == job["metadata"]["namespace"])
        found = [d for d in self.objects(cluster) if d["kind"] not in self.left_out]
        secrets = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": found[0]["metadata"]["labels"]["app.kubernetes.io/part-of"] + "-secrets", "namespace": self.space()}, "stringData": dict(self.secrets(words))}
        for claim in found:
            if claim["kind"] == "PersistentVolumeClaim" and claim["spec"]["accessModes"] == ["ReadWriteMany"]:
                self.create_volume(claim)
        try:
            return self.outputs(self.begin(found + [secrets], job), os.path.join(home, workflow, "flow"), fails)
        finally:
            kubectl(["delete", "namespace", self.space(), "--wait=false"])
            kubectl(["delete", "persistentvolume", self.space(), "--wait=false"])

    def begin(self, found, job):
        """Makes these objects, and the run's Job; its name."""
        kubectl_good(["create", "-f", "-"], json.dumps({"apiVersion": "v1", "kind": "List", "items": found + moved([job], self.space())}))
        return job["metadata"]["name"]

    def outputs(self, name, flow, fails):
        end = time.time() + LIMIT
        asked = [w[-1] for _, w in self.lines() if w[0] == "approve"]
        while time.time() < end:
            status = json.loads(kubectl_good(["-n", self.space(), "get", "job", name, "-o", "json"]))["status"]
            ended = [c["type"] for c in status.get("conditions", []) if c["status"] == "True"]
            text = self.said("run")
            if "Complete" in ended:
                return self.read(text)
            if fails and ("Failed" in ended or "waits for a person" in text):
                return None
            if "Failed" in ended:
                break
            while asked and "waits for a person" in text:  # who has no way into a pod here, but to its volume
                env = dict(ENV, TWIN_STATE=os.path.join(self.volume, "runs", name))
                code, _, err = call([sys.executable, "-m", "flow", "approve", "%s/%s" % (os.path.basename(os.path.dirname(flow)), asked.pop())], flow, env=env)
                if code != 0:
                    raise Differs("approve: %s" % err)
            time.sleep(0.3)
        if fails:
            return None
        raise Differs("the run does not end well\n%s" % "".join(self.said(c) for c in ("run", "begin", "command", "end"))[-6000:])

    def said(self, container):
        """What the containers of this name said."""
        text, home = "", os.path.join(os.environ["PODS"], self.space())
        for pod in sorted(os.listdir(home)) if os.path.isdir(home) else []:
            path = os.path.join(home, pod, container + ".log")
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    said = f.read()
                text += said if container == "run" else "== %s\n%s" % (pod, said)
        return text

    def read(self, text):
        """The outputs, where they lie here."""
        kept = self.volume + ".results"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(os.path.join(self.volume, "results"), kept, symlinks=True)
        said = text[text.index("\n{") if not text.startswith("{") and "\n{" in text else 0 :]
        return json.loads(said.replace('"/twin/results/', '"%s/' % kept))


class Workers(KubeCase):
    """Distributed steps: by the environment of PyTorch, and by mpirun; begun by the clock."""

    options, left_out = (), ()
    WANTED = {
        "ranks": ["%d of 3 at 0.meets-workers:29500, a 'b\n" % rank for rank in range(3)],
        "sums": ["%d 3 3 %d 3\n" % (rank, rank) for rank in range(3)],  # of a pod each
    }

    def prepare(self, scratch):
        self.folder = os.path.join(scratch, self.name)
        shutil.copytree(os.path.join(self.project, "tests/tools/kubernetes", self.name), self.folder)

    def begin(self, found, job):
        kubectl_good(["create", "-f", "-"], json.dumps({"apiVersion": "v1", "kind": "List", "items": found}))
        for _ in range(400):
            for one in json.loads(kubectl_good(["-n", self.space(), "get", "jobs", "-o", "json"]))["items"]:
                if one["metadata"].get("ownerReferences", [{}])[0].get("kind") == "CronJob":
                    kubectl_good(["-n", self.space(), "patch", "cronjob", "each-minute", "-p", '{"spec": {"suspend": true}}'])
                    return one["metadata"]["name"]
            time.sleep(0.2)
        raise Differs("the clock begins nothing")

    def judge(self, scratch):
        self.prepare(scratch)
        folder, workflow = self.build(["apply", self.name + ".twin"])
        found = self.run(folder, workflow, [], False)
        for name, wanted in self.WANTED.items():
            said = []
            for one in found[name]:
                with open(one["path"], encoding="utf-8") as f:
                    said.append(re.sub("at .*-(0[.])", r"at \1", f.read()))
            if said != wanted:
                raise Differs("%s: %s is not %s" % (name, said, wanted))
        return "met"


if __name__ == "__main__":
    settings = {"engine": sys.argv[1], "twinc": sys.argv[2], "project": sys.argv[3], "spoil": os.environ.get("SPOIL")}
    sys.exit(judge_cases(Workers if sys.argv[1] == "meets" else KubeCase, settings, sys.argv[4], sys.argv[5:], at_once=4))
