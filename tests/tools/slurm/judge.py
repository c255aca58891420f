"""Runs what `build -t slurm` writes and compares it with the local runtime.

judge.py flow|slurm TWINC PROJECT SCRATCH CASE ...
flow: ./flow.py run, all tasks one after the other without an engine. slurm: ./submit.sh to the real batch system that SLURM_CONF
names, until its queue is empty.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import ENV, Case, Differs, call, judge_cases

FREE = {
    "conformance/retry_only_on": "why a task failed is known to the batch system only",
    "conformance/same_work_once": "the same work may be done twice",
    "conformance/output_format": "nobody looks into files",
    "conformance/world_inputs_stay": "inputs are links, which a task could write through",
    "conformance/workflow_not_said": "it is about the command line",
}
# Without an engine, resources and retries are nobody's business.
ALONE = {
    "conformance/attributes_from_params": "resources are the engine's business",
    "conformance/retry_fresh_folder": "retries are the job script's business",
    "conformance/retry_gives_up": "retries are the job script's business",
    "conformance/time_limit": "resources are the engine's business",
}
LIMIT = 120  # seconds that a workflow may take


class SlurmCase(Case):
    target, suffix, free = "slurm", "/submit.sh", FREE

    def give(self, home):
        """What is known from an earlier run: the weights of a promoted model."""
        if self.case != "conformance/model_promoted":
            return
        path = os.path.join(home, "inputs.json")
        with open(path, encoding="utf-8") as f:
            given = json.load(f)
        given["models"]["net"] = {"class": "File", "path": os.path.join(self.folder, "results/training/weights/model.pkl")}
        with open(path, "w", encoding="utf-8") as f:
            json.dump(given, f)

    def run(self, folder, workflow, words, fails):
        home = os.path.join(self.folder, folder, workflow)
        env = dict(ENV)
        env.update(("TWIN_SECRET_" + name.upper(), text) for name, text in self.secrets(words))
        self.give(home)
        for name in os.listdir(self.outside):  # what the local run left there
            os.remove(os.path.join(self.outside, name))
        self.spoil(home)
        code, out, err = self.submit(home, env) if self.settings["engine"] == "slurm" else call(["./flow.py", "run"], home, env=env)
        approved = [w[-1] for _, w in self.lines() if w[0] == "approve"]
        if code != 0 and approved and not fails:
            for gate in approved:
                call(["./flow.py", "approve", workflow + "/" + gate], home, env=env)
            code, out, err = self.submit(home, env) if self.settings["engine"] == "slurm" else call(["./flow.py", "run"], home, env=env)
        if code == 0:
            code, out, err = call(["./flow.py", "results"], home, env=env)
        if code == 0:
            return json.loads(out)
        if fails:
            return None
        raise Differs("exit code %d\n%s%s" % (code, out[-2000:], err[-2000:]))

    def submit(self, home, env):
        """Until all is done or nothing is left in the queue."""
        code, out, err = call(["./submit.sh"], home, env=env)
        end = time.monotonic() + LIMIT
        while code == 0:
            jobs = [line.split()[0] for line in out.splitlines()] + self.later(home)
            _, left, err = call(["squeue", "--noheader", "--jobs=" + ",".join(jobs), "--format=%A %T %R"], home, env=env) if jobs else (0, "", "")
            if not left.strip():
                return (0, "", "") if self.all_done(home, env) else (1, self.logs(home), "")
            if time.monotonic() > end:
                call(["scancel"] + jobs, home, env=env)
                return 124, left + self.logs(home), ""
            time.sleep(0.2)
        return code, out, err

    @staticmethod
    def later(home):
        """Jobs that jobs submitted."""
        jobs = os.path.join(home, "run/jobs")
        found = []
        for name in os.listdir(jobs):
            if name.endswith(".id"):
                with open(os.path.join(jobs, name), encoding="utf-8") as f:
                    found.append(f.read().strip())
        return [one for one in found if one]

    @staticmethod
    def all_done(home, env):
        code, out, _ = call(["./flow.py", "tasks"], home, env=env)
        return code == 0 and all(line.startswith("done ") for line in out.splitlines()) and os.path.isdir(os.path.join(home, "results"))

    @staticmethod
    def logs(home):
        text = ""
        folder = os.path.join(home, "run/logs")
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                text += "== %s\n%s" % (name, f.read())
        return text


if __name__ == "__main__":
    if sys.argv[1] == "flow":
        FREE.update(ALONE)
    settings = {"engine": sys.argv[1], "twinc": sys.argv[2], "project": sys.argv[3], "spoil": os.environ.get("SPOIL")}
    sys.exit(judge_cases(SlurmCase, settings, sys.argv[4], sys.argv[5:], at_once=8 if settings["engine"] == "slurm" else 2))
