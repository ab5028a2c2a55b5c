"""Holds JSON reports against their schema, by the package jsonschema.

Usage: validate_reports.py SCHEMA REPORT…; exit codes: 0 all are valid, 1 not, 77 no jsonschema.
"""
import json
import sys

try:
    from jsonschema import Draft202012Validator
except ImportError:
    print("skipped: the Python package jsonschema (4.0 or newer) is not installed")
    sys.exit(77)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    wrong = 0
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8") as file:
            report = json.load(file)
        for error in validator.iter_errors(report):
            print(f"{name}: {error.json_path}: {error.message[:200]}")
            wrong += 1
        # A validator that accepts everything would prove nothing.
        report["verdict"]["outcome"] = "fine"
        if not list(validator.iter_errors(report)):
            print(f"{name}: an outcome that there is not was accepted")
            wrong += 1
    print(f"{len(sys.argv) - 2} reports, {wrong} violations")
    return 1 if wrong else 0


sys.exit(main())
