"""A small kubelet for tests: each container of a pod is a process of this machine.

kubelet.py FOLDER PORT: registers the node `one` with the API server on that port. FOLDER/pods/NAMESPACE/POD/CONTAINER.log is what a
container said. Images, limits, probes and network policies are not obeyed, users in name at most; commands are those of this machine, inside
bubblewrap: /usr, /etc and /sys to read, volumes at their places, nothing else. Volumes: emptyDir, configMap, secret, projected, claims on hostPath.
"""
import base64
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time

FOLDER, PORT, NODE = os.path.abspath(sys.argv[1]), int(sys.argv[2]), "one"
PATCH = "application/strategic-merge-patch+json"
ROOM = {"cpu": "256", "memory": "1Ti", "pods": "500", "nvidia.com/gpu": "64"}
SERVICE = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(PORT), "KUBERNETES_PORT": "tcp://127.0.0.1:%d" % PORT}
with open(os.path.join(FOLDER, "pki/tokens"), encoding="utf-8") as tokens:
    TOKEN = tokens.read().split(",")[0]
TRUST = ssl.create_default_context(cafile=os.path.join(FOLDER, "pki/ca.crt"))
OWN = threading.local()
# Where this itself has another root, the kernel makes no namespaces of users.
USERS = subprocess.run(["bwrap", "--unshare-user", "--uid", "1", "--ro-bind", "/", "/", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def ask(method, path, body=None, kind="application/json"):
    """Status and answer; a connection that was closed meanwhile is made anew."""
    for attempt in (0, 1):
        try:
            if getattr(OWN, "connection", None) is None:
                OWN.connection = http.client.HTTPSConnection("127.0.0.1", PORT, context=TRUST, timeout=20)
            head = {"Authorization": "Bearer " + TOKEN, "Content-Type": kind}
            OWN.connection.request(method, path, None if body is None else json.dumps(body), head)
            answer = OWN.connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException):
            OWN.connection = None
            if attempt:
                raise


class Trouble(Exception):
    """A container cannot be started."""


class Pod:
    def __init__(self, said):
        self.said, self.meta, self.spec = said, said["metadata"], said["spec"]
        self.namespace, self.name = self.meta["namespace"], self.meta["name"]
        self.home = os.path.join(FOLDER, "pods", self.namespace, self.name)
        os.makedirs(os.path.join(self.home, "volumes"))
        self.began, self.phase, self.reason, self.process, self.killed = time.time(), "Pending", None, {}, False
        self.states, self.lock, self.making = {}, threading.Lock(), threading.Lock()
        threading.Thread(target=self.run, daemon=True).start()

    # -- what a container sees

    def data(self, kind, name, optional=False):
        code, said = ask("GET", "/api/v1/namespaces/%s/%s/%s" % (self.namespace, kind, name))
        if code != 200:
            if optional:
                return {}
            raise Trouble("no %s %s" % (kind, name))
        found = {k: base64.b64decode(v) if kind == "secrets" else v.encode() for k, v in (said.get("data") or {}).items()}
        found.update((k, base64.b64decode(v)) for k, v in (said.get("binaryData") or {}).items())
        return found

    def projected(self, sources):
        """Name to content of all that is put together in one folder."""
        found = {}
        for source in sources:
            kind, said = next(iter(source.items()))
            if kind == "serviceAccountToken":
                asked = {"spec": {"expirationSeconds": said["expirationSeconds"], "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": self.name, "uid": self.meta["uid"]}}}
                path = "/api/v1/namespaces/%s/serviceaccounts/%s/token" % (self.namespace, self.spec["serviceAccountName"])
                found[said["path"]] = ask("POST", path, asked)[1]["status"]["token"].encode()
            elif kind == "downwardAPI":
                found.update((i["path"], self.field(i["fieldRef"]["fieldPath"]).encode()) for i in said["items"])
            else:
                held = self.data(kind.lower() + "s", said["name"], said.get("optional"))
                found.update((i["path"], held[i["key"]]) for i in said.get("items") or [{"path": k, "key": k} for k in held])
        return found

    def field(self, path):
        named = re.match(r"metadata\.(labels|annotations)\['(.*)'\]\Z", path)
        if named:
            return self.meta.get(named.group(1), {}).get(named.group(2), "")
        value = self.said
        for part in path.split("."):
            value = value[part]
        return value

    def environment(self, container):
        env = dict(SERVICE, PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOSTNAME=self.name)
        for one in container.get("env", []):
            source = one.get("valueFrom", {})
            if "fieldRef" in source:
                value = self.field(source["fieldRef"]["fieldPath"])
            elif "secretKeyRef" in source or "configMapKeyRef" in source:
                kind, ref = ("secrets", source["secretKeyRef"]) if "secretKeyRef" in source else ("configmaps", source["configMapKeyRef"])
                held = self.data(kind, ref["name"])
                if ref["key"] not in held:
                    raise Trouble("no key %s in %s" % (ref["key"], ref["name"]))
                value = held[ref["key"]].decode()
            else:
                value = re.sub(r"\$\(([^)]+)\)", lambda m: env.get(m.group(1), m.group(0)), one.get("value", ""))
            env[one["name"]] = value
        return env

    def write(self, folder, volume, held, optional):
        """As the real one does: links to a folder that is exchanged as a whole."""
        items = {i["key"]: i["path"] for i in volume.get("items", [])} or {k: k for k in held}
        for key, path in items.items():
            if key not in held and not optional:
                raise Trouble("no key " + key)
            full = os.path.join(folder, "..first", path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(held[key])
        os.symlink("..first", os.path.join(folder, "..data"))
        for top in {p.split("/")[0] for p in items.values()}:
            os.symlink("..data/" + top, os.path.join(folder, top))

    def volume(self, volume):
        folder = os.path.join(self.home, "volumes", volume["name"])
        if "persistentVolumeClaim" in volume:
            claim = ask("GET", "/api/v1/namespaces/%s/persistentvolumeclaims/%s" % (self.namespace, volume["persistentVolumeClaim"]["claimName"]))[1]
            return ask("GET", "/api/v1/persistentvolumes/" + claim["spec"]["volumeName"])[1]["spec"]["hostPath"]["path"]
        if os.path.exists(folder):
            return folder
        os.makedirs(folder)
        if "configMap" in volume:
            self.write(folder, volume["configMap"], self.data("configmaps", volume["configMap"]["name"]), volume["configMap"].get("optional"))
        elif "secret" in volume:
            self.write(folder, volume["secret"], self.data("secrets", volume["secret"]["secretName"]), volume["secret"].get("optional"))
        elif "projected" in volume:
            self.write(folder, {}, self.projected(volume["projected"]["sources"]), False)
        elif "emptyDir" not in volume:
            raise Trouble("no such volume: %s" % volume)
        return folder

    def words(self, container):
        if not container.get("command"):
            raise Trouble("no command, and images are not run here")
        line = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-uts", "--hostname", self.spec.get("hostname", self.name)]
        user = self.spec.get("securityContext", {}).get("runAsUser")
        if user and USERS:  # in name; files stay root's
            line += ["--unshare-user", "--uid", str(user), "--gid", str(user)]
        line += ["--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc", "--ro-bind", "/sys", "/sys", "--proc", "/proc", "--dev", "/dev"]
        for name in ("bin", "sbin", "lib", "lib64"):
            line += ["--symlink", "usr/" + name, "/" + name]
        volumes, env = {v["name"]: v for v in self.spec.get("volumes", [])}, self.environment(container)
        for mount in container.get("volumeMounts", []):
            volume = volumes[mount["name"]]
            read_only = mount.get("readOnly") or not volume.keys().isdisjoint(("configMap", "secret", "projected"))
            part = re.sub(r"\$\(([^)]+)\)", lambda m: env[m.group(1)], mount.get("subPathExpr", mount.get("subPath", "")))
            with self.making:  # whole, before anybody sees it
                line += ["--ro-bind" if read_only else "--bind", os.path.join(self.volume(volume), part), mount["mountPath"]]
        line += ["--bind", self.last_words(container), "/dev/termination-log"]
        return line + ["--chdir", container.get("workingDir", "/"), "--"] + container["command"] + container.get("args", [])

    def last_words(self, container):
        """The file in which a container says why it ended."""
        path = os.path.join(self.home, container["name"] + ".last")
        if not os.path.exists(path):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666))
        return path

    # -- its life

    def one(self, container):
        """Runs a container to its end. Whether it ended well."""
        name, started = container["name"], now()
        with open(os.path.join(self.home, name + ".log"), "wb") as log:
            try:
                words, env = self.words(container), self.environment(container)
            except (Trouble, KeyError) as e:
                log.write(("kubelet: %s\n" % e).encode())
                self.reason = "CreateContainerConfigError"
                return False
            with self.lock:
                if self.killed:
                    return False
                self.process[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=env)
            self.states[name] = {"running": {"startedAt": started}}
            self.tell()
            code = self.process[name].wait()
        code = code if code >= 0 else 128 - code
        self.states[name] = {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed", "startedAt": started, "finishedAt": now()}}
        with open(self.last_words(container), encoding="utf-8", errors="replace") as last:
            self.states[name]["terminated"]["message"] = last.read(4096)
        return code == 0

    def run(self):
        try:
            good = all(self.one(c) for c in self.spec.get("initContainers", []))
            if good:
                self.phase, ended = "Running", []
                threads = [threading.Thread(target=lambda c=c: ended.append(self.one(c)), daemon=True) for c in self.spec["containers"]]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                good = all(ended) and len(ended) == len(threads)
            self.phase = "Succeeded" if good and not self.killed else "Failed"
        except Exception as e:  # pylint: disable=broad-except # whatever it was, the pod has failed
            self.phase, self.reason = "Failed", repr(e)
        self.tell()

    def statuses(self, containers):
        waits = {"waiting": {"reason": "PodInitializing"}}
        return [{"name": c["name"], "image": c["image"], "imageID": "", "restartCount": 0, "ready": "running" in self.states.get(c["name"], {}),
                 "state": self.states.get(c["name"], waits)} for c in containers]

    def tell(self):
        ready = "True" if self.phase == "Running" else "False"
        conditions = [{"type": t, "status": ready, "lastTransitionTime": now()} for t in ("Ready", "ContainersReady")]
        status = {"phase": self.phase, "startTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.began)), "hostIP": "127.0.0.1", "podIP": "127.0.0.1", "conditions": conditions,
                  "initContainerStatuses": self.statuses(self.spec.get("initContainers", [])), "containerStatuses": self.statuses(self.spec["containers"])}
        if self.reason:
            status["reason"] = self.reason
        ask("PATCH", "/api/v1/namespaces/%s/pods/%s/status" % (self.namespace, self.name), {"metadata": {"uid": self.meta["uid"]}, "status": status}, PATCH)

    def kill(self, grace):
        with self.lock:
            self.killed = True
        end = time.time() + grace
        for process in self.process.values():
            if process.poll() is None:
                signal_inner(process.pid)
        while time.time() < end and any(p.poll() is None for p in self.process.values()):
            time.sleep(0.05)
        for process in self.process.values():
            if process.poll() is None:
                process.kill()

    def remove(self):
        self.kill(min(self.meta.get("deletionGracePeriodSeconds", 30), 5))
        for _ in range(40):
            if self.phase in ("Succeeded", "Failed"):
                break
            time.sleep(0.05)
        forget(self.namespace, self.name, self.meta["uid"])


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="utf-8") as file:
            return [int(p) for p in file.read().split()]
    except OSError:
        return []


def signal_inner(pid):
    """The command itself: bubblewrap and its first process pass nothing on."""
    inner = [g for c in children(pid) for g in children(c)] or children(pid) or [pid]
    for one in inner:
        try:
            os.kill(one, signal.SIGTERM)
        except OSError:
            pass


def forget(namespace, name, uid):
    ask("DELETE", "/api/v1/namespaces/%s/pods/%s" % (namespace, name), {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}})


def beat():
    condition = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now(), "lastTransitionTime": now()}
    ask("PATCH", "/api/v1/nodes/%s/status" % NODE, {"status": {"capacity": ROOM, "allocatable": ROOM, "conditions": [condition]}}, PATCH)


def sync(pods):
    code, said = ask("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3D" + NODE)
    if code != 200:
        return
    for one in said["items"]:
        meta = one["metadata"]
        pod = pods.get(meta["uid"])
        if "deletionTimestamp" in meta:
            if pod is None:
                forget(meta["namespace"], meta["name"], meta["uid"])
            elif not pod.meta.get("deletionTimestamp"):
                pod.meta.update(meta)
                threading.Thread(target=pod.remove, daemon=True).start()
        elif pod is None:
            if one["status"].get("phase") == "Pending":
                pods[meta["uid"]] = Pod(one)
        elif pod.phase in ("Pending", "Running") and not pod.killed and time.time() - pod.began > one["spec"].get("activeDeadlineSeconds", 1e9):
            pod.reason = "DeadlineExceeded"
            threading.Thread(target=pod.kill, args=(1,), daemon=True).start()


def main():
    pods, last = {}, 0
    labels = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}
    ask("POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": labels}})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            try:
                if time.time() - last > 10:
                    last = time.time()
                    beat()
                sync(pods)
            except (OSError, http.client.HTTPException, ValueError) as e:
                print("kubelet: %s" % e, file=sys.stderr, flush=True)
                time.sleep(1)
            time.sleep(0.1)
    finally:
        for pod in list(pods.values()):
            pod.kill(0)


main()
