"""Runs a reader's script, or `-c` and its text, and leaves at once after it.

    python leave.py SCRIPT [ARGUMENT ...]
    python leave.py -c TEXT [ARGUMENT ...]

A reader's worker threads may still be ending when the interpreter does, and then it aborts (deltalake 1.x, pyarrow:
"terminate called without an active exception") after all was read and said. Nothing is left to destroy here; a script
that raises or exits by itself ends as Python does it.
"""

import os
import runpy
import sys

del sys.argv[0]
if sys.argv[0] == "-c":
    sys.path[0] = ""
    exec(compile(sys.argv.pop(1), "-c", "exec"), {"__name__": "__main__"})
else:
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")
sys.stdout.flush()
os._exit(0)
