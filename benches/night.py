"""The reference night: both jobs, a hundred million rows from PostgreSQL, twenty million change events, in one vCPU and 2 GB.

Makes the two databases (unlogged tables, by COPY) and the topics of every table but `metered_output`, whose half hours are older than
what a topic keeps; then runs the jobs as they are shipped, one after the other, in a control group of one vCPU and 2 GB without swap:
extract, full treatment, reconciliation, checks, publication to the tests' S3 server. PostgreSQL, that server and the generator are outside
of the group and share the machine. What was published is counted by deltalake and Arrow and held against what was generated, and every comparison has to be
a MATCH by transactions. Prints what each job took, and what the night would cost a month. `make bench-night` starts it; it wants to be
root (the control group), 35 GB of disk and an hour. `make bench-night ARGS='--half-hours 200000 --contacts 50000'` is a quick look.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROJECT = ROOT / "target" / "bench-night"
RELEASE = ROOT / "target" / "release"
JOBS = ["settlements", "contracts"]
UNTOLD = "metered_output"
MEMORY_BYTES = 2 << 30
GROUPS = pathlib.Path("/sys/fs/cgroup")


class Group:
    """A control group of one vCPU, which nobody else's work takes from it, and 2 GB; of version 2 or 1."""

    def __init__(self):
        name = f"nightferry-bench-{os.getpid()}"
        self.is_second = (GROUPS / "cgroup.controllers").exists()
        parents = [GROUPS] if self.is_second else [GROUPS / "cpu", GROUPS / "memory"]
        self.folders = [parent / name for parent in parents]
        for folder in self.folders:
            folder.mkdir()
        if self.is_second:
            self.put(0, "cpu.max", "100000 100000")
            self.put(0, "cpu.weight", 10_000)
            self.put(0, "memory.max", MEMORY_BYTES)
            self.put(0, "memory.swap.max", 0)
        else:
            self.put(0, "cpu.cfs_period_us", 100_000)
            self.put(0, "cpu.cfs_quota_us", 100_000)
            self.put(0, "cpu.shares", 100_000)
            self.put(1, "memory.limit_in_bytes", MEMORY_BYTES)
            self.put(1, "memory.swappiness", 0)

    def put(self, folder, file, value):
        (self.folders[folder] / file).write_text(str(value))

    def enter(self):
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def anonymous_bytes(self):
        """Memory that is nobody's file: what cannot be given back without swap."""
        word = "anon " if self.is_second else "total_rss "
        lines = (self.folders[-1] / "memory.stat").read_text().splitlines()
        return next(int(line.removeprefix(word)) for line in lines if line.startswith(word))

    def killed(self):
        """How often the kernel ended a process for want of memory."""
        file = "memory.events" if self.is_second else "memory.oom_control"
        lines = (self.folders[-1] / file).read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def leave(self):
        for folder in self.folders:
            folder.rmdir()


def make(half_hours, contacts):
    """Databases, topics and project; gives what the generator says of every table, by job."""
    shutil.rmtree(PROJECT, ignore_errors=True)
    for folder in ("jobs", "schemas"):
        shutil.copytree(ROOT / folder, PROJECT / folder)
    shutil.copytree(ROOT / "fixtures" / "settlements" / "prices", PROJECT / "fixtures" / "settlements" / "prices")
    job = PROJECT / "jobs" / "settlements.toml"
    before, compared, after = job.read_text().partition(f"[dataset.{UNTOLD}.reconcile]\n")
    assert compared, "the job compares it with its topic"
    job.write_text(before + after[after.index("\n\n") + 2 :])
    environment = (PROJECT / "jobs" / "environments" / "services.toml").read_text()
    for name in JOBS:
        there = next(line for line in environment.splitlines() if line.startswith("dump") and f"/{name}\"" in line)
        environment = environment.replace(there, f'dump = {{ url = "topics", layout = "confluent", times = "adaptive" }}')
    environment = "".join(line + "\n" for line in environment.splitlines() if not line.startswith("second"))
    (PROJECT / "jobs" / "environments" / "bench.toml").write_text(environment + '\n[limits]\nmemory_max = "1GiB"\n')
    made = {}
    for name, rows in zip(JOBS, (half_hours, contacts)):
        began = time.monotonic()
        what = ["--world", name, "--rows", str(rows), "--postgres", "--topics", PROJECT / "topics", "--large", "--untold", f"settlements.{UNTOLD}"]
        said = subprocess.run([RELEASE / "examples" / "generate", *what], check=True, stdout=subprocess.PIPE).stdout
        made[name] = json.loads(said)["worlds"][name]["tables"]
        print(f"{name}: {total(made[name], 'rows'):,} rows, {total(made[name], 'events'):,} events, made in {time.monotonic() - began:.0f} s", flush=True)
    packed = sum(path.stat().st_size for path in (PROJECT / "topics").rglob("*.json*"))
    print(f"topics: {packed / 2**30:.1f} GiB packed", flush=True)
    return made


def total(tables, what):
    return sum(table.get(what, 0) for table in tables.values())


def run(job, group):
    """The report of a run in the group, the seconds it took, and the most anonymous memory of the group in bytes."""
    most, is_over = 0, threading.Event()

    def watch():
        nonlocal most
        while not is_over.wait(0.1):
            most = max(most, group.anonymous_bytes())

    watching = threading.Thread(target=watch)
    watching.start()
    began = time.monotonic()
    command = [RELEASE / "nightferry", "run", f"jobs/{job}.toml", "--env", "bench", "--json", "--progress", "none"]
    process = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, preexec_fn=group.enter)
    seconds = time.monotonic() - began
    is_over.set()
    watching.join()
    if process.returncode:
        raise SystemExit(f"{job} ended with {process.returncode}: {process.stdout.decode()[-2000:]}")
    return json.loads(process.stdout), seconds, most


def check(report, made):
    """What was published and compared is what was made."""
    for dataset in report["datasets"]:
        table = made.get(dataset["name"])
        if table is None:
            continue
        verdict = dataset["reconciliation"]["verdict"]
        if dataset["name"] == UNTOLD:
            assert verdict == "NOT_COMPARED", dataset
            continue
        assert (verdict, dataset["reconciliation"]["proof"]) == ("MATCH", "txid"), dataset
        assert dataset["reconciliation"]["stream"]["events"] == table["events"], dataset
        assert dataset["reconciliation"]["compared"] == table["carried"], dataset


def count(made):
    """Rows of every published table, by readers of other people."""
    from deltalake import DeltaTable

    there = {"AWS_ENDPOINT_URL": os.environ["NIGHTFERRY_S3_ENDPOINT"], "AWS_ALLOW_HTTP": "true"}
    for name, table in made.items():
        rows = DeltaTable(f"s3://nightferry-warehouse/analytics/{name}", storage_options=there).to_pyarrow_dataset().count_rows()
        # What the jobs' own filters keep out (drafts, payments that another run superseded) is in no topic either.
        assert rows == table.get("carried", table["rows"]), (name, rows, table)


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--half-hours", type=int, default=81_000_000, help="rows of metered_output; other settlement tables follow")
    asked.add_argument("--contacts", type=int, default=12_300_000, help="rows of contact; other contract tables follow")
    asked = asked.parse_args()
    made = make(asked.half_hours, asked.contacts)
    rows, events = (sum(total(tables, what) for tables in made.values()) for what in ("rows", "events"))
    print(f"{rows:,} rows, {events:,} change events", flush=True)
    group = Group()
    figures = []
    try:
        for job in JOBS:
            report, seconds, most = run(job, group)
            check(report, made[job])
            figures.append((report, seconds, most))
            stages = ", ".join(f"{stage} {took:.0f}" for stage, took in sorted(report["seconds_by_stage"].items(), key=lambda pair: -pair[1]))
            memory = f"{most / 2**20:.0f} MiB of the group, {report['peak_memory_bytes'] / 2**20:.0f} MiB resident at most"
            print(f"{job}: {seconds:.0f} s wall, {report['cpu_seconds']:.0f} s cpu, {memory} ({stages})", flush=True)
            for dataset in report["datasets"]:
                print(f"  {dataset['name']:20} {dataset['rows_written']:>12,} rows  {dataset['reconciliation']['phrase']}", flush=True)
        count({name: table for tables in made.values() for name, table in tables.items()})
        assert not group.killed(), "the kernel ended a process for want of memory"
    finally:
        with contextlib.suppress(OSError):
            group.leave()
    wall = sum(seconds for _, seconds, _ in figures)
    memory = max(max(most, report["peak_memory_bytes"]) for report, _, most in figures)
    usd = sum(report["cost"]["usd"] for report, _, _ in figures)
    print(f"night: {wall / 60:.1f} min, {memory / 2**20:.0f} MiB at most, no swap; {usd:.4f} USD, {usd * 30.4:.2f} USD a month ({figures[0][0]['cost']['basis']})")
    shutil.rmtree(PROJECT)


main()
