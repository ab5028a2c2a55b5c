#pragma once
// What /metrics tells: counts since the start, the engine's load, and latency histograms, in the
// text format of Prometheus (version 0.0.4).

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agents/engine/inference_engine.hpp"

namespace squall::agents {

/// Counts of durations up to each of some bounds.
class DurationHistogram {
 public:
  void record(std::chrono::nanoseconds duration);
  void append_to(std::string& text, std::string_view name, std::string_view meaning) const;

  static constexpr std::array<double, 18> bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02,
                                                 0.03,   0.05,  0.075,  0.1,   0.2,  0.5,
                                                 1,      2,     5,      10,    30,   60};  // s

 private:
  std::array<std::uint64_t, bounds.size() + 1> counts_{};  // the last: above all bounds
  double sum_ = 0;                                         // seconds
};

class ServeMetrics {
 public:
  /// `route`: one of a fixed few, never what a client wrote. Status 499: the client left before
  /// the answer was complete.
  void count_request(std::string_view route, unsigned status);
  std::string prometheus_text() const;

  std::uint64_t prompt_tokens = 0;     // of requests that the engine took
  std::uint64_t reused_tokens = 0;     // of these: computed for an earlier request
  std::uint64_t generated_tokens = 0;  // of answers, as long as somebody wanted them
  std::size_t connections = 0;         // open now
  EngineLoad load;                     // after the engine's latest step
  DurationHistogram first_token;       // from the request to the first token
  DurationHistogram inter_token;       // between one token and the next of the same answer
  DurationHistogram whole_answer;      // from the request to the last token

 private:
  std::map<std::pair<std::string, unsigned>, std::uint64_t, std::less<>> requests_;
};

}  // namespace squall::agents
