#!/usr/bin/env python3
"""How near the engine comes to what a GPU can do: prefill and decode beside their floors.

  gpu_table.py                               the 1B and 7B shapes in three formats (18 GB of files)
  gpu_table.py --model chat.gguf --rounds 3  a model of your own

Models of random weights are made by `squall model synth` where they are missing. `squall hardware`
measures how fast the device copies and multiplies; each rate is shown with the least time that a
token could take then, which is the greater of

  bytes of weights that a step reads / bytes a second / tokens of the step
  multiply-adds of a token / multiply-adds a second

Keys, values and attention are not counted, so long prompts look somewhat worse than they are.
Models take turns in rounds, and the table shows medians over these.

Exit codes: 0 told, 1 a model had to be left out, 2 nothing can be measured.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys

SHAPES = ["llama-1b", "llama-7b"]
FORMATS = ["q8_0", "q4_0", "q4_k"]
DECODE_AIM = 0.70  # of the floor's rate, one sequence
PREFILL_AIM = 0.40


class CannotRun(Exception):
    """What a program said when it failed."""


def output_of(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    except OSError as error:
        raise CannotRun(f"{command[0]} cannot be run ({error.strerror}); build it with ./dev build "
                        "hip or ./dev build cuda, or say where it is with --squall") from error
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"{' '.join(command)} was not finished in an hour") from error
    if done.returncode != 0:
        raise CannotRun(f"{' '.join(command)} ended with {done.returncode}: "
                        f"{done.stderr.strip()[-2000:]}")
    return done.stdout


def make_models(options):
    """Paths of the synthetic models; those that are missing are written."""
    os.makedirs(options.folder, exist_ok=True)
    paths = []
    for shape in SHAPES:
        for kind in FORMATS:
            path = os.path.join(options.folder, f"{shape}-{kind}.gguf")
            if not os.path.exists(path):
                print(f"writing {path}", file=sys.stderr, flush=True)
                # Under another name first: half a file would be taken for a model next time.
                output_of([options.squall, "model", "synth", path + ".part", "--shape", shape,
                           "--format", kind, "--force"])
                os.replace(path + ".part", path)
            paths.append(path)
    return paths


def multiply_adds_per_token(squall, model):
    """Every matrix once; of the embedding one row is copied, unless it is the output, too."""
    tensors = json.loads(output_of([squall, "model", "inspect", model, "--tensors", "--json"]))
    matrices = {}
    for tensor in tensors["tensors"]:
        shape = json.loads(tensor["shape"])
        if len(shape) > 1:
            matrices[tensor["name"]] = math.prod(shape)
    if "output.weight" in matrices:
        matrices.pop("token_embd.weight", None)
    return sum(matrices.values())


def measure(options, model):
    command = [options.squall, "model", "bench", model, "--device", "gpu", "--require-gpu",
               "--repetitions", "1", "--prompt", str(options.prompt), "--generate", "0",
               "--concurrency", ",".join(map(str, options.sequences)),
               "--shared-prompt", str(options.shared_prompt),
               "--shared-generate", str(options.shared_generate), "--json", "-"]
    if options.device_index is not None:
        command += ["--device-index", str(options.device_index)]
    return json.loads(output_of(command))


def usable_gpus(squall):
    """Asked first: models of 20 GB are not written for nothing."""
    gpus = json.loads(output_of([squall, "hardware", "--json"]))["gpus"]
    usable = [gpu for gpu in gpus if gpu["runtime"]]
    if not usable:
        raise CannotRun("there is no GPU that this build can use; squall model bench MODEL "
                        "--device gpu --require-gpu says why, docs/gpu.md what to build")
    return usable


def device_of(gpus, backend):
    """That of the GPU that computed; `backend` is "gpu NAME (RUNTIME)"."""
    for gpu in gpus:
        if backend == f"gpu {gpu['name']} ({gpu['runtime']})":
            return gpu
    raise CannotRun(f"squall hardware --json names no device '{backend}'")


def least_seconds(gpu, bytes_of_step, multiply_adds, tokens_of_step):
    """Of one token; None where the device was not measured."""
    bandwidth = gpu["copy_bytes_per_second"]
    matrix_rate = gpu["matrix_multiply_adds_per_second"]
    if not bandwidth or not matrix_rate:
        return None
    return max(bytes_of_step / bandwidth / tokens_of_step, multiply_adds / matrix_rate)


def rows_of(gpu, rounds, multiply_adds):
    """One for each measurement: the median over the rounds, its floor and their ratio."""
    rows = []
    for i, first in enumerate(rounds[0]["measurements"]):
        rate = statistics.median(each["measurements"][i]["tokens_per_second"] for each in rounds)
        prefill = first["kind"] == "prefill"
        tokens = first["tokens"] if prefill else first["sequences"]
        least = least_seconds(gpu, rounds[0]["bytes_per_token"], multiply_adds, tokens)
        aim = PREFILL_AIM if prefill else DECODE_AIM if first["sequences"] == 1 else None
        ratio = None if least is None else rate * least
        rows.append({"what": "prefill" if prefill else "decode", "sequences": first["sequences"],
                     "tokens": first["tokens"], "tokens_per_second": rate,
                     "tokens_per_second_of_a_sequence": rate / first["sequences"],
                     "seconds_per_token": 1 / rate, "least_seconds_per_token": least,
                     "share_of_best": ratio, "aim": aim,
                     "aim_met": None if aim is None or ratio is None else ratio >= aim})
    return rows


def shown(value, format_spec, factor=1):
    return "–" if value is None else format(value * factor, format_spec)


def aim_words(row):
    if row["aim"] is None:
        return ""
    met = {None: "not known", True: "met", False: "missed"}[row["aim_met"]]
    return f"{row['aim']:.0%}: {met}"


def print_table(name, rows):
    print(f"\n### {name}\n")
    print("| | sequences | tokens/s | of each | µs a token | at least | of the best | aim |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    for row in rows:
        what = f"prefill {row['tokens']}" if row["what"] == "prefill" else "decode"
        print(f"| {what} | {row['sequences']} | {row['tokens_per_second']:.1f} "
              f"| {row['tokens_per_second_of_a_sequence']:.1f} "
              f"| {row['seconds_per_token'] * 1e6:.2f} "
              f"| {shown(row['least_seconds_per_token'], '.2f', 1e6)} "
              f"| {shown(row['share_of_best'], '.1%')} | {aim_words(row)} |")


def print_device(gpu):
    print(f"## {gpu['name']} ({gpu['runtime']}, {gpu['architecture']})\n")
    if gpu["runtime"] == "emulation":
        print("**This device is an emulation on the CPU: its times say nothing about GPUs, and it "
              "has no floors.**")
        return
    print(f"Copies {shown(gpu['copy_bytes_per_second'], '.1f', 1e-9)} GB/s (read and written), "
          f"multiplies {shown(gpu['matrix_multiply_adds_per_second'], '.2f', 1e-12)} tera "
          "multiply-adds/s, both measured.")


def numbers(text):
    return [int(each) for each in text.split(",")]


def parse():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--squall", default="build/release/bin/squall")
    parser.add_argument("--model", action="append",
                        help="GGUF file, instead of the synthetic ones; repeatable")
    parser.add_argument("--folder", default="build/gpu_models",
                        help="where the synthetic models are and go [%(default)s]")
    parser.add_argument("--device-index", type=int, help="as squall model bench has it")
    parser.add_argument("--rounds", type=int, default=5, help="[%(default)s]")
    parser.add_argument("--sequences", type=numbers, default=[1, 8, 32, 128],
                        help="decoded together [1,8,32,128]")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of prefill [%(default)s]")
    parser.add_argument("--shared-prompt", type=int, default=64,
                        help="tokens of each sequence's prompt [%(default)s]")
    parser.add_argument("--shared-generate", type=int, default=64,
                        help="steps of decoding [%(default)s]")
    parser.add_argument("--json", metavar="FILE", help="also write every figure to this file")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    for model in options.model or []:
        if not os.path.exists(model):
            parser.error(f"there is no model {model}")
    return options


def measured_rounds(options, models):
    """model -> its rounds; those of which a round failed are left out, and why is said."""
    rounds = {model: [] for model in models}
    failed = {}
    for turn in range(options.rounds):
        for model in models:
            if model in failed:
                continue
            print(f"round {turn + 1} of {options.rounds}: {os.path.basename(model)}",
                  file=sys.stderr, flush=True)
            try:
                rounds[model].append(measure(options, model))
            except CannotRun as error:
                failed[model] = str(error)
                print(f"{os.path.basename(model)} is left out: {error}", file=sys.stderr)
    return {model: rounds[model] for model in models if model not in failed}, failed


def main():
    options = parse()
    gpus = usable_gpus(options.squall)
    models = options.model or make_models(options)
    rounds, failed = measured_rounds(options, models)
    if not rounds:
        raise CannotRun("no model could be measured; the reasons are above")
    gpu = device_of(gpus, next(iter(rounds.values()))[0]["backend"])
    print_device(gpu)
    tables = {}
    for model, of_model in rounds.items():
        name = os.path.basename(model)
        tables[name] = rows_of(gpu, of_model, multiply_adds_per_token(options.squall, model))
        print_table(name, tables[name])
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"schema": "squall-gpu-table/1", "device": gpu,
                       "emulated": gpu["runtime"] == "emulation", "rounds": options.rounds,
                       "models": tables, "left_out": failed}, file, indent=1)
            file.write("\n")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotRun as reason:
        print(f"gpu_table.py: {reason}", file=sys.stderr)
        sys.exit(2)
