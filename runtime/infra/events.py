# What Ansible does, a JSON object a line into the file that TWINC_EVENTS names. A callback plugin of twinc's own: ansible-core has none that tells as it goes.
# Facts: lib/ansible/plugins/callback/__init__.py of ansible-core 2.14 to 2.19.
import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: events
type: notification
short_description: what is done, a JSON object a line
description: For twinc, which shows it at the lines of the twin.
"""
MOST = 2000


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.out = open(os.environ["TWINC_EVENTS"], "a", encoding="utf-8")
        self.play = ""

    def tell(self, event, **more):
        self.out.write(json.dumps(dict(more, event=event, play=self.play)) + "\n")
        self.out.flush()

    def told(self, event, result, **more):
        said = result._result
        text = "; ".join(str(said[key]) for key in ("msg", "stderr", "reason") if said.get(key))
        where = [d.get("before_header") or d.get("after_header") for d in self.diffs(said)]
        name = said.get("dest") or said.get("path") or ([w for w in where if w] or [""])[0]
        self.tell(event, host=result._host.get_name(), task=self.called(result._task), text=text[:MOST], changed=bool(said.get("changed")), path=str(name)[:MOST], **more)

    @staticmethod
    def called(task):
        return (task.name or task.get_name()).strip()

    @staticmethod
    def diffs(said):
        found = said.get("diff") or []
        return [d for d in (found if isinstance(found, list) else [found]) if isinstance(d, dict)]

    def v2_playbook_on_play_start(self, play):
        self.play = play.get_name().strip()
        self.tell("play")

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.tell("task", task=self.called(task))

    def v2_playbook_on_handler_task_start(self, task):
        self.tell("task", task=self.called(task))

    def v2_runner_on_ok(self, result):
        self.told("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.told("failed", result, ignored=bool(ignore_errors))

    def v2_runner_on_unreachable(self, result):
        self.told("unreachable", result)

    def v2_playbook_on_stats(self, stats):
        self.tell("stats", changed=sum(stats.changed.values()), failed=sum(stats.failures.values()), unreachable=sum(stats.dark.values()))
