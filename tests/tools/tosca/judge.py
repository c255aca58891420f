"""Judges what `build -t tosca` writes.

judge.py TWINC PROJECT SCRATCH static|manager|node TWIN...     a twin from the project's folder

static:  tosca-parser, opera-tosca-parser, and what these do not see: keys twice, targets of the wrong type, cycles, inexact types,
         playbooks that are not there or are no playbooks.
manager: Infrastructure Manager with its cloud Dummy: dry run; without software also create, scale, delete.
node:    Infrastructure Manager configures a machine, twice: the second time nothing changes.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

import yaml

SECRET = "se'cret \"$(so)\" `x` %h"
# Infrastructure Manager knows this name, the normative types of 1.3 that one.
BLOCK = ("tosca.nodes.BlockStorage", "tosca.nodes.Storage.BlockStorage")
# The normative types that are named, and from which they derive.
NORMATIVE = {
    "tosca.nodes.Compute": None, "tosca.nodes.SoftwareComponent": None, "tosca.nodes.BlockStorage": None,
    "tosca.nodes.network.Network": None, "tosca.nodes.network.Port": None,
    "tosca.capabilities.Container": None, "tosca.capabilities.OperatingSystem": None, "tosca.capabilities.Endpoint": None,
    "tosca.policies.Scaling": None, "tosca.artifacts.Root": None,
}
TARGETS = {"host": "tosca.nodes.Compute", "binding": "tosca.nodes.Compute", "link": "tosca.nodes.network.Network",
           "local_storage": "tosca.nodes.BlockStorage", "dependency": None}
EXACT = {"string": str, "integer": int, "float": float, "boolean": bool, "list": list, "map": dict, "scalar-unit.size": str}


class Wrong(Exception):
    """What was written is not right; the text tells why."""


class Loader(yaml.SafeLoader):
    """YAML without keys twice."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise Wrong("a key twice among %s" % ", ".join(keys))
        return super().construct_mapping(node, deep)


def call(words, folder, env=None):
    done = subprocess.run(words, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    return done.returncode, done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")


def must(words, folder, what):
    code, out = call(words, folder)
    if code:
        raise Wrong("%s: exit code %d\n%s" % (what, code, out[-4000:]))


class Judge:
    def __init__(self, twinc, project, scratch, twin):
        self.twinc, self.project, self.twin = twinc, project, twin
        self.scratch = os.path.join(scratch, twin.replace("/", "."))
        self.home = os.path.join(self.scratch, "tosca")

    def build(self):
        os.makedirs(self.scratch)
        must([self.twinc, "build", os.path.join(self.project, self.twin), "-t", "tosca", "-o", self.scratch], "/", "twinc build")
        spoil = os.environ.get("SPOIL")
        if spoil:
            name, change = spoil.split(":", 1)
            path = os.path.join(self.home, name)
            before = open(path, encoding="utf-8").read()
            must(["sed", "-i", "-e", change, path], self.home, "sed")
            if open(path, encoding="utf-8").read() == before:
                raise SystemExit("%s changes nothing" % spoil)
        if not os.path.exists(os.path.join(self.home, "template.yaml")):
            return False
        with open(os.path.join(self.home, "template.yaml"), encoding="utf-8") as f:
            self.text = f.read()
        self.template = yaml.load(self.text, Loader)
        self.topology = self.template["topology_template"]
        self.nodes = self.topology["node_templates"]
        return True

    # -- static --------------------------------------------------------------------------------------------------------------

    def static(self):
        must([os.path.join(self.project, "build/tools/im/bin/tosca-parser"), "--template-file", "template.yaml"], self.home, "tosca-parser")
        self.opera()
        for name, node in self.nodes.items():
            self.check_node(name, node)
        self.check_cycles()
        self.check_inputs()
        for policy in self.topology.get("policies", []):
            for target in next(iter(policy.values()))["targets"]:
                if target not in self.nodes:
                    raise Wrong("a policy for %s, which is not there" % target)
        for name in os.listdir(self.home):
            if name.endswith(".yml"):
                self.check_playbook(name)

    def opera(self):
        """It wants a role of Ansible Galaxy to be a file."""
        folder = os.path.join(self.scratch, "opera")
        shutil.copytree(self.home, folder)
        with open(os.path.join(folder, "template.yaml"), "w", encoding="utf-8") as f:
            f.write(self.text.replace(*BLOCK))
        open(os.path.join(folder, "grycap.kubernetes"), "w", encoding="utf-8").close()
        must([os.path.join(self.project, "build/tools/tosca/bin/opera-tosca-parser"), "parse", "template.yaml"], folder, "opera-tosca-parser")

    def parents(self, kind):
        """The type and all that it derives from."""
        seen = []
        while kind:
            if kind in seen:
                raise Wrong("the type %s derives from itself" % kind)
            seen.append(kind)
            if kind in NORMATIVE:
                return seen
            found = [self.template.get(section, {}).get(kind) for section in ("node_types", "capability_types", "policy_types", "artifact_types")]
            found = [f for f in found if f]
            if not found:
                raise Wrong("there is no type %s" % kind)
            kind = found[0]["derived_from"]
        return seen

    def exact(self, where, definition, value):
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("get_"):
            return
        wanted = EXACT[definition["type"]]
        if type(value) is not wanted:
            raise Wrong("%s: %r is no %s" % (where, value, definition["type"]))
        if definition["type"] == "scalar-unit.size" and not re.fullmatch(r"\d+ ([KMGT]i?)?B", value):
            raise Wrong("%s: %r is no size" % (where, value))
        for element in value if wanted is list else []:
            self.exact(where, definition["entry_schema"], element)

    def check_node(self, name, node):
        kind = self.template.get("node_types", {}).get(node["type"], {})
        self.parents(node["type"])
        for key, value in node.get("properties", {}).items():
            if key in kind.get("properties", {}):
                self.exact("%s.%s" % (name, key), kind["properties"][key], value)
        for requirement in node.get("requirements", []):
            (what, target), = requirement.items()
            target = target if isinstance(target, str) else target["node"]
            if target not in self.nodes:
                raise Wrong("%s requires %s, which is not there" % (name, target))
            if TARGETS[what] and TARGETS[what] not in self.parents(self.nodes[target]["type"]):
                raise Wrong("%s: the %s %s is a %s" % (name, what, target, self.nodes[target]["type"]))
        for operation in node.get("interfaces", {}).get("Standard", {}).get("operations", {}).values():
            declared = kind["interfaces"]["Standard"]["operations"]["configure"]["inputs"]
            if set(operation["inputs"]) != set(declared):
                raise Wrong("%s: the inputs of its playbook are not those of its type" % name)
            if not os.path.exists(os.path.join(self.home, operation["implementation"])):
                raise Wrong("%s: there is no %s" % (name, operation["implementation"]))

    def check_cycles(self):
        done, under_way = set(), []

        def visit(name):
            if name in under_way:
                raise Wrong("a cycle: %s" % " ".join(under_way + [name]))
            if name in done:
                return
            under_way.append(name)
            for requirement in self.nodes[name].get("requirements", []):
                (_, target), = requirement.items()
                visit(target if isinstance(target, str) else target["node"])
            done.add(under_way.pop())

        for name in self.nodes:
            visit(name)

    def check_inputs(self):
        inputs = self.topology.get("inputs", {})
        for name, one in inputs.items():
            if "default" in one:
                self.exact("the input %s" % name, one, one["default"])
        text = json.dumps(self.topology)
        used = set(re.findall(r'"get_input": "([^"]+)"', text))
        if used != set(inputs):
            raise Wrong("inputs that are used: %s; that are declared: %s" % (sorted(used), sorted(inputs)))

    def check_playbook(self, name):
        with open(os.path.join(self.home, name), encoding="utf-8") as f:
            plays = yaml.load(f, Loader)
        if not isinstance(plays, list) or any("hosts" not in play for play in plays):
            raise Wrong("%s is no playbook" % name)
        env = dict(os.environ, ANSIBLE_HOME=os.path.join(self.scratch, "home"), ANSIBLE_ROLES_PATH=os.path.join(self.project, "tests/tools/ansible/roles"), LC_ALL="C.UTF-8")
        code, out = call(["ansible-playbook", "--syntax-check", "-i", "localhost,", name], self.home, env)
        if code:
            raise Wrong("ansible-playbook --syntax-check %s\n%s" % (name, out))

    # -- Infrastructure Manager ------------------------------------------------------------------------------------------------

    def start(self):
        self.service = os.path.join(self.scratch, "im")
        must([os.path.join(self.project, "tests/services/im"), "up", self.service, self.home], "/", "im")
        with open(os.path.join(self.service, "env"), encoding="utf-8") as f:
            said = dict(line.rstrip("\n").split("=", 1) for line in f)
        self.url, self.auth = said["IM_URL"], said["IM_AUTH"].strip("'")

    def stop(self):
        if getattr(self, "service", None):
            call([os.path.join(self.project, "tests/services/im"), "down", self.service], "/")

    def ask(self, method, path, body=None, accept="application/json"):
        request = urllib.request.Request(path if path.startswith("http") else self.url + path, method=method, data=body.encode() if body else None)
        for key, value in (("Authorization", self.auth), ("Content-Type", "text/yaml"), ("Accept", accept)):
            request.add_header(key, value)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def want(self, method, path, body=None):
        code, text = self.ask(method, path, body)
        if code != 200:
            raise Wrong("%s %s: %d %s" % (method, path.replace(self.url, ""), code, text[:2000]))
        return text

    def filled(self, counts=None):
        """The template with what whoever deploys gives: secrets, and other numbers of machines."""
        template = json.loads(json.dumps(self.template))
        for name, one in template["topology_template"].get("inputs", {}).items():
            if "default" not in one:
                one["default"] = SECRET
        for name, count in (counts or {}).items():
            template["topology_template"]["node_templates"][name]["capabilities"]["scalable"]["properties"]["default_instances"] = count
        return yaml.safe_dump(template, sort_keys=False)

    def machines(self):
        """How many each node of machines is."""
        def count(node):
            return node["capabilities"].get("scalable", {}).get("properties", {}).get("default_instances", 1)
        return {name: count(node) for name, node in self.nodes.items() if "tosca.nodes.Compute" in self.parents(node["type"])}

    def wait(self, place, limit):
        state = ""
        for _ in range(limit * 2):
            state = json.loads(self.want("GET", place + "/state"))["state"]["state"]
            if state not in ("pending", "running"):
                break
            time.sleep(0.5)
        if state != "configured":
            _, said = self.ask("GET", place + "/contmsg", accept="text/plain")
            raise Wrong("it is %s\n%s" % (state, said[-4000:]))

    def number(self, place):
        return len(json.loads(self.want("GET", place))["uri-list"])

    def manager(self):
        self.start()
        answer = json.loads(self.want("POST", "/infrastructures?dry_run=true", self.filled()))
        found = sum(len(cloud["compute"]) for cloud in answer.values())
        if found != sum(self.machines().values()):
            raise Wrong("%d machines, not %s" % (found, self.machines()))
        if any("interfaces" in node for node in self.nodes.values()):
            return
        place = json.loads(self.want("POST", "/infrastructures", self.filled()))["uri"]
        self.wait(place, 60)
        counts = self.machines()
        elastic = [name for name, node in self.nodes.items() if "scalable" in node.get("capabilities", {})]
        for step, change in enumerate((0, 1, 3, 0)):
            asked = {name: counts[name] + change for name in elastic}
            if step:
                self.want("POST", place, self.filled(asked))
                self.wait(place, 60)
            total = sum(counts.values()) + change * len(elastic)
            if self.number(place) != total:
                raise Wrong("%d machines, not %d" % (self.number(place), total))
        outputs = json.loads(self.want("GET", place + "/outputs"))["outputs"]
        if set(outputs) != set(self.topology["outputs"]):
            raise Wrong("outputs %s" % outputs)
        self.want("DELETE", place)
        if self.ask("GET", place)[0] not in (403, 404):
            raise Wrong("it is still there")

    def node(self):
        self.start()
        place = json.loads(self.want("POST", "/infrastructures", self.filled()))["uri"]
        self.wait(place, 240)
        outputs = json.loads(self.want("GET", place + "/outputs"))["outputs"]
        for name, node in self.nodes.items():
            if "interfaces" not in node:
                continue
            if not outputs[name + "_endpoint"].endswith("10.0.0.1:%d" % node["properties"]["port"]):
                raise Wrong("outputs %s" % outputs)
            self.look(name, node)
        self.want("POST", place, self.filled())
        self.wait(place, 240)
        _, said = self.ask("GET", place + "/contmsg", accept="text/plain")
        for name, node in self.nodes.items():
            recaps = re.findall(r"%s_\S+_conf_\S+.*?changed=(\d+)" % re.escape(name), said, re.S) if "interfaces" in node else []
            if "interfaces" in node and (not recaps or recaps[-1] != "0"):
                raise Wrong("the second time changes %s of %s\n%s" % (recaps, name, said[-3000:]))

    def look(self, name, node):
        with open("/etc/systemd/system/twin-%s.service" % name, encoding="utf-8") as f:
            unit = f.read()
        with open("/etc/twin/%s/environment" % name, encoding="utf-8") as f:
            environment = f.read()
        if "artifacts" in node["properties"]:
            words = [json.loads(w).replace("%%", "%").replace("$$", "$") for w in re.findall(r'"(?:[^"\\]|\\.)*"', unit)]
            if not any(w.endswith(node["properties"]["artifacts"]) for w in words):
                raise Wrong("%s is not in %s" % (node["properties"]["artifacts"], unit))
        if "password" in node["properties"] and "=%s\n" % SECRET not in environment:
            raise Wrong("the secret is not in %s" % environment)


def main():
    twinc, project, scratch, what = sys.argv[1:5]
    bad = 0
    for twin in sys.argv[5:]:
        judge = Judge(twinc, project, scratch, twin)
        try:
            if judge.build():
                getattr(judge, what)()
                print("ok %s %s" % (what, twin), flush=True)
            else:
                print("ok %s: nothing to make" % twin, flush=True)
        except Wrong as e:
            print("FAIL %s %s: %s" % (what, twin, e), flush=True)
            bad = 1
        finally:
            judge.stop()
        shutil.rmtree(judge.scratch, ignore_errors=True)
    return bad


if __name__ == "__main__":
    sys.exit(main())
