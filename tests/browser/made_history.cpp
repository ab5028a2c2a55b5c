#include "tests/browser/made_history.hpp"

#include <array>
#include <cstdio>

#include "coordinator/report/json_report.hpp"
#include "coordinator/store/run_store.hpp"
#include "tests/coordinator/pages/long_run.hpp"

namespace squall::tests {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t runs = 22, slower_from = 13, odd = 5;

std::string numbered(const char* format, std::size_t number) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

double slowness(std::size_t number) {
  if (number == odd) return 1.5;
  return number < slower_from ? 1.0 : 1.25;
}

std::string keep(coordinator::RunStore& store, coordinator::RunRecord record,
                 const std::string& scenario, std::size_t number) {
  record.id = numbered("202611%02zu-060000-1a2b", number + 1);
  record.started_at = numbered("2026-11-%02zuT06:00:00Z", number + 1);
  record.scenario.name = scenario;
  record.scenario.description = "A history that was made up for a test";
  store.begin({.run = record.id,
               .scenario = scenario,
               .scenario_hash = record.scenario_hash,
               .scenario_text = record.scenario_text,
               .scenario_file = record.scenario_file,
               .started_at = record.started_at,
               .tool_version = record.tool_version,
               .folder = {}});
  store.finish(record.id, coordinator::json_report(coordinator::make_run_report(record), record));
  return record.id;
}

}  // namespace

MadeHistory make_history(const std::filesystem::path& store_file, const std::string& scenario) {
  coordinator::RunStore store(store_file);
  MadeHistory history;
  coordinator::RunRecord other = long_record(2, 180s, {.seed = 99});
  for (auto& agent : other.agents) {
    agent.ready->model_name = "another model";
    agent.ready->model_fingerprint = "ffeeddccbbaa9988";
  }
  history.of_another_model = keep(store, std::move(other), scenario, 0);
  for (std::size_t run = 0; run < runs; ++run)
    (run < slower_from ? history.before : history.after)
        .push_back(keep(store, long_record(2, 180s, {.seed = run + 1, .slower = slowness(run)}),
                        scenario, run + 1));
  return history;
}

std::string joined_by_commas(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

}  // namespace squall::tests
