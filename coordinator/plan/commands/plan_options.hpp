#pragma once
// What `squall plan` and `squall plan report` were asked; as on the command line, empty: not given.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/plan/answers/capacity_answers.hpp"

namespace squall::coordinator {

/// What is to be worked out of a capacity.
struct QuestionOptions {
  std::optional<double> users{}, requests{};  // to be served
  std::optional<double> peak{};
  std::string growth{};  // "8%"
  unsigned months = 0;
  unsigned spare = 1;
  std::optional<std::uint32_t> machines{};
  std::string prices{};  // file
  std::string law{};     // file: simulate the fleet, too
  bool extrapolate = false;
};

/// Where the report goes beside the terminal.
struct PlanFiles {
  std::string json{}, markdown{}, html{};
};

struct PlanOptions {
  std::string scenario{};
  std::vector<std::string> settings{}, limits{};  // --set, --slo
  bool open = false;                              // arrivals in place of the users
  std::optional<double> start{}, most{};
  std::optional<std::size_t> probes{};
  std::string precision{};      // "3%"
  std::string probe{}, soak{};  // durations
  std::string budget{};         // "20m"
  bool no_levels = false;
  std::string resume{};  // a plan, or "last"
  std::string kind{};    // of the machines that answer
  std::optional<std::uint32_t> answering{};
  std::vector<std::string> passed_on{};  // to each run: agents, keys, store
  std::string state{}, store{};
  QuestionOptions questions{};
  PlanFiles files{};
};

struct PlanReportOptions {
  std::vector<std::string> plans{};  // files, ids or "last"
  std::string fleet{};               // "gpu-box=4,cpu-box=10"
  std::string kind{};                // another name for the machines of a single plan
  std::string state{};
  QuestionOptions questions{};
  PlanFiles files{};
};

/// Throws UsageError, ScenarioError (of the prices).
PlanQuestions questions_of(const QuestionOptions& options, LoadKind kind);

/// "8%" or "0.08" as 0.08. `option` is for the message. Throws UsageError.
double share_of(const std::string& text, const char* option);

/// Seconds of "20m"; 0 for an empty text. Throws UsageError.
double seconds_of(const std::string& text, const char* option);

}  // namespace squall::coordinator
