"""`nightferry relay` of a topic, as it is and treated, beside kcat's raw reading and kcat packed by zstd, in one run on one machine.

Writes a topic of six partitions into the tests' own broker: events of a table with people in it, as Debezium writes them, about a
kilobyte each. In turn, several times: the relay lands it for `restricted` (values as they are) and for `analytics` (a pseudonym, a
mask, a label and a column left out, in both images), each into a folder that is empty; kcat reads it to nowhere; kcat reads it into
`zstd -1`. What the relay says that it landed is held against what was written. Prints medians of wall time, processor time and
largest memory. The broker shares the machine. `make bench-relay` starts it; --records is for all partitions together.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTITIONS = 6
BROKERS = os.environ["NIGHTFERRY_KAFKA"]

JOB = """name = "bench"
description = "A topic that is landed."
owner = "Benchmarks"

[dataset.person]
from = "app"
table = "app.person"
schema = "person"
to = ["restricted"]
write = "replace"

[dataset.person.reconcile]
against = "topics"
topic = "{topic}"
"""
SCHEMA = """description = "People."
key = ["id"]

[columns]
id = { type = "bigint", class = "internal" }
unit = { type = "text", class = "open", nullable = true }
amount = { type = "numeric(14,2)", class = "open", nullable = true }
email = { type = "text", class = "personal", kind = "email", nullable = true, treat = { analytics = { hmac = "people" } } }
phone = { type = "text", class = "personal", kind = "phone", nullable = true, treat = { analytics = { mask = { last = 2 } } } }
full_name = { type = "text", class = "personal", kind = "name", nullable = true, treat = { analytics = "label" } }
body = { type = "text", class = "personal", nullable = true }
"""
ENVIRONMENT = """stamp = "dev"

[source.app]
files = {{ url = "in" }}

[source.topics]
dump = {{ url = "landed", layout = "relay", kafka = {{ brokers = "{brokers}", insecure = true, audience = "{audience}" }} }}

[store.restricted]
url = "out/restricted"
audience = "restricted"

[store.security]
url = "out/security"
audience = "security"

[secrets]
tokens = {{ test_key = true }}
"""


def row(number):
    return {
        "id": number,
        "unit": f"AAA-{number % 5000}",
        "amount": f"{number * 104729 % 100000000 / 100:.2f}",
        "email": f"person{number % 60000}@example.org",
        "phone": f"07700 9{number % 100000:05d}",
        "full_name": f"Person Number {number % 60000}",
        "body": f"the terms of the event with number {number} " * 3,
    }


def event(number):
    source = {"version": "3.3.1.Final", "connector": "postgresql", "name": "bank", "ts_ms": 1795000000000 + number, "db": "bank",
              "schema": "app", "table": "person", "txId": 4000 + number, "lsn": 24023128 + number}
    return json.dumps({"before": row(number), "after": row(number + 1), "source": source, "op": "u", "ts_ms": 1795000000000 + number},
                      separators=(",", ":"))


def fill(topic, records):
    """Writes the records; gives the bytes of their keys and values."""
    sizes = 0
    for partition in range(PARTITIONS):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            for number in range(partition, records, PARTITIONS):
                line = f'{{"id":{number}}}^{event(number)}\n'
                sizes += len(line) - 2
                file.write(line)
            file.flush()
            command = ["kcat", "-q", "-b", BROKERS, "-P", "-t", topic, "-p", str(partition), "-K^", "-l", file.name, "-X", "linger.ms=50"]
            subprocess.run(command, check=True)
    return sizes


def make(topic):
    jars = ROOT / "target/services/kafka/jars"
    command = ["java", "-Xmx128m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", f"{jars}/*",
               "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", BROKERS, "--create", "--topic", topic,
               "--partitions", str(PARTITIONS), "--replication-factor", "1"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def project(folder, topic, audience):
    files = {"jobs/bench.toml": JOB.format(topic=topic), "schemas/person.toml": SCHEMA,
             "jobs/environments/dev.toml": ENVIRONMENT.format(brokers=BROKERS, audience=audience)}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def timed(command, cwd, shell=False):
    """Seconds, processor seconds and MiB of a command, and what it said."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, cwd=cwd, stdout=said, shell=shell)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - begin
        said.seek(0)
        if child.returncode:
            sys.exit(f"{command} ended with {child.returncode}")
        return took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=600_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--binary", default=str(ROOT / "target/release/nightferry"))
    asked = parser.parse_args()
    asked.binary = str(pathlib.Path(asked.binary).resolve())
    topic = f"bench.{uuid.uuid4().hex}"
    make(topic)
    size = fill(topic, asked.records)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def relay(audience):
            place = folder / audience
            shutil.rmtree(place, ignore_errors=True)
            project(place, topic, audience)
            took, cpu, memory, said = timed([asked.binary, "relay", "jobs/bench.toml", "--json"], place)
            told = json.loads(said)["topics"][0]
            assert told["records"] == asked.records and told["dead_letters"] == 0, told
            return took, cpu, memory, told["bytes"]

        read = ["kcat", "-q", "-b", BROKERS, "-C", "-t", topic, "-o", "beginning", "-e"]
        packed = folder / "packed.zst"
        ways = {
            "relay, as it is": lambda: relay("restricted"),
            "relay, treated": lambda: relay("analytics"),
            "kcat to nowhere": lambda: (*timed(" ".join(read) + " >/dev/null", folder, shell=True)[:3], 0),
        }
        if shutil.which("zstd"):
            pack = " ".join(read) + f" | zstd -q -1 -f -o {packed}"
            ways["kcat | zstd -1"] = lambda: (*timed(pack, folder, shell=True)[:3], packed.stat().st_size)
        for _ in range(asked.runs):
            for name, way in ways.items():
                results.setdefault(name, []).append(way())
    print(f"{asked.records:,} records, {size / 1e6:,.0f} MB of keys and values, {PARTITIONS} partitions, {asked.runs} runs, medians")
    print(f"{'':<18}{'s':>8}{'MB/s':>8}{'cpu s':>8}{'MiB':>8}{'MB out':>8}")
    for name, runs in results.items():
        took, cpu, memory, out = (statistics.median(run[part] for run in runs) for part in range(4))
        print(f"{name:<18}{took:>8.2f}{size / 1e6 / took:>8.0f}{cpu:>8.2f}{memory:>8.0f}{out / 1e6:>8.1f}")


main()
