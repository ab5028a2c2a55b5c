#pragma once
// The instants of one request and how it ended, stamped on the agent with its monotonic clock.
// Definitions: docs/measurement.md, section 1. Plain data.

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace squall::actors {

using std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, nanoseconds>;

/// Which part of the run a request belongs to: that of its intended start.
enum class Phase : unsigned char { warm_up, measure };
inline constexpr std::size_t phase_count = 2;

struct Completed {};
struct Failed {
  std::string reason;  // a short class, the same for like errors: "prompt too long"
};
struct TimedOut {};
struct Cancelled {};  // by us: interrupt or lost lease
struct OpenAtEnd {};  // still running when the drain ended; abandoned then
using RequestOutcome = std::variant<Completed, Failed, TimedOut, Cancelled, OpenAtEnd>;

struct RequestTimeline {
  std::uint64_t request = 0;  // unique within the agent
  Phase phase = Phase::measure;
  Instant scheduled;             // intended start: latency counts from here
  Instant dispatched;            // handed to the target
  Instant admitted;              // engine: joined the batch; epoch (zero) when it never did
  std::vector<Instant> content;  // one stamp a content chunk (engine: a token)
  Instant ended;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t output_tokens = 0;
  RequestOutcome outcome;
};

}  // namespace squall::actors
