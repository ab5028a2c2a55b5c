#pragma once
// The planned load of a scenario as figures: what a run would ask, and when, without running
// anything. Made from the same plans that the agents follow. Pure.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/load/load_plan.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::coordinator {

using std::chrono::nanoseconds;

/// One stretch of time, all stretches equally long.
struct PreviewBin {
  std::uint64_t arrivals = 0;  // open model: intended starts in it
  double users = 0;            // closed model: users at work, mean over it
};

/// How long prompts or answers are.
struct LengthPreview {
  std::uint64_t samples = 0;  // requests with a known length
  std::uint32_t shortest = 0, longest = 0;
  double mean = 0;
  struct Row {
    std::uint32_t from = 0, to = 0;  // inclusive
    std::uint64_t count = 0;
  };
  std::vector<Row> rows;  // ascending, without gaps
};

struct CategoryPreview {
  std::string name;
  std::uint64_t requests = 0;  // of those that were looked at
};

struct AgentPreview {
  std::uint64_t arrivals = 0, users = 0;
};

struct LoadPreview {
  nanoseconds warm_up{0}, stop{0};  // load runs from 0 to stop
  bool open_model = false;
  nanoseconds bin_length{0};
  std::vector<PreviewBin> bins;
  std::uint64_t arrivals = 0, users = 0;  // planned; users: that ever work
  std::uint64_t most_at_once = 0;         // users at work at the same time
  std::vector<AgentPreview> agents;
  std::uint64_t looked_at = 0;  // requests whose lengths and categories were drawn
  bool sampled = false;         // and there are more of them
  bool expected = false;        // too many arrivals to walk through: the course is the rate's own
  LengthPreview prompts, answers;
  std::vector<CategoryPreview> categories;
  std::uint64_t checked_for_accuracy = 0;  // of looked_at
  std::uint64_t max_in_flight = 0;         // 0: no limit
  /// Of a replay.
  std::uint64_t trace_entries = 0;
  nanoseconds trace_length{0};  // as recorded
};

struct PreviewOptions {
  std::uint32_t agents = 1;
  std::size_t bins = 60;
};

/// `trace` as make_load_plan wants it.
LoadPreview preview_load(const scenarios::Scenario& scenario, const PreviewOptions& options,
                         std::shared_ptr<const scenarios::Trace> trace = nullptr);

/// So many requests are looked at, at most.
inline constexpr std::uint64_t preview_request_limit = 100'000;

}  // namespace squall::coordinator
