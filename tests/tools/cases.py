"""What the judges of several targets share: the conformance cases and the examples, each run by the local runtime in a folder of
its own, and the comparison of what another engine made of what was emitted: the same structure, base names, sizes and checksums.
"""
import concurrent.futures
import filecmp
import json
import os
import shutil
import subprocess
import sys

ENV = dict(os.environ, CALLER="secret", PASSWORD="swordfish", NO_COLOR="1", LC_ALL="C.UTF-8")

class Differs(Exception):
    """The case is not as expected; the text tells how."""


class Wrong(Exception):
    """The twin is wrong before anything runs: nothing to compare."""


class Unsaid(Exception):
    """The target cannot say the case; the text is its reason."""


def call(words, folder, limit=120, env=ENV):
    """Exit code, standard output and error."""
    try:
        done = subprocess.run(words, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return 124, "", "timed out"
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def conformance_lines(project, name, scratch):
    """The runs of a case: (expected exit code or None, words)."""
    base = os.path.join(project, "tests/conformance", name)
    lines = ["apply %s.twin" % name]
    if os.path.exists(base + ".args"):
        with open(base + ".args", encoding="utf-8") as f:
            lines = [line.strip() for line in f if line.strip()]
    code = 0
    if os.path.exists(base + ".says"):
        with open(base + ".says", encoding="utf-8") as f:
            code = int(f.readline().split()[1])
    runs = []
    for line in lines:
        words = line.replace("|| true", "").replace("@SCRATCH@", scratch).split()
        runs.append((code if line is lines[-1] else None, words))
    return runs


def other_lines(project, kind, name):
    """The same for an example, or a twin of our own."""
    if kind == "usecases":
        return []
    args = os.path.join(project, "examples", name, "expected/args") if kind == "examples" else os.path.join(project, "tests/tools/twins", name + ".args")
    if not os.path.exists(args):
        return [(0, ["apply", name + ".twin"])] if os.path.exists(os.path.dirname(args)) else []
    with open(args, encoding="utf-8") as f:
        return [(int(line.split()[0]), line.split()[1:]) for line in f if line.strip()]


def same(ours, theirs, where=""):
    """Raises Differs where two output objects are not equal but for paths."""
    if isinstance(ours, dict) and ours.get("class") in ("File", "Directory"):
        keys = ["class", "basename"] + (["size", "checksum"] if ours["class"] == "File" else [])
        for key in keys:
            if not isinstance(theirs, dict) or ours.get(key) != theirs.get(key):
                raise Differs("%s: %s is not %s" % (where, theirs, {k: ours.get(k) for k in keys}))
        if ours["class"] == "Directory":
            same_tree(filecmp.dircmp(ours["path"], theirs["path"]), where)
    elif isinstance(ours, dict):
        if not isinstance(theirs, dict) or set(ours) != set(theirs):
            raise Differs("%s: %s is not %s" % (where, theirs, ours))
        for key in ours:
            same(ours[key], theirs[key], "%s/%s" % (where, key))
    elif isinstance(ours, list):
        if not isinstance(theirs, list) or len(ours) != len(theirs):
            raise Differs("%s: %s is not %s" % (where, theirs, ours))
        for i, item in enumerate(ours):
            same(item, theirs[i], "%s/%d" % (where, i))
    elif type(ours) is bool or type(theirs) is bool or ours != theirs:
        if ours is not theirs:
            raise Differs("%s: %s is not %s" % (where, theirs, ours))


def same_tree(both, where):
    """The same for folders."""
    if both.left_only or both.right_only or both.diff_files or both.funny_files:
        raise Differs("%s: the folders differ" % where)
    for name, inner in both.subdirs.items():
        same_tree(inner, "%s/%s" % (where, name))


class Case:
    """A case in a folder of its own. A judge tells target and suffix, and how to run what was emitted."""

    target = suffix = None  # "cwl"; what follows a workflow's name in the files that are written: ".job.yml"
    options = ()            # of `twinc build`

    def __init__(self, settings, case):
        self.case = case
        self.kind, self.name = case.split("/")
        self.twinc, self.project = settings["twinc"], settings["project"]
        self.settings = settings
        self.folder = self.outside = None

    def prepare(self, scratch):
        self.folder = os.path.join(scratch, self.kind, self.name)
        self.outside = self.folder + ".outside"
        os.makedirs(self.outside)
        leave = shutil.ignore_patterns("expected", ".twin", "results", "build")
        if self.kind == "examples":
            shutil.copytree(os.path.join(self.project, "examples", self.name), self.folder, ignore=leave)
            return
        if self.kind == "usecases":  # they share files
            shutil.copytree(os.path.join(self.project, "examples/usecases"), self.folder, ignore=leave)
            self.folder = os.path.join(self.folder, self.name)
            return
        if self.kind == "twins":
            shutil.copytree(os.path.join(self.project, "tests/tools/twins"), self.folder)
            return
        os.makedirs(self.folder)
        source = os.path.join(self.project, "tests/conformance")
        shutil.copy(os.path.join(source, self.name + ".twin"), self.folder)
        shutil.copytree(os.path.join(source, "data"), os.path.join(self.folder, "data"))

    def lines(self):
        return conformance_lines(self.project, self.name, self.outside) if self.kind == "conformance" else other_lines(self.project, self.kind, self.name)

    def build(self, words):
        """Where the emitted files of this run are, and the workflow that is meant."""
        kept = [w for w in words[1:] if w not in ("--json", "--detailed-exitcode")]
        folder = "build-%d" % len(os.listdir(self.folder))
        code, out, err = call([self.twinc, "build"] + kept + ["-t", self.target, "--json", "-o", folder] + list(self.options), self.folder)
        if code == 1:
            raise Wrong()
        if code != 0:
            raise Differs("twinc build: exit code %d\n%s" % (code, err))
        said = json.loads(out)[self.target]
        named = [w for at, w in enumerate(kept) if w.isidentifier() and not kept[at - 1].startswith("--")]
        found = [f[: -len(self.suffix)] for f in said["files"] if f.endswith(self.suffix)]
        found = [f for f in found if not named or f == named[0]]
        main = [f for f in found if f == "main"] or found
        if not main:
            raise Unsaid("; ".join(r["reason"] for r in said["rows"] if r["level"] == "refused") or "no workflow was written")
        return os.path.join(folder, self.target), main[0]

    def secrets(self, words):
        """Name and content of each secret that a run binds."""
        for at, word in enumerate(words):
            if word != "--secret":
                continue
            name, way = words[at + 1].split("=", 1)
            kind, text = way.split(":", 1)
            if kind == "file":
                with open(os.path.join(self.folder, text), encoding="utf-8") as f:
                    text = f.read().rstrip("\n")
            else:
                text = ENV.get(text, "")
            yield name, text

    def spoil(self, home):
        """With the setting spoil="FILE:SED-COMMAND", breaks what was emitted: the judge has to see it."""
        if not self.settings.get("spoil"):
            return
        name, change = self.settings["spoil"].split(":", 1)
        path = os.path.join(home, name)
        with open(path, encoding="utf-8") as f:
            before = f.read()
        call(["sed", "-i", "-e", change, path], home)
        with open(path, encoding="utf-8") as f:
            if f.read() == before:
                raise SystemExit("%s changes nothing in %s" % (change, name))

    def run(self, folder, workflow, words, fails):
        """The output object; None where it failed and is meant to."""
        raise NotImplementedError

    def judge(self, scratch):
        self.prepare(scratch)
        done = "equal"
        for code, words in self.lines():
            got, _, err = call([self.twinc] + words, self.folder)
            if code is None or words[0] != "apply":
                continue
            if got != code:
                raise Differs("twinc: exit code %d\n%s" % (got, err))
            folder, workflow = self.build(words)
            theirs = self.run(folder, workflow, words, code != 0)
            if code != 0:
                if theirs is not None:
                    raise Differs("the local run fails with %d, the other does not" % code)
                done = "fails in both"
                continue
            twin = [w for w in words if w.endswith(".twin")]
            _, text, _ = call([self.twinc, "outputs"] + twin + [workflow], self.folder)
            same(json.loads(text), theirs)
        return done if self.lines() else self.judge_all()

    def build_all(self):
        """The folder of what is emitted of a case that cannot be run here, and what `twinc build` said of it."""
        code, out, err = call([self.twinc, "build", self.name + ".twin", "-t", self.target, "--json"], self.folder)
        if code != 0:
            raise Differs("twinc build: exit code %d\n%s" % (code, err))
        return os.path.join("build", self.target), json.loads(out)[self.target]

    def judge_all(self):
        """What cannot be run here must be valid at least."""
        raise Unsaid("it cannot be run here")


def one(kind, settings, scratch, case):
    """The verdict on a case, and a text."""
    if case in kind.free:
        return case, "unsaid", kind.free[case]
    try:
        return case, kind(settings, case).judge(scratch), ""
    except Wrong:
        return case, "wrong before", ""
    except Unsaid as e:
        return case, "unsaid", str(e)
    except Differs as e:
        return case, "FAIL", str(e)


def judge_cases(kind, settings, scratch, cases, at_once=2):
    """Prints what is not equal, and the counts; the exit code."""
    counts = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=at_once) as pool:
        for case, verdict, text in pool.map(lambda case: one(kind, settings, scratch, case), cases):
            counts[verdict] = counts.get(verdict, 0) + 1
            if verdict in ("unsaid", "FAIL"):
                print("%s %s%s" % (verdict, case, ": " + text if text else ""), flush=True)
    print(", ".join("%d %s" % (n, verdict) for verdict, n in sorted(counts.items())))
    return 1 if "FAIL" in counts else 0
