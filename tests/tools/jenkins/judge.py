"""Runs the Jenkinsfile that `build -t jenkins` writes, stage by stage, with real shells, and compares with the local runtime.

judge.py TWINC JUDGE PROJECT SCRATCH CASE ...    (JUDGE: the command line of Judge.groovy, as words)
"""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import ENV, Case, Differs, Unsaid, call, judge_cases

FREE = {
    "conformance/attributes_from_params": "resources are the agent's business",
    "conformance/output_format": "nobody looks into files",
    "conformance/retry_fresh_folder": "retries are left to a person who starts the pipeline again",
    "conformance/retry_gives_up": "retries are left to a person who starts the pipeline again",
    "conformance/retry_only_on": "retries are left to a person who starts the pipeline again",
    "conformance/same_work_once": "the same work may be done twice",
    "conformance/time_limit": "time limits are left to the agent",
    "conformance/workflow_not_said": "it is about the command line",
    "conformance/world_inputs_stay": "inputs are links, which a task could write through",
}


class JenkinsCase(Case):
    target, suffix, free = "jenkins", "/flow.py", FREE

    def parameters(self, words):
        """What a run binds, as parameters of the build."""
        if "--inputs" in words or "--scenario" in words:
            raise Unsaid("parameters of a build are single values")
        return [w for w in words if "=" in w and not w.startswith("-") and ":" not in w.split("=", 1)[1][:5]]

    def run(self, folder, workflow, words, fails):
        if self.case == "conformance/model_promoted":
            raise Unsaid("weights come from an earlier run")
        os.makedirs(os.path.join(self.folder, "bin"), exist_ok=True)
        link = os.path.join(self.folder, "bin/twinc")
        if not os.path.exists(link):
            os.symlink(self.twinc, link)
        env = dict(ENV, PATH=os.path.dirname(link) + ":" + ENV["PATH"])
        env.update(("TWIN_SECRET_" + name.upper(), text) for name, text in self.secrets(words))
        shutil.rmtree(os.path.join(self.folder, "build"), ignore_errors=True)
        pipeline = os.path.join(folder, "Jenkinsfile")
        self.spoil(os.path.join(self.folder, folder))
        code, out, err = call(self.settings["judge"] + ["--run", "WORKFLOW=" + workflow] + self.parameters(words) + [pipeline], self.folder, env=env)
        if code == 0:
            with open(os.path.join(self.folder, "build/jenkins", workflow, "outputs.json"), encoding="utf-8") as f:
                return json.load(f)
        if fails and "IllegalStateException: sh gave" in out:
            return None
        raise Differs("exit code %d\n%s%s" % (code, out[-3000:], err[-3000:]))

    def judge_all(self):
        folder, said = self.build_all()
        self.spoil(os.path.join(self.folder, folder))
        if "Jenkinsfile" not in said["files"]:
            raise Unsaid("; ".join(r["reason"] for r in said["rows"] if r["level"] == "refused"))
        code, out, err = call(self.settings["judge"] + [os.path.join(folder, "Jenkinsfile")], self.folder)
        if code != 0:
            raise Differs(out + err)
        return "valid"


if __name__ == "__main__":
    settings = {"twinc": sys.argv[1], "judge": sys.argv[2].split(), "project": sys.argv[3], "spoil": os.environ.get("SPOIL")}
    sys.exit(judge_cases(JenkinsCase, settings, sys.argv[4], sys.argv[5:]))
