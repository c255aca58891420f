"""Waits for what starts a workflow, and creates the Job of its run.

trigger-NAME.json tells the trigger, trigger-NAME.py what it gives its run; sources.py how to listen. An event is a folder on the
volume before anybody is told that it was taken, so none is lost; its name comes from what the event is, and that of a Job from its
events, so none counts twice, however often it is told or this program dies.
"""
import datetime
import hashlib
import http.client
import json
import os
import shutil
import sys
import threading
import time

import sources
import twin
from kube import Jobs
from twin import Trouble, bound, dump, write_whole

EVENTS = os.environ.get("TWIN_EVENTS", "events")
ALIVE = "/tmp/alive"
EVERY = float(os.environ.get("TWIN_EVERY", "10"))  # seconds between two looks
KEPT = 100000      # events that are remembered
FILES_KEPT = 7 * 86400  # seconds, of what started a run


def short(*parts):
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def say(text):
    print(text, flush=True)


class Spool:
    """Events that have come: a folder each, with `event.json`, and `run`, which tells what became of it."""

    def __init__(self, home):
        self.home, self.lock = home, threading.Lock()
        os.makedirs(home, exist_ok=True)
        self.known, self.open = {}, {}
        for name in os.listdir(home):
            told = os.path.join(home, name, "event.json")
            if os.path.exists(told):
                with open(told, encoding="utf-8", errors="surrogateescape") as file:
                    self.take(name, json.load(file))

    def take(self, name, event):
        self.known[name] = event["at"]
        if not os.path.exists(os.path.join(self.home, name, "run")):
            self.open[name] = event

    def add(self, identity, make):
        """False: it is known. make(folder) gives what the event tells, after it has put its files there."""
        name = short(identity)
        with self.lock:
            if name in self.known:
                return False
            folder = os.path.join(self.home, name)
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            event = {"at": time.time(), "identity": identity, "event": make(folder)}
            write_whole(os.path.join(folder, "event.json"), dump(event) + "\n")
            self.take(name, event)
            return True

    def waiting(self):
        """Names and events that started nothing yet, in the order in which they came."""
        with self.lock:
            return sorted(self.open.items(), key=lambda e: (e[1]["at"], e[0]))

    def settle(self, names, what):
        with self.lock:
            for name in names:
                write_whole(os.path.join(self.home, name, "run"), what + "\n")
                self.open.pop(name, None)

    def forget(self):
        """Files of what was settled long ago, and the oldest events beyond what is kept."""
        with self.lock:
            settled = sorted((at, n) for n, at in self.known.items() if n not in self.open)
            for i, (at, name) in enumerate(settled):
                if len(settled) - i > KEPT:
                    shutil.rmtree(os.path.join(self.home, name), ignore_errors=True)
                    del self.known[name]
                elif time.time() - at > FILES_KEPT:
                    for inner in os.scandir(os.path.join(self.home, name)):
                        if inner.is_dir():
                            shutil.rmtree(inner.path, ignore_errors=True)
                else:
                    break


def bursts(waiting, debounce, now):
    """Events that are one, because they came close together: lists; a list that more may still join is left out."""
    groups = []
    for name, event in waiting:
        if debounce and groups and event["at"] - groups[-1][-1][1]["at"] < debounce:
            groups[-1].append((name, event))
        else:
            groups.append([(name, event)])
    if groups and debounce and now - groups[-1][-1][1]["at"] < debounce:
        groups.pop()
    return groups


class Trigger:
    def __init__(self, said, given, jobs=None, holds=None):
        self.said, self.given, self.name = said, given, said["name"]
        self.sources = {k: sources.make(k, v) for k, v in said["sources"].items()}
        self.home = os.path.join(EVENTS, self.name)
        self.holds = holds
        self.jobs = jobs

    def inputs(self, event, home):
        """inputs.json of a run: what is bound, and what the event gives; with files that lie on the volume."""
        def latest(source, n):
            return self.sources[source].fetch(self.sources[source].latest(int(n)), os.path.join(home, source))

        def since(source, seconds):
            return self.sources[source].fetch(self.sources[source].since(seconds), os.path.join(home, source))

        path = os.path.join(home, "inputs.json")
        if os.path.exists(path):  # the run may be under way
            return path
        for source in self.sources:
            shutil.rmtree(os.path.join(home, source), ignore_errors=True)
        all_of_it = json.loads(json.dumps(bound()))
        for name, work_out in self.given.items():
            all_of_it["inputs"][name] = work_out(event, latest, since)
        os.makedirs(home, exist_ok=True)
        write_whole(path, dump(all_of_it) + "\n")
        return path

    def start(self, events):
        """The Job of the run that these events start; it is there once, however often this is called."""
        key = short(*(name for name, _ in events))
        name = "%s-%s" % (self.said["object"][:46].rstrip("-"), key)
        path = self.inputs(events[-1][1]["event"], os.path.join(self.home, events[-1][0], "given"))
        with open(os.path.join(twin.HERE, "run-%s.json" % self.name), encoding="utf-8") as file:
            job = json.load(file)
        job["metadata"]["name"] = name
        for container in job["spec"]["template"]["spec"]["containers"]:
            container["env"].append({"name": "TWIN_INPUTS", "value": path})
        say("%s: %s" % (name, "created" if self.jobs.post(job) else "was there"))
        return name

    def step(self, spool, now):
        """Starts what is due, as the trigger says what may overlap."""
        groups = bursts(spool.waiting(), self.said["debounce"], now)
        while len(groups) >= self.said["batch"]:
            events = [e for group in groups[: self.said["batch"]] for e in group]
            del groups[: self.said["batch"]]
            names = [name for name, _ in events]
            active = [] if self.said["overlap"] == "parallel" else [j for j, state in self.jobs.all().items() if state == "active"]
            if active and self.said["overlap"] == "queue":
                return
            if active and self.said["overlap"] == "skip":
                say("%s: left out, %s is under way" % (names[-1], active[0]))
                spool.settle(names, "left out")
                continue
            for job in active:  # replace
                self.jobs.remove(job)
            spool.settle(names, self.start(events))

    def look(self, source, spool):
        """One look, and what follows of it; what goes wrong is tried again."""
        try:
            source.look(spool, self.home)
            self.step(spool, time.time())
            spool.forget()
            write_whole(ALIVE, "")
        except (Trouble, OSError, ValueError, LookupError, http.client.HTTPException) as e:
            say("%s: %s" % (self.name, e))

    def listen(self):
        spool, source = Spool(self.home), sources.Measured(self.said, self.holds) if self.holds else self.sources[self.said["source"]]
        self.jobs = Jobs("twin-trigger", self.said["object"])
        source.begin(spool, self.home)
        while True:
            self.look(source, spool)
            source.pause(EVERY)

    def once(self, asked):
        """For a run that the clock started: its inputs.json; asked: questions that others answer were put, see ask."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        for source in self.sources.values():
            source.asks = not asked
        self.inputs({"time": now}, os.path.join(self.home, os.environ["TWIN_RUN"]))

    def ask(self):
        """Puts the questions that `once` will put, and waits for no answer."""
        for source in self.sources.values():
            source.hears = False
        for work_out in self.given.values():
            try:
                work_out({"time": ""}, lambda source, n: self.sources[source].latest(int(n)), lambda source, seconds: self.sources[source].since(seconds))
            except (Trouble, ValueError, LookupError):
                pass  # it is about what is not known yet


def main(name, given, holds=None):
    """given: what each input of its run is; holds: whether its condition does, where it waits for one."""
    with open(os.path.join(twin.HERE, "trigger-%s.json" % name), encoding="utf-8") as file:
        trigger = Trigger(json.load(file), given, holds=holds)
    try:
        verb = sys.argv[1] if sys.argv[1:] else "listen"
        {"once": lambda: trigger.once(False), "ask": trigger.ask, "asked": lambda: trigger.once(True), "listen": trigger.listen}[verb]()
    except (Trouble, OSError, ValueError, LookupError) as e:
        print("twin: %s: %s" % (name, e), file=sys.stderr)
        sys.exit(1)
