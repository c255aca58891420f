"""Judges what `build -t ansible` writes.

judge.py TWINC PROJECT SCRATCH static|play TWIN...     a twin from the project's folder

static: the linter with its strictest profile, and the syntax check. play: on a machine of its own (tests/services/node), twice: the
second time nothing changes; then what stands on the machine is read back.
"""
import json
import os
import re
import shutil
import subprocess
import sys

import yaml

SECRETS = "a secret with {{ 7 * 7 }}, $(so) and 'quotes\""


class Wrong(Exception):
    """What was written is not right; the text tells why."""


class Loader(yaml.SafeLoader):
    """YAML with Ansible's tag for what no template is, and without keys twice."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise Wrong("a key twice in %s" % keys)
        return super().construct_mapping(node, deep)


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def call(words, folder, env):
    done = subprocess.run(words, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=400)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def must(words, folder, env, what):
    code, out, err = call(words, folder, env)
    if code:
        raise Wrong("%s: exit code %d\n%s\n%s" % (what, code, out[-4000:], err[-3000:]))
    return out


def read(path):
    with open(path, encoding="utf-8") as f:
        return yaml.load(f, Loader)


class Judge:
    def __init__(self, twinc, project, scratch, twin):
        self.twinc, self.project, self.twin = twinc, project, twin
        self.scratch = os.path.join(scratch, twin.replace("/", "."))
        self.home = os.path.join(self.scratch, "ansible")
        self.env = dict(os.environ, ANSIBLE_HOME=os.path.join(scratch, "home"), ANSIBLE_NOCOLOR="1", ANSIBLE_FORKS="1", NO_COLOR="1", LC_ALL="C.UTF-8",
                        ANSIBLE_ROLES_PATH=os.path.join(project, "tests/tools/ansible/roles"))

    def build(self):
        os.makedirs(self.scratch)
        must([self.twinc, "build", os.path.join(self.project, self.twin), "-t", "ansible", "-o", self.scratch], "/", self.env, "twinc build")
        spoil = os.environ.get("SPOIL")
        if spoil:
            name, change = spoil.split(":", 1)
            before = open(os.path.join(self.home, name), encoding="utf-8").read()
            must(["sed", "-i", "-e", change, name], self.home, self.env, "sed")
            if open(os.path.join(self.home, name), encoding="utf-8").read() == before:
                raise SystemExit("%s changes nothing" % spoil)

    def static(self):
        for folder, _, files in os.walk(self.home):
            for name in files:
                if name.endswith(".yml"):
                    read(os.path.join(folder, name))
        must(["git", "init", "-q", "."], self.home, self.env, "git")
        lint = must(["ansible-lint", "--offline", "--profile", "production", "--nocolor", "-p"], self.home, self.env, "ansible-lint")
        del lint
        self.play(["--syntax-check"])

    def play(self, more):
        return must(["ansible-playbook", "site.yml"] + more, self.home, self.env, "ansible-playbook " + " ".join(more[:1]))

    def vault(self):
        """What a vault must give, encrypted as a person would."""
        secrets = os.path.join(self.home, "inventory/group_vars/all/secrets.yml")
        if not os.path.exists(secrets):
            return []
        names = [re.fullmatch(r"\{\{ (vault_\w+) \}\}", value).group(1) for value in read(secrets).values()]
        vault, word = os.path.join(os.path.dirname(secrets), "vault.yml"), os.path.join(self.scratch, "word")
        with open(vault, "w", encoding="utf-8") as f:
            f.write("".join("%s: !unsafe %s\n" % (name, json.dumps(SECRETS)) for name in names))
        with open(word, "w", encoding="utf-8") as f:
            f.write("a word\n")
        must(["ansible-vault", "encrypt", "--vault-password-file", word, vault], self.home, self.env, "ansible-vault")
        return ["--vault-password-file", word]

    def run(self):
        machine = {"ansible_host": "127.0.0.1", "ansible_port": 22, "ansible_user": "node", "ansible_connection": "ssh",
                   "ansible_ssh_private_key_file": os.environ["NODE_KEY"], "ansible_python_interpreter": "/usr/bin/python3",
                   "ansible_ssh_common_args": "-o UserKnownHostsFile=%s -o IdentitiesOnly=yes" % os.environ["NODE_HOSTS"]}
        words = ["-e", json.dumps(machine)] + self.vault()
        first = self.recap(self.play(words))
        if not sum(first.values()):
            raise Wrong("the first run changes nothing")
        for host, changed in self.recap(self.play(words)).items():
            if changed:
                raise Wrong("the second run changes %d on %s" % (changed, host))
        for play in read(os.path.join(self.home, "site.yml")):
            for role in play["roles"]:
                if role["role"] + "_image" in role.get("vars", {}):
                    self.look(role["role"], role["vars"])

    @staticmethod
    def recap(out):
        rows = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=0 ", out, re.M)
        if not rows:
            raise Wrong("no host was reached\n" + out[-2000:])
        return {host: int(changed) for host, changed in rows}

    def look(self, role, given):
        """A service as it stands on the machine."""
        name = given[role + "_name"]
        unit = "/etc/systemd/system/twin-%s.service" % name
        code, out, err = call(["systemd-analyze", "verify", unit], "/", self.env)
        if code or name in err:
            raise Wrong("systemd refuses %s: %s%s" % (unit, out, err))
        with open(unit, encoding="utf-8") as f:
            text = f.read()
        if "{{" in text.replace("{{ 7 * 7 }}", "") or SECRETS in text:
            raise Wrong("%s holds what it should not:\n%s" % (unit, text))
        environment = "/etc/twin/%s/environment" % name
        if os.stat(environment).st_mode & 0o077:
            raise Wrong("%s may be read by others" % environment)
        with open(environment, encoding="utf-8") as f:
            said = dict(line.split("=", 1) for line in f.read().splitlines())
        for option, value in given.items():
            if isinstance(value, str) and value.startswith("{{ secret_") and SECRETS not in said.values():
                raise Wrong("%s is not in %s" % (option, environment))
        self.look_at_words(role, given, text)

    def look_at_words(self, role, given, text):
        """Every word of the twin is one argument of the program, as it was written."""
        line = re.search(r"^ExecStart=(.*?[^\\])$", text, re.M | re.S).group(1).replace("\\\n", " ")
        words = [json.loads(w) if w.startswith('"') else w for w in re.findall(r'"(?:[^"\\]|\\.)*"|\S+', line)]
        words = [w.replace("%%", "%").replace("$$", "$") for w in words]
        for option in ("image", "artifacts"):
            value = given.get("%s_%s" % (role, option))
            if value is not None and not any(w.endswith(value) for w in words):
                raise Wrong("%s is not an argument: %s" % (value, words))


def main():
    twinc, project, scratch, what = sys.argv[1:5]
    bad = 0
    for twin in sys.argv[5:]:
        judge = Judge(twinc, project, scratch, twin)
        try:
            judge.build()
            if what == "static":
                judge.static()
            else:
                judge.run()
            print("ok %s %s" % (what, twin), flush=True)
        except Wrong as e:
            print("FAIL %s %s: %s" % (what, twin, e), flush=True)
            bad = 1
        shutil.rmtree(judge.scratch, ignore_errors=True)
    return bad


if __name__ == "__main__":
    sys.exit(main())
