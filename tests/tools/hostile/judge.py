"""Hostile values are data everywhere: texts full of what shells, YAML, Jinja, Groovy, Python and CWL's expressions would read
otherwise, as literals, bound values, documentation and variables of the environment, through every target whose artefacts
run here, with the bytes of the local runtime; and each YAML file that is written means the same to readers of 1.1 and 1.2.

judge.py TWINC PROJECT SCRATCH [JUDGE-OF-JENKINS]
"""
import io
import json
import os
import sys

import yaml
from ruamel.yaml import YAML

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from cases import ENV, Differs, call, same

TEXTS = [
    "", " ", "-", "--", "-rf", "--help", "-n", "~", "null", "no", "No", "yes", "on", "y", "true", "1.10", "0x1", "08", "017", "1e3", ".5", "1_000", "12:30:45", "2024-01-01",
    "'", '"', "it's", 'say "x"', "a'b\"c", "''", '""', "\\", "\\n", "\\\\", "a\\", "$", "$$", "$x", "${x}", "$(id)", "$((1+1))", "`id`", "#", "#x", " # x", "#{x}", "{{ x }}", "{% x %}",
    "{#x#}", "${params.X}", "%", "%s", "%d%n", "%{x}", "!", "!!", "!x", "!!str x", "&a", "*a", "|", ">", "@x", "?", ": ", "a: b", "- a", "[", "]", "{", "}", ",", "[a, b]", "{a: b}", "<<", "=",
    "a=b", ";", "a;b", "&&", "||", "a|b", ">x", "<x", "*", "?*", "[a-z]*", "~/x", "../x", "../../../etc/passwd", "/", ".", "..", "a b", "  a  ", "a\tb", "a\nb", "\n", "a\n", "\na", "a\r\nb", "\x07", "\x1b[31m",
    "é", "ä ö ü", "日本語", "🌊", "\u200b", "\u202e", "\ufeff", "a" * 10000, "'''", '"""', "*/", "/*", "//", "-->", "<!--", "]]>", "</script>", "$(inputs.x)", "${return 1;}", "\\$(x)", "$ENV",
    "EOF", "set -e", "() { :; }; echo", "\\u0041", "lambda: 0", "__import__('os')", "f(x)", "None", "print(1)",
]


def literal(text):
    """A string of a twin."""
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    return '"' + "".join(named.get(c, c if c.isprintable() else "\\u{%x}" % ord(c)) for c in text) + '"'


def is_safe_doc(text):
    return all(c.isprintable() for c in text) and "\n" not in text


def twin():
    docs = "\n".join("## " + t for t in TEXTS if is_safe_doc(t) and len(t) < 100)
    each = [t for t in TEXTS if t not in ("a" * 10000,)]
    members = " | ".join(literal(t) for t in ("no", "1.10", "~", "it's", "$(id)"))
    lines = [docs, "twin hostile { edition = 2026 }", "param texts: list<string> = []", "param choice: %s = \"~\"" % members]
    lines.append("""
step one {
  input  text: string
  output out: file<txt> = "out.txt"
  command = "printf '%s' ~{text} > ~{out}"
}
step listed {
  input  texts: list<string>
  output out: file<txt> = "out.txt"
  command = ["sh", "-c", "printf '[%s]' \\"$@\\" > out.txt", "sh", texts]
}
""")
    lines.append("step fixed {\n  output out: file<txt> = \"out.txt\"\n  command = [\"sh\", \"-c\", \"printf '[%%s]' \\\"$@\\\" > out.txt\", \"sh\", %s]\n}" % ", ".join(literal(t) for t in each))
    env = [t for t in each if "\n" not in t and "\r" not in t]
    lines.append("step world {\n  output out: file<txt> = \"out.txt\"\n  env { %s }\n  command = \"env | LC_ALL=C grep '^X[0-9]*=' | sort > out.txt\"\n}" % ", ".join("X%d = %s" % (i, literal(t)) for i, t in enumerate(env)))
    lines.append("workflow main {\n  for t in texts { o = one(text: t) }\n  l = listed(texts: texts)\n  f = fixed()\n  w = world()\n  c = one(text: choice)\n"
                 "  output o = o.out\n  output l = l.out\n  output f = f.out\n  output w = w.out\n  output c = c.out\n  output values = texts\n}")
    return "\n".join(lines) + "\n"


def readers_agree(folder):
    """Every YAML file means the same to a reader of YAML 1.1 and one of 1.2."""
    n = 0
    for root, _, names in os.walk(folder):
        for name in names:
            if name.rsplit(".", 1)[-1] not in ("yaml", "yml", "cwl"):
                continue
            with open(os.path.join(root, name), encoding="utf-8") as f:
                text = f.read()
            try:
                old = list(yaml.safe_load_all(text))
                new = list(YAML(typ="safe", pure=True).load_all(io.StringIO(text)))
            except Exception as e:
                raise Differs("%s cannot be read: %s" % (name, str(e)[:300]))
            if old != new:
                raise Differs("%s: YAML 1.1 and 1.2 read it otherwise" % name)
            n += 1
    return n


def check(name, code, out, err, ours):
    if code != 0:
        raise Differs("%s: exit code %d\n%s%s" % (name, code, out[-1500:], err[-1500:]))
    same(ours, json.loads(out))


def main():
    twinc, project, scratch = sys.argv[1:4]
    home = os.path.join(scratch, "hostile")
    os.makedirs(home)
    with open(os.path.join(home, "hostile.twin"), "w", encoding="utf-8") as f:
        f.write(twin())
    with open(os.path.join(home, "inputs.json"), "w", encoding="utf-8") as f:
        json.dump({"texts": TEXTS + ["~{x}", "a~{"], "choice": "it's"}, f)
    code, out, err = call([twinc, "apply", "hostile.twin", "--inputs", "inputs.json"], home)
    if code != 0:
        raise Differs("twinc apply: exit code %d\n%s" % (code, err[-3000:]))
    ours = json.loads(call([twinc, "outputs", "hostile.twin"], home)[1])
    code, out, err = call([twinc, "build", "hostile.twin", "--inputs", "inputs.json", "--image", "registry.example.org/tools:1"], home)
    if code != 0:
        raise Differs("twinc build: exit code %d\n%s" % (code, err))
    print("%d YAML files mean the same in 1.1 and 1.2" % readers_agree(os.path.join(home, "build")))
    flow = os.path.join(home, "build/slurm/main")
    code, out, err = call(["./flow.py", "run"], flow)
    if code == 0:
        code, out, err = call(["./flow.py", "results"], flow)
    check("flow", code, out, err, ours)
    check("cwltool", *call(["cwltool", "--no-container", "--relax-path-checks", "--outdir", "out", "build/cwl/main.cwl", "build/cwl/main.job.yml"], home, limit=600), ours)
    if len(sys.argv) > 4:
        code, out, err = call(sys.argv[4].split() + ["build/jenkins/Jenkinsfile"], home)
        if code != 0:
            raise Differs("Jenkinsfile: %s%s" % (out, err))
    print("%d texts are data everywhere" % len(TEXTS))
    return 0


try:
    sys.exit(main())
except Differs as e:
    print("FAIL", e)
    sys.exit(1)
