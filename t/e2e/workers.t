#!/usr/bin/env python3
"""
What was answered 200 is in ClickHouse once, whatever happens to the workers:
some are killed, the configuration is reloaded, also with other numbers of
workers, and NGINX quits, all of it under load.
"""

import os
import random
import re
import signal
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
import et  # noqa: E402
import ledger  # noqa: E402


def workers(nginx):
    """The pids of the workers that are not on their way out."""
    pids = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/cmdline" % name) as file:
                title = file.read()
            with open("/proc/%s/stat" % name) as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == nginx.process.pid and "shutting" not in title \
           and title.startswith("nginx: worker"):
            pids.append(int(name))
    return pids


def reload(nginx, processes):
    path = os.path.join(nginx.dir, "nginx.conf")
    with open(path) as file:
        text = re.sub(r"worker_processes \d+", "worker_processes %d"
                      % processes, file.read())
    with open(path, "w") as file:
        file.write(text)
    old = set(workers(nginx))
    nginx.process.send_signal(signal.SIGHUP)
    et.until(lambda: len(set(workers(nginx)) - old) == processes)


def main():
    keys = [(et.project(), uuid.uuid4().hex) for _ in range(3)]

    with et.Nginx(keys) as nginx:

        project, key = keys[0]
        load = ledger.Load(nginx.port, project, key)
        for processes in (3, 1, 4, 2, 2, 1, 2):
            time.sleep(0.2)
            reload(nginx, processes)
        load.audit("reloads with other workers")
        et.same(set(load.statuses()) - {0, 200}, set(),
                "a reload refuses no request")

        nginx.expected = re.compile(r"exited on signal 9")
        project, key = keys[1]
        load = ledger.Load(nginx.port, project, key)
        for _ in range(10):
            time.sleep(0.2)
            pids = workers(nginx)
            if pids:
                os.kill(random.choice(pids), signal.SIGKILL)
        load.audit("killed workers")
        et.ok(any(n > 0 for name, n in nginx.metrics().items()
                  if name.startswith("errortracking_segments_taken_over")),
              "what a killed worker had is taken over")

        # a load that goes on until nobody answers; QUIT comes at the block's
        # end, and the ledger is compared when all processes have ended

        project, key = keys[2]
        load = ledger.Load(nginx.port, project, key)
        et.until(lambda: load.acknowledged() > 1000)

    load.audit("quit under load")
    et.finish()


main()
