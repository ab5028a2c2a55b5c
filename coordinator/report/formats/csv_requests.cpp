#include "coordinator/report/formats/csv_requests.hpp"

#include <array>
#include <cassert>
#include <chrono>

#include "coordinator/report/formats/csv_cells.hpp"

namespace squall::coordinator {

using actors::RequestEnding;
using scenarios::Metric;

namespace {

// Those that a request has one of; the others are of tokens.
constexpr std::array of_requests{
    Metric::ttft,  Metric::ttft_service, Metric::e2e,   Metric::e2e_service, Metric::tpot,
    Metric::ntpot, Metric::stall,        Metric::queue, Metric::prefill,     Metric::cache_hit};

const char* word(RequestEnding ending) {
  switch (ending) {
    case RequestEnding::ok:
      return "ok";
    case RequestEnding::error:
      return "error";
    case RequestEnding::timeout:
      return "timeout";
    case RequestEnding::cancelled:
      return "cancelled";
    case RequestEnding::open_at_end:
      return "open_at_end";
  }
  assert(false);
  return "";
}

std::string seconds_cell(const std::optional<std::chrono::nanoseconds>& duration) {
  if (!duration) return {};
  return csv_number(std::chrono::duration<double>(*duration).count());
}

template <class Names>
std::string name_at(const Names& names, std::size_t index) {
  return index < names.size() ? names[index] : std::string();
}

CsvCells head() {
  CsvCells cells{"run",           "scenario",      "banner",    "agent",         "request",
                 "phase",         "category",      "ending",    "cached",        "attempts",
                 "prompt_tokens", "output_tokens", "scheduled", "dispatch_delay"};
  for (const Metric metric : of_requests) cells.emplace_back(scenarios::describe(metric).name);
  return cells;
}

}  // namespace

std::string csv_of_requests(const ReportedRun& run, const std::vector<KeptRequest>& requests,
                            const std::vector<std::string>& categories) {
  std::vector<std::string> agents;
  for (const ReportedAgent& agent : run.agents) agents.push_back(csv_name(agent.name));
  const CsvCells begin = csv_beginning(run);
  std::string text = csv_line(head());
  for (const auto& [agent, record] : requests) {
    CsvCells cells = begin;
    cells.insert(cells.end(),
                 {name_at(agents, agent), std::to_string(record.request),
                  record.phase == actors::Phase::measure ? "measure" : "warm_up",
                  csv_name(name_at(categories, record.category)), word(record.ending),
                  record.from_cache ? "1" : "0", std::to_string(record.attempts),
                  std::to_string(record.prompt_tokens), std::to_string(record.output_tokens),
                  seconds_cell(record.scheduled), seconds_cell(record.dispatch_delay)});
    for (const Metric metric : of_requests)
      cells.push_back(seconds_cell(actors::duration_of(record, metric)));
    text += csv_line(cells);
  }
  return text;
}

}  // namespace squall::coordinator
