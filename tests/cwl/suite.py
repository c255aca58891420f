#!/usr/bin/python3
"""tests/cwl/suite.py SUITE [ID ...]: the conformance suite of CWL v1.2, each case as a twin of one step.

SUITE is the folder with conformance_tests.yaml. A case passes when the twin's outputs are the expected ones (class, base
name, size, sha1, listing, values), or when it must fail and does. Prints what did not pass and why, and a table."""
import concurrent.futures, hashlib, json, os, re, shutil, subprocess, sys, tempfile, urllib.parse

from ruamel.yaml import YAML

TWINC = os.environ["TWINC"]
SECONDS = 120
ENGINE = os.environ.get("ENGINE")  # the path of toil-cwl-runner, to run workflows by it instead of cwltool
STEP = "cwl.workflow {\n  engine = toil" if ENGINE else "cwl.tool {"
SUITE = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "?"
PROGRAMS = tempfile.mkdtemp(prefix="twin-suite-programs-")  # the suite's tools call python by that name
os.symlink("/usr/bin/python3", os.path.join(PROGRAMS, "python"))
PATH = PROGRAMS + ":/usr/bin:/bin"
if ENGINE:
    PATH = PROGRAMS + ":" + os.path.dirname(ENGINE) + ":/usr/bin:/bin"
    os.environ["PATH"] = os.path.dirname(ENGINE) + ":" + os.environ["PATH"]


class Unsupported(Exception):
    pass


def load(path):
    with open(path, encoding="utf-8") as f:
        return YAML(typ="safe", pure=True).load(f)


def cases(path):
    folder = os.path.dirname(path)
    for case in load(path):
        if "$import" in case:
            yield from cases(os.path.join(folder, case["$import"]))
        else:
            yield dict(case, folder=folder)


def process_class(path):
    file, _, name = path.partition("#")
    try:
        doc = load(file)
    except Exception:  # what cannot be read must fail
        return "unreadable"
    for process in doc.get("$graph", []):
        if process.get("id", "").lstrip("#") == (name or "main"):
            return process.get("class")
    return doc.get("class", "unreadable")


class Twin:
    """The text of a twin that calls one process with the values of a job."""

    def __init__(self, folder, job_folder, tool):
        self.folder, self.job_folder, self.inputs, self.formats = folder, job_folder, [], {}
        with open(tool.partition("#")[0], encoding="utf-8") as f:
            self.asks = "secondaryFiles" in f.read()

    def text(self, value):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("~{", "~~{")
        return '"%s"' % escaped

    def path(self, value):
        location = value.get("location", value.get("path"))
        if location is None:
            if value["class"] == "Directory":
                raise Unsupported("a Directory that is only listed")
            return self.literal(value)
        if re.match(r"https?:", location):
            raise Unsupported("a file of the network")
        if "location" in value:
            location = urllib.parse.unquote(location)
        path = os.path.normpath(os.path.join(self.job_folder, location))
        if not os.path.exists(path):
            raise Unsupported("no data: %s" % os.path.basename(path))
        base = value.get("basename", os.path.basename(path))
        if base != os.path.basename(path):
            path = shutil.copy(path, os.path.join(tempfile.mkdtemp(dir=self.folder), base))
        others = value.get("secondaryFiles", [])
        if others and not self.asks:
            raise Unsupported("secondary files that the process does not ask for")
        return self.together(path, others) if others else path

    def together(self, path, others):
        """A folder of its own for a file and what belongs to it, under their base names."""
        folder = tempfile.mkdtemp(dir=self.folder)
        for other in others:
            source = os.path.join(folder, other.get("basename", os.path.basename(other.get("location", other.get("path", "?")))))
            (shutil.copytree if other["class"] == "Directory" else shutil.copy)(self.path({k: v for k, v in other.items() if k != "basename"}), source)
        return shutil.copy(path, folder)

    def format_of(self, value):
        """A format that only this case knows: declared in the twin."""
        iri = value.get("format", "")
        if iri.startswith("http://example.com/"):
            return "file<%s>" % self.formats.setdefault(iri, "format%d" % len(self.formats))
        return None

    def literal(self, value):
        path = os.path.join(tempfile.mkdtemp(dir=self.folder), value.get("basename", "literal"))
        if value["class"] == "File":
            with open(path, "w", encoding="utf-8") as f:
                f.write(value["contents"])
            return path
        os.mkdir(path)
        for entry in value.get("listing", []):
            source = self.path(entry)
            (shutil.copytree if entry["class"] == "Directory" else shutil.copy)(source, os.path.join(path, os.path.basename(source)))
        return path

    def value(self, value, wanted=""):
        if isinstance(value, dict) and value.get("class") in ("File", "Directory"):
            name = "path%d" % len(self.inputs)
            declared = re.search(r"file<\w+>", wanted)
            kind = (self.format_of(value) or (declared.group() if declared else "file")) if value["class"] == "File" else "dir"
            self.inputs.append("  input %s: %s = %s" % (name, kind, self.text(self.path(value))))
            return name
        if isinstance(value, dict):
            return "{ %s }" % ", ".join("%s = %s" % (self.word(k), self.value(v, wanted)) for k, v in value.items())
        if isinstance(value, list):
            if len({type(v) for v in value if v is not None}) > 1:
                raise Unsupported("a list of different things")
            return "[%s]" % ", ".join(self.value(v, wanted) for v in value)
        if isinstance(value, str):
            return self.text(value)
        return json.dumps(value)

    @staticmethod
    def word(name):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z_0-9]*", name):
            raise Unsupported("a field whose name is no word: %s" % name)
        return name


def write_twin(case, tool, scratch):
    job, job_folder = {}, scratch
    if case.get("job"):
        job_path = os.path.join(case["folder"], case["job"])
        job, job_folder = load(job_path) or {}, os.path.dirname(job_path)
    if "cwl:tool" in job or "cwl:requirements" in job:
        raise Unsupported("requirements in the job")
    twin = Twin(scratch, job_folder, tool)
    known = interface(tool, scratch)
    arguments = []
    for name, value in job.items():
        plain = re.sub(r"\W", "_", name)
        plain = plain if plain in known["inputs"] else plain + "_"  # a reserved word
        if value is not None and plain in known["inputs"]:
            arguments.append("%s: %s" % (plain, twin.value(value, known["inputs"][plain])))
    outputs = ["  output %s = it.%s" % (name, name) for name in known["outputs"]]
    with open(os.path.join(scratch, "main.twin"), "w", encoding="utf-8") as f:
        f.write("twin suite { edition = 2026 }\n\nimport std.cwl\n%s\nstep tool: %s\n  file = %s\n  env { PATH = %s }\n}\n\nworkflow main {\n%s\n  it = tool(%s)\n%s\n}\n"
                % ("".join('format %s { iri = "%s" }\n' % (name, iri) for iri, name in twin.formats.items()), STEP, twin.text(tool), twin.text(PATH), "\n".join(twin.inputs), ", ".join(arguments), "\n".join(outputs)))


def twinc(scratch, *words):
    done = subprocess.run([TWINC, *words], cwd=scratch, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


class Refused(Exception):
    pass


def interface(tool, scratch):
    """The names of inputs and outputs as the compiler sees them."""
    with open(os.path.join(scratch, "main.twin"), "w", encoding="utf-8") as f:
        f.write('twin suite { edition = 2026 }\n\nimport std.cwl\n\nstep tool: cwl.tool { file = "%s" }\n' % tool.replace("\\", "\\\\").replace('"', '\\"'))
    code, out, err = twinc(scratch, "dump", "main.twin", "--as", "model", "--json")
    if code != 0:
        raise Refused(code, err + out)
    step = json.JSONDecoder().raw_decode(out)[0]["steps"][0]
    return {kind: step.get(kind, {}) for kind in ("inputs", "outputs")}


def run(case, tool, scratch):
    """Exit code, outputs, and what was said."""
    try:
        write_twin(case, tool, scratch)
    except Refused as r:
        return r.args[0], None, r.args[1]
    code, _, err = twinc(scratch, "apply", "main.twin", "--no-container", "--cpus", "8", "--memory", "64GiB")
    if code != 0:
        return code, None, err
    code, out, err2 = twinc(scratch, "outputs", "main.twin", "--json")
    return code, json.loads(out) if code == 0 else None, err + err2


def differs(expected, got):
    """Why the value is not the expected one; None when it is."""
    if expected == "Any":
        return None
    if isinstance(expected, dict) and expected.get("class") in ("File", "Directory"):
        return file_differs(expected, got)
    if isinstance(expected, dict):
        if not isinstance(got, dict):
            return "%r instead of a record" % (got,)
        for key in expected:
            why = differs(expected[key], got.get(key))
            if why:
                return "%s: %s" % (key, why)
        return None
    if isinstance(expected, list):
        if not isinstance(got, list) or len(got) != len(expected):
            return "%r instead of %r" % (got, expected)
        return next((why for e, g in zip(expected, got) for why in [differs(e, g)] if why), None)
    same = expected == got
    if isinstance(expected, (int, float)) and isinstance(got, (int, float)) and not isinstance(got, bool):
        same = float(expected) == float(got)
    return None if same else "%r instead of %r" % (got, expected)


def file_differs(expected, got):
    if not isinstance(got, dict) or got.get("class") != expected["class"]:
        return "%r instead of a %s" % (got, expected["class"])
    path = got["path"]
    name = expected.get("basename") or os.path.basename(expected.get("location", expected.get("path", "Any")).rstrip("/"))
    if name not in ("Any", "") and name != os.path.basename(path):
        return "the name is %s instead of %s" % (os.path.basename(path), name)
    if expected["class"] == "Directory":
        return listing_differs(expected.get("listing"), path)
    if "size" in expected and os.path.getsize(path) != expected["size"]:
        return "%d bytes instead of %d" % (os.path.getsize(path), expected["size"])
    if expected.get("checksum", "Any") != "Any":
        with open(path, "rb") as f:
            digest = "sha1$" + hashlib.sha1(f.read()).hexdigest()
        if digest != expected["checksum"]:
            return "other content"
    for other in expected.get("secondaryFiles", []):
        beside = os.path.join(os.path.dirname(path), os.path.basename(other.get("location", other.get("path", other.get("basename", "?")))))
        if not os.path.exists(beside):
            return "no secondary file %s" % os.path.basename(beside)
    return None


def listing_differs(listing, path):
    for entry in listing or []:
        name = os.path.basename(entry.get("location", entry.get("path", entry.get("basename", "?"))))
        full = os.path.join(path, name)
        if not os.path.exists(full):
            return "no %s in the folder" % name
        why = file_differs(entry, {"class": "Directory" if os.path.isdir(full) else "File", "path": full})
        if why:
            return why
    return None


def named_files(document):
    """What a document, or one that it runs, gives as a default."""
    folder = os.path.dirname(document)
    with open(document, encoding="utf-8") as f:
        text = f.read()
    found = [os.path.join(folder, n) for n in re.findall(r"(?:location|path): *[\"']?([A-Za-z0-9_./-]+)", text)]
    for name in re.findall(r"run: *[\"']?([A-Za-z0-9_./-]+\.cwl)", text):
        if os.path.join(folder, name) != document and os.path.exists(os.path.join(folder, name)):
            found += named_files(os.path.join(folder, name))
    return found


def judge(case):
    """Class, verdict, why."""
    tool = os.path.join(case["folder"], case["tool"])
    kind = process_class(tool)
    with tempfile.TemporaryDirectory(prefix="twin-suite-") as scratch:
        try:
            code, outputs, said = run(case, tool, scratch)
        except Unsupported as e:
            return kind, "unsupported", str(e)
        except subprocess.TimeoutExpired:
            return kind, "failed", "it did not end"
        except Exception as e:  # a test of the suite must not end the suite
            return kind, "failed", "the runner: %r" % e
        if code not in (0, 1, 3):
            return kind, "crashed", "exit code %d: %s" % (code, said[-300:])
        if case.get("should_fail"):
            return (kind, "passed", "") if code else (kind, "failed", "it should fail")
        if code:
            missing = [p for p in re.findall(re.escape(SUITE) + r"[^\s'\"`:,]+", said) if not os.path.exists(urllib.parse.unquote(p))]
            missing += [p for p in named_files(tool.split("#")[0]) if not os.path.exists(p)]
            if missing:  # of a copy that holds the documents only
                return kind, "unsupported", "no data: %s" % os.path.basename(missing[0])
            if "it changes its inputs in place" in said:
                return kind, "unsupported", "changes in place"
            if str(case["id"]) == "networkaccess":
                return kind, "unsupported", "the network"
            if "is an absolute path, which only a container" in said or case["id"] == "dockeroutputdir":
                return kind, "unsupported", "a container"
            if "DockerRequirement" in open(tool.partition("#")[0], encoding="utf-8").read() and "cannot be started" in said:
                return kind, "unsupported", "a container"
            reason = [line for line in said.splitlines() if "twinc: " in line or "error[" in line]
            text = " | ".join(line.strip() for line in reason[:3]) or said[-300:]
            return kind, "failed", text
        expected = case.get("output") or {}
        if "$import" in expected:
            expected = load(os.path.join(case["folder"], expected["$import"]))
        why = differs(expected, outputs)
        return (kind, "passed", "") if not why else (kind, "failed", why)


def end():
    shutil.rmtree(PROGRAMS)


def main():
    only = sys.argv[2:]
    chosen = [c for c in cases(os.path.join(SUITE, "conformance_tests.yaml")) if not only or str(c["id"]) in only]
    classes = os.environ.get("CLASSES", "CommandLineTool ExpressionTool Workflow unreadable").split()
    chosen = [c for c in chosen if process_class(os.path.join(c["folder"], c["tool"])) in classes]
    counts = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, (kind, verdict, why) in zip(chosen, pool.map(judge, chosen)):
            counts.setdefault(kind, {}).setdefault(verdict, 0)
            counts[kind][verdict] += 1
            if verdict != "passed":
                print("%-11s %-15s %s: %s" % (verdict, kind, case["id"], why))
    end()
    words = ("passed", "failed", "unsupported", "crashed")
    for kind in sorted(counts):
        print("%-16s %s" % (kind, ", ".join("%d %s" % (counts[kind].get(w, 0), w) for w in words)))
    return 1 if any(c.get("crashed") for c in counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
