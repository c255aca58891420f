"""Values of a twin and what its expressions call."""
import base64
import fnmatch
import functools
import hashlib
import json
import math
import os
import re
import shutil

class Trouble(Exception):
    """What is wrong, for the person who reads the log."""


# -- values: null, bool, int, float, str, list, dict; files as {"class": "File", "path": ...} ------------------------------


def number_text(x):
    """A number as ECMAScript writes it."""
    if isinstance(x, int):
        return str(x)
    if x == 0:
        return "0"
    if math.isinf(x) or math.isnan(x):
        raise Trouble("a number that cannot be written: %r" % x)
    sign = "-" if x < 0 else ""
    mantissa, _, exponent = repr(abs(x)).partition("e")
    whole, _, part = mantissa.partition(".")
    part = "" if part == "0" else part
    digits = (whole + part).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + part) - len((whole + part).lstrip("0")))
    digits = digits.rstrip("0") or "0"
    n = len(digits)
    if n <= point <= 21:
        text = digits + "0" * (point - n)
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        text = digits[0] + ("." + digits[1:] if n > 1 else "") + "e%+d" % (point - 1)
    return sign + text


def is_path(v):
    return isinstance(v, dict) and v.get("class") in ("File", "Directory") and isinstance(v.get("path"), str)


def secret(name):
    """What a secret is bound to: a variable of the environment, never a file of the build."""
    variable = "TWIN_SECRET_" + name.upper()
    if variable not in os.environ:
        raise Trouble("the secret `%s` is not bound: export %s" % (name, variable))
    return os.environ[variable]


def text(*parts):
    """The parts as they stand in a text, one after the other."""
    out = []
    for p in parts:
        if isinstance(p, str):
            out.append(p)
        elif is_path(p):
            out.append(p["path"])
        elif isinstance(p, dict) and set(p) == {"secret"}:
            out.append(secret(p["secret"]))
        elif isinstance(p, (int, float)) and not isinstance(p, bool):
            out.append(number_text(p))
        elif isinstance(p, list):
            out.append(" ".join(text(one) for one in p))
        else:
            raise Trouble("%r is no text" % (p,))
    return "".join(out)


def words(*parts):
    """The words of a command: lists are spliced, what is absent is left out."""
    out = []
    for p in parts:
        if isinstance(p, list):
            out.extend(words(*p))
        elif p is not None:
            out.append(text(p))
    return out


def quoted(*parts):
    """The same as words of a shell."""
    return " ".join(w if re.match(r"^[A-Za-z0-9_@%+=:,./-]+\Z", w) else "'" + w.replace("'", "'\\''") + "'" for w in words(*parts))


def dump(v, indent=0):
    """JSON with numbers as ECMAScript writes them."""
    pad, end = "\n" + " " * (indent + 2), "\n" + " " * indent
    if isinstance(v, dict):
        inner = ("," + pad).join(json.dumps(k, ensure_ascii=False) + ": " + dump(x, indent + 2) for k, x in v.items())
        return "{" + pad + inner + end + "}" if v else "{}"
    if isinstance(v, list):
        return "[" + pad + ("," + pad).join(dump(x, indent + 2) for x in v) + end + "]" if v else "[]"
    if isinstance(v, bool) or v is None or isinstance(v, str):
        return json.dumps(v, ensure_ascii=False)
    return number_text(v)


def write_whole(path, content):
    with open(path + ".new", "w", encoding="utf-8", errors="surrogateescape") as f:
        f.write(content)
    os.replace(path + ".new", path)


def each_path(v, change):
    """The value with each path in it changed."""
    if is_path(v):
        return change(v)
    if isinstance(v, list):
        return [each_path(x, change) for x in v]
    if isinstance(v, dict):
        return {k: each_path(x, change) for k, x in v.items()}
    return v


# -- what expressions call ----------------------------------------------------------------------------------------------------


def member(x, name):
    """x.name; of a list: of each of its elements; of what is absent: absent."""
    if x is None:
        return None
    if isinstance(x, list):
        return [member(one, name) for one in x]
    if name not in x:
        raise Trouble("there is no `%s`" % name)
    return x[name]


def element(x, at):
    if x is None or isinstance(x, dict):
        return member(x, at)
    if at < 0 or at >= len(x):
        raise Trouble("there is no element %s in a list of %d" % (number_text(at), len(x)))
    return x[int(at)]


def whole(x):
    """Whole numbers of the twin have 64 bits; those of Python have no end."""
    if isinstance(x, int) and not -(1 << 63) <= x < 1 << 63:
        raise Trouble("the result is too large for an int")
    return x


def scaled(x, num, den):
    """A number, a list or a range of numbers in another unit."""
    if isinstance(x, list):
        return [scaled(one, num, den) for one in x]
    if isinstance(x, dict):
        return {k: scaled(one, num, den) for k, one in x.items()}
    return None if x is None else x * num / den if den != 1 else x * num


def quotient(a, b):
    if b == 0:
        raise Trouble("division by zero")
    return a / b


def remainder(a, b):
    if b == 0:
        raise Trouble("division by zero")
    if isinstance(a, int) and isinstance(b, int):
        return abs(a) % abs(b) * (-1 if a < 0 else 1)
    return math.fmod(a, b)


def same(a, b):
    if is_path(a) and is_path(b):
        return a["class"] == b["class"] and digest(a["path"]) == digest(b["path"])
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def among(x, items):
    return any(same(x, one) for one in items)


def within(x, span):
    return span["low"] <= x <= span["high"]


def either(a, b):
    """b where a is absent; b is a function, worked out only then."""
    return b() if a is None else a


def counted(x):
    """What a loop goes over: the numbers of a range, the pairs of a map, the elements of a list."""
    if isinstance(x, dict) and set(x) == {"low", "high"}:
        return list(range(int(x["low"]), int(x["high"]) + 1))
    return x


def pairs_of_map(x):
    return [{"key": k, "value": x[k]} for k in sorted(x)]


def pair(x):
    """Both parts of one element of `for (a, b) in`."""
    return tuple(x.values()) if isinstance(x, dict) else tuple(x)


class f:
    """The functions of the language."""

    abs = staticmethod(lambda x: whole(abs(x)))
    floor = staticmethod(lambda x: whole(math.floor(x)))
    ceil = staticmethod(lambda x: whole(math.ceil(x)))
    any = staticmethod(any)
    all = staticmethod(all)
    len = staticmethod(len)

    @staticmethod
    def round(x, digits=None):
        if digits is None:
            return x if isinstance(x, int) else whole(math.floor(x) + (x - math.floor(x) >= 0.5))
        if not 0 <= digits <= 15:
            raise Trouble("a number of digits is from 0 to 15")
        scale = 10.0 ** digits
        if abs(x) * scale >= 2.0 ** 53:
            return x
        below = math.floor(x * scale)
        return (below + 1 if x * scale - below >= 0.5 else below) / scale

    @staticmethod
    def max(items):
        if not items:
            raise Trouble("the largest of an empty list")
        return max(items)

    @staticmethod
    def min(items):
        if not items:
            raise Trouble("the smallest of an empty list")
        return min(items)

    @staticmethod
    def sum(items):
        return functools.reduce(lambda a, b: whole(a + b), items, 0)

    @staticmethod
    def mean(items):
        if not items:
            raise Trouble("the mean of an empty list")
        return f.sum(items) / len(items)

    @staticmethod
    def range(start, end=None, by=1):
        if by == 0:
            raise Trouble("a range cannot be counted in steps of 0")
        return list(range(0, start)) if end is None else list(range(start, end, by))

    @staticmethod
    def flatten(lists):
        return [x for one in lists for x in one]

    @staticmethod
    def distinct(items):
        kept = []
        for x in items:
            if not among(x, kept):
                kept.append(x)
        return kept

    sort = staticmethod(sorted)

    @staticmethod
    def zip(a, b):
        if len(a) != len(b):
            raise Trouble("zip of lists of different length")
        return [{"first": x, "second": y} for x, y in zip(a, b)]

    @staticmethod
    def enumerate(items):
        return [{"index": i, "value": x} for i, x in enumerate(items)]

    @staticmethod
    def present(x):
        return [one for one in x if one is not None] if isinstance(x, list) else x is not None

    @staticmethod
    def contains(x, part):
        return part in x if isinstance(x, (str, dict)) else among(part, x)

    @staticmethod
    def keys(x):
        return sorted(x)

    @staticmethod
    def values(x):
        return [x[k] for k in sorted(x)]

    @staticmethod
    def lower(x):
        return re.sub("[A-Z]+", lambda m: m.group().lower(), x)

    @staticmethod
    def upper(x):
        return re.sub("[a-z]+", lambda m: m.group().upper(), x)

    @staticmethod
    def trim(x):
        return x.strip(" \t\n\v\f\r")

    @staticmethod
    def matches(x, pattern):
        return re.match(("(?:" + pattern + r")\Z").encode(), x.encode("utf-8", "surrogateescape")) is not None

    @staticmethod
    def split(x, by):
        if not by:
            raise Trouble("text cannot be split at nothing")
        return x.split(by)

    @staticmethod
    def join(items, by=""):
        return by.join(text(one) for one in items)

    @staticmethod
    def replace(x, old, new):
        if not old:
            raise Trouble("nothing cannot be replaced")
        return x.replace(old, new)

    @staticmethod
    def starts_with(x, edge):
        return x.startswith(edge)

    @staticmethod
    def ends_with(x, edge):
        return x.endswith(edge)

    @staticmethod
    def basename(x):
        return os.path.basename(text(x).rstrip("/")) or text(x)[:1]

    @staticmethod
    def stem(x):
        return re.sub(r"(.)\.[^.]*$", r"\1", f.basename(x), flags=re.S)

    @staticmethod
    def parent(x):
        at = text(x).rstrip("/").rfind("/") if text(x).strip("/") else text(x)[:1].find("/")
        return text(x)[:at] if at > 0 else "/" if at == 0 else "."

    @staticmethod
    def base64(x):
        return base64.b64encode(x.encode("utf-8", "surrogateescape")).decode()


def digest(path):
    """Over a file, or over a folder's names and files."""
    h = hashlib.sha256()
    if os.path.isdir(path):
        for name in sorted(os.listdir(path)):
            h.update(name.encode("utf-8", "surrogateescape") + b"\0" + digest(os.path.join(path, name)).encode())
        return h.hexdigest()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()


def sha1(path):
    h = hashlib.sha1()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()


def glob(folder, pattern):
    """What matches, relative to the folder, ordered bytewise; hidden names only where the pattern has the dot."""

    def walk(below, parts):
        if not parts:
            return [below]
        part, rest, found = parts[0], parts[1:], []
        if part in (".", ""):
            return walk(below, rest)
        if part == "..":
            return []
        full = os.path.join(folder, below)
        names = sorted(os.listdir(full)) if os.path.isdir(full) else []
        if part == "**":
            found = walk(below, rest)
            for name in names:
                if not name.startswith(".") and os.path.isdir(os.path.join(full, name)):
                    found += walk(os.path.join(below, name), parts)
            return found
        for name in names:
            if fnmatch.fnmatchcase(name, part.replace("[^", "[!")) and (part.startswith(".") or not name.startswith(".")):
                found += walk(os.path.join(below, name), rest)
        return found

    found = set(walk("", pattern.split("/")) if not pattern.startswith("/") else [])
    return sorted(found - {""}, key=lambda x: x.encode("utf-8", "surrogateescape"))


# -- what comes in and goes out -----------------------------------------------------------------------------------------------


def metric(name, m, v):
    kinds = {"int": int, "float": (int, float), "string": str, "bool": bool}
    if v is None and m.optional:
        return None
    if v is None:
        raise Trouble("metric `%s` is missing in its metrics file" % name)
    if m.kind == "int" and isinstance(v, float) and v == int(v):
        v = int(v)
    if m.kind == "float" and isinstance(v, int) and not isinstance(v, bool):
        v = float(v)
    if isinstance(m.kind, list):
        good = v in m.kind
    else:
        good = isinstance(v, kinds[m.kind]) and (m.kind == "bool" or not isinstance(v, bool))
    if not good or (m.low is not None and v < m.low) or (m.high is not None and v > m.high):
        raise Trouble("metric `%s` is not as declared: %r" % (name, v))
    return v


def holds_path(v):
    return is_path(v) or (isinstance(v, list) and any(map(holds_path, v))) or (isinstance(v, dict) and any(map(holds_path, v.values())))


def put(value, folder, final, name):
    """Copies an output to where results lie, and tells it as an object of CWL."""
    if not holds_path(value):
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        write_whole(os.path.join(folder, name + ".json"), dump(value) + "\n")
        return value
    if isinstance(value, list):
        return [put(one, folder, final, "%s/%03d" % (name, i)) for i, one in enumerate(value)]
    if not is_path(value):
        return {k: put(one, folder, final, name + "/" + k) for k, one in value.items()}
    base = os.path.basename(value["path"].rstrip("/"))
    copy = os.path.join(folder, name, base)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    told = {"class": value["class"], "path": os.path.join(final, name, base), "basename": base}
    if value["class"] == "Directory":
        shutil.copytree(value["path"], copy, symlinks=True)
    else:
        shutil.copyfile(value["path"], copy)
        told.update(size=os.path.getsize(copy), checksum="sha1$" + sha1(copy))
    return told
