#!/usr/bin/python3
"""tests/cwl/cases.py [--update | --cwltool] [CASE ...]: our own tools, one a feature.

CASE.cwl with the inputs of CASE.job.json gives CASE.expected.json. `a@b` is process b of a.cwl. --update records,
--cwltool asks the reference implementation for its outputs instead."""
import concurrent.futures, glob, hashlib, json, os, subprocess, sys, tempfile

import suite

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")


def plain(value):
    """An output without where it lies."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if not isinstance(value, dict):
        return value
    if value.get("class") == "File":
        with open(value["path"], "rb") as f:
            text = f.read()
        file = {"class": "File", "basename": os.path.basename(value["path"]), "size": len(text), "checksum": "sha1$" + hashlib.sha1(text).hexdigest()}
        if value.get("secondaryFiles"):
            file["secondaryFiles"] = sorted(map(plain, value["secondaryFiles"]), key=lambda other: other["basename"])
        return file
    if value.get("class") == "Directory":
        entries = [os.path.join(value["path"], n) for n in sorted(os.listdir(value["path"]))]
        return {"class": "Directory", "basename": os.path.basename(value["path"]),
                "listing": [plain({"class": "Directory" if os.path.isdir(e) else "File", "path": e}) for e in entries]}
    return {k: plain(v) for k, v in value.items()}


def by_twinc(case, scratch):
    file, _, name = case.partition("@")
    tool = os.path.join(HERE, file + ".cwl") + ("#" + name if name else "")
    code, outputs, said = suite.run({"id": case, "folder": HERE, "job": case + ".job.json"}, tool, scratch)
    return outputs if code == 0 else "exit code %d: %s" % (code, said)


def by_cwltool(case, scratch):
    file, _, name = case.partition("@")
    command = ["/usr/bin/python3", "/usr/bin/cwltool", "--quiet", "--no-container", "--outdir", os.path.join(scratch, "out"),
               os.path.join(HERE, file + ".cwl") + ("#" + name if name else ""), os.path.join(HERE, case + ".job.json")]
    done = subprocess.run(command, cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=suite.SECONDS)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr.decode(errors="replace")[-600:]


def main():
    words = [w for w in sys.argv[1:] if w.startswith("--")]
    names = [w for w in sys.argv[1:] if not w.startswith("--")]
    names = names or sorted(os.path.basename(p)[:-len(".job.json")] for p in glob.glob(os.path.join(HERE, "*.job.json")))
    run = by_cwltool if "--cwltool" in words else by_twinc

    def one(case):
        with tempfile.TemporaryDirectory(prefix="twin-case-") as scratch:
            got = run(case, scratch)
            return plain(got) if isinstance(got, dict) else got

    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for case, got in zip(names, pool.map(one, names)):
            path = os.path.join(HERE, case + ".expected.json")
            text = json.dumps(got, indent=1, sort_keys=True) + "\n"
            if "--update" in words and isinstance(got, dict):
                with open(path, "w", encoding="utf-8") as f:
                    f.write(text)
            expected = json.load(open(path, encoding="utf-8")) if os.path.exists(path) else None
            if got != expected:
                bad += 1
                print("FAIL %s\n%s" % (case, got if isinstance(got, str) else text))
    suite.end()
    print("%d cases, %d failed" % (len(names), bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
