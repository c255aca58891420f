"""Which jobs have to be submitted now: for submit.sh, which calls sbatch.

`slurm.py plan` prints a line a job, its fields parted by tabs: a key, the job script, the job's name, the file with its tasks (a
line each), what it depends on, and further options of sbatch. @KEY in a dependency stands for the id of a job of an earlier line.
The tasks of one call of a `for` are one array. Nothing is printed for what is done or still in the queue.
"""
import json
import os
import subprocess
import sys

from flow import *
from flow import WORKFLOW
import twin

OWN = os.environ.get("SLURM_JOB_ID")  # the job that this runs in
JOBS = os.path.join(twin.STATE, "jobs")
ARRAY_MAX = 1000  # tasks of an array: MaxArraySize is 1001 where nobody changed it


def queue():
    """Jobs that are pending or running, an array's tasks one by one; and which file of tasks belongs to which job."""
    said = subprocess.run(["squeue", "--noheader", "--array", "--me", "--format=%F|%K|%k"], stdout=subprocess.PIPE, universal_newlines=True, check=True)
    active, named = set(), {}
    for line in said.stdout.splitlines():
        job, index, comment = line.split("|", 2)
        active.add((job, int(index) if index.isdigit() else 0))
        named[comment] = job
    return active, named


def submitted():
    """Task to (job, index), as far as the job is still in the queue."""
    os.makedirs(JOBS, exist_ok=True)
    active, named = queue()
    where = {}
    for name in sorted((n for n in os.listdir(JOBS) if n.endswith(".tasks")), key=lambda n: int(n.split(".")[0])):
        path = os.path.join(JOBS, name)
        try:
            with open(path[:-6] + ".id") as file:
                job = file.read().strip()
        except FileNotFoundError:
            job = named.get(path)  # submitted by somebody who was killed before the id was written
        with open(path) as file:
            for index, task in enumerate(file.read().splitlines()):
                if (job, index) in active:
                    where[task] = (job, index)
                else:
                    where.pop(task, None)
    return where


def dependency(groups):
    """What a job depends on. groups: of each of its tasks, the (job, index) that it waits for; jobs by id or @KEY."""
    flat = sorted({d for g in groups for d in g})
    if not flat:
        return ""
    jobs = sorted({job for job, _ in flat})
    if len(groups) > 1 and len(jobs) == 1 and all(g == {(jobs[0], i)} for i, g in enumerate(groups)):
        return "aftercorr:" + jobs[0]
    return "afterok:" + ":".join(jobs)


def placed():
    """Calls that go elsewhere than their step says."""
    path = os.path.join(twin.HERE, "placed.json")
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        return json.load(file)


class Plan:
    def __init__(self):
        self.where, self.lines = submitted(), []
        taken = [int(n.split(".")[0]) for n in os.listdir(JOBS) if n.split(".")[0].isdigit()]
        self.next = max(taken, default=0) + 1

    def job(self, script, name, tasks, groups, options=()):
        key = str(self.next)
        self.next += 1
        path = os.path.join(JOBS, key + ".tasks")
        with open(path, "w") as file:
            file.write("".join(t + "\n" for t in tasks))
        if len(tasks) > 1:
            options = list(options) + ["--array=0-%d" % (len(tasks) - 1)]
        self.lines.append("\t".join([key, script, name, path, dependency(groups) or "-", " ".join(options) or "-"]))
        for index, task in enumerate(tasks):
            self.where[task] = ("@" + key, index)

    def waits(self, tasks):
        return {self.where[t] for t in tasks if t in self.where}

    def add(self, task_list):
        """Tasks of one node, in several scopes: arrays."""
        node = task_list[0].node
        for start in range(0, len(task_list), ARRAY_MAX):
            part = task_list[start : start + ARRAY_MAX]
            groups = [self.waits(t.rests().tasks) for t in part]
            if isinstance(node, Gate):
                self.job("gate.sh", node.name, [t.path for t in part], groups)
            else:
                options = placed().get(node.name, ())
                self.job("steps/%s.sh" % node.step, node.name, [t.path for t in part], groups, options)


def make_plan():
    plan, rests = Plan(), Rests()
    tasks = list(each_task(root(WORKFLOW), rests))
    pending = {}
    for task in tasks:
        if task.is_done() or task.path in plan.where:
            continue
        if task.rests().unknown:
            rests.unknown = True  # the job after these submits it
            rests.tasks.update(task.rests().tasks)
            continue
        pending.setdefault(id(task.node), []).append(task)
    for same_node in pending.values():
        plan.add(same_node)
    if rests.unknown and plan.where.get("next", (OWN, 0))[0] == OWN:
        plan.job("next.sh", "next", ["next"], [plan.waits(rests.tasks)])
    elif not rests.unknown and "results" not in plan.where and not results_done(tasks):
        plan.job("results.sh", "results", ["results"], [plan.waits([t.path for t in tasks if not t.is_done()])])
    return plan.lines


def results_done(tasks):
    stamp = os.path.join(twin.HERE, "results", WORKFLOW)
    return all(t.is_done() for t in tasks) and os.path.isdir(stamp) and all(os.path.getmtime(t.file("outputs.json")) <= os.path.getmtime(stamp) for t in tasks)


if __name__ == "__main__":
    try:
        twin.same_work()
        for line in make_plan():
            print(line)
    except (Trouble, NotYet, subprocess.CalledProcessError, FileNotFoundError) as e:
        print("twin: %s" % e, file=sys.stderr)
        sys.exit(1)
