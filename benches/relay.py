"""`nightferry relay` of a topic, as it is and treated, beside who only polls and beside kcat packed by zstd, in one run on one machine.

Writes a topic of six partitions into the tests' own broker: events of a table with people in it, as Debezium writes them, about a
kilobyte each. In turn, several times: the relay lands it for `restricted` (values as they are) and for `analytics` (a pseudonym, a
mask, a label and a column left out, in both images), each into a folder that is empty; a loop polls it and drops it, once with the
relay's client settings and once with the client's own (`benches/poll.rs`: the relay's client library); kcat reads it into `zstd -1`. What
each says that it read is held against what was written. Prints medians of wall time, processor time and largest memory, each command,
and for the relay how much processor time each of its threads took, which says what bounds it. `machine` is the processor time of
everybody in that time: the broker shares the machine. `make bench-relay` starts it; --records is for all partitions together.
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
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTITIONS = 6
BROKERS = os.environ["NIGHTFERRY_KAFKA"]
TICKS = os.sysconf("SC_CLK_TCK")
# What `src/relay/settings.rs` says to the client for six partitions, of what makes it fast or slow.
SETTINGS = ["fetch.queue.backoff.ms=10", "queued.max.messages.kbytes=1365", "fetch.message.max.bytes=1048576", "fetch.max.bytes=16777216",
            "check.crcs=true", "isolation.level=read_committed"]

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


def busy():
    """Processor seconds of everybody on the machine, the broker among them."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq) / TICKS


def watch(pid, threads):
    """Processor seconds of each thread of a process by its name, as they were last seen."""
    while True:
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
        except OSError:
            return
        for task in tasks:
            try:
                text = pathlib.Path(f"/proc/{pid}/task/{task}/stat").read_text()
            except OSError:
                continue
            name, rest = text[text.index("(") + 1 :].rsplit(")", 1)
            fields = rest.split()
            threads[task] = (name, (int(fields[11]) + int(fields[12])) / TICKS)
        if not tasks:
            return
        time.sleep(0.05)


def timed(command, cwd, shell=False):
    """Seconds, processor seconds, MiB and the machine's processor seconds of a command; what it said, and its threads."""
    begin, before, threads = time.perf_counter(), busy(), {}
    with tempfile.TemporaryFile() as said:
        # The largest memory of a child is never told as less than this script's own, which is some 30 MiB.
        environment = dict(os.environ, MALLOC_ARENA_MAX="2")  # As the image has it.
        child = subprocess.Popen(command, cwd=cwd, env=environment, stdout=said, shell=shell, executable="/bin/bash" if shell else None)
        watcher = threading.Thread(target=watch, args=(child.pid, threads), daemon=True)
        watcher.start()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - begin
        everybody = busy() - before
        said.seek(0)
        if child.returncode:
            sys.exit(f"{command} ended with {child.returncode}")
        watcher.join()
        names = {}
        for name, seconds in threads.values():
            names[name] = names.get(name, 0) + seconds
        return (took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, everybody), said.read(), names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=600_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--binary", default=str(ROOT / "target/release/nightferry"))
    parser.add_argument("--poll", default=str(ROOT / "target/release/examples/poll"))
    asked = parser.parse_args()
    asked.binary, asked.poll = (str(pathlib.Path(path).resolve()) for path in (asked.binary, asked.poll))
    topic = f"bench.{uuid.uuid4().hex}"
    make(topic)
    size = fill(topic, asked.records)
    results, profiles, commands = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def relay(name, audience):
            place = folder / audience
            shutil.rmtree(place, ignore_errors=True)
            project(place, topic, audience)
            commands[name] = [asked.binary, "relay", "jobs/bench.toml", "--json"]
            took, said, threads = timed(commands[name], place)
            told = json.loads(said)["topics"][0]
            assert told["records"] == asked.records and told["dead_letters"] == 0 and told["complete"], told
            profiles.setdefault(name, []).append(threads)
            return *took, told["bytes"]

        def poll(name, settings):
            commands[name] = [asked.poll, BROKERS, topic, *settings]
            took, said, _ = timed(commands[name], folder)
            assert json.loads(said) == {"records": asked.records, "bytes": size}, said
            return *took, 0

        def kcat(name):
            packed = folder / "packed.zst"
            commands[name] = f"set -o pipefail; kcat -q -b {BROKERS} -C -t {topic} -o beginning -e | zstd -q -1 -f -o {packed}"
            took, _, _ = timed(commands[name], folder, shell=True)
            lines = subprocess.run(f"zstd -q -d -c {packed} | wc -l", shell=True, check=True, stdout=subprocess.PIPE).stdout
            assert int(lines) == asked.records, lines
            return *took, packed.stat().st_size

        ways = {
            "relay, treated": lambda name: relay(name, "analytics"),
            "relay, as it is": lambda name: relay(name, "restricted"),
            "poll, relay's settings": lambda name: poll(name, SETTINGS),
            "poll, client's own": lambda name: poll(name, []),
            "kcat | zstd -1": kcat,
        }
        for _ in range(asked.runs):
            for name, way in ways.items():
                results.setdefault(name, []).append(way(name))
    print(f"{asked.records:,} records, {size / 1e6:,.0f} MB of keys and values, {PARTITIONS} partitions, {os.cpu_count()} cores, medians of {asked.runs}")
    print(f"{'':<24}{'s':>8}{'MB/s':>8}{'cpu s':>8}{'MiB':>8}{'machine':>9}{'MB out':>8}")
    for name, runs in results.items():
        took, cpu, memory, everybody, out = (statistics.median(run[part] for run in runs) for part in range(5))
        print(f"{name:<24}{took:>8.2f}{size / 1e6 / took:>8.0f}{cpu:>8.2f}{memory:>8.0f}{everybody:>9.2f}{out / 1e6:>8.1f}")
    for name, runs in profiles.items():
        names = {thread for run in runs for thread in run}
        shares = sorted(((statistics.median(run.get(thread, 0) for run in runs), thread) for thread in names), reverse=True)
        print(f"{name}: processor seconds by thread: " + ", ".join(f"{thread} {seconds:.2f}" for seconds, thread in shares[:6]))
    for name, command in commands.items():
        print(f"{name}: {command if isinstance(command, str) else ' '.join(command)}")


main()
