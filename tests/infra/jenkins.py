"""Jobs of Jenkins, made, started, followed and removed, at a server that holds to its protocol (tests/services/jenkins/server.py).

jenkins.py TWINC HERE SCRATCH [--update] CASE...

life       planned, made, started; nothing to do; changed by the twin and from outside; renamed; taken down
failed     a stage that fails, with its log, at its place; put right
unstable   a stage that is unstable, and one that asks
taken      a job of that name that somebody else made; one whose mark somebody took away stays when all is taken down
repository a job that reads its pipeline from a repository
refused    wrong tokens, too few rights, a folder that is not there, an address that is none
several    two jobs of one twin; one of them goes
lost       answers that do not come, come too late, or are none; sessions that end; items that are forgotten; no crumbs, no stages
killed     this program ended by kill -9 after each request in turn: one job, one build
restarted  the server ended by kill -9 while a build runs, and started anew
page       docs/jenkins.md does what it shows

What is said is compared with jenkins_CASE.says. What must hold of all: the token is nowhere but in the header.
"""
import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as tree

TOKEN = "t0ken-of-ada-11aa22bb"


class Wrong(Exception):
    """It is not as it must be; the text tells how."""


class Case:
    def __init__(self, twinc, here, scratch, name):
        self.twinc, self.here, self.name = twinc, here, name
        self.service, self.home = os.path.join(scratch, name, "service"), os.path.join(scratch, name, "twin")
        os.makedirs(self.service)
        os.makedirs(self.home)
        self.port, self.server, self.token, self.said, self.timeout = None, None, TOKEN, "", "5"
        self.quick = {"quiet": 0.05, "stage": 0.01}
        self.knobs()
        self.start()
        with open(os.path.join(here, "jenkins.twin"), encoding="utf-8") as f:
            self.write(f.read().replace("HOST", "127.0.0.1:" + self.port))

    # -- the server -------------------------------------------------------------------------------------------------------

    def start(self):
        port = os.path.join(self.service, "port")
        if os.path.exists(port):
            os.unlink(port)
        program = os.path.join(self.here, "../services/jenkins/server.py")
        with open(os.path.join(self.service, "errors"), "ab") as errors:
            self.server = subprocess.Popen([sys.executable, "-B", program, self.service] + ([self.port] if self.port else []), stderr=errors)
        for _ in range(400):
            if os.path.exists(port):
                break
            time.sleep(0.02)
        with open(port, encoding="utf-8") as f:
            self.port = f.read()

    def stop(self, number=signal.SIGTERM):
        self.server.send_signal(number)
        self.server.wait()

    def knobs(self, **more):
        path = os.path.join(self.service, "knobs.json")
        with open(path + ".new", "w", encoding="utf-8") as f:
            json.dump(dict(self.quick, **more), f)
        os.rename(path + ".new", path)

    def anew(self):
        """No job, no build; what was asked is forgotten."""
        self.stop()
        for name in ("state.json", "log"):
            if os.path.exists(os.path.join(self.service, name)):
                os.unlink(os.path.join(self.service, name))
        subprocess.run(["rm", "-rf", os.path.join(self.home, ".twin"), os.path.join(self.home, "results")], check=True)
        self.start()

    def log(self):
        path = os.path.join(self.service, "log")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as f:
            return f.read().splitlines()

    def state(self):
        with open(os.path.join(self.service, "state.json"), encoding="utf-8") as f:
            return json.load(f)

    def alter(self, change):
        """Somebody changes the jobs from outside."""
        self.stop()
        state = self.state()
        change(state["jobs"])
        with open(os.path.join(self.service, "state.json"), "w", encoding="utf-8") as f:
            json.dump(state, f)
        self.start()

    def jobs(self):
        return {path: job for path, job in self.state()["jobs"].items() if not job.get("folder")}

    def builds(self, path="team/nightly"):
        return self.jobs()[path]["builds"]

    # -- the program ------------------------------------------------------------------------------------------------------

    def write(self, text):
        with open(os.path.join(self.home, "main.twin"), "w", encoding="utf-8") as f:
            f.write(text)

    def edit(self, before, after):
        with open(os.path.join(self.home, "main.twin"), encoding="utf-8") as f:
            text = f.read()
        if before not in text:
            raise Wrong("the twin has no %r" % before)
        self.write(text.replace(before, after))

    def begin(self, *words):
        env = dict(os.environ, JENKINS_TOKEN=self.token, TWINC_NET_TIMEOUT=self.timeout)
        verb = [self.twinc, words[0]] + (["--secret", "token=env:JENKINS_TOKEN"] if words[0] != "status" else []) + list(words[1:])
        return subprocess.Popen(verb, cwd=self.home, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end(self, run, code, words, show):
        out = run.communicate(timeout=120)[0]
        if run.returncode != code:
            raise Wrong("`%s` ends with %d, not %d:\n%s" % (" ".join(words), run.returncode, code, out))
        if TOKEN in out or self.token in out:
            raise Wrong("the token is told:\n" + out)
        if show:
            self.said += "$ twinc %s\n%s" % (" ".join(words), self.plain(out))
        return out

    def plain(self, out):
        out = re.sub(r"127\.0\.0\.1:\d+", "HOST", out)
        out = re.sub(r"nightly-[0-9a-f]{16}", "nightly-NAME", out)
        out = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", re.sub(r"  [0-9.]+m?s$", "  TIME", out, flags=re.M))
        out = re.sub(r"\^+", "^", out)
        return "".join(line.rstrip() + "\n" for line in out.splitlines() if " in the queue: " not in line)  # which is seen in time only

    def run(self, code, *words, show=True):
        return self.end(self.begin(*words), code, words, show)

    def apply(self, code=0, show=True):
        return self.run(code, "apply", show=show)

    # -- cases ------------------------------------------------------------------------------------------------------------

    def expect(self, what, want, have):
        if want != have:
            raise Wrong("%s: %r, not %r" % (what, have, want))

    def case_life(self):
        self.run(0, "plan")
        self.apply()
        self.expect("jobs", ["team/nightly"], list(self.jobs()))
        given = self.builds()["1"]["parameters"]
        self.expect("workflow", "main", given["WORKFLOW"])
        self.expect("input", "a <b> & 'c'", given["day"])
        root = tree.fromstring(self.jobs()["team/nightly"]["config"].replace("version='1.1'", "version='1.0'"))
        self.expect("source", True, "writeFile file: 'main.twin'" in root.findtext("definition/script"))
        before = len(self.log())
        self.apply()
        self.run(0, "plan", "--detailed-exitcode")
        self.run(0, "status")
        self.expect("requests of nothing to do", [], [x for x in self.log()[before:] if not x.startswith("GET")])
        self.edit("first = mean(day: day)", "first = mean(day: day)\n  second = mean(day: \"x\")")
        self.run(2, "plan", "--detailed-exitcode")
        self.apply()
        self.expect("builds", 2, len(self.builds()))
        self.expect("triggers are kept", True, "PipelineTriggersJobProperty" in self.jobs()["team/nightly"]["config"])

        def outside(jobs):
            config = jobs["team/nightly"]["config"]
            jobs["team/nightly"]["config"] = config.replace("flow.py run main/first", "flow.py run main/none " + TOKEN).replace("<disabled>false", "<disabled>true")
        self.alter(outside)
        before = len(self.log())
        self.run(2, "drift", "--detailed-exitcode")
        self.expect("requests of drift", [], [x for x in self.log()[before:] if not x.startswith("GET")])
        self.apply()
        self.expect("builds", 3, len(self.builds()))
        self.run(0, "drift", "--detailed-exitcode")
        self.edit("main(day: \"a <b> & 'c'\")", "main(day: \"friday\")")
        self.run(0, "plan")
        self.apply()
        self.expect("input", "friday", self.builds()["4"]["parameters"]["day"])
        self.edit("team/nightly", "team/daily")
        self.run(0, "plan")
        self.apply(1)
        self.run(0, "apply", "--yes")
        self.expect("jobs", ["team/daily"], list(self.jobs()))
        self.alter(lambda jobs: jobs.pop("team/daily"))
        self.run(0, "drift")
        self.apply()
        self.run(0, "destroy", "--yes")
        self.expect("jobs", [], list(self.jobs()))

    def case_given(self):
        """Where the job is, read by a workflow of this machine."""
        self.edit("trigger night", "workflow where { output url = ci.url }\n\ntrigger night")
        self.run(0, "plan", "where")
        self.run(0, "apply", "where")
        with open(os.path.join(self.home, "results/where/url.json"), encoding="utf-8") as f:
            self.expect("url", "http://HOST/jenkins/job/team/job/nightly/", self.plain(json.load(f)).rstrip())
        self.run(0, "apply", "where", "--no-infra")

    def case_failed(self):
        self.knobs(fail="first")
        self.apply(1)
        self.run(0, "status")
        self.run(0, "plan")
        self.knobs()
        self.apply()
        self.expect("results", ["FAILURE", "SUCCESS"], [b["result"] for b in self.builds().values()])

    def case_unstable(self):
        self.knobs(unstable="lint")
        self.apply()
        self.edit("main(day: \"a <b> & 'c'\")", "main()")
        self.knobs(ask="first")
        run = self.begin("apply")
        for _ in range(400):
            if any(s["status"] == "PAUSED_PENDING_INPUT" for s in self.builds().get("2", {}).get("stages", [])):
                break
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        self.end(run, 130, ["apply"], False)
        before = len(self.log())
        run = self.begin("apply")
        for _ in range(400):  # it has told what it saw first when it looks again
            if len([x for x in self.log()[before:] if "wfapi/describe" in x]) > 1:
                break
            time.sleep(0.05)
        self.knobs(ask="first", approved=True)
        self.end(run, 0, ["apply"], True)
        self.expect("builds", 2, len(self.builds()))
        self.knobs(quiet=60)
        self.edit("main()\n}", "main()\n  max_time = 2s\n}")
        self.apply(1)
        self.knobs()
        self.apply()
        self.expect("builds", 3, len(self.builds()))

    def case_taken(self):
        foreign = "<?xml version='1.1' encoding='UTF-8'?>\n<flow-definition><description>of others</description><definition class='x'><script>echo 1</script></definition></flow-definition>"
        self.first(foreign)
        self.apply(1)
        self.expect("what others made", foreign, self.jobs()["team/nightly"]["config"])
        self.run(0, "destroy", "--yes")
        self.expect("what others made", foreign, self.jobs()["team/nightly"]["config"])
        self.edit("team/nightly", "team/ours")
        self.apply()

        def unmark(jobs):
            jobs["team/ours"]["config"] = re.sub(r"\[twinc [^]]*\]", "", jobs["team/ours"]["config"])
        self.alter(unmark)
        self.run(0, "drift")
        self.apply(1)
        self.run(0, "destroy", "--yes")
        self.expect("jobs", ["team/nightly", "team/ours"], sorted(self.jobs()))

    def first(self, config):
        with open(os.path.join(self.service, "state.json"), "w", encoding="utf-8") as f:
            json.dump({"jobs": {"team": {"folder": True}, "team/nightly": {"config": config, "next": 1, "builds": {}}}, "queue": [], "next_item": 1}, f)
        self.stop()
        self.start()

    def case_repository(self):
        self.knobs(jenkinsfile="pipeline {\n    stages {\n        stage('check') {\n        stage('main') {\n                stage('first') {\n")
        self.edit("  run     =", "  repository  = \"https://git.example.org/nightly.git?a=1&b=<2>\"\n  credentials = \"git\"\n  branch      = \"night\"\n  run     =")
        self.apply()
        root = tree.fromstring(self.jobs()["team/nightly"]["config"].replace("version='1.1'", "version='1.0'"))
        remote = root.find("definition/scm/userRemoteConfigs/hudson.plugins.git.UserRemoteConfig")
        self.expect("repository", ("https://git.example.org/nightly.git?a=1&b=<2>", "git"), (remote.findtext("url"), remote.findtext("credentialsId")))
        self.edit("first = mean(day: day)", "first = mean(day: day)\n  second = mean(day: \"x\")")
        self.run(0, "plan")  # the repository holds the pipeline: the job is as it is
        self.edit("\"night\"", "\"day\"")
        self.edit("  credentials = \"git\"\n", "")
        self.run(0, "plan")
        self.apply()
        self.alter(lambda jobs: jobs["team/nightly"].update(config=jobs["team/nightly"]["config"].replace("*/day", "*/weekend")))
        self.run(0, "drift")
        self.edit("  repository  = \"https://git.example.org/nightly.git?a=1&b=<2>\"\n  branch      = \"day\"\n", "")
        self.run(0, "plan")
        self.apply()
        self.expect("builds", 3, len(self.builds()))

    def case_refused(self):
        self.edit("team/nightly", "none/nightly")
        self.apply(1)
        self.edit("none/nightly", "team/nightly")
        self.token = "wrong-t0ken"
        self.apply(1)
        self.token = "t0ken-of-bob-33cc44dd"
        self.edit("\"ada\"", "\"bob\"")
        self.apply(1)
        self.edit("  user    = \"bob\"\n  auth    = token\n", "")
        self.apply(1)
        self.edit("/jenkins\"", "/other\"\n  user    = \"ada\"\n  auth    = token")
        self.token = TOKEN
        self.apply(1)
        self.edit("/other\"", "/jenkins\"")
        self.edit("main(day: \"a <b> & 'c'\")", "other(file: \"main.twin\")")
        self.edit("trigger night", "workflow other {\n  input file: file<txt>\n  b = mean(day: \"y\")\n  output b = b.out\n}\n\ntrigger night")
        self.apply(1)
        self.knobs(answers=[["GET", "config.xml", "garbage", 9]])
        self.edit("other(file: \"main.twin\")", "main()")
        self.apply(1)
        self.expect("jobs", [], list(self.jobs()))

    def case_several(self):
        with open(os.path.join(self.home, "main.twin"), encoding="utf-8") as f:
            text = f.read()
        other = text[text.index("infra ci"):].replace("infra ci", "infra other").replace("team/nightly", "second").replace("main(day: \"a <b> & 'c'\")", "main()")
        self.write(text + "\n" + other)
        self.apply(show=False)
        self.expect("jobs", [("second", 1), ("team/nightly", 1)], sorted((p, len(j["builds"])) for p, j in self.jobs().items()))
        self.write(text)
        self.run(0, "plan")
        self.apply(1)
        self.run(0, "apply", "--yes")
        self.expect("jobs", ["team/nightly"], list(self.jobs()))
        self.run(0, "plan")
        self.write(text.replace(text[text.index("infra ci"):], ""))
        self.run(0, "apply", "main", "--yes", "--no-infra", show=False)
        self.run(0, "apply", "main", "--yes")
        self.expect("jobs", [], list(self.jobs()))

    def case_lost(self):
        for answers in ([["POST", "createItem", "lost", 1]], [["POST", "createItem", "cut", 1]], [["POST", "buildWithParameters", "lost", 1]], [["POST", "createItem", 503, 1], ["GET", "queue", 500, 1]],
                        [["POST", "buildWithParameters", "forget", 1]], [["GET", "wfapi", "cut", 3], ["GET", "logText", 500, 1], ["GET", "item", "cut", 2]],
                        [["POST", "buildWithParameters", "lost", 1], ["GET", "queue", "evil", 2], ["GET", "/1/", "evil", 3]],
                        [["POST", "buildWithParameters", 429, 1], ["GET", "queue", 429, 1], ["GET", "/1/", "truncated", 2], ["GET", "/1/", "slow", 1]],
                        [["POST", "createItem", "truncated", 1], ["POST", "buildWithParameters", "slow", 1]], [["GET", "/1/", "endless", 1], ["GET", "queue", "slow", 1]]):
            self.timeout = "1" if "slow" in str(answers) else "5"
            self.knobs(answers=answers)
            code = 1 if ["POST", "createItem", "cut", 1] in answers or ["POST", "buildWithParameters", "slow", 1] in answers else 0
            if "\x1b" in self.apply(code, show=False):
                raise Wrong("letters from outside reach the terminal")
            if code:
                self.apply(show=False)
            self.expect("jobs and builds with %r" % answers, [("team/nightly", 1)], [(p, len(j["builds"])) for p, j in self.jobs().items()])
            self.anew()
        self.knobs(forget=0, crumbs="no", stages="no")
        self.apply()
        self.expect("builds", 1, len(self.builds()))
        self.expect("crumbs", True, "GET /jenkins/crumbIssuer/api/json" in self.log())

    def case_killed(self):
        least = 3
        for n in (1, 2, 3, 4, 5, 7, 9):
            run = self.begin("apply")
            while run.poll() is None and len(self.log()) < n:
                time.sleep(0.002)
            alive = run.poll() is None
            run.kill()
            run.communicate()
            self.apply(show=False)
            self.expect("jobs and builds, killed after %d requests" % n, [("team/nightly", 1, "SUCCESS")],
                        [(p, len(j["builds"]), j["builds"].get("1", {}).get("result")) for p, j in self.jobs().items()])
            self.run(0, "plan", "--detailed-exitcode", show=False)
            least -= alive
            if n == 9:
                break
            self.anew()
        if least > 0:
            raise Wrong("it was hardly ever alive when it was to be killed")
        for n in (1, 3):
            before = len(self.log())
            run = self.begin("destroy", "--yes")
            while run.poll() is None and len(self.log()) < before + n:
                time.sleep(0.002)
            run.kill()
            run.communicate()
            self.run(0, "destroy", "--yes", show=False)
            self.expect("jobs, taking down killed after %d requests" % n, [], list(self.jobs()))
            self.apply(show=False)

    def case_restarted(self):
        self.knobs(stage=0.15)
        run = self.begin("apply")
        for _ in range(400):
            if os.path.exists(os.path.join(self.service, "state.json")) and self.jobs() and self.builds().get("1"):
                break
            time.sleep(0.02)
        self.stop(signal.SIGKILL)
        time.sleep(2.5)  # longer than one request is tried
        self.start()
        self.end(run, 0, ["apply"], False)
        self.expect("builds", 1, len(self.builds()))

    def case_page(self):
        """`$ twinc ...` with what follows; a line `# ...` is done."""
        with open(os.path.join(self.here, "../../docs/jenkins.md"), encoding="utf-8") as f:
            text = f.read()
        self.write(re.search(r"^```twin\n(.*?)^```", text, re.S | re.M).group(1).replace("https://ci.example.org", "http://127.0.0.1:" + self.port))
        with open(os.path.join(self.home, "../token"), "w", encoding="utf-8") as f:
            f.write(TOKEN + "\n")
        shown = re.findall(r"^    ([$#] .*)\n((?:(?:    (?![$#]).*)?\n(?=    )|    (?![$#]).*\n)*)", text, re.M)
        for line, said in shown:
            change, stage = re.fullmatch(r"# the job changes: (.*) -> (.*)", line), re.fullmatch(r"# the stage (\w+) fails", line)
            if stage:
                self.knobs(fail=stage.group(1))
            elif change:
                self.alter(lambda jobs, by=change: jobs["team/nightly"].update(config=jobs["team/nightly"]["config"].replace(*by.groups())))
            else:
                words = line.replace("file:token", "file:../token").split()[1:]
                done = subprocess.run([self.twinc] + words[1:], cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
                out = done.stdout.replace("http://127.0.0.1:" + self.port, "https://ci.example.org")
                out = "".join(x for x in re.sub(r"  [0-9.]+m?s$", "  TIME", out, flags=re.M).splitlines(True) if " in the queue: " not in x)
                self.expect(line, re.sub(r"^    ", "", said, flags=re.M), out)
        self.expect("commands", 6, len([x for x, _ in shown if x.startswith("$")]))

    def check(self, update):
        getattr(self, "case_" + self.name)()
        for folder, _, files in os.walk(self.home):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    if TOKEN.encode() in f.read():
                        raise Wrong("the token is in " + os.path.join(folder, name))
        jobs = self.jobs() if os.path.exists(os.path.join(self.service, "state.json")) else {}
        if any(TOKEN in job["config"] for job in jobs.values()):
            raise Wrong("the token is in a job")
        with open(os.path.join(self.service, "errors"), encoding="utf-8") as f:
            errors = [x for x in re.findall(r"^\w+Error.*", f.read(), re.M) if not x.startswith(("BrokenPipe", "ConnectionReset", "ValueError: I/O operation on closed"))]
        if errors:
            raise Wrong("the server stumbles: " + errors[0])
        path = os.path.join(self.here, "jenkins_%s.says" % self.name)
        if update and self.said:
            with open(path, "w", encoding="utf-8") as f:
                f.write(self.said)
        elif self.said:
            with open(os.path.join(self.home, "said"), "w", encoding="utf-8") as f:
                f.write(self.said)
            if subprocess.run(["diff", "-u", path, os.path.join(self.home, "said")], check=False).returncode:
                raise Wrong("something else is said")


def main():
    twinc, here, scratch = sys.argv[1:4]
    update, bad = "--update" in sys.argv, 0
    for name in [x for x in sys.argv[4:] if x != "--update"]:
        case = Case(twinc, here, scratch, name)
        try:
            case.check(update)
        except Wrong as e:
            print("FAIL infra/jenkins %s: %s" % (name, e))
            bad = 1
        finally:
            case.stop()
    sys.exit(bad)


main()
