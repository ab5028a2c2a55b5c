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
  std::string reason;          // a short class, the same for like errors: "prompt too long"
  bool may_pass = false;       // another attempt may succeed: refused, overloaded, reset
  nanoseconds retry_after{0};  // the server asked for at least this pause; 0: it said nothing
};
struct TimedOut {};
struct Cancelled {};  // by us: interrupt or lost lease
struct OpenAtEnd {};  // still running when the drain ended; abandoned then
using RequestOutcome = std::variant<Completed, Failed, TimedOut, Cancelled, OpenAtEnd>;

struct RequestTimeline {
  std::uint64_t request = 0;  // unique within the agent
  Phase phase = Phase::measure;
  Instant scheduled;             // intended start: latency counts from here
  Instant dispatched;            // handed to engine or socket, at the first attempt
  Instant sent;                  // last request byte; epoch (zero) where there is no such thing
  Instant first_chunk;           // any chunk, also one without content; epoch when none came
  Instant admitted;              // engine: joined the batch; epoch (zero) when it never did
  std::vector<Instant> content;  // one stamp a content chunk (engine: a token)
  Instant ended;
  Instant first_output;  // first content that is not reasoning; epoch when none came
  /// The server's own stamps of the same tokens, where it tells them and shares this machine's
  /// clock (squall serve): what lies between is our own measurement error. Empty, or as long as
  /// `content`.
  std::vector<Instant> server_content;
  std::uint32_t prompt_tokens = 0;
  std::uint32_t output_tokens = 0;  // as the server counted, else content chunks
  bool tokens_disputed = false;     // the server's count is > 10 % off the content chunks
  std::uint32_t category = 0;       // index into Scenario::categories
  std::uint32_t attempts = 1;
  bool from_cache = false;  // answered from memory: a series of its own
  std::string answer;       // only where the request wanted it kept
  RequestOutcome outcome;
};

}  // namespace squall::actors
