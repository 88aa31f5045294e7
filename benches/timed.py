"""What a command took, of itself and of those that it waited for."""

import json
import os
import subprocess
import time


def timed(command, cwd, environment):
    """Wall seconds, processor seconds and MiB of the largest resident set of a command that ends well."""
    _, used = run(command, cwd, good=[0], env=environment, stdout=subprocess.DEVNULL)
    return used


def answered(command, cwd, good=(0,)):
    """What a command says in JSON that ends with one of these codes; and what it took."""
    said, used = run(command, cwd, good, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(said), used


def run(command, cwd, good, **pipes):
    # Otherwise the first fsync of this command waits for what the one before it has written or deleted.
    os.sync()
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, **pipes)
    said = process.stdout.read() if process.stdout else None
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if os.waitstatus_to_exitcode(status) not in good:
        raise SystemExit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return said, (seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def told(figures):
    seconds, processor, memory = figures
    return f"{seconds:6.2f} s wall {processor:6.2f} s cpu {memory:5.0f} MiB"
