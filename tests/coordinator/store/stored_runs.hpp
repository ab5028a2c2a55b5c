#pragma once
// Reports of runs that never were, with what the store reads of a report, and journals beside them.

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "actors/journal/journal.hpp"
#include "coordinator/store/run_store.hpp"
#include "tests/fixtures/process.hpp"

namespace squall::tests {

/// "20261121-063341-0007": in order of their numbers.
inline std::string run_number(int number) {
  char id[32];
  std::snprintf(id, sizeof id, "20261121-0633%02d-%04d", number / 100 % 60, number);
  return id;
}

inline coordinator::RunBeginning beginning_of(const std::string& id,
                                              const std::string& scenario = "chat",
                                              const std::string& folder = "") {
  return {.run = id,
          .scenario = scenario,
          .scenario_hash = "hash of " + scenario,
          .scenario_text = "name = \"" + scenario + "\"\n",
          .scenario_file = "/scenarios/" + scenario + ".toml",
          .started_at = "2026-11-21T06:" + id.substr(11, 2) + ":" + id.substr(13, 2) + "Z",
          .tool_version = "0.1.0",
          .folder = folder};
}

struct ReportSketch {
  std::string id, scenario = "chat", outcome = "pass", model = "tiny", hardware = "0123";
  double tokens_per_second = 120;
  double ttft_p99 = 0.25;
};

inline std::string report_of(const ReportSketch& sketch) {
  const auto run = beginning_of(sketch.id, sketch.scenario);
  const nlohmann::ordered_json report{
      {"schema", "squall-run/4"},
      {"run",
       {{"id", run.run}, {"tool_version", run.tool_version}, {"started_at", run.started_at}}},
      {"hardware_fingerprint", sketch.hardware},
      {"verdict", {{"outcome", sketch.outcome}, {"exit_code", 0}}},
      {"scenario",
       {{"name", run.scenario},
        {"file", run.scenario_file},
        {"hash", run.scenario_hash},
        {"load", "8 users"},
        {"text", run.scenario_text}}},
      {"throughput", {{"tokens_per_second", sketch.tokens_per_second}}},
      {"ledger", {{"total", {{"measure", {{"ok", 97}, {"error", 2}, {"timeout", 1}}}}}}},
      {"phases",
       {{"measure",
         {{"durations",
           {{"e2e", nullptr},
            {"ttft",
             {{"mean", 0.1},
              {"percentiles",
               {{{"percentile", 50.0}, {"value", 0.08}, {"at_least", false}},
                {{"percentile", 99.0}, {"value", sketch.ttft_p99}, {"at_least", false}},
                {{"percentile", 99.9}, {"value", 30.0}, {"at_least", true}}}}}}}}}}}},
      {"agents",
       {{{"name", "b"}, {"model", sketch.model}, {"model_fingerprint", "f-" + sketch.model}},
        {{"name", "a"}, {"model", sketch.model}, {"model_fingerprint", "f-" + sketch.model}}}}};
  return report.dump(2);
}

/// A journal of `records` records that no compression makes much smaller.
inline std::filesystem::path journal_of(const std::filesystem::path& file, int records = 20) {
  const auto journal = actors::create_journal(file);
  std::uint32_t state = 12345;
  for (int i = 0; i < records; ++i) {
    std::vector<std::byte> record(1000);
    for (auto& byte : record) {
      state = state * 1664525 + 1013904223;
      byte = static_cast<std::byte>(state >> 24);
    }
    journal->append(record);
  }
  journal->sync();
  return file;
}

/// Begun and finished.
inline void store_run(coordinator::RunStore& store, const ReportSketch& sketch,
                      const std::filesystem::path& journal = {}) {
  store.begin(beginning_of(sketch.id, sketch.scenario));
  store.finish(sketch.id, report_of(sketch), journal);
}

inline std::vector<std::string> ids_of(const std::vector<coordinator::StoredRun>& runs) {
  std::vector<std::string> ids;
  for (const auto& run : runs) ids.push_back(run.beginning.run);
  return ids;
}

/// What the error says; empty when nothing is thrown.
template <class Error = coordinator::StoreError, class Act>
std::string complaint(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace squall::tests
