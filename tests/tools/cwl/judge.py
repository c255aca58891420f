"""Judges the CWL of the conformance cases and the examples: cwltool must find each document valid and, run with the job
that was written beside it, give what the local runtime gave: the same structure, base names, sizes and checksums.

judge.py TWINC CWLTOOL PROJECT SCRATCH [--packed] CASE ...    (CASE: conformance/NAME, examples/NAME,
usecases/NAME, which is validated only, or twins/NAME, those beside this file)
"""
import concurrent.futures
import filecmp
import json
import os
import shutil
import subprocess
import sys

ENV = dict(os.environ, CALLER="secret", PASSWORD="swordfish", NO_COLOR="1", LC_ALL="C.UTF-8")
# What an engine must be given because it keeps nothing between runs.
GIVEN = {"conformance/model_promoted": {"net_weights": {"class": "File", "path": "results/training/weights/model.pkl"}}}
# What an engine is free to do otherwise: the target says so in its rows.
FREE = {
    "conformance/retry_fresh_folder": "retries are the engine's business",
    "conformance/retry_gives_up": "retries are the engine's business",
    "conformance/retry_only_on": "retries are the engine's business",
    "conformance/same_work_once": "an engine may run the same work twice",
    "conformance/output_format": "an engine does not look into files",
    "conformance/world_inputs_stay": "without a container, cwltool lets a tool write to its inputs",
    "conformance/relative_paths": "cwltool cannot give one input file out twice",
    "conformance/workflow_not_said": "it is about the command line",
}


class Differs(Exception):
    """The case is not as expected; the text tells how."""


class Wrong(Exception):
    """The twin is wrong before anything runs: nothing to compare."""


class Unsaid(Exception):
    """CWL cannot say the case; the text is the target's reason."""


def call(words, folder, limit=120):
    """Exit code, standard output and error."""
    try:
        done = subprocess.run(words, cwd=folder, env=ENV, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit)
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
    args = os.path.join(project, "examples", name, "expected/args") if kind == "examples" else os.path.join(project, "tests/tools/cwl/twins", name + ".args")
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
    """A case in a folder of its own."""

    def __init__(self, options, case):
        self.case = case
        self.kind, self.name = case.split("/")
        self.twinc, self.cwltool, self.project, self.packed = options
        self.folder = None
        self.outside = None

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
            shutil.copytree(os.path.join(self.project, "tests/tools/cwl/twins"), self.folder)
            return
        os.makedirs(self.folder)
        source = os.path.join(self.project, "tests/conformance")
        shutil.copy(os.path.join(source, self.name + ".twin"), self.folder)
        shutil.copytree(os.path.join(source, "data"), os.path.join(self.folder, "data"))

    def lines(self):
        return conformance_lines(self.project, self.name, self.outside) if self.kind == "conformance" else other_lines(self.project, self.kind, self.name)

    def build(self, words):
        """The emitted files of this run, or why there are none."""
        kept = [w for w in words[1:] if w not in ("--json", "--detailed-exitcode")]
        folder = "build-%d" % len(os.listdir(self.folder))
        line = [self.twinc, "build"] + kept + ["-t", "cwl", "--json", "-o", folder] + (["--packed"] if self.packed else [])
        code, out, err = call(line, self.folder)
        if code == 1:
            raise Wrong()
        if code != 0:
            raise Differs("twinc build: exit code %d\n%s" % (code, err))
        said = json.loads(out)["cwl"]
        named = [w for at, w in enumerate(kept) if w.isidentifier() and not kept[at - 1].startswith("--")]
        jobs = [f for f in said["files"] if f.endswith(".job.yml") and (not named or f == named[0] + ".job.yml")]
        main = [f for f in jobs if f == "main.job.yml"] or jobs
        if not main:
            raise Unsaid("; ".join(r["reason"] for r in said["rows"] if r["level"] == "refused") or "no workflow was written")
        return os.path.join(folder, "cwl", main[0][: -len(".job.yml")])

    def job(self, base, words):
        """The job, with what it lacks: secrets, and what is known from an earlier run."""
        lines = []
        for at, word in enumerate(words):
            if word == "--secret":
                name, way = words[at + 1].split("=", 1)
                kind, text = way.split(":", 1)
                if kind == "file":
                    with open(os.path.join(self.folder, text), encoding="utf-8") as f:
                        text = f.read().rstrip("\n")
                else:
                    text = ENV.get(text, "")
                lines.append("%s: %s\n" % (name, json.dumps(text)))
        for name, value in GIVEN.get(self.case, {}).items():
            value = dict(value, path=os.path.join(self.folder, value["path"]))
            lines.append("%s: %s\n" % (name, json.dumps(value)))
        path = os.path.join(self.folder, base + ".job.yml")
        if not lines:
            return path
        with open(path, encoding="utf-8") as f:
            text = f.read()
        full = os.path.join(os.path.dirname(path), "given.job.yml")
        with open(full, "w", encoding="utf-8") as f:
            f.write((text if text.strip() != "{}" and not text.endswith("\n{}\n") else "") + "".join(lines))
        return full

    def run_cwl(self, base, words, fails):
        document = base + ".cwl"
        out = os.path.join(self.folder, "out-" + os.path.basename(base))
        self.validate(document)
        code, text, err = call([self.cwltool, "--no-container", "--relax-path-checks", "--outdir", out, document, self.job(base, words)], self.folder)
        if fails and code != 0:
            return None
        if code != 0:
            raise Differs("cwltool: exit code %d\n%s" % (code, err[-4000:]))
        return json.loads(text)

    def judge(self, scratch):
        self.prepare(scratch)
        done = "equal"
        for code, words in self.lines():
            got, _, err = call([self.twinc] + words, self.folder)
            if code is None or words[0] != "apply":
                continue
            if got != code:
                raise Differs("twinc: exit code %d\n%s" % (got, err))
            base = self.build(words)
            theirs = self.run_cwl(base, words, code != 0)
            if code != 0:
                if theirs is not None:
                    raise Differs("the local run fails with %d, the other does not" % code)
                done = "fails in both"
                continue
            twin = [w for w in words if w.endswith(".twin")]
            _, text, _ = call([self.twinc, "outputs"] + twin + [os.path.basename(base)], self.folder)
            same(json.loads(text), theirs)
        return done if self.lines() else self.judge_all()

    def judge_all(self):
        """What cannot be run here must be valid at least."""
        code, out, err = call([self.twinc, "build", self.name + ".twin", "-t", "cwl", "--json"], self.folder)
        if code != 0:
            raise Differs("twinc build: exit code %d\n%s" % (code, err))
        said = json.loads(out)["cwl"]
        jobs = [f for f in said["files"] if f.endswith(".job.yml")]
        for job in jobs:
            self.validate(os.path.join("build/cwl", job[: -len(".job.yml")] + ".cwl"))
        if not jobs:
            raise Unsaid("; ".join(r["reason"] for r in said["rows"] if r["level"] == "refused"))
        return "valid"

    def validate(self, document):
        code, text, err = call([self.cwltool, "--enable-ext", "--validate", "--strict", document], self.folder)
        if code != 0:
            raise Differs("not valid\n%s%s" % (text, err))
        if "WARNING" in err or "Warning:" in err:
            raise Differs("valid, but with warnings\n%s" % err)


def one(options, scratch, case):
    """The verdict on a case, and a text."""
    if case in FREE:
        return case, "unsaid", FREE[case]
    try:
        return case, Case(options, case).judge(scratch), ""
    except Wrong:
        return case, "wrong before", ""
    except Unsaid as e:
        return case, "unsaid", str(e)
    except Differs as e:
        return case, "FAIL", str(e)


def main():
    words = [w for w in sys.argv[1:] if w != "--packed"]
    twinc, cwltool, project, scratch = words[:4]
    options = (twinc, cwltool, project, "--packed" in sys.argv)
    counts = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for case, verdict, text in pool.map(lambda case: one(options, scratch, case), words[4:]):
            counts[verdict] = counts.get(verdict, 0) + 1
            if verdict in ("unsaid", "FAIL"):
                print("%s %s%s" % (verdict, case, ": " + text if text else ""), flush=True)
    print(", ".join("%d %s" % (n, verdict) for verdict, n in sorted(counts.items())))
    return 1 if "FAIL" in counts else 0


sys.exit(main())
