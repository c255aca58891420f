"""Judges the CWL of the conformance cases and the examples: cwltool must find each document valid and, run with the job
that was written beside it, give what the local runtime gave: the same structure, base names, sizes and checksums.

judge.py TWINC CWLTOOL PROJECT SCRATCH [--packed] CASE ...    (CASE: conformance/NAME, examples/NAME,
usecases/NAME, which is validated only, or twins/NAME, those beside this file)
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import Case, Differs, Unsaid, call, judge_cases

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
    "conformance/int_largest": "expressions of CWL are JavaScript, whose whole numbers are exact up to 2^53",
    "conformance/workflow_not_said": "it is about the command line",
}


class CwlCase(Case):
    """Run by cwltool."""

    target, suffix, free = "cwl", ".job.yml", FREE

    def __init__(self, settings, case):
        Case.__init__(self, settings, case)
        self.cwltool = settings["cwltool"]
        self.options = ["--packed"] if settings["packed"] else []

    def job(self, base, words):
        """The job, with what it lacks: secrets, and what is known from an earlier run."""
        lines = ["%s: %s\n" % (name, json.dumps(text)) for name, text in self.secrets(words)]
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

    def run(self, folder, workflow, words, fails):
        base = os.path.join(folder, workflow)
        document = base + ".cwl"
        out = os.path.join(self.folder, "out-" + workflow)
        self.validate(document)
        code, text, err = call([self.cwltool, "--no-container", "--relax-path-checks", "--outdir", out, document, self.job(base, words)], self.folder)
        if fails and code != 0:
            return None
        if code != 0:
            raise Differs("cwltool: exit code %d\n%s" % (code, err[-4000:]))
        return json.loads(text)

    def judge_all(self):
        folder, said = self.build_all()
        jobs = [f for f in said["files"] if f.endswith(".job.yml")]
        for job in jobs:
            self.validate(os.path.join(folder, job[: -len(".job.yml")] + ".cwl"))
        if not jobs:
            raise Unsaid("; ".join(r["reason"] for r in said["rows"] if r["level"] == "refused"))
        return "valid"

    def validate(self, document):
        code, text, err = call([self.cwltool, "--enable-ext", "--validate", "--strict", document], self.folder)
        if code != 0:
            raise Differs("not valid\n%s%s" % (text, err))
        if "WARNING" in err or "Warning:" in err:
            raise Differs("valid, but with warnings\n%s" % err)


if __name__ == "__main__":
    words = [w for w in sys.argv[1:] if w != "--packed"]
    settings = {"twinc": words[0], "cwltool": words[1], "project": words[2], "packed": "--packed" in sys.argv}
    sys.exit(judge_cases(CwlCase, settings, words[3], words[4:]))
