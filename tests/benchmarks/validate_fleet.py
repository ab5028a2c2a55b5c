#!/usr/bin/env python3
"""Does the simulation of fleets tell what this machine then does? One machine, several loads.

In turn, some rounds of it: steps of the engine are measured, then the scenario is run with each
number of users, each round with another seed. The law comes from the means of all rounds' steps; what
it says of ten minutes is compared with the medians of the runs. (Of one seed's short run the slowest
requests are an accident of who met whom: some percent more or less a step change their p95 by a
third.) Prints a table; takes about eight minutes as it is.

  tests/benchmarks/validate_fleet.py --programs build/release/bin
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

SCENARIO = """name = "fleet validation"
seed = {seed}
[target]
model = "{model}"
threads = {threads}
timeout = "60s"
[users]
count = {users}
ramp = "1s"
think_time = {{ distribution = "exponential", mean = "{think}ms", max = "5s" }}
[prompts]
tokens = {{ distribution = "lognormal", mean = {prompt}, deviation = {prompt_deviation}, min = 4, max = 256 }}
[answers]
tokens = {{ distribution = "uniform", min = 8, max = 40 }}
[phases]
warm_up = "2s"
measure = "{seconds}s"
drain = "10s"
"""


def run(command, accepted=(0,)):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode not in accepted:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def merged(files):
    """One file of steps: of each step the mean over the rounds."""
    rounds = [json.load(open(each, encoding="utf-8")) for each in files]
    out = rounds[0]
    for place, step in enumerate(out["steps"]):
        same = [each["steps"][place] for each in rounds]
        step["seconds"] = statistics.mean(each["seconds"] for each in same)
        step["lowest"] = min(each["lowest"] for each in same)
        step["highest"] = max(each["highest"] for each in same)
        step["times"] = sum(each["times"] for each in same)
    return out


def measured_of(report):
    measured = report["phases"]["measure"]
    ttft = {each["percentile"]: each for each in measured["durations"]["ttft"]["percentiles"]}
    return {"tokens/s": report["throughput"]["tokens_per_second"],
            "ttft p95": ttft[95]["value"],
            "answers": measured["ledger"]["ok"],
            "outcome": report["verdict"]["outcome"]}


def in_words(name, value):
    return f"{value:.1f}" if name == "tokens/s" else f"{1000 * value:.1f} ms"


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", default="build/release/bin")
    parser.add_argument("--model", default="synthetic:llama-15m/q8_0")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--users", type=lambda text: [int(x) for x in text.split(",")],
                        default=[1, 2, 4, 8, 16])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20, help="of each measured phase")
    parser.add_argument("--calibrate", type=int, default=10, help="seconds of each calibration")
    parser.add_argument("--think", type=int, default=50, help="milliseconds, mean")
    parser.add_argument("--prompt", type=int, default=48, help="tokens, mean")
    parser.add_argument("--keep", help="folder for scenarios, steps and reports")
    parser.add_argument("--json", help="also write every figure to this file")
    return parser.parse_args()


def measure(options, folder):
    """All rounds; the steps, and for each number of users what the runs gave."""
    squall = os.path.join(options.programs, "squall")
    steps, runs = [], {users: [] for users in options.users}
    begun = time.monotonic()
    for turn in range(options.rounds):
        order = options.users if turn % 2 == 0 else options.users[::-1]
        for what in ["steps", *order]:
            print(f"round {turn + 1} of {options.rounds}, {what}, "
                  f"{time.monotonic() - begun:.0f} s   ", end="\r", file=sys.stderr, flush=True)
            if what == "steps":
                steps.append(os.path.join(folder, f"steps-{turn}.json"))
                run([squall, "model", "bench", options.model, "--threads", str(options.threads),
                     "--steps", steps[-1], "--seconds", str(options.calibrate)])
                continue
            report = os.path.join(folder, f"run-{turn}-{what}.json")
            # Whatever the verdict is (a busy machine may make a run invalid): it is shown.
            run([squall, "run", os.path.join(folder, f"{what}-{turn}.toml"), "--no-store", "--state",
                 os.path.join(folder, "state"), "--json", report], accepted=(0, 10, 12, 13))
            with open(report, encoding="utf-8") as file:
                runs[what].append(measured_of(json.load(file)))
    print(f"{'':60}", end="\r", file=sys.stderr)
    return steps, runs


def predict(options, folder, law, users):
    squall = os.path.join(options.programs, "squall")
    told = json.loads(run([squall, "fleet", os.path.join(folder, f"{users}-long.toml"), "--law", law,
                           "--json", "-"]))
    return {"tokens/s": told["figures"]["tokens_per_second"],
            "ttft p95": told["figures"].get("ttft_p95"),
            "residuals": told["laws"][0]["residuals"]}


def validate(options, folder):
    plans = [(str(turn), 20 + turn, options.seconds) for turn in range(options.rounds)]
    for users in options.users:
        for name, seed, seconds in [*plans, ("long", 20, 600)]:
            with open(os.path.join(folder, f"{users}-{name}.toml"), "w", encoding="utf-8") as file:
                file.write(SCENARIO.format(users=users, model=options.model, seed=seed,
                                           threads=options.threads, think=options.think,
                                           prompt=options.prompt,
                                           prompt_deviation=options.prompt // 2, seconds=seconds))
    load_before = os.getloadavg()[0]
    steps, runs = measure(options, folder)
    law = os.path.join(folder, "steps.json")
    with open(law, "w", encoding="utf-8") as file:
        json.dump(merged(steps), file)
    rows, worst = [], 0
    print(f"{options.model}, {options.threads} thread(s), {options.rounds} rounds in turn, medians; "
          f"load average {load_before:.1f} before, {os.getloadavg()[0]:.1f} after")
    print(f"{'users':>5} {'figure':>9} {'simulated':>10} {'measured':>10} {'error':>7}   "
          "runs: lowest .. highest")
    for users in options.users:
        predicted = predict(options, folder, law, users)
        for name in ["tokens/s", "ttft p95"]:
            values = [each[name] for each in runs[users] if each[name] is not None]
            if not values or predicted[name] is None:
                print(f"{users:5} {name:>9}  too few answers for a figure")
                continue
            middle = statistics.median(values)
            error = predicted[name] / middle - 1
            worst = max(worst, abs(error))
            rows.append({"users": users, "figure": name, "simulated": predicted[name],
                         "measured": middle, "runs": values, "error": error})
            print(f"{users:5} {name:>9} {in_words(name, predicted[name]):>10} "
                  f"{in_words(name, middle):>10} {100 * error:+6.1f}%   "
                  f"{in_words(name, min(values))} .. {in_words(name, max(values))}")
    residuals = predicted["residuals"]
    print(f"law: off by {100 * residuals['median']:.1f} % (median), {100 * residuals['p95']:.1f} % "
          f"(p95) of its {len(merged(steps)['steps'])} steps; largest error of the table "
          f"{100 * worst:.1f} %")
    outcomes = sorted({each["outcome"] for all_runs in runs.values() for each in all_runs})
    print("outcomes of the runs: " + ", ".join(outcomes))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"model": options.model, "rows": rows, "residuals": residuals}, file, indent=1)


if __name__ == "__main__":
    chosen = parse()
    if chosen.keep:
        os.makedirs(chosen.keep, exist_ok=True)
        validate(chosen, chosen.keep)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            validate(chosen, temporary)
