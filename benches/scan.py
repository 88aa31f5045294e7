"""Free text scrubbed and columns looked at by nightferry, beside redact-core and Presidio, in one run on one machine.

The texts are those of tests/it/privacy/corpus.py, made by Faker en_GB, python-stdnum and phonenumbers, which know nothing of anybody's
recognisers. `prose` is sentences without numbers and names, and something about a person in every tenth text; `tenth` has it in every tenth
too, and a number, a date or a code that looks like it in all others; `dense` in every second. A column holds 100,000 values of one kind
from the same makers, of which 5,000 differ, as a person has more than one row; of `once`, 20,000 of which none comes twice. Each measure
goes on for three seconds (a single column half of one), tools in turn, --runs times; medians. What is
measured is a text with every finding replaced, for everyone; the last figure counts texts that changed, so that who finds little is not
praised for being fast. MB/s of wall time, and of processor time, which a busy machine disturbs less. `make bench-scan` starts it, with a
release build.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time
import uuid
from concurrent.futures import ProcessPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "target" / "bench-scan"
SEED = "20261126"
COLUMN_VALUES = 100_000
ONCE_VALUES = 20_000
DENSITIES = ("prose", "tenth", "dense")
MEASURED_S = 3


def make(texts):
    """Texts and columns."""
    sys.argv = ["corpus.py", str(texts), SEED]
    sys.path.insert(0, str(ROOT / "tests/it/privacy"))
    import corpus

    rng = random.Random(SEED)
    real = [line for line in corpus.REAL.split("\n") if line]
    false = [line for line in corpus.FALSE.split("\n") if line]
    value = lambda: corpus.filled(rng.choice(real), corpus.VALUES)["text"]
    lookalike = lambda: corpus.filled(rng.choice(false), corpus.LOOKALIKES)["text"]
    prose = lambda: corpus.GB.sentence(nb_words=rng.randint(6, 20))
    for density, one_in, other in (("prose", 10, prose), ("tenth", 10, lookalike), ("dense", 2, lookalike)):
        with open(FOLDER / f"texts.{density}.jsonl", "w") as out:
            for number in range(texts):
                print(json.dumps(value() if number % one_in == 0 else other()), file=out)
    makers = {"email": "email", "phone": "phone", "nino": "nino", "nhs_number": "nhs_number", "postcode": "postcode", "sort_code": "sort_code",
              "account_number": "bank_account", "iban": "iban", "card_number": "card", "date_of_birth": "date_of_birth"}
    columns, once = {}, {}
    for name, kind in makers.items():
        some = list({corpus.VALUES[kind](): None for _ in range(ONCE_VALUES)})
        once[name] = some
        columns[name] = [rng.choice(some[:5_000]) for _ in range(COLUMN_VALUES)]
    of_trade = {
        "cfd_id": lambda: f"AAA-{rng.choice(('KES', 'DUN', 'BRY'))}-{rng.randint(100, 999)}",
        "status": lambda: rng.choice(("draft", "approved", "paid", "disputed")),
        "amount_gbp": lambda: f"{rng.randint(-10**7, 10**7) / 100:.2f}",
        "settlement_date": lambda: f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
    }
    for name, value in of_trade.items():
        columns[name] = [value() for _ in range(COLUMN_VALUES)]
    once["amount_gbp"] = list(dict.fromkeys(columns["amount_gbp"]))[:ONCE_VALUES]
    once["invoice_ref"] = [f"INV-2026-{number:06}" for number in range(ONCE_VALUES)]
    once["event_id"] = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(ONCE_VALUES)]
    (FOLDER / "columns.json").write_text(json.dumps(columns))
    (FOLDER / "columns.once.json").write_text(json.dumps(once))


def presidio_engines():
    """Every recogniser of patterns that Presidio has for English, over a blank pipeline: no model is in a package."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
    from presidio_anonymizer import AnonymizerEngine

    class Blank(NlpEngine):
        def __init__(self):
            self.nlp = spacy.blank("en")

        def load(self):
            pass

        def is_loaded(self):
            return True

        def process_text(self, text, language):
            doc = self.nlp(text)
            return NlpArtifacts([], doc, [token.idx for token in doc], [token.lower_ for token in doc], self, language)

        def process_batch(self, texts, language, **_):
            return ((text, self.process_text(text, language)) for text in texts)

        def is_stopword(self, word, language):
            return self.nlp.vocab[word].is_stop

        def is_punct(self, word, language):
            return self.nlp.vocab[word].is_punct

        def get_supported_entities(self):
            return []

        def get_supported_languages(self):
            return ["en"]

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    registry.remove_recognizer("SpacyRecognizer")
    return AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"]), AnonymizerEngine()


def presidio_part(texts):
    analyzer, anonymizer = presidio_engines()
    analyzer.analyze("warm", language="en")
    start, processor, bytes_, found, done = time.monotonic(), time.process_time(), 0, 0, 0
    for text in texts:
        made = anonymizer.anonymize(text, analyzer.analyze(text, language="en")).text
        found += made != text
        bytes_ += len(text.encode())
        done += 1
        if time.monotonic() - start > MEASURED_S:
            break
    return bytes_ / (time.monotonic() - start) / 1e6, found, done, bytes_ / 1e6, time.process_time() - processor


def presidio(threads):
    for density in DENSITIES:
        texts = [json.loads(line) for line in open(FOLDER / f"texts.{density}.jsonl")]
        with ProcessPoolExecutor(threads) as pool:
            parts = list(pool.map(presidio_part, [texts[part::threads] for part in range(threads)]))
        # It does not get through all of them in the time: what it would find is counted from its share.
        found = round(sum(part[1] for part in parts) / sum(part[2] for part in parts) * len(texts))
        a_core = sum(part[3] for part in parts) / sum(part[4] for part in parts)
        yield {"tool": "Presidio", "part": f"text, {density}", "threads": threads, "mb_s": sum(part[0] for part in parts), "mb_cpu_s": a_core, "found": found}


def measures(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, stderr=subprocess.DEVNULL)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--texts", type=int, default=20_000)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--part", nargs=2, metavar=("PART", "N"), help=argparse.SUPPRESS)
    asked = asked.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if asked.part:
        part, number = asked.part[0], int(asked.part[1])
        if part == "make":
            make(number)
        else:
            for told in presidio(number):
                print(json.dumps(told))
        return
    this = [sys.executable, __file__]
    subprocess.run([*this, "--part", "make", str(asked.texts)], check=True)
    tools = {"nightferry": [ROOT / "target/release/examples/scan", FOLDER]}
    if (peer := FOLDER / "redact-core/release/redact-core-peer").exists():
        tools["redact-core"] = [peer, FOLDER]
    tools["Presidio"] = [*this, "--part", "presidio"]
    figures, found = collections.defaultdict(list), {}
    for _ in range(asked.runs):
        for tool, command in tools.items():
            for threads in (1, 2):
                try:
                    for told in measures([*command, str(threads)]):
                        key = (told["part"], tool, threads)
                        figures[key].append((told["mb_s"], told["mb_cpu_s"]))
                        found[key] = told["found"]
                except subprocess.CalledProcessError as fault:
                    print(f"{tool} ended with {fault.returncode}: left out", flush=True)
    print(f"medians of {asked.runs}, {asked.texts:,} texts, {os.cpu_count()} cores")
    for (part, tool, threads) in sorted(key for key in figures if key[2] == 1):
        (one, core), (two, cores) = ([statistics.median(kind) for kind in zip(*figures[part, tool, threads])] for threads in (1, 2))
        print(f"{part:38} {tool:12} {one:9.3f} MB/s, {core:9.3f} a core   two threads {two:9.3f} MB/s ({two / one:.2f} x), {cores:9.3f} a core   "
              f"changed or known {found[part, tool, threads]:,}")


if __name__ == "__main__":
    main()
