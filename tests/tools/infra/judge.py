"""Infrastructure that is made for real, at an Infrastructure Manager 2.0 with its cloud Dummy.

judge.py TWINC PROJECT SCRATCH changes|killed|restarted|software|hosts|page|cluster

changes    planned, made, made again (nothing), scaled, altered, made anew, changed from outside, taken away from outside, taken down; and a
           workflow that reads addresses: as the manager tells them, before, after and as they change
killed     this program ended by kill -9 at many moments of making, changing and taking down; the next run puts it right: exactly one
           infrastructure with the right machines, and none after it is taken down
restarted  the manager ended by kill -9 while it makes and changes, and started anew
hosts      the same by Ansible on a host that is there already; killed in the middle, too
cluster    services on a Kubernetes cluster that is there: applied, changed, told apart from what others did, pruned, taken down
page       docs/infrastructure.md does what it shows
software   services really set up on a machine: ready, nothing to do, changed, a playbook that fails, put right
"""
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

WORD = "5ecret-w0rd"


class Wrong(Exception):
    """It is not as it must be; the text tells how."""


class Judge:
    def __init__(self, twinc, project, scratch):
        self.twinc, self.project, self.scratch = twinc, project, scratch
        self.home, self.service = os.path.join(scratch, "twin"), os.path.join(scratch, "im")
        self.artifacts = os.path.join(scratch, "artifacts")
        self.port = None
        os.makedirs(self.home)
        os.makedirs(self.artifacts)

    # -- the manager ------------------------------------------------------------------------------------------------------

    def start(self):
        env = dict(os.environ, **({"IM_PORT": self.port} if self.port else {}))
        done = subprocess.run([os.path.join(self.project, "tests/services/im"), "up", self.service, self.artifacts], env=env, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise Wrong("the manager does not start: %s" % done.stderr)
        with open(os.path.join(self.service, "env"), encoding="utf-8") as f:
            said = dict(line.rstrip("\n").split("=", 1) for line in f)
        self.url = said["IM_URL"]
        self.port = self.url.rsplit(":", 1)[1]
        lines = ["id = im; type = InfrastructureManager; username = u; password = %s" % WORD, "id = cloud; type = Dummy; host = dummy"]
        self.auth = "\\n".join(lines)
        with open(os.path.join(self.scratch, "auth"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")

    def stop(self, number=signal.SIGTERM):
        try:
            with open(os.path.join(self.service, "pid"), encoding="utf-8") as f:
                pid = int(f.read())
            os.killpg(pid, number)  # it has children that hold its port
        except (OSError, ValueError):
            return
        for _ in range(100):
            try:
                os.kill(pid, 0)
            except OSError:
                return
            time.sleep(0.05)

    def ask(self, method, path, body=None, kind="text/plain"):
        request = urllib.request.Request(self.url + path, method=method, data=body.encode() if body else None)
        for key, value in (("Authorization", self.auth), ("Content-Type", kind), ("Accept", "application/json")):
            request.add_header(key, value)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                text = answer.read().decode()
                return answer.status, json.loads(text) if text else {}
        except urllib.error.HTTPError as e:
            return e.code, {}

    def infrastructures(self):
        return [x["uri"].rsplit("/", 1)[1] for x in self.ask("GET", "/infrastructures")[1]["uri-list"]]

    def machines(self, infrastructure):
        """Of an infrastructure: names of systems to their machines."""
        found = {}
        states = self.ask("GET", "/infrastructures/%s/state" % infrastructure)[1]["state"]["vm_states"]
        for vm in states:
            radl = self.ask("GET", "/infrastructures/%s/vms/%s" % (infrastructure, vm))[1]["radl"]
            system = [x for x in radl if x["class"] == "system" and "state" in x][0]
            found.setdefault(system["id"], []).append((vm, system))
        return found

    def must_be(self, **counts):
        """Exactly one infrastructure, with so many machines of each name; without counts none at all."""
        there = self.infrastructures()
        if len(there) != (1 if counts else 0):
            raise Wrong("%d infrastructures" % len(there))
        if counts:
            found = {name: len(list_) for name, list_ in self.machines(there[0]).items()}
            wanted = {name: n for name, n in counts.items() if n}
            if found != wanted:
                raise Wrong("machines %s, not %s" % (found, wanted))
            state = self.ask("GET", "/infrastructures/%s/state" % there[0])[1]["state"]["state"]
            if state != "configured":
                raise Wrong("it is %s" % state)
        return there[0] if there else None

    # -- the program ------------------------------------------------------------------------------------------------------

    def words(self, words):
        return [self.twinc, words[0], "main.twin", "--secret", "cloud=file:%s/auth" % self.scratch, "manager=%s" % self.url] + list(words[1:])

    def twin(self, name, change=None):
        with open(os.path.join(self.project, "tests/tools/infra", name), encoding="utf-8") as f:
            text = f.read()
        for before, after in change or ():
            if before not in text:
                raise Wrong("%r is not in %s" % (before, name))
            text = text.replace(before, after)
        with open(os.path.join(self.home, "main.twin"), "w", encoding="utf-8") as f:
            f.write(text)

    def run(self, code, *words):
        done = subprocess.run(self.words(words), cwd=self.home, env=dict(os.environ, STORE_KEY=WORD), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
        if done.returncode != code:
            raise Wrong("twinc %s: exit code %d, not %d\n%s%s" % (" ".join(words), done.returncode, code, done.stdout, done.stderr))
        if WORD in done.stdout + done.stderr:
            raise Wrong("twinc %s tells the secret" % words[0])
        return done.stdout + done.stderr

    def says(self, text, *patterns):
        for pattern in patterns:
            if not re.search(pattern, text, re.M):
                raise Wrong("%r is not said in\n%s" % (pattern, text))

    def nothing(self, *words):
        """Nothing to do, by plan, by drift, by apply, and the machines stay the very same."""
        before = self.machines(self.infrastructures()[0])
        self.run(0, "plan", "--detailed-exitcode", *words)
        self.run(0, "drift", "--detailed-exitcode", *words)
        if self.run(0, "apply", *words):
            raise Wrong("a second apply says something")
        after = self.machines(self.infrastructures()[0])
        if {n: [vm for vm, _ in v] for n, v in before.items()} != {n: [vm for vm, _ in v] for n, v in after.items()}:
            raise Wrong("a second apply changed the machines")

    def no_secret(self):
        for folder, _, names in os.walk(self.home):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    if WORD.encode() in f.read():
                        raise Wrong("the secret is in %s" % name)

    # -- what is judged ------------------------------------------------------------------------------------------------------

    def changes(self):
        self.start()
        self.twin("machines.twin")
        self.says(self.run(2, "plan", "--detailed-exitcode"), "^create +front", "^create +workers", "2 to create")
        self.must_be()
        self.says(self.run(0, "apply"), "ready", "front_address = 10.0.0.1")
        first = self.must_be(front=1, workers=2)
        self.nothing()
        told = subprocess.run([self.twinc, "status", "main.twin", "--json"], cwd=self.home, capture_output=True, text=True, check=True).stdout
        if json.loads(told)["infrastructure"][0]["outputs"]["front_address"] != "10.0.0.1":
            raise Wrong(told)
        # scaled, up and down; a range that holds what is there changes nothing
        self.says(self.run(2, "plan", "least=4", "--detailed-exitcode"), "^update +workers", r"nodes: 2\.\.5 -> 4\.\.5 +main.twin:15:13")
        self.run(0, "apply", "least=4")
        self.must_be(front=1, workers=4)
        self.nothing("least=4")
        self.run(0, "apply", "least=1", "most=5")
        self.must_be(front=1, workers=4)
        self.run(0, "apply", "least=1", "most=2")
        self.must_be(front=1, workers=2)
        # altered in place
        self.twin("machines.twin", [("cpus    = 1", "cpus    = 3")])
        self.says(self.run(0, "plan"), r"cpus: 1 -> 3 +main.twin:16:13")
        kept = [vm for vm, _ in self.machines(first)["workers"]]
        self.run(0, "apply")
        if [(vm, s["cpu.count"]) for vm, s in self.machines(first)["workers"]] != [(vm, 3) for vm in kept]:
            raise Wrong("not altered in place: %s" % self.machines(first)["workers"])
        self.nothing()
        # made anew: asked for first
        self.twin("machines.twin", [("cpus    = 1", "cpus    = 3"), ("disk    = 10GB", "disk    = 20GB")])
        self.says(self.run(0, "plan"), "^replace +workers", "disk: 10 GB -> 20 GB +main.twin:18:13, made anew")
        self.says(self.run(1, "apply"), "--yes")
        if [vm for vm, _ in self.machines(first)["workers"]] != kept:
            raise Wrong("made anew without having been asked for")
        self.run(0, "apply", "--yes")
        if set(kept) & {vm for vm, _ in self.machines(first)["workers"]}:
            raise Wrong("not made anew")
        self.must_be(front=1, workers=2)
        self.nothing()
        # changed from outside: more machines than there may be, other processors, one gone
        vm = self.machines(first)["front"][0][0]
        self.ask("PUT", "/infrastructures/%s/vms/%s" % (first, vm), "system front (cpu.count = 7 and memory.size = 4294967296B)")
        self.ask("DELETE", "/infrastructures/%s/vms/%s" % (first, self.machines(first)["workers"][0][0]))
        said = self.run(2, "drift", "--detailed-exitcode")
        self.says(said, r"cpus: 7 -> 2 +main.twin:11:\d+, changed from outside", r"nodes: 1 -> 2\.\.5 .*changed from outside")
        if self.run(2, "drift", "--detailed-exitcode") != said:
            raise Wrong("drift changes something")
        self.run(0, "apply")
        self.must_be(front=1, workers=2)
        self.nothing()
        # a thing that goes, and comes back
        text = open(os.path.join(self.home, "main.twin"), encoding="utf-8").read()
        with open(os.path.join(self.home, "main.twin"), "w", encoding="utf-8") as f:
            f.write(text[:text.index("infra workers")])
        self.says(self.run(0, "plan"), "^delete +workers")
        self.run(0, "apply", "--yes")
        self.must_be(front=1)
        self.twin("machines.twin")
        self.says(self.run(0, "plan"), "^create +workers")
        self.run(0, "apply")
        if self.must_be(front=1, workers=2) != first:
            raise Wrong("another infrastructure")
        self.flows_back(first)
        # taken away from outside
        self.ask("DELETE", "/infrastructures/%s" % first)
        self.says(self.run(2, "drift", "--detailed-exitcode"), "^create +front .*gone", "^create +workers .*gone")
        self.run(0, "apply")
        if self.must_be(front=1, workers=2) == first:
            raise Wrong("it cannot be the same")
        # another one of the same user stays
        code, _ = self.ask("POST", "/infrastructures", "system other (cpu.count >= 1)\ndeploy other 1")
        if code != 200:
            raise Wrong("the other infrastructure: %d" % code)
        self.says(self.run(1, "destroy"), "--yes")
        self.run(0, "destroy", "--yes")
        there = self.infrastructures()
        if len(there) != 1 or list(self.machines(there[0])) != ["other"]:
            raise Wrong("left: %s" % there)
        self.says(self.run(0, "destroy", "--yes"), "nothing to take down")
        self.no_secret()

    def written(self, infrastructure, workers):
        """What the workflow wrote is what the manager tells."""
        told = self.ask("GET", "/infrastructures/%s/outputs" % infrastructure)[1]["outputs"]
        with open(os.path.join(self.home, "results/main/text/text.txt"), encoding="utf-8") as f:
            lines = f.read().splitlines()
        machines = sorted(system["net_interface.0.ip"] for _, system in self.machines(infrastructure)["workers"])
        if lines != [told["front_address"]] * 2 + machines or len(machines) != workers:
            raise Wrong("%s was written, and the manager tells %s and %s" % (lines, told, machines))
        with open(os.path.join(self.home, "results/main/where.json"), encoding="utf-8") as f:
            if json.load(f) != "http://%s:80" % told["front_address"]:
                raise Wrong("the workflow's output is another one")
        return told["front_address"]

    def flows_back(self, infrastructure):
        twin = os.path.join(self.home, "main.twin")
        with open(os.path.join(self.project, "tests/tools/infra/addresses.twin"), encoding="utf-8") as f, open(twin, "a", encoding="utf-8") as to:
            to.write(f.read())
        # nothing is made yet, as far as another state knows
        other = ("--state", os.path.join(self.scratch, "other"))
        self.says(self.run(0, "plan", *other), "^create +front", "^run +it +its input `address` rests on `front.address`: known after apply")
        told = json.loads(self.run(0, "plan", "--json", *other))["tasks"][-1]
        if (told["action"], "known after apply" in told["reason"]) != ("run", True):
            raise Wrong("plan --json: %s" % told)
        self.says(self.run(1, "apply", "--no-infra", *other), r"E0637.*front\.address", r"E0637.*workers\.addresses")
        # killed while the task runs, which reads them
        with open(os.path.join(self.scratch, "said"), "w", encoding="utf-8") as f:
            doing = subprocess.Popen(self.words(["apply", "pause=1"]), cwd=self.home, stdin=subprocess.DEVNULL, stdout=f, stderr=f)
            for _ in range(200):
                with open(os.path.join(self.scratch, "said"), encoding="utf-8") as said:
                    if "started" in said.read():
                        break
                time.sleep(0.05)
            doing.kill()
            doing.wait()
        self.says(self.run(0, "apply", "pause=1"), "1 done")
        first = self.written(infrastructure, 2)
        self.run(0, "apply")
        self.says(self.run(0, "apply"), "1 cached")
        # how many there are decides what is known
        self.says(self.run(0, "plan", "least=3"), "^run +it +its input `all` rests on `workers.addresses`: known after apply")
        self.run(0, "apply", "least=3")
        self.written(infrastructure, 3)
        self.run(0, "apply", "most=2")
        self.written(infrastructure, 2)
        self.run(0, "apply")
        # nobody asks the manager, and what it told last counts; or what is said by hand
        self.stop()
        self.says(self.run(0, "apply", "--no-infra"), "1 cached")
        self.says(self.run(0, "apply", "--no-infra", "front.address=10.1.2.3"), '"http://10.1.2.3:80"')
        # another address, of the very same machine
        with sqlite3.connect(os.path.join(self.service, "data")) as data:
            data.execute("update inf_list set data = replace(data, ?, '10.0.0.77')", (first,))
        data.close()
        self.start()
        self.says(self.run(0, "plan"), "as they are", "^run +it +its input `address` differs from the last run")
        self.run(0, "apply")
        if self.written(infrastructure, 2) != "10.0.0.77":
            raise Wrong("the manager forgot its new address")
        self.says(subprocess.run([self.twinc, "why", "main.twin", "it"], cwd=self.home, capture_output=True, text=True, check=True).stdout, "input address", 'now: +"10.0.0.77"')
        self.says(subprocess.run([self.twinc, "status", "main.twin"], cwd=self.home, capture_output=True, text=True, check=True).stdout, "front_address = 10.0.0.77", "10.0.0.77.*10.0.0.77")
        self.twin("machines.twin")

    def page(self):
        """The twins of the page, and what it shows of them: `$ twinc ...` with what follows; a line `# the machines of NAME become N` is done."""
        self.start()
        with open(os.path.join(self.project, "docs/infrastructure.md"), encoding="utf-8") as f:
            text = f.read()
        shutil.copy(os.path.join(self.scratch, "auth"), os.path.join(self.scratch, "auth.dat"))
        ran = 0
        for twin, line, shown in re.findall(r"^```twin\n((?:(?!```).*\n)*)|^    ([$#] .*)\n((?:    (?![$#]).*\n)*)", text, re.M):
            if twin:
                with open(os.path.join(self.home, "main.twin"), "w", encoding="utf-8") as f:
                    f.write(twin.replace("https://im.example.org/im", self.url))
                continue
            if line.startswith("#"):
                name, number = re.fullmatch(r"# the machines of (\w+) become (\d+)", line).groups()
                there = self.infrastructures()[0]
                for vm, _ in self.machines(there)[name][int(number):]:
                    self.ask("DELETE", "/infrastructures/%s/vms/%s" % (there, vm))
                continue
            words = line.replace("file:auth.dat", "file:%s/auth.dat" % self.scratch).split()[2:]
            done = subprocess.run([self.twinc] + words, cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
            said = done.stdout.replace(self.url, "https://im.example.org/im").replace(self.home + "/", "")
            said = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", re.sub(r"(?<=  )[0-9.]+m?s$", "TIME", re.sub(r"since [0-9TZ:.-]+", "since TIME", said), flags=re.M))
            said = re.sub(r"^ +im \S+: (pending|running)\n", "", said, flags=re.M)  # where it was slow enough to be seen
            shown = re.sub(r"^    ", "", shown, flags=re.M)
            if said != shown:
                raise Wrong("%s: the page shows\n%s\nand it says\n%s" % (line, shown, said))
            ran += 1
        if ran < 9:
            raise Wrong("the page shows %d commands only" % ran)
        self.must_be()

    def kill(self, words, after):
        with open(os.path.join(self.scratch, "killed"), "w", encoding="utf-8") as said:
            p = subprocess.Popen(self.words(words), cwd=self.home, env=dict(os.environ, STORE_KEY=WORD), stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            try:
                p.wait(after)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        if p.returncode not in (0, -9):
            with open(os.path.join(self.scratch, "killed"), encoding="utf-8") as said:
                raise Wrong("twinc %s: exit code %d\n%s" % (" ".join(words), p.returncode, said.read()))
        return p.returncode == -9

    def state(self):
        import sqlite3
        try:
            db = sqlite3.connect(os.path.join(self.home, ".twin/journal.db"))
            row = db.execute("SELECT state, id IS NOT NULL FROM stacks").fetchone()
            db.close()
        except sqlite3.Error:
            row = None
        return row

    def killed(self):
        self.start()
        self.twin("machines.twin")
        seen = {}
        rounds = int(os.environ.get("INFRA_ROUNDS", "12"))
        dice = random.Random(os.environ.get("INFRA_SEED", "twinc"))
        for i in range(rounds):
            for what, words, then in (("make", ("apply",), dict(front=1, workers=2)), ("change", ("apply", "least=%d" % (3 + i % 2)), dict(front=1, workers=3 + i % 2)),
                                      ("take down", ("destroy", "--yes"), {})):
                # kills at several moments; the span of each kind of run is found by the first ones
                span = seen.setdefault((what, "span"), 0.7)
                killed = self.kill(words, dice.uniform(0.02, span))
                if not killed:
                    seen[(what, "span")] = max(0.1, span * 0.85)
                key = (what, self.state() if killed else "whole")
                seen[key] = seen.get(key, 0) + 1
                self.run(0, *words)
                self.must_be(**then)
                if what == "change":
                    self.nothing(words[1])
        print("killed in these states:", {k: n for k, n in seen.items() if k[1] != "span"}, flush=True)
        moments = {k[1] for k in seen if isinstance(k[1], tuple)}
        if len(moments) < 3:
            raise Wrong("hardly any moment was hit: %s" % moments)
        self.no_secret()

    def restarted(self):
        self.start()
        self.twin("machines.twin")
        for words, then in ((("apply",), dict(front=1, workers=2)), (("apply", "least=4"), dict(front=1, workers=4)), (("destroy", "--yes"), {})):
            p = subprocess.Popen(self.words(words), cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            limit = time.time() + 20
            while time.time() < limit and p.poll() is None:
                row = self.state()
                if row and (row[1] or row[0] == 4) and row[0] != 2:
                    break
            self.stop(signal.SIGKILL)
            time.sleep(1)
            self.start()
            out, _ = p.communicate(timeout=400)
            if p.returncode:
                self.run(0, *words)  # it said so, and the next one puts it right
                print("the first %s ended with %d:\n%s" % (words[0], p.returncode, out), flush=True)
            self.must_be(**then)
            if then:
                self.nothing(*words[1:])

    def playbooks(self):
        out = os.path.join(self.scratch, "built")
        shutil.rmtree(out, ignore_errors=True)
        words = [self.twinc, "build", "main.twin", "-t", "tosca", "-o", out, "manager=%s" % self.url]
        subprocess.run(words, cwd=self.home, check=True, capture_output=True)
        for name in os.listdir(os.path.join(out, "tosca")):
            shutil.copy(os.path.join(out, "tosca", name), self.artifacts)

    def software(self):
        self.start()
        self.twin("software.twin")
        key = ("--secret", "store_key=env:STORE_KEY")
        self.says(self.run(1, "apply", *key), r"error\[E0632\]", "Implementation file", "playbooks")
        self.must_be()
        self.playbooks()
        self.says(self.run(0, "apply", *key), "registry_endpoint = http://10.0.0.1:5000")
        self.nothing(*key)
        self.looks(5000)
        # a playbook that fails, told at the service; then put right
        path = os.path.join(self.artifacts, "twin_mlflow.yml")
        good = open(path, encoding="utf-8").read()
        with open(path, "w", encoding="utf-8") as f:
            f.write(good.replace("tasks:", "tasks:\n    - name: Break on purpose\n      ansible.builtin.fail:\n        msg: the port is taken, says {{ mlflow_port }}", 1))
        said = self.run(1, "apply", "port=5001", *key)
        self.says(said, r"main.twin:\d+:\d+: error\[E0633\]: `registry`", "the port is taken, says 5001", "service registry")
        self.says(self.run(0, "plan", "port=5001", *key), "^update +registry .*the last apply failed")
        with open(path, "w", encoding="utf-8") as f:
            f.write(good)
        self.run(0, "apply", "port=5001", *key)
        self.looks(5001)
        self.nothing("port=5001", *key)
        self.restarted_in_the_middle(5002, *key)
        self.run(0, "apply", "port=5001", *key)
        self.answers("registry", "port=5001", *key)
        self.run(0, "destroy", "--yes", *key)
        self.must_be()
        self.no_secret()

    def restarted_in_the_middle(self, port, *key):
        """The manager ended by kill -9 while Ansible runs on the machine, and started anew."""
        words = ("apply", "port=%d" % port) + key
        p = subprocess.Popen(self.words(words), cwd=self.home, env=dict(os.environ, STORE_KEY=WORD), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        there, limit = self.infrastructures()[0], time.time() + 60
        while time.time() < limit and self.ask("GET", "/infrastructures/%s/state" % there)[1]["state"]["state"] != "running":
            time.sleep(0.2)
        if p.poll() is not None or time.time() >= limit:
            raise Wrong("it never configures: %s" % p.communicate()[0])
        time.sleep(2)
        self.stop(signal.SIGKILL)
        time.sleep(1)
        self.start()
        out = p.communicate(timeout=400)[0]
        print("restarted while it configures: exit code %d\n%s" % (p.returncode, out), flush=True)
        if p.returncode:
            self.run(0, *words)  # it said so, and the next one puts it right
        self.looks(port)
        self.nothing(*words[1:])

    def hosts(self):
        """Without a manager: ansible-playbook by SSH. words() gives what only the others need."""
        self.words = lambda words: [self.twinc, words[0], "main.twin", "--secret", "key=file:%s" % os.environ["NODE_KEY"], "--secret", "store_key=env:STORE_KEY"] + list(words[1:])
        os.environ.update(ANSIBLE_SSH_COMMON_ARGS="-o UserKnownHostsFile=%s -o IdentitiesOnly=yes" % os.environ["NODE_HOSTS"], ANSIBLE_HOME=os.path.join(self.scratch, "ansible"),
                          ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3", LC_ALL="C.UTF-8")
        self.twin("hosts.twin")
        self.says(self.run(2, "plan", "--detailed-exitcode"), "^create +box", "^create +registry", "^create +store")
        # an unknown host is none, whatever the environment says
        known = os.environ["ANSIBLE_SSH_COMMON_ARGS"]
        os.environ.update(ANSIBLE_HOST_KEY_CHECKING="False", ANSIBLE_SSH_COMMON_ARGS="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes")
        self.says(self.run(1, "apply"), r"error\[E0633\]: `box` could not be set up: box-1 cannot be reached by SSH", "Host key verification failed|host key is known")
        os.environ.update(ANSIBLE_SSH_COMMON_ARGS=known)
        if os.path.exists("/etc/twin"):
            raise Wrong("a plan or a failure sets up something")
        self.says(self.run(0, "apply"), "Write its unit: changed on box-1", "registry_endpoint = http://10.0.0.1:5000")
        self.looks(5000)
        self.answers("registry")
        if self.run(0, "apply"):
            raise Wrong("a second apply says something")
        self.run(0, "plan", "--detailed-exitcode")
        self.run(0, "drift", "--detailed-exitcode")
        # changed from outside; told, and put right
        with open("/etc/systemd/system/twin-registry.service", "a", encoding="utf-8") as f:
            f.write("# somebody was here\n")
        self.says(self.run(2, "drift", "--detailed-exitcode"), "^update +registry", r"Write its unit: as it is -> otherwise on box-1: /etc/systemd/system/twin-registry.service +main.twin:14:9, changed from outside")
        self.run(0, "apply", "port=5001")
        with open("/etc/systemd/system/twin-registry.service", encoding="utf-8") as f:
            if "somebody" in f.read():
                raise Wrong("it was not put right")
        self.looks(5001)
        # killed at several moments: Ansible ends with it, and the next run goes on
        for i in range(int(os.environ.get("INFRA_ROUNDS", "3"))):
            if not self.kill(("apply", "port=%d" % (5002 + i)), 0.4 + 0.6 * i):
                raise Wrong("it ended before it was killed")
            self.says(self.run(0, "plan", "port=%d" % (5002 + i)), "^update +registry")
            self.run(0, "apply", "port=%d" % (5002 + i))
            self.looks(5002 + i)
        port = "port=%d" % (5001 + int(os.environ.get("INFRA_ROUNDS", "3")))
        self.run(0, "plan", "--detailed-exitcode", port)
        # a task that fails, told at the service
        os.rename("/etc/twin/registry", "/etc/twin/kept")
        open("/etc/twin/registry", "w", encoding="utf-8").close()
        said = self.run(1, "apply", "port=6000")
        self.says(said, r"main.twin:14:9: error\[E0633\]: `registry` could not be set up: the task `Make the folder of its settings` failed on box-1", "service registry")
        os.remove("/etc/twin/registry")
        self.run(0, "apply", "port=6000")
        self.looks(6000)
        # a host that is not there
        said = self.run(1, "apply", "port=6000", "address=127.0.0.9:2")
        self.says(said, r"error\[E0633\]: `box` could not be set up: box-1 cannot be reached by SSH")
        self.says(self.run(0, "destroy", "--yes", "port=6000"), "registry: stays as it was set up")
        self.no_secret()
        if any("keys" in folder for folder, _, _ in os.walk(self.home)):
            raise Wrong("the key is still there")

    def kubectl(self, *words):
        done = subprocess.run(["kubectl", "-n", "hub"] + list(words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise Wrong("kubectl %s: %s" % (" ".join(words), done.stderr))
        return done.stdout

    def cluster(self):
        self.words = lambda words: [self.twinc, words[0], "main.twin"] + list(words[1:])
        self.twin("cluster.twin")
        self.says(self.run(2, "plan", "--detailed-exitcode"), "^create +cloud", "^create +registry", "^create +store")
        self.says(self.run(0, "apply"), r"registry_endpoint = http://registry\.hub\.svc:5000", "^ready")
        self.answers("registry")
        self.kubectl("create", "configmap", "others")
        if self.run(0, "apply"):
            raise Wrong("a second apply says something")
        self.run(0, "plan", "--detailed-exitcode")
        self.run(0, "drift", "--detailed-exitcode")
        # the twin changes, the world changes
        self.says(self.run(2, "plan", "--detailed-exitcode", "port=5001"), "^update +registry", r"port: 5000 -> 5001 +main.twin:10:\d+", "containerPort")
        self.run(0, "apply", "port=5001")
        if self.kubectl("get", "service", "registry", "-o", "jsonpath={.spec.ports[0].port}") != "5001":
            raise Wrong("the port did not change")
        self.kubectl("scale", "deployment", "registry", "--replicas=3")
        self.kubectl("delete", "service", "store")
        self.says(self.run(2, "drift", "--detailed-exitcode", "port=5001"), r"Deployment registry: .*replicas.*changed from outside", "Service store: .*not there")
        self.run(0, "apply", "port=5001")
        self.run(0, "drift", "--detailed-exitcode", "port=5001")
        # killed in the middle
        for i in range(3):
            self.kill(("apply", "port=%d" % (5002 + i)), 0.3 + 0.3 * i)
            self.run(0, "apply", "port=%d" % (5002 + i))
        # a service that goes is pruned; what others put there stays
        text = open(os.path.join(self.home, "main.twin"), encoding="utf-8").read()
        with open(os.path.join(self.home, "main.twin"), "w", encoding="utf-8") as f:
            f.write(text[:text.index("service registry")] + text[text.index("service store"):])
        self.says(self.run(2, "plan", "--detailed-exitcode"), "^delete +registry")
        self.run(0, "apply", "--yes")
        if "registry" in self.kubectl("get", "deployments,services,networkpolicies", "-o", "name"):
            raise Wrong("it was not pruned: %s" % self.kubectl("get", "deployments,services,networkpolicies", "-o", "name"))
        self.says(self.run(0, "destroy", "--yes"), "namespace hub stays")
        left = self.kubectl("get", "deployments,statefulsets,services,networkpolicies,persistentvolumeclaims,resourcequotas", "-o", "name")
        if left.strip():
            raise Wrong("left: %s" % left)
        self.kubectl("get", "configmap", "others")
        self.no_secret()

    def answers(self, service, *words):
        """Where a service answers, as a workflow reads it, is what its manager tells."""
        path = os.path.join(self.home, "main.twin")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        with open(path, "a", encoding="utf-8") as f:
            f.write("workflow where { output url = %s.endpoint }\n" % service)
        self.run(0, "apply", "where", *words)
        told = json.loads(subprocess.run([self.twinc, "status", "main.twin", "--json"], cwd=self.home, capture_output=True, text=True, check=True).stdout)["infrastructure"][0]["outputs"]
        with open(os.path.join(self.home, "results/where/url.json"), encoding="utf-8") as f:
            read = json.load(f)
        if read != told[service + "_endpoint"]:
            raise Wrong("%s answers at %s, and a workflow reads %s" % (service, told, read))
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def looks(self, port):
        with open("/etc/systemd/system/twin-registry.service", encoding="utf-8") as f:
            unit = f.read()
        if str(port) not in unit:
            raise Wrong("the port %d is not in %s" % (port, unit))


def main():
    twinc, project, scratch, what = sys.argv[1:5]
    judge = Judge(twinc, project, scratch)
    try:
        getattr(judge, what)()
        print("ok %s" % what)
        return 0
    except Wrong as e:
        print("FAIL %s: %s" % (what, e))
        return 1
    finally:
        judge.stop()


if __name__ == "__main__":
    sys.exit(main())
