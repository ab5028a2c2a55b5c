// What other programs make of our reports: report_readers/ holds the readers. The one argument
// chooses: "hlog" (Node.js and an npm package), "schema" (Python's jsonschema) or "junit"
// (xmllint). Exit code 77 (skipped) where that is not installed.

#include <cstdio>

#include "tests/end_to_end/reporting_runs.hpp"
#include "tests/fixtures/program_in_path.hpp"

using namespace squall::tests;

namespace {

constexpr int skipped = 77;
constexpr const char* readers = "tests/end_to_end/report_readers/";
constexpr const char* hostile_name = "<script>alert(1)</script>";

int skip(const char* why) {
  std::printf("skipped: %s\n", why);
  return skipped;
}

int fail(const char* what, const Said& said) {
  std::printf("%s: exit code %d\n%s%s", what, said.code, said.out.c_str(), said.err.c_str());
  return 1;
}

int read_by(const std::vector<std::string>& command) {
  Process reader(command);
  const int code = reader.wait(std::chrono::seconds(60));
  std::printf("%s%s", reader.out().c_str(), reader.err().c_str());
  return code == 0 || code == skipped ? code : 1;
}

int read_hlog() {
  const auto node = program_in_path("node");
  if (node.empty()) return skip("there is no Node.js here; install nodejs and npm");
  const ReportingRuns runs(SQUALL_PROGRAMS);
  if (!runs.run("chat", arrivals_of_a_law)) return fail("squall run", runs.last());
  for (const char* format : {"hlog", "json"}) {
    const Said said = runs.squall({"report", "last", "--format", format, "--output",
                                   runs.path(std::string("run.") + format)});
    if (said.code != 0) return fail("squall report", said);
  }
  // One a second: its journal was stored.
  const int intervals = read_by({node.string(), std::string(readers) + "read_hlog.mjs",
                                 runs.path("run.hlog"), runs.path("run.json"), "2"});
  if (intervals != 0) return intervals;
  const Said alone = runs.squall(
      {"report", runs.path("run.json"), "--format", "hlog", "--output", runs.path("alone.hlog")});
  if (alone.code != 0) return fail("squall report", alone);
  return read_by({node.string(), std::string(readers) + "read_hlog.mjs", runs.path("alone.hlog"),
                  runs.path("run.json")});
}

int validate_json() {
  const auto python = program_in_path("python3");
  if (python.empty()) return skip("there is no python3 here");
  const ReportingRuns runs(SQUALL_PROGRAMS);
  std::vector<std::string> command{python.string(), std::string(readers) + "validate_reports.py",
                                   "docs/schema/squall-run.schema.json"};
  int number = 0;
  for (const char* lines : {arrivals_of_a_law, users_of_a_model}) {
    const std::string file = runs.path("run" + std::to_string(number) + ".json");
    if (!runs.run(hostile_name, lines, {"--json", file, "--agents", std::to_string(2 - number++)}))
      return fail("squall run", runs.last());
    command.push_back(file);
  }
  return read_by(command);
}

int validate_junit() {
  const auto xmllint = program_in_path("xmllint");
  if (xmllint.empty()) return skip("there is no xmllint here; install libxml2-utils");
  const ReportingRuns runs(SQUALL_PROGRAMS);
  if (!runs.run(hostile_name, users_of_a_law)) return fail("squall run", runs.last());
  const Said said = runs.squall({"report", "last", "--output", runs.path("squall.xml")});
  if (said.code != 0) return fail("squall report", said);
  return read_by({xmllint.string(), "--noout", "--schema", std::string(readers) + "junit.xsd",
                  runs.path("squall.xml")});
}

}  // namespace

int main(int argc, char** argv) {
  const std::string reader = argc > 1 ? argv[1] : "";
  if (reader == "hlog") return read_hlog();
  if (reader == "schema") return validate_json();
  if (reader == "junit") return validate_junit();
  std::puts("usage: report_readers_end_to_end_test hlog|schema|junit");
  return 2;
}
