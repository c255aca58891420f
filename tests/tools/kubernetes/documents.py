"""Judges the objects that `build -t kubernetes` writes, without a cluster: what `kustomize` makes of each folder, the Jobs of
runs, and the templates of the Jobs of their steps.

documents.py valid|secure|score|overlays TWINC PROJECT SCRATCH: one judge over all twins; documents.py awake ...: what is broken on
purpose must be refused, each by the judge that knows it.
"""
import json
import os
import re
import shutil
import subprocess
import sys

import yaml

VERSIONS = (23, 24, 25, 27, 29, 30)  # of Kubernetes 1.x, that kubectl-validate holds
IMAGE = "registry.example.org/tools@sha256:0d9c4c7a5f0b6e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f80910"
# What kube-score asks for, and why it is not done.
IGNORED = {
    "container-image-pull-policy": "tags are those of releases, and digests stay what they are: pulling each time only costs",
    "container-ephemeral-storage-request-and-limit": "scratch folders are small, and the twin does not say how large",
    "container-security-context-user-group-id": "users are those of the images, which are below 10000",
    "pod-probes-identical": "where a program has one address to ask, being alive may fail twice as long as being ready",
}
# Broken on purpose: judge, twin, file, what sed does there.
BROKEN = """
valid golden/cluster cloud/models.yaml s/replicas: 1/replicas: one/
valid golden/cluster cloud/models.yaml s/containerPort:/containerport:/
valid golden/cluster cloud/stream.yaml s/^  name: stream/  name: Stream_1/
valid golden/cluster cloud/nightly.yaml s/apiVersion: batch.v1$/apiVersion: batch\\/v2/
valid golden/cluster cloud/network.yaml s/policyTypes:/policyKinds:/
valid golden/cluster old/monthly.yaml s/schedule: .*/schedule: 7/
valid golden/cluster main/flow/step-count.json s/"backoffLimit": 0/"backoffLimit": "none"/
secure golden/cluster cloud/store.yaml s/runAsNonRoot: true/runAsNonRoot: false/
secure golden/cluster cloud/watch.yaml s/allowPrivilegeEscalation: false/allowPrivilegeEscalation: true/
secure golden/cluster cloud/models.yaml s/RuntimeDefault/Unconfined/
secure golden/cluster main/flow/step-split.json s/"ALL"/"NET_RAW"/
secure golden/cluster main/run.yaml s/emptyDir: {}/hostPath: {path: \\/tmp}/
score golden/cluster cloud/models.yaml /readinessProbe:/,/failureThreshold/d
score golden/cluster cloud/stream.yaml /memory: 2Gi/d
score golden/cluster cloud/store.yaml s/minio:RELEASE.*/minio:latest/
score golden/cluster cloud/watch.yaml s/readOnlyRootFilesystem: true/readOnlyRootFilesystem: false/
score golden/cluster cloud/stream.yaml s/clusterIP: None/clusterIP: ""/
valid tools/listens cloud/ordered.yaml s/readinessProbe:/readynessProbe:/
valid tools/listens handle/flow/run-ordered.json s/"backoffLimit": 0/"backoffLimit": "no"/
secure tools/listens cloud/stored.yaml s/runAsNonRoot: true/runAsNonRoot: false/
score tools/listens cloud/ordered.yaml /readinessProbe:/,/periodSeconds/d
valid usecases/hep3dgan offload/shower-net.yaml s/minReplicas: .*/minReplicas: many/
overlays golden/scenarios overlays/newer/cloud/StatefulSet-store.json s/1Ti/2Ti/
overlays golden/scenarios overlays/high/cloud/main/flow/inputs.json s/3,/4,/
overlays golden/scenarios overlays/newer/old/kustomization.yaml s/group: apps/group: batch/
overlays golden/scenarios main/flow/inputs.json s/"models": {}/"models": []/
"""


class Unlike(Exception):
    """A tool or the build did not do what it should; the text tells."""


def call(words, into=None, errors=True):
    """Exit code, and what is said; standard output alone into a file, or without errors."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    if into:
        with open(into, "w", encoding="utf-8") as file:
            file.write(done.stdout)
    return done.returncode, done.stdout + (done.stderr if errors else "")


def twins(project):
    """Name and path of each twin that is judged."""
    golden = os.path.join(project, "tests/golden/kubernetes")
    yield from (("golden/" + n[:-5], os.path.join(golden, n)) for n in sorted(os.listdir(golden)) if n.endswith(".twin"))
    yield "tools/listens", os.path.join(project, "tests/tools/kubernetes/listens/listens.twin")
    for folder in ("examples/usecases", "examples"):
        for name in sorted(os.listdir(os.path.join(project, folder))):
            path = os.path.join(project, folder, name, name + ".twin")
            if os.path.exists(path):
                yield folder.split("/")[-1] + "/" + name, path


class Built:
    """What is written of a twin: the files to be judged, each with the version of the cluster that it is for."""

    def __init__(self, settings, name, path, spoil=None):
        self.home, self.twin, self.compared = os.path.join(settings["scratch"], name), path, 0
        self.kustomize = settings["tools"] + "/kustomize"
        shutil.rmtree(self.home, ignore_errors=True)
        os.makedirs(self.home)
        code, said = call([settings["twinc"], "build", path, "-t", "kubernetes", "-o", self.home, "--image", IMAGE])
        if code:
            raise Unlike("twinc build: %s" % said)
        self.folder = os.path.join(self.home, "kubernetes")
        if spoil:
            self.spoil(*spoil)
        self.minors = self.versions(settings["twinc"], path)
        self.files = {}
        for root, folders, files in os.walk(self.folder):
            folders.sort()
            self.take(root, sorted(files))

    def spoil(self, file, change):
        path = os.path.join(self.folder, file)
        with open(path, encoding="utf-8") as f:
            before = f.read()
        call(["sed", "-i", "-e", change, path])
        with open(path, encoding="utf-8") as f:
            if f.read() == before:
                raise Unlike("%s changes nothing in %s" % (change, file))

    @staticmethod
    def versions(twinc, path):
        """Of each cluster that tells its own: 29 of "1.29"."""
        code, said = call([twinc, "dump", path, "--as", "plan"], errors=False)
        if code:
            raise Unlike("twinc dump: exit code %d" % code)
        things = yaml.safe_load(said).get("things", [])
        told = {t["name"].replace("_", "-").lower(): t["attributes"].get("version") for t in things if t["kind"] == "kubernetes.cluster"}
        return {name: int(str(v).split(".")[1]) for name, v in told.items() if v}

    def take(self, root, files):
        below = os.path.relpath(root, self.folder)
        if "kustomization.yaml" in files:
            with open(os.path.join(root, "kustomization.yaml"), encoding="utf-8") as f:
                charts = "helmCharts" in yaml.safe_load(f)
            if not charts:  # a chart has to be fetched
                made = os.path.join(self.home, below.replace("/", "-") + ".made.yaml")
                code, said = call([self.kustomize, "build", root], into=made)
                if code:
                    raise Unlike("kustomize build %s: %s" % (below, said))
                self.files[made] = self.minors.get(os.path.basename(root), VERSIONS[-1])
        for name in files:
            if name == "run.yaml" or name.startswith(("step-", "run-")):
                self.files[os.path.join(root, name)] = VERSIONS[-1]


def refused(words):
    """What the judge finds wrong, or nothing."""
    code, said = call(words)
    lines = [line for line in said.splitlines() if line and not line.endswith("OK\x1b[0m")]
    return ["\n".join(lines)] if code else []


def valid(settings, built):
    wrong, by_version = [], {}
    for file, minor in built.files.items():
        by_version.setdefault(max([v for v in VERSIONS if v <= minor] or VERSIONS[:1]), []).append(file)
    for minor, files in by_version.items():
        wrong += refused([settings["tools"] + "/kubectl-validate", "--version", "1.%d" % minor, "--local-crds", settings["definitions"]] + files)
    return wrong


def secure(settings, built):
    return refused([settings["tools"] + "/podsecurity", "restricted"] + list(built.files))


def template(built, file):
    """The template of a step's Jobs as it is created: in the namespace of its run. kube-score reads no JSON."""
    with open(file, encoding="utf-8") as f:
        document = json.load(f)
    workflow = re.sub("^overlays/[^/]+/[^/]+/", "", os.path.relpath(file, built.folder)).split("/")[0]
    with open(os.path.join(built.folder, workflow, "run.yaml"), encoding="utf-8") as f:
        document["metadata"]["namespace"] = yaml.safe_load(f)["metadata"]["namespace"]
    path = os.path.join(built.home, os.path.relpath(file, built.folder).replace("/", "-") + ".yaml")
    with open(path, "w", encoding="utf-8") as f:
        yaml.safe_dump(document, f)
    return path


def score(settings, built):
    files = [template(built, f) if f.endswith(".json") else f for f in built.files]
    ignored = [word for name in IGNORED for word in ("--ignore-test", name)]
    version = "v1.%d" % max(built.files.values())
    code, said = call([settings["tools"] + "/kube-score", "score", "-o", "ci", "--kubernetes-version", version] + ignored + files)
    critical = [line for line in said.splitlines() if line.startswith("[CRITICAL]")]
    return critical or ([said] if code else [])


def objects(text):
    """What kustomize makes, whatever the order."""
    return sorted((d for d in yaml.safe_load_all(text) if d), key=lambda d: (d["kind"], d["metadata"]["name"]))


def overlays(settings, built):
    """With an overlay, there is what is written for its scenario alone."""
    wrong, root = [], os.path.join(built.folder, "overlays")
    for scenario in sorted(os.listdir(root)) if os.path.isdir(root) else []:
        alone = os.path.join(built.home, "alone")
        shutil.rmtree(alone, ignore_errors=True)
        code, said = call([settings["twinc"], "build", built.twin, "-t", "kubernetes", "-o", alone, "--image", IMAGE, "--scenario", scenario])
        if code:
            raise Unlike("twinc build --scenario %s: %s" % (scenario, said))
        for cluster in sorted(os.listdir(os.path.join(root, scenario))):
            over = call([built.kustomize, "build", os.path.join(root, scenario, cluster)], errors=False)
            own = call([built.kustomize, "build", os.path.join(alone, "kubernetes", cluster)], errors=False)
            if over[0] or own[0] or objects(over[1]) != objects(own[1]):
                wrong.append("overlays/%s/%s is not what --scenario %s writes" % (scenario, cluster, scenario))
            built.compared += 1
    return wrong


JUDGES = {"valid": valid, "secure": secure, "score": score, "overlays": overlays}


def awake(settings):
    paths, bad = dict(twins(settings["project"])), 0
    for line in BROKEN.strip().splitlines():
        judge, twin, file, change = line.split(" ", 3)
        built = Built(settings, twin, paths[twin], (file, change))
        if not JUDGES[judge](settings, built):
            print("FAIL %s takes %s in %s of %s" % (judge, change, file, twin))
            bad = 1
    return bad


def main():
    names = ("judge", "twinc", "project", "scratch", "tools", "definitions")
    settings = dict(zip(names, sys.argv[1:]))
    if settings["judge"] == "awake":
        return awake(settings)
    bad = files = 0
    for name, path in twins(settings["project"]):
        built = Built(settings, name, path)
        wrong = JUDGES[settings["judge"]](settings, built) if built.files else []
        files += built.compared if settings["judge"] == "overlays" else len(built.files)
        for text in wrong:
            print("FAIL %s: %s" % (name, text))
            bad = 1
    print("%d files judged" % files)
    return bad if files else 1


try:
    sys.exit(main())
except Unlike as e:
    print("FAIL", e)
    sys.exit(1)
