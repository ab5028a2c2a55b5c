#!/usr/bin/env python3
"""Our engine beside others on the same files: prefill, decode, and many sequences at once.

The programs take turns within one run, so that what else happens on the machine meets all of them;
the table shows medians over the rounds and what ours are as multiples of theirs.

  compare_engines.py --model 1b-q4_0.gguf --peer llama.cpp=~/llama.cpp/build/bin

A peer is a folder with llama-bench and llama-batched-bench, of llama.cpp or a relative of it.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys


class CannotRun(Exception):
    """A program that ends with an error: a peer need not know every format."""


def output_of(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    if done.returncode != 0:
        raise CannotRun(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout, done.stderr


def measure_ours(program, model, options):
    command = [program, "bench", model, "--threads", str(options.threads), "--repetitions", "1",
               "--prompt", str(options.prompt), "--generate", str(options.generate),
               "--concurrency", ",".join(map(str, options.concurrency)),
               "--shared-prompt", str(options.shared_prompt),
               "--shared-generate", str(options.shared_generate), "--json", "-"]
    found = json.loads(output_of(command)[0])
    rates = {}
    for each in found["measurements"]:
        key = f"x {each['sequences']}" if each["kind"] == "concurrent" else each["kind"]
        rates[key] = each["tokens_per_second"]
    if found["memory_ceiling_bytes_per_second"]:
        rates["memory %"] = (100 * found["decode_bytes_per_second"]
                             / found["memory_ceiling_bytes_per_second"])
    return rates


def measure_peer(name, folder, model, options):
    def own(arguments):  # those that are for this peer
        return [each.split("=", 1)[1] for each in arguments if each.split("=", 1)[0] == name]

    rates = {}
    command = [os.path.join(folder, "llama-bench"), "-m", model, "-t", str(options.threads),
               "-p", str(options.prompt), "-n", str(options.generate), "-r", "1", "-o", "json"]
    command += own(options.bench_argument)
    for each in json.loads(output_of(command)[0]):
        rates["prefill" if each["n_prompt"] else "decode"] = each["avg_ts"]
    most = max(options.concurrency)
    context = most * (options.shared_prompt + options.shared_generate) + 64
    output, errors = output_of([os.path.join(folder, "llama-batched-bench"), "-m", model,
                      "-t", str(options.threads), "-c", str(context), "-b", "2048",
                      "-npp", str(options.shared_prompt), "-ntg", str(options.shared_generate),
                      "-npl", ",".join(map(str, options.concurrency))]
                     + own(options.batched_argument))
    # | PP | TG | B | N_KV | T_PP s | S_PP t/s | T_TG s | S_TG t/s | …
    for line in (output + errors).splitlines():  # the table is in one of them
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) >= 8 and re.fullmatch(r"\d+", cells[0]):
            rates[f"x {int(cells[2])}"] = float(cells[7])
    return rates


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--squall-model", default="build/release/bin/squall-model")
    parser.add_argument("--model", action="append", required=True, help="GGUF file; repeatable")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--bench-argument", action="append", default=[], metavar="NAME=WORD",
                        help="one more word for that peer's llama-bench; repeatable")
    parser.add_argument("--batched-argument", action="append", default=[], metavar="NAME=WORD",
                        help="the same for its llama-batched-bench")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=128)
    parser.add_argument("--shared-prompt", type=int, default=64)
    parser.add_argument("--shared-generate", type=int, default=64)
    parser.add_argument("--concurrency", type=lambda text: [int(x) for x in text.split(",")],
                        default=[8, 16, 32])
    parser.add_argument("--json", help="also write every figure to this file")
    return parser.parse_args()


def main():
    options = parse()
    peers = dict(each.split("=", 1) for each in options.peer)
    everything = {}
    for model in options.model:
        rounds = {name: [] for name in ["squall", *peers]}
        for turn in range(options.rounds):
            order = list(rounds) if turn % 2 == 0 else list(rounds)[::-1]
            for name in order:
                print(f"{os.path.basename(model)}, round {turn + 1}, {name}   ", end="\r",
                      file=sys.stderr, flush=True)
                if name == "squall":
                    rounds[name].append(measure_ours(options.squall_model, model, options))
                    continue
                try:
                    rounds[name].append(
                        measure_peer(name, os.path.expanduser(peers[name]), model, options))
                except CannotRun as error:
                    print(f"\n{name} left out: {error}", file=sys.stderr)
        everything[model] = rounds
        print_table(model, rounds, options)
        if options.json:  # after each model: a run of hours may be cut short
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump({"threads": options.threads, "rounds": everything}, file, indent=1)


def print_table(model, rounds, options):
    peers = [name for name in rounds if name != "squall"]
    print(f"\n{os.path.basename(model)}, {options.threads} thread(s), medians of "
          f"{options.rounds} rounds, tokens/s")
    print(f"{'':12}{'squall':>10}" + "".join(f"{name:>14}{'ratio':>8}" for name in peers))
    for key in rounds["squall"][0]:
        ours = statistics.median(each[key] for each in rounds["squall"])
        line = f"{key:12}{ours:10.1f}"
        for name in peers:
            values = [each[key] for each in rounds[name] if key in each]
            if not values:
                line += f"{'-':>14}{'-':>8}"
                continue
            theirs = statistics.median(values)
            few = f" (of {len(values)})" if len(values) < options.rounds else ""
            line += f"{theirs:14.1f}{ours / theirs:7.2f}x{few}"
        print(line, flush=True)


if __name__ == "__main__":
    try:
        main()
    except CannotRun as error:
        sys.exit(str(error))
