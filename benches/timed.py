"""What a command took, of itself and of those that it waited for."""

import os
import subprocess
import time


def timed(command, cwd, environment):
    """Wall seconds, processor seconds and MiB of the largest resident set of a command that ends well."""
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if status:
        raise SystemExit(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def told(figures):
    seconds, processor, memory = figures
    return f"{seconds:6.2f} s wall {processor:6.2f} s cpu {memory:5.0f} MiB"
