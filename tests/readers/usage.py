"""Runs a command, and says what the kernel counted of it.

usage.py COMMAND..: prints one JSON object: `code`, `cpu_seconds` and `peak_memory_bytes` of the process, `seconds` by the clock, and `out`.
"""
import json
import os
import subprocess
import sys
import time

began = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
out = process.stdout.read()
_, status, used = os.wait4(process.pid, 0)
print(json.dumps({
    "code": os.waitstatus_to_exitcode(status), "cpu_seconds": used.ru_utime + used.ru_stime,
    "peak_memory_bytes": used.ru_maxrss * 1024, "seconds": time.monotonic() - began, "out": out.decode(),
}))
