"""Topics of Kafka and MQTT, as sources.py asks other sources. The standard library only.

Kafka is asked by kafka.sh in a container beside, which holds kcat: questions and answers are files of a folder that both see. What was
taken is kept on the volume, not by a group of the broker's, so a message is left behind only when it is an event.
MQTT 3.1.1 is spoken here: a message is acknowledged when it is an event.
"""
import hashlib
import json
import os
import select
import shutil
import socket
import ssl
import struct
import time
import urllib.parse

from sources import LONGEST, MOST, Folder, Found
from values import Trouble, dump, write_whole

AT_ONCE = 1000  # messages of a partition, that one look takes
ALIVE = 60      # seconds without a word, after which a broker of MQTT gives up
LARGEST = 64 << 20  # bytes of a message


def read_json(path, default):
    if not os.path.exists(path):
        return default
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Kafka(Folder):
    """asks, hears: an answer may have to wait until all questions are there."""

    asks = hears = True
    questions, answer = 0, None

    def begin(self, spool, home):
        """What a listener that died asked is asked anew: no answer to it may be taken for another."""
        self.questions = time.time_ns()
        for name in os.listdir(self.said["folder"]) if os.path.exists(self.said["folder"]) else ():
            if name.startswith(("ask-", "got-", "failed-")):
                os.remove(os.path.join(self.said["folder"], name))

    def file(self, kind):
        return os.path.join(self.said["folder"], "%s-%d" % (kind, self.questions))

    def question(self, most, others, partitions=()):
        """Ends of partitions, and messages; FROM as kafka.sh knows it."""
        if self.answer:
            os.remove(self.answer)
        self.questions, self.answer = self.questions + 1, None
        if self.asks:
            os.makedirs(self.said["folder"], exist_ok=True)
            lines = ["most %d" % most, "- %s" % others] + ["%s %d" % one for one in dict(partitions).items()]
            write_whole(self.file("ask"), "\n".join(lines) + "\n")
        if not self.hears:
            return {}, []
        end = time.time() + 10 * LONGEST
        while not os.path.exists(self.file("got")):
            if os.path.exists(self.file("failed")):
                with open(self.file("failed"), encoding="utf-8", errors="replace") as file:
                    raise Trouble(file.read(500).strip())
            if time.time() > end:
                raise Trouble("nobody asks the topic")
            time.sleep(0.1)
        self.answer = self.file("got")
        return self.read()

    def read(self):
        ends, found = {}, []
        with open(self.answer, "rb") as file:
            for line in iter(file.readline, b"\n"):
                partition, end = line.split()
                ends[partition.decode()] = int(end)
            for line in iter(file.readline, b""):
                partition, offset, at, key, size = map(int, line.split())
                name = "%d-%d%s" % (partition, offset, self.get("extension", ""))
                one = Found(at / 1000, name, max(size, 0), "%d %d %d" % (partition, offset, at), None)
                one.partition, one.offset = str(partition), offset
                one.key = file.read(key).decode("utf-8", "replace") if key >= 0 else None
                one.where = file.tell()
                file.seek(one.size, os.SEEK_CUR)
                found.append(one)
        return ends, found

    def copy(self, found, path):
        with open(self.answer, "rb") as file, open(path, "wb") as out:
            file.seek(found.where)
            out.write(file.read(found.size))

    def latest(self, n):
        return sorted(self.question(n, "-%d" % n)[1])[-n:] if n > 0 else []

    def since(self, seconds):
        return sorted(self.question(MOST, "s@%d" % ((time.time() - seconds) * 1000))[1])

    def look(self, spool, home):
        """At first, where it ends is kept. Partitions that come later are new as a whole."""
        state = os.path.join(home, ".next.json")
        after = read_json(state, None)
        if after is None:
            after = self.question(1, "end")[0]
        else:
            for one in self.question(AT_ONCE, "0", after)[1]:
                spool.add(one.identity, lambda folder, one=one: {"value": self.fetch([one], os.path.join(folder, "given"))[0], "key": one.key, "offset": one.offset})
                after[one.partition] = one.offset + 1
        write_whole(state, dump(after))

    def pause(self, seconds):
        time.sleep(min(seconds, 1))


CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14)
REFUSED = {1: "it speaks another version", 2: "the client's name is not taken", 3: "it is not available", 4: "user or password is wrong", 5: "the user may not"}


def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def packet(kind, body=b"", flags=0):
    head, n = bytearray([kind << 4 | flags]), len(body)
    while True:
        head.append(n & 127 | (128 if n > 127 else 0))
        n >>= 7
        if not n:
            return bytes(head) + body


class Mqtt(Folder):
    """A topic of MQTT (OASIS, MQTT Version 3.1.1). The broker keeps a session, with what comes while nobody listens."""

    link = None

    def begin(self, spool, home):
        self.home = home

    # -- packets

    def exact(self, n):
        out = bytearray()
        while len(out) < n:
            part = self.link.recv(min(n - len(out), 1 << 16))
            if not part:
                raise Trouble("the broker hung up")
            out += part
        return bytes(out)

    def read(self):
        """Kind, flags, and the body; nothing of one that is too large but its first bytes."""
        first, n, shift = self.exact(1)[0], 0, 0
        while True:
            byte = self.exact(1)[0]
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
            if shift > 21:
                raise Trouble("the broker speaks no MQTT")
        body = self.exact(min(n, LARGEST))
        for at in range(len(body), n, 1 << 16):
            self.exact(min(1 << 16, n - at))
        return first >> 4, first & 15, body, n

    def send(self, *words, **flags):
        self.link.sendall(packet(*words, **flags))
        self.sent = time.time()

    # -- a session

    def state(self, home):
        return os.path.join(home, ".session.json")

    def open(self, client, clean):
        """Whether the broker knows the session."""
        tls = self.get("tls", False)
        url = urllib.parse.urlsplit("//" + self.said["server"].split("://")[-1])
        link = socket.create_connection((url.hostname, url.port or (8883 if tls else 1883)), LONGEST)
        self.link = ssl.create_default_context().wrap_socket(link, server_hostname=url.hostname) if tls else link
        user, password = self.get("user"), self.get("password")
        flags = (128 if user else 0) | (64 if user and password else 0) | (2 if clean else 0)
        body = text("MQTT") + bytes([4, flags]) + struct.pack(">H", ALIVE) + text(client)
        self.send(CONNECT, body + b"".join(text(one) for one in ((user, password) if password else (user,)) if user))
        kind, _, body, _ = self.read()
        if kind != CONNACK or len(body) != 2:
            raise Trouble("the broker speaks no MQTT")
        if body[1]:
            raise Trouble("the broker refuses: " + REFUSED.get(body[1], "reason %d" % body[1]))
        return body[0] & 1

    def connect(self):
        wanted = {"topic": self.said["topic"], "qos": self.get("qos", 1)}
        kept = read_json(self.state(self.home), {})
        client = self.get("client") or kept.get("client") or "twin" + os.urandom(8).hex()
        if kept != dict(wanted, client=client):  # nothing of what was subscribed before
            self.open(client, True)
            self.close()
        write_whole(self.state(self.home), dump(dict(wanted, client=client)))
        self.received = set()
        if not self.open(client, False):
            self.send(SUBSCRIBE, struct.pack(">H", 1) + text(wanted["topic"]) + bytes([wanted["qos"]]), flags=2)

    def close(self):
        if self.link:
            try:
                self.send(DISCONNECT)
            except OSError:
                pass
            self.link.close()
            self.link = None

    # -- messages

    def take(self, spool, flags, body, size):
        qos, n = flags >> 1 & 3, struct.unpack(">H", body[:2])[0]
        topic, value = body[2 : 2 + n].decode("utf-8", "replace"), body[2 + n :]
        number, value = (value[:2], value[2:]) if qos else (b"", value)
        retained = bool(flags & 1)

        def make(folder):
            path = os.path.join(folder, "given", "000000", "value" + self.get("extension", ""))
            os.makedirs(os.path.dirname(path))
            with open(path, "wb") as file:
                file.write(value)
                os.fsync(file.fileno())
            return {"value": {"class": "File", "path": path}, "topic": topic, "retained": retained}

        # A message has no name: each is new, but what a broker retains, and tells whoever comes.
        identity = "retained %s %s" % (topic, hashlib.sha256(value).hexdigest()) if retained else "%d %s" % (time.time_ns(), os.urandom(4).hex())
        if size > LARGEST:
            print("%s: a message of %d bytes is left out: at most %d" % (self.name, size, LARGEST), flush=True)
        elif number not in self.received:
            spool.add(identity, make)
        if qos == 2:
            self.received.add(number)
        if qos:
            self.send(PUBACK if qos == 1 else PUBREC, number)

    def hear(self, spool):
        kind, flags, body, size = self.read()
        if kind == PUBLISH:
            self.take(spool, flags, body, size)
        elif kind == PUBREL:
            self.received.discard(body)
            self.send(PUBCOMP, body)
        elif kind == SUBACK and body[2] > 2:
            os.remove(self.state(self.home))
            raise Trouble("the broker lets nobody listen to %s" % self.said["topic"])
        elif kind == PINGRESP:
            self.pinged = False

    def ready(self, seconds):
        return (isinstance(self.link, ssl.SSLSocket) and self.link.pending()) or select.select([self.link], [], [], seconds)[0]

    def look(self, spool, home):
        try:
            if not self.link:
                self.connect()
                self.pinged = False
            while self.ready(0):
                self.hear(spool)
            if time.time() - self.sent > ALIVE / 2:
                if self.pinged:
                    raise Trouble("the broker says nothing")
                self.pinged = True
                self.send(PINGREQ)
        except (Trouble, OSError, IndexError, struct.error) as e:
            self.link = self.link and self.link.close()
            raise Trouble("%s: %s" % (self.said["server"], e))

    def pause(self, seconds):
        if self.link:
            self.ready(min(seconds, ALIVE / 4))
        else:
            time.sleep(min(seconds, 10))

    # -- what came before: events of this listener

    def listing(self):
        out = []
        for name in os.listdir(self.home):
            event = read_json(os.path.join(self.home, name, "event.json"), None) if not name.startswith(".") else None
            if event and os.path.exists(event["event"]["value"]["path"]):
                path = event["event"]["value"]["path"]
                out.append(Found(event["at"], os.path.basename(path), os.path.getsize(path), event["identity"], path))
        return out

    def copy(self, found, path):
        shutil.copyfile(found.where, path)
