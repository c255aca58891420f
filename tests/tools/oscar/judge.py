"""Judges what `build -t oscar` writes: the function definition file by the fields that OSCAR's services have, each script by
shellcheck, and one by running it as OSCAR does.

judge.py TWINC PROJECT SCRATCH
"""
import json
import os
import shutil
import subprocess
import sys

import jsonschema
import yaml

# By pkg/types/service.go and docs/fdl.md of grycap/oscar: what a service may have, and of what type.
IO = {"type": "array", "items": {"type": "object", "required": ["storage_provider", "path"], "additionalProperties": False, "properties": {
    "storage_provider": {"type": "string", "pattern": "^(minio|s3|onedata|webdav|rucio)(\\..+)?$"}, "path": {"type": "string", "pattern": "^[a-z0-9.-]+/.+"},
    "suffix": {"type": "array"}, "prefix": {"type": "array"}}}}
STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
SERVICE = {"type": "object", "required": ["name", "image", "script"], "additionalProperties": False, "properties": {
    "name": {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,37}[a-z0-9])?$"}, "image": {"type": "string", "minLength": 1}, "script": {"type": "string", "minLength": 1},
    "cpu": {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$"}, "memory": {"type": "string", "pattern": "^[0-9]+(Mi|Gi)$"}, "enable_gpu": {"type": "boolean"},
    "log_level": {"enum": ["NOTSET", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]}, "interlink_node_name": {"type": "string"},
    "environment": {"type": "object", "additionalProperties": False, "properties": {"variables": STRINGS, "secrets": STRINGS}}, "input": IO, "output": IO}}
FDL = {"type": "object", "required": ["functions"], "additionalProperties": False, "properties": {"functions": {"type": "object", "required": ["oscar"], "additionalProperties": False,
    "properties": {"oscar": {"type": "array", "minItems": 1, "items": {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": SERVICE}}}}}}


class Strict(yaml.SafeLoader):
    """Refuses a key that is given twice."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(k, deep=True) for k, _ in node.value]
        if len(keys) != len(set(keys)):
            raise yaml.YAMLError("a key is given twice")
        return super().construct_mapping(node, deep)


def check(folder):
    """What is wrong with a folder, as texts."""
    with open(os.path.join(folder, "functions.yaml"), encoding="utf-8") as f:
        document = yaml.load(f, Strict)
    wrong = ["%s: %s" % ("/".join(map(str, e.path)), e.message) for e in jsonschema.Draft7Validator(FDL).iter_errors(document)]
    if wrong:
        return wrong
    services = [s for one in document["functions"]["oscar"] for s in one.values()]
    names = [s["name"] for s in services]
    wrong += ["%s stands twice" % n for n in set(names) if names.count(n) > 1]
    for s in services:
        script = os.path.join(folder, s["script"])
        if not os.path.exists(script):
            wrong.append("%s is not there" % s["script"])
            continue
        done = subprocess.run(["shellcheck", "--exclude=SC2016", script], capture_output=True, text=True)
        if done.returncode:
            wrong.append(done.stdout)
    return wrong


def run(folder, table):
    """What the function count-lines makes of a file that arrives."""
    out = os.path.join(folder, "out")
    os.makedirs(out, exist_ok=True)
    env = dict(os.environ, INPUT_FILE_PATH=table, TMP_OUTPUT_DIR=out)
    done = subprocess.run([os.path.join(folder, "scripts/count-lines.sh")], env=env, capture_output=True, text=True)
    if done.returncode:
        return ["count-lines.sh: exit code %d\n%s" % (done.returncode, done.stderr)]
    with open(os.path.join(out, "number.txt"), encoding="utf-8") as f:
        said = f.read()
    return [] if said.strip() == "2" else ["count-lines.sh says %r" % said]


def run_list(folder, files):
    """What the function spliced makes of an archive with these files."""
    many, out = os.path.join(folder, "given/many"), os.path.join(folder, "out-list")
    for one in (os.path.dirname(many), out):
        shutil.rmtree(one, ignore_errors=True)
        os.makedirs(one)
    os.makedirs(many)
    for name, text in files.items():
        with open(os.path.join(many, name), "w", encoding="utf-8") as f:
            f.write(text)
    archive = os.path.join(folder, "given.tar")
    subprocess.run(["tar", "-cf", archive, "-C", os.path.dirname(many), "many"], check=True)
    with open(os.path.join(folder, "scripts/spliced.sh"), encoding="utf-8") as f:
        text = f.read()
    done = subprocess.run(["sh", "-c", text], env=dict(os.environ, INPUT_FILE_PATH=archive, TMP_OUTPUT_DIR=out), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        return ["spliced.sh: exit code %d\n%s" % (done.returncode, done.stderr)]
    with open(os.path.join(out, "all.txt"), encoding="utf-8") as f:
        said = f.read()
    return [] if said == "".join(files[n] for n in sorted(files)) else ["spliced.sh says %r" % said]


def main():
    twinc, project, scratch = sys.argv[1:4]
    bad = 0
    twins = [os.path.join(project, "tests/golden/oscar/functions.twin")]
    cases = os.path.join(project, "examples/usecases")
    twins += sorted(os.path.join(cases, n, n + ".twin") for n in os.listdir(cases) if os.path.exists(os.path.join(cases, n, n + ".twin")))
    for twin in twins:
        name = os.path.basename(twin)[:-5]
        home = os.path.join(scratch, name)
        shutil.rmtree(home, ignore_errors=True)
        done = subprocess.run([twinc, "build", twin, "-t", "oscar", "-o", home, "--json"], capture_output=True, text=True)
        if done.returncode:
            print("FAIL %s: %s" % (name, done.stderr))
            bad = 1
            continue
        said = json.loads(done.stdout)["oscar"]
        folder = os.path.join(home, "oscar")
        if "functions.yaml" not in said["files"]:
            if not said.get("note"):
                print("FAIL %s: nothing, and no word about it" % name)
                bad = 1
            continue
        if os.environ.get("SPOIL") and name == "functions":
            path, change = os.environ["SPOIL"].split(":", 1)
            subprocess.run(["sed", "-i", "-e", change, os.path.join(folder, path)], check=True)
        wrong = check(folder) + (run(folder, os.path.join(project, "tests/golden/oscar/table.csv")) if name == "functions" else [])
        if name == "functions":
            wrong += run_list(folder, {"b c.txt": "2\n", "a.txt": "1\n", "$(id).txt": "0\n"}) + run_list(folder, {})
        for text in wrong:
            print("FAIL %s: %s" % (name, text))
            bad = 1
    return bad


sys.exit(main())
