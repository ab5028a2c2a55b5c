// Writes the page (or the JSON report) of a run that never took place.

#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "coordinator/report/html/run_page.hpp"
#include "coordinator/report/json_report.hpp"
#include "tests/coordinator/pages/long_run.hpp"
#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::tests;

int main(int count, char** arguments) {
  const std::map<std::string, std::function<RunRecord()>> runs{
      {"healthy", healthy_record},
      {"closed", healthy_closed_record},
      {"troubled", troubled_record},
      {"varied", varied_record},
      {"hour", [] { return long_record(20, std::chrono::hours(1)); }}};
  const auto run = count == 3 ? runs.find(arguments[1]) : runs.end();
  if (run == runs.end()) {
    std::fputs("usage: sample-page healthy|closed|troubled|varied|hour FILE.html|FILE.json\n",
               stderr);
    return 2;
  }
  const RunRecord record = run->second();
  const std::string path = arguments[2];
  const std::string json = coordinator::json_report(coordinator::make_run_report(record), record);
  std::ofstream file(path, std::ios::binary);
  file << (path.ends_with(".json") ? json : coordinator::run_page(nlohmann::json::parse(json)));
  return file.flush() ? 0 : 1;
}
