"""Runs a workflow over files: what each task takes, whether it can start, what it left behind.

flow.py, beside this file, tells the workflow; the engine (a batch system, a cluster) starts tasks. Nothing is kept but the folder
of each task: a task is done when its outputs.json is there, which is renamed into its place as the last thing. Any number of
processes may look at the same time. Python 3.6 or newer, nothing else.
"""
import functools
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from xml.sax.saxutils import quoteattr

from values import *

HERE = os.path.dirname(os.path.abspath(__file__))
STATE = os.path.abspath(os.environ.get("TWIN_STATE", os.path.join(HERE, "run")))


class NotYet(Exception):
    """Rests on a task that is not done."""


class Blocked(Trouble):
    """A gate does not let it pass."""


# -- the workflow -----------------------------------------------------------------------------------------------------------------

STEPS, WORKFLOWS = {}, {}


@functools.lru_cache(maxsize=None)
def bound():
    """What inputs.json binds: params, models and the inputs of workflows."""
    path = os.environ.get("TWIN_INPUTS", os.path.join(HERE, "inputs.json"))
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return each_path(json.load(file), lambda p: dict(p, path=os.path.normpath(os.path.join(os.path.dirname(path), p["path"]))))
    except (OSError, ValueError) as e:
        raise Trouble("%s cannot be read: %s" % (path, e))


def binding(group, name, default=None):
    value = bound().get(group, {}).get(name)
    return default() if value is None and default else value


def param(name):
    if name not in bound().get("params", {}):
        raise Trouble("the param `%s` is not bound: give it in inputs.json" % name)
    return binding("params", name)


def model(name):
    value = binding("models", name)
    if value is None:
        raise Trouble("no weights of the model `%s`: give them in inputs.json" % name)
    return value


def path(name, kind="File"):
    """A file beside the twin, as seen from this folder."""
    return {"class": kind, "path": os.path.normpath(os.path.join(HERE, name))}


class Out:
    """Where a task leaves an output: a function of its inputs that gives a name, a pattern (glob) or a list of such."""

    def __init__(self, where, kind="File", optional=False, many=False):
        self.where, self.kind, self.optional, self.many = where, kind, optional, many


class Glob(str):
    """A pattern; `**` means any depth."""


class Metric:
    def __init__(self, kind, low=None, high=None, optional=False):
        self.kind, self.low, self.high, self.optional = kind, low, high, optional


class Step:
    def __init__(self, name, outputs=None, metrics_file=None, metrics=None, env=None, values=None, command=None, assets=(), shell=("sh", "-eu"), cwl=None, inputs=None, formats=None, results=None, container=None):
        self.name, self.outputs, self.metrics_file, self.metrics = name, outputs or {}, metrics_file, metrics or {}
        self.env, self.values, self.command, self.assets = env or {}, values or {}, command, assets
        self.shell, self.cwl, self.ids, self.formats = list(shell), cwl, inputs or {}, formats or {}
        self.container = container
        self.names = {v: k for k, v in (results or {}).items()}
        STEPS[name] = self


class Workflow:
    def __init__(self, name, inputs=None, nodes=(), outputs=None):
        self.name, self.inputs, self.block, self.outputs = name, inputs or {}, Block(nodes), outputs or {}
        WORKFLOWS[name] = self


class Output:
    def __init__(self, value, needs=()):
        self.value, self.needs = value, needs


class Block:
    """Nodes, and which of them gives what is called so."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.gives, self.gates = {}, {}
        for n in nodes:
            for name in n.names():
                self.gives[name] = n
            for name in n.of if isinstance(n, Gate) else ():
                self.gates.setdefault(name, []).append(n)


class Node:
    def __init__(self, name, needs=(), after=()):
        self.name, self.needs, self.after = name, needs, after

    def names(self):
        return (self.name,)

    def children(self, scope):
        """The scopes inside of it that are open; raises NotYet where that is not known."""
        return []


class Value(Node):
    def __init__(self, name, value, **rest):
        Node.__init__(self, name, **rest)
        self.value = value

    def read(self, scope, name):
        return self.value(scope)


class Call(Node):
    def __init__(self, name, step, args=None, **rest):
        Node.__init__(self, name, **rest)
        self.step, self.args = step, args or {}

    def read(self, scope, name):
        return Task(scope, self).outputs()


class Sub(Node):
    """A call of a workflow."""

    def __init__(self, name, workflow, args=None, **rest):
        Node.__init__(self, name, **rest)
        self.workflow, self.args = workflow, args or {}

    def children(self, scope):
        w = WORKFLOWS[self.workflow]
        given = {k: default or (lambda: None) for k, default in w.inputs.items()}
        given.update((k, lambda fn=fn: fn(scope)) for k, fn in self.args.items())
        inner = scope.child(self.name, w.block, None, given)
        inner.caller = (scope, self)
        return [inner]

    def read(self, scope, name):
        inner = self.children(scope)[0]
        return {k: o.value(inner) for k, o in WORKFLOWS[self.workflow].outputs.items()}


class For(Node):
    """exports: what it is called outside, to what it is called inside; a name with `!` before it passes its gates."""

    def __init__(self, name, over, each, nodes, exports=None, **rest):
        Node.__init__(self, name, **rest)
        self.over, self.each, self.block, self.exports = over, each, Block(nodes), exports or {}

    def names(self):
        return self.exports.keys()

    def children(self, scope):
        scopes = []
        for i, item in enumerate(counted(self.over(scope))):
            values = (item,) if len(self.each) == 1 else pair(item)
            given = {k: (lambda v=v: v) for k, v in zip(self.each, values)}
            scopes.append(scope.child("%s.%d" % (self.name, i), self.block, scope, given))
        return scopes

    def read(self, scope, name):
        return [inner.export(self.exports[name]) for inner in self.children(scope)]


class If(Node):
    """exports: to the names inside of both branches, or None."""

    def __init__(self, name, condition, then, otherwise=(), exports=None, **rest):
        Node.__init__(self, name, **rest)
        self.condition, self.then, self.otherwise, self.exports = condition, Block(then), Block(otherwise), exports or {}

    def names(self):
        return self.exports.keys()

    def children(self, scope):
        branch = self.condition(scope)
        return [scope.child(self.name + (".then" if branch else ".else"), self.then if branch else self.otherwise, scope)]

    def read(self, scope, name):
        inner = self.children(scope)[0]
        source = self.exports[name][0 if inner.block is self.then else 1]
        return None if source is None else inner.export(source)


class Repeat(Node):
    def __init__(self, name, until, most, nodes, exports=None, **rest):
        Node.__init__(self, name, **rest)
        self.until, self.most, self.block, self.exports = until, most, Block(nodes), exports or {}

    def names(self):
        return self.exports.keys()

    def rounds(self, scope):
        """The rounds that are open, one after the other; ends where the next one is not known."""
        for i in range(int(self.most(scope))):
            inner = scope.child("%s.%d" % (self.name, i), self.block, scope)
            inner.before = scope.child("%s.%d" % (self.name, i - 1), self.block, scope) if i else None
            inner.is_round = True
            yield inner
            if self.until(inner):
                return
        raise Trouble("`%s` came to its max without an end" % self.name)

    def children(self, scope):
        return list(self.rounds(scope))

    def read(self, scope, name):
        return self.children(scope)[-1].export(self.exports[name])


class Gate(Node):
    def __init__(self, name, of=(), require=None, on_fail="block", **rest):
        Node.__init__(self, name, **rest)
        self.of, self.require, self.on_fail = of, require or {}, on_fail

    def names(self):
        return ()


class Scope:
    def __init__(self, path, block, parent, given=None):
        self.path, self.block, self.parent, self.given = path, block, parent, given or {}
        self.inner, self.known, self.is_round, self.before, self.caller = {}, {}, False, None, None

    def child(self, name, block, parent, given=None):
        if name not in self.inner:
            self.inner[name] = Scope(self.path + "/" + name, block, parent, given)
        return self.inner[name]

    def home(self, name):
        scope = self
        while scope and name not in scope.given and name not in scope.block.gives:
            scope = scope.parent
        if not scope:
            raise Trouble("there is no `%s`" % name)
        return scope

    def read(self, name, checked):
        scope = self.home(name)
        if name in scope.given:
            return scope.given[name]()
        if checked:
            for gate in scope.block.gates.get(name, ()):
                if not Task(scope, gate).outputs()["passed"] and gate.on_fail == "skip":
                    return None
        if name not in scope.known:
            scope.known[name] = scope.block.gives[name].read(scope, name)
        return scope.known[name]

    def __getitem__(self, name):
        return self.read(name, True)

    def unchecked(self, name):
        return self.read(name, False)

    def export(self, name):
        return self.unchecked(name[1:]) if name.startswith("!") else self[name]

    def outer(self, levels):
        scope = self
        for _ in range(levels):
            scope = scope.parent
        return scope

    def previous(self, name):
        scope = self
        while not scope.is_round:
            scope = scope.parent
        return scope.before[name] if scope.before else None


def root(workflow):
    w = WORKFLOWS[workflow]

    def given(name, default):
        def read():
            value = binding("inputs", name, default)
            if value is None and default is REQUIRED:
                raise Trouble("the input `%s` of `%s` is not bound: give it in inputs.json" % (name, workflow))
            return value

        return read

    return Scope(workflow, w.block, None, {k: given(k, d) for k, d in w.inputs.items()})


def REQUIRED():
    return None


# -- what rests on what -------------------------------------------------------------------------------------------------------


class Rests:
    """Tasks that are not done; unknown: and more, that nobody knows before these are."""

    def __init__(self):
        self.tasks, self.unknown = {}, False

    def add_name(self, scope, name):
        """name: with a ^ before it for each block that it is further out."""
        scope, name = out_of(scope, name)
        scope = scope.home(name)
        if name in scope.given:
            if scope.caller and name in scope.caller[1].args:
                caller, node = scope.caller
                for need in node.needs:
                    self.add_name(caller, need)
            return
        self.add_node(scope, scope.block.gives[name])

    def add_task(self, task):
        if not task.is_done():
            self.tasks[task.path] = task

    def add_node(self, scope, node):
        """All that has to end before the node has ended."""
        if isinstance(node, (Call, Gate)):
            self.add_task(Task(scope, node))
            return
        for need in node.needs:
            self.add_name(scope, need)
        for other in node.after:
            self.add_after(scope, other)
        if isinstance(node, Value):
            return
        for inner in open_scopes(scope, node, self):
            for n in inner.block.nodes:
                self.add_node(inner, n)

    def add_after(self, scope, name):
        scope, name = out_of(scope, name)
        for n in scope.block.nodes:
            if n.name == name:
                self.add_node(scope, n)


def out_of(scope, name):
    plain = name.lstrip("^")
    return scope.outer(len(name) - len(plain)), plain


def open_scopes(scope, node, rests):
    """The scopes inside of a node that are known to be open."""
    scopes = []
    try:
        for inner in node.rounds(scope) if isinstance(node, Repeat) else node.children(scope):
            scopes.append(inner)
    except NotYet as e:
        rests.unknown = True
        rests.add_task(e.args[0])
    return scopes


def each_task(scope, rests):
    """All tasks that are known, in an order in which each stands behind what it rests on."""
    for node in scope.block.nodes:
        if isinstance(node, (Call, Gate)):
            yield Task(scope, node)
        elif not isinstance(node, Value):
            for inner in open_scopes(scope, node, rests):
                for task in each_task(inner, rests):
                    yield task


# -- one task -------------------------------------------------------------------------------------------------------------------


class Task:
    def __init__(self, scope, node):
        self.scope, self.node = scope, node
        self.path = scope.path + "/" + node.name
        self.folder = os.path.join(STATE, *self.path.split("/"))

    def file(self, *names):
        return os.path.join(self.folder, *names)

    def is_done(self):
        return os.path.exists(self.file("outputs.json"))

    def outputs(self):
        if self.path not in DONE:
            try:
                with open(self.file("outputs.json"), encoding="utf-8", errors="surrogateescape") as file:
                    saved = json.load(file)
            except FileNotFoundError:
                raise NotYet(self)
            DONE[self.path] = each_path(saved, lambda p: dict(p, path=os.path.normpath(os.path.join(self.folder, p["path"]))))
        return DONE[self.path]

    def rests(self):
        rests = Rests()
        for need in self.node.needs:
            rests.add_name(self.scope, need)
        for other in self.node.after:
            rests.add_after(self.scope, other)
        rests.tasks.pop(self.path, None)
        return rests

    def save(self, outputs):
        inside = each_path(outputs, lambda p: dict(p, path=os.path.relpath(p["path"], self.folder)))
        write_whole(self.file("outputs.json"), dump(inside) + "\n")

    # what goes before

    def stage(self, name, value):
        """The value with its files as links under in/, each under its own name."""
        if is_path(value):
            link = self.file("in", name, os.path.basename(value["path"].rstrip("/")))
            if not os.path.exists(value["path"]):
                raise Trouble("input `%s`: there is no %s" % (name.split("/")[0], value["path"]))
            os.makedirs(os.path.dirname(link), exist_ok=True)
            link_once(os.path.abspath(value["path"]), link)
            self.reads.append(os.path.realpath(value["path"]))
            return dict(value, path=link)
        if isinstance(value, list):
            return [self.stage("%s/%03d" % (name, i), one) for i, one in enumerate(value)]
        if isinstance(value, dict):
            return {k: self.stage(name + "/" + k, one) for k, one in value.items()}
        return value

    def begin(self, anew=True):
        """Makes the folders anew, unless another process has. Gives the environment of the command."""
        step = STEPS[self.node.step]
        self.reads = [os.path.realpath(path(asset)["path"]) for asset in step.assets]
        self.args = {k: fn(self.scope) for k, fn in self.node.args.items()}
        for name in ("in", "work", "tmp") if anew else ():
            shutil.rmtree(self.file(name), ignore_errors=True)
        for name in ("work", "tmp"):
            os.makedirs(self.file(name), exist_ok=not anew)
        i = {k: self.stage(k, v) for k, v in self.args.items()}
        o = {k: names_of(v.where(i)) for k, v in step.outputs.items()}
        for at, asset in enumerate(step.assets):
            os.makedirs(self.file("in", ".asset", str(at)), exist_ok=not anew)
            link_once(path(asset)["path"], self.file("in", ".asset", str(at), os.path.basename(asset)))
        where = [self.file("in", ".asset", str(at), os.path.basename(a)) for at, a in enumerate(step.assets)]
        if step.command and anew:
            write_whole(self.file("command"), step.command(i, o, where))
        if step.cwl and anew:  # CWLTOOL_OPTIONS: what this site needs, such as --singularity
            given = {step.ids.get(k, k): each_path(v, lambda p, k=k: dict(p, format=step.formats[k]) if k in step.formats else p) for k, v in i.items() if v is not None}
            write_whole(self.file("job.json"), dump(given))
            options = os.environ.get("CWLTOOL_OPTIONS", "").split()
            stay = ["--leave-outputs", "--leave-tmpdir", "--tmp-outdir-prefix", self.file("work", "")]  # moved, files of one name are lost
            line = quoted("cwltool", "--quiet", options, stay, path(step.cwl), self.file("job.json"))
            write_whole(self.file("command"), "exec %s >%s\n" % (line, quoted(self.file("cwl.json"))))
        env = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": self.file("tmp"),
            "TMPDIR": self.file("tmp"),
            "LC_ALL": "C.UTF-8",
            "TWIN_RUN": os.environ.get("TWIN_RUN", "1"),
            "TWIN_TASK": self.node.name,
        }
        for k, fn in list(step.env.items()) + list(step.values.items()):
            value = fn(i, o, where)
            if value is not None:
                env[k] = text(value)
        return env

    # what comes after

    def collected(self, name, out, found):
        full = os.path.normpath(self.file("work", found))
        if not full.startswith(self.file("work") + os.sep):
            raise Trouble("output `%s` lies outside its work folder: %s" % (name, found))
        if not os.path.exists(full):
            if out.optional:
                return None
            raise Trouble("output `%s` is missing: there is no %s" % (name, found))
        if os.path.isdir(full) != (out.kind == "Directory") or not (os.path.isdir(full) or os.path.isfile(full)):
            raise Trouble("output `%s` is no %s: %s" % (name, "folder" if out.kind == "Directory" else "regular file", found))
        if not os.path.realpath(full).startswith(os.path.realpath(self.file("work")) + os.sep):
            raise Trouble("output `%s` is a link out of its work folder: %s" % (name, found))
        return {"class": out.kind, "path": full}

    def output(self, name, out, i):
        found = [one for w in as_list(out.where(i)) for one in (glob(self.file("work"), w) if isinstance(w, Glob) else [text(w)])]
        if out.many:
            return [self.collected(name, out, one) for one in found]
        if not found and out.optional:
            return None
        if len(found) != 1:
            raise Trouble("output `%s` is one, but its pattern finds %d" % (name, len(found)))
        return self.collected(name, out, found[0])

    def metrics(self, step, i):
        o = {k: names_of(v.where(i)) for k, v in step.outputs.items()}
        name = text(step.metrics_file(i, o))
        try:
            with open(self.file("work", name), encoding="utf-8") as file:
                said = json.load(file)
        except (OSError, ValueError) as e:
            raise Trouble("no metrics: %s: %s" % (name, e))
        if not isinstance(said, dict):
            raise Trouble("the metrics are no JSON object: %s" % name)
        return {k: metric(k, m, said.get(k)) for k, m in step.metrics.items()}

    def end(self):
        step = STEPS[self.node.step]
        i = {k: fn(self.scope) for k, fn in self.node.args.items()}
        if step.cwl:
            with open(self.file("cwl.json"), encoding="utf-8") as file:
                said = each_path(json.load(file), lambda p: {"class": p["class"], "path": p["path"]})
            self.save({step.names.get(k, k): v for k, v in said.items()})
            return
        outputs = {k: self.output(k, out, i) for k, out in step.outputs.items()}
        if step.metrics_file:
            outputs.update(self.metrics(step, i))
        self.save(outputs)

    # gates

    def guarded(self):
        return hashlib.sha256(dump(each_path([self.scope.unchecked(k) for k in self.node.of], lambda p: digest(p["path"]))).encode()).hexdigest()

    def approve(self):
        os.makedirs(self.folder, exist_ok=True)
        write_whole(self.file("approved"), self.guarded() + "\n")

    def is_approved(self):
        try:
            with open(self.file("approved"), encoding="utf-8") as file:
                return file.read().strip() == self.guarded()
        except FileNotFoundError:
            return False

    def decide(self):
        """Evaluates a gate; says what it found; raises Blocked where nothing may pass."""
        gate, passed, said = self.node, True, []
        if gate.on_fail == "skip" and gate.of and all(self.scope.unchecked(k) is None for k in gate.of):
            gate = Gate(gate.name)  # nothing to guard
        for name, fn in gate.require.items():
            good = fn(self.scope) is True
            passed = passed and good
            said.append("%s %s" % (name, "holds" if good else "does not hold"))
        if gate.on_fail == "ask" and (not passed or not gate.require):
            passed = self.is_approved()
            said.append("approved" if passed else "waits for a person: flow.py approve %s" % quoted(self.path))
        verdict = "gate %s %s: %s" % (gate.name, "passed" if passed else "not passed (%s)" % gate.on_fail, "; ".join(said))
        if not passed and gate.on_fail in ("block", "ask"):
            raise Blocked(verdict)
        os.makedirs(self.folder, exist_ok=True)
        self.save({"passed": passed})
        return verdict


DONE = {}


def link_once(target, link):
    if not os.path.islink(link):
        os.symlink(target, link)


def as_list(x):
    return x if isinstance(x, list) else [x]


def names_of(where):
    """An output's path for its command; of a pattern, none."""
    if isinstance(where, list):
        return [names_of(one) for one in where]
    return None if isinstance(where, Glob) else where


def same_work():
    """What is done was done for these inputs and this workflow, or it does not count."""
    h = hashlib.sha256()
    names = [os.environ.get("TWIN_INPUTS", "inputs.json"), "flow.py"] + glob(HERE, "commands/*")
    for name in names:
        h.update(digest(os.path.join(HERE, name)).encode())
    stamp = os.path.join(STATE, "made-of")
    if not os.path.exists(stamp):
        os.makedirs(STATE, exist_ok=True)
        write_whole(stamp, h.hexdigest() + "\n")
    with open(stamp, encoding="utf-8") as file:
        if file.read().strip() != h.hexdigest():
            raise Trouble("inputs.json or the workflow is another than when %s was begun: move that folder away to begin anew" % STATE)


# -- results -----------------------------------------------------------------------------------------------------------------------


def results(workflow, folder):
    """All outputs, whole or not at all."""
    scope, final = root(workflow), os.path.join(os.path.abspath(folder), workflow)
    values = {k: o.value(scope) for k, o in WORKFLOWS[workflow].outputs.items()}
    new = "%s.new-%s" % (final, os.environ.get("TWIN_RUN", os.getpid()))
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    told = {k: put(v, new, final, k) for k, v in values.items()}
    for left in range(100, -1, -1):
        try:
            shutil.rmtree(final, ignore_errors=True)
            os.rename(new, final)
            return told
        except OSError:  # another run put its own there meanwhile
            if not left:
                raise


# -- the command line ----------------------------------------------------------------------------------------------------------------


HELP = """flow.py run [PATH]       all tasks, or those below PATH, one after the other, on this machine
flow.py tasks            a line each: done, ready or waiting
flow.py is-done TASK     exits with 0 where it is
flow.py begin TASK       makes its folder; says how to run its command
flow.py end TASK         takes over what it left behind
flow.py gate TASK        decides a gate: exit 3 where nothing may pass
flow.py passed TASK      exits with 0 where a gate let all pass
flow.py approve TASK     lets pass what a gate asks about
flow.py count FOR        how many elements a `for` has
flow.py holds IF         exits with 0 where the condition of an `if` holds
flow.py junit            gates and tasks as results of tests
flow.py results [DIR]    copies the outputs there when all is done, and tells them as an object of CWL"""


def find(workflow, path):
    rests = Rests()
    tasks = {task.path: task for task in each_task(root(workflow), rests)}
    if path in tasks:
        return tasks[path]
    alike = [one for one in tasks if one.endswith("/" + path)]
    raise Trouble("there is no task %s%s%s" % (path, " yet" if rests.unknown else "", "; do you mean %s?" % " or ".join(alike) if alike else ""))


def command_of(task, env):
    """What runs it, its words: in a container by docker, or by what TWIN_ENGINE names; nothing there: without one."""
    step = STEPS[task.node.step]
    own = os.path.join(HERE, "commands", task.node.step + ".sh")
    line = step.shell + [own if os.path.exists(own) else task.file("command")]
    engine = os.environ.get("TWIN_ENGINE", "docker").split()
    if not step.container or not engine:
        return line
    seen = [HERE + ":" + HERE] + ["%s:%s:ro" % (p, p) for p in task.reads if not p.startswith(HERE + os.sep)]
    where = ["--workdir", task.file("work"), "--user", "%d:%d" % (os.getuid(), os.getgid())]
    names = [w for k in env if k != "PATH" for w in ("--env", k)]
    return engine + ["run", "--rm"] + [w for v in seen for w in ("--volume", v)] + where + names + [step.container] + line


def say_begin(task):
    """Lines for a shell to evaluate: where it works, its environment, its words."""
    env = task.begin()
    print("TWIN_FOLDER=%s" % quoted(task.folder))
    print("TWIN_BINDS=(%s)" % quoted(*["--bind=%s:%s:ro" % (p, p) for p in task.reads if not p.startswith(HERE + os.sep)]))
    print("TWIN_ENV=(%s)" % quoted(*["%s=%s" % kv for kv in env.items()]))


def run_task(task):
    if isinstance(task.node, Gate):
        print(task.decide())
        return
    env = dict(task.begin(), TWIN_CPUS="1", TWIN_MEMORY_BYTES="1073741824")
    code = subprocess.call(command_of(task, env), env=env, cwd=task.file("work"), stdin=subprocess.DEVNULL)
    if code:
        raise Trouble("%s exited with %d" % (task.path, code))
    task.end()


def run_all(workflow, below=""):
    """below: a task, or what holds tasks. Where a gate lets nothing pass, all that does not rest on it still runs."""
    blocked = {}
    while True:
        rests = Rests()
        tasks = [t for t in each_task(root(workflow), rests) if not below or t.path == below or t.path.startswith((below + "/", below + "."))]
        ready = [t for t in tasks if t.path not in blocked and not t.is_done() and not t.rests().tasks]
        for task in ready:
            try:
                run_task(task)
            except Blocked as e:
                blocked[task.path] = e
        if not ready and all(t.is_done() for t in tasks):
            return
        if not ready:
            raise Blocked("\ntwin: ".join(map(str, blocked.values()))) if blocked else Trouble("nothing can start")


def find_node(workflow, path):
    """A `for` or an `if`, and the scope that it stands in."""
    above, _, name = path.rpartition("/")
    for scope in each_scope(root(workflow)):
        for node in scope.block.nodes:
            if scope.path == above and node.name == name:
                return scope, node
    raise Trouble("there is no %s" % path)


def holds(workflow, path):
    scope, node = find_node(workflow, path)
    return node.condition(scope)


def each_scope(scope):
    yield scope
    for node in scope.block.nodes:
        if not isinstance(node, (Call, Gate, Value)):
            for inner in open_scopes(scope, node, Rests()):
                for one in each_scope(inner):
                    yield one


def junit(workflow):
    """A suite with a case for each task, and one for each thing that a gate requires."""
    cases, failed = [], 0
    for task in each_task(root(workflow), Rests()):
        parts = [(name, fn) for name, fn in task.node.require.items()] if isinstance(task.node, Gate) else [("", None)]
        for name, fn in parts:
            inner = ""
            if fn:
                try:
                    good = fn(task.scope) is True
                except NotYet:
                    good, inner = True, "<skipped/>"
                if not good:
                    inner, failed = '<failure message="does not hold (%s)"/>' % task.node.on_fail, failed + 1
            elif not task.is_done():
                inner = "<skipped/>"
            cases.append("  <testcase classname=%s name=%s>%s</testcase>" % (quoteattr(task.path), quoteattr(name or "done"), inner))
    head = "<testsuite name=%s tests=\"%d\" failures=\"%d\">" % (quoteattr(workflow), len(cases), failed)
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head] + cases + ["</testsuite>"])


def say_tasks(workflow):
    rests = Rests()
    for task in each_task(root(workflow), rests):
        waits = task.rests()
        state = "done" if task.is_done() else "waiting" if waits.tasks or waits.unknown else "ready"
        print("%-8s %s%s" % (state, task.path, " for " + " ".join(waits.tasks) if waits.tasks else ""))
    if rests.unknown:
        print("and more, which nobody knows before %s" % " ".join(rests.tasks))


def main(workflow):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a reader may go
    verb, words_left = (sys.argv[1:] or ["--help"])[0], sys.argv[2:]
    verbs = {
        "run": lambda below="": run_all(workflow, below),
        "tasks": lambda: say_tasks(workflow),
        "is-done": lambda task: sys.exit(0 if find(workflow, task).is_done() else 1),
        "begin": lambda task: say_begin(find(workflow, task)),
        "end": lambda task: find(workflow, task).end(),
        "gate": lambda task: print(find(workflow, task).decide()),
        "passed": lambda task: sys.exit(0 if find(workflow, task).outputs()["passed"] else 1),
        "junit": lambda: print(junit(workflow)),
        "count": lambda path: print(len(find_node(workflow, path)[1].children(find_node(workflow, path)[0]))),
        "holds": lambda path: sys.exit(0 if holds(workflow, path) else 1),
        "approve": lambda task: find(workflow, task).approve(),
        "results": lambda folder="results": print(dump(results(workflow, folder))),
    }
    if verb not in verbs:
        print(HELP)
        sys.exit(0 if verb in ("-h", "--help") else 64)
    try:
        same_work()
        verbs[verb](*words_left)
    except Blocked as e:
        print("twin: %s" % e, file=sys.stderr)
        sys.exit(3)
    except NotYet as e:
        print("twin: %s is not done yet" % e.args[0].path, file=sys.stderr)
        sys.exit(1)
    except (Trouble, ArithmeticError, LookupError, OSError, TypeError, ValueError) as e:
        print("twin: %s" % (e if isinstance(e, Trouble) else "%s: %s" % (type(e).__name__, e)), file=sys.stderr)
        sys.exit(1)
