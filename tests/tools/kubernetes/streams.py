"""Topics, as listeners hear them: streams.py kafka|mqtt BUILT BROKER SCRATCH, where BUILT is the folder `build/kubernetes` of listens.twin and
BROKER the script that starts brokers. Nothing that a broker was told is lost; of Kafka nothing counts twice.
"""
import os
import shutil
import subprocess
import sys
import time

PART, BUILT, BROKER, SCRATCH = sys.argv[1:5]
sys.path.insert(0, os.path.join(BUILT, "gather/flow"))
sys.dont_write_bytecode = True
os.environ.update(TWIN_EVENTS=os.path.join(SCRATCH, "events"), TWIN_STATE=os.path.join(SCRATCH, "runs/x"), TWIN_SECRET_USER="twin", TWIN_SECRET_PASSWORD="s3nsor", TWIN_SECRET_WRONG="other")
import listen
import sources
import streams
from values import Trouble

asked = None  # the process of kafka.sh


def expect(what, found, wanted):
    if found != wanted:
        sys.exit("FAIL %s: %r is not %r" % (what, found, wanted))


def broker(verb, kind):
    home = os.path.join(SCRATCH, kind)
    subprocess.run([BROKER, verb] + ([kind] if verb == "up" else []) + [home], check=True)
    with open(os.path.join(home, "address"), encoding="utf-8") as file:
        return file.read().strip()


def home(name):
    return os.path.join(listen.EVENTS, name)


def look(source):
    """Events that one look gives, of a listener that knows only what lies on the volume: what they tell, with the value's bytes."""
    spool = listen.Spool(home(source.name))
    before = set(spool.known)
    source.begin(spool, home(source.name))
    source.look(spool, home(source.name))
    spool = listen.Spool(home(source.name))
    told = []
    for name, event in spool.waiting():
        if name not in before:
            with open(event["event"]["value"]["path"], "rb") as file:
                told.append(dict(event["event"], value=file.read()))
    return told


def values(told):
    return sorted(one["value"] for one in told)


# -- Kafka


def produce(address, topic, value, *words):
    subprocess.run(["kcat", "-b", address, "-P", "-t", topic, "-D", "~", *words], input=value, check=True, timeout=30)


def kafka_sh(address, verb="serve", topic="tables"):
    return subprocess.Popen(["sh", os.path.join(BUILT, "gather/flow/kafka.sh"), verb, os.path.join(SCRATCH, "asks")],
                            env=dict(os.environ, KAFKA_BROKERS=address, KAFKA_TOPIC=topic, KAFKA_SECURITY="plaintext"))


def topic():
    return sources.make("stream", {"kind": "kafka.topic", "folder": os.path.join(SCRATCH, "asks"), "extension": ".csv"})


def kafka():
    global asked
    address = broker("up", "kafka")
    asked = kafka_sh(address)
    produce(address, "tables", b"old", "-p", "0")
    expect("what is in a topic at first", look(topic()), [])
    produce(address, "tables", b"a\n\0b", "-p", "0", "-k", "key")
    produce(address, "tables", b"c", "-p", "2")
    told = look(topic())
    expect("messages", sorted((t["value"], t["key"], t["offset"]) for t in told), [(b"a\n\0b", "key", 1), (b"c", None, 0)])
    expect("the same, looked at by another listener", look(topic()), [])
    state = os.path.join(home("stream"), ".next.json")
    before = open(state, encoding="utf-8").read()
    produce(address, "tables", b"d", "-p", "0")
    expect("a message", values(look(topic())), [b"d"])
    listen.write_whole(state, before)
    expect("a message whose listener died before it kept how far it was", look(topic()), [])
    streams.AT_ONCE = 2
    produce(address, "tables", b"1~2~3~4~5", "-p", "3")
    expect("many messages, bit by bit", [values(look(topic())) for _ in range(4)], [[b"1", b"2"], [b"3", b"4"], [b"5"], []])
    source = topic()
    fetched = source.fetch(source.latest(2), os.path.join(SCRATCH, "given"))
    expect("the latest", [open(f["path"], "rb").read() for f in fetched], [b"4", b"5"])
    expect("their names", [os.path.basename(f["path"]) for f in fetched], ["3-3.csv", "3-4.csv"])
    expect("the latest none", source.latest(0), [])
    in_steps(address)
    made_anew()


def in_steps(address):
    """As a CronJob asks: the question, kcat, the run's inputs, one after the other."""
    end_kafka_sh()
    shutil.rmtree(os.path.join(SCRATCH, "asks"))
    source = topic()
    source.hears = False
    expect("a question", source.latest(3), [])
    expect("kafka.sh once", kafka_sh(address, "once").wait(60), 0)
    source = topic()
    source.asks = False
    expect("its answer", [f.offset for f in source.latest(3)], [2, 3, 4])
    expect("kafka.sh once, asked nothing", kafka_sh(address, "once").wait(60), 0)


def made_anew():
    """A topic that is another one, at a broker that is away first."""
    global asked
    broker("down", "kafka")
    os.remove(os.path.join(SCRATCH, "kafka/log"))
    asked = kafka_sh("127.0.0.1:9")
    try:
        look(topic())
        sys.exit("FAIL a broker that is away")
    except Trouble as e:
        expect("what is told of a broker that is away", "refused" in str(e), True)
    end_kafka_sh()
    address = broker("up", "kafka")
    asked = kafka_sh(address)
    expect("an empty topic", look(topic()), [])
    produce(address, "tables", b"d", "-p", "0")
    expect("a topic that was made anew", values(look(topic())), [b"d"])


def end_kafka_sh():
    global asked
    if asked:
        asked.terminate()
        asked.wait()
        asked = None


# -- MQTT


def publish(address, name, value, *words):
    host, port = address.split(":")
    subprocess.run(["mosquitto_pub", "-h", host, "-p", port, "-u", "twin", "-P", "s3nsor", "-t", name, "-q", "1", "-s", *words], input=value, check=True, timeout=30)


def sensor(address, name="sensor", **said):
    return sources.make(name, dict({"kind": "mqtt.topic", "server": address, "topic": "site/+/order", "qos": 1, "extension": ".txt",
                                    "user": {"secret": "user"}, "password": {"secret": "password"}}, **said))


def heard(source, wanted, limit=3):
    """Events of looks until so many have come, or the time is over."""
    told, end = [], time.time() + limit
    while len(told) < wanted and time.time() < end:
        told += look(source)
        source.pause(0.1)
    return told


def leave(source):
    """Its listener dies."""
    source.link.close()


def mqtt():
    address = broker("up", "mqtt")
    try:
        look(sensor(address, "wrong", password={"secret": "wrong"}))
        sys.exit("FAIL a wrong password")
    except Trouble as e:
        expect("a wrong password", "user or password" in str(e) or "may not" in str(e), True)
    publish(address, "site/a/order", b"kept", "-r")
    source = sensor(address)
    expect("what the broker retains", [(t["value"], t["topic"], t["retained"]) for t in heard(source, 1)], [(b"kept", "site/a/order", True)])
    publish(address, "site/b/order", b"x\n\0y")
    publish(address, "site/b/else", b"other")
    publish(address, "site/b/order", b"x\n\0y")
    expect("messages", [(t["value"], t["topic"], t["retained"]) for t in heard(source, 2)], [(b"x\n\0y", "site/b/order", False)] * 2)
    leave(source)
    publish(address, "site/c/order", b"while nobody listened")
    expect("what came meanwhile", values(heard(sensor(address), 1)), [b"while nobody listened"])
    died(address)
    others(address)
    restarted(address)


def died(address):
    source, spool = sensor(address, "dies"), listen.Spool(home("dies"))
    expect("nothing", heard(source, 1)[1:], [])
    publish(address, "site/c/order", b"full disk")
    spool = listen.Spool(home("dies"))

    def full(*_):
        raise OSError("no space")

    spool.add = full
    for _ in range(20):
        try:
            source.look(spool, home("dies"))
            time.sleep(0.1)
        except Trouble:
            break
    else:
        sys.exit("FAIL what cannot be written is acknowledged")
    expect("a message that could not be written", values(heard(source, 1)), [b"full disk"])
    leave(source)


def others(address):
    source = sensor(address, "exact", qos=2)
    heard(source, 1)
    publish(address, "site/d/order", b"once", "-q", "2")
    publish(address, "site/d/order", b"once more", "-q", "2")
    expect("messages of quality 2", values(heard(source, 3)), [b"once", b"once more"])
    source.pinged, source.sent = False, 0
    look(source)
    expect("a sign of life, and its answer", (source.pinged, heard(source, 1, 0.5), source.pinged), (True, [], False))
    largest, streams.LARGEST = streams.LARGEST, 30
    publish(address, "site/d/order", b"much too long to be taken, is this")
    publish(address, "site/d/order", b"short")
    expect("a message after one that is too long", values(heard(source, 1)), [b"short"])
    expect("what was heard", [os.path.basename(f.name) for f in source.latest(2)], ["value.txt"] * 2)
    leave(source)
    streams.LARGEST = largest
    source = sensor(address, "exact", topic="other/#", qos=2)
    heard(source, 1, 0.5)
    publish(address, "site/d/order", b"not any more")
    publish(address, "other/1", b"now")
    expect("another topic of the same trigger", values(heard(source, 2)), [b"now"])
    leave(source)


def restarted(address):
    source = sensor(address)
    heard(source, 1, 0.5)
    broker("down", "mqtt")
    time.sleep(0.5)
    for what in ("a broker that ended", "a broker that is away"):
        try:
            look(source)
            sys.exit("FAIL " + what)
        except Trouble:
            pass
    expect("the same broker", broker("up", "mqtt"), address)
    publish(address, "site/e/order", b"before anybody is there")
    expect("a broker that came back", values(heard(source, 1)), [b"before anybody is there"])


try:
    {"kafka": kafka, "mqtt": mqtt}[PART]()
finally:
    end_kafka_sh()
print("topics of %s as expected" % PART)
