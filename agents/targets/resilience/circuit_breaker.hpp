#pragma once
// Asks a failing target no more for a while.
//
//             so many failures in a row
//    closed ----------------------------> open <----------------+
//      ^                                    | open_for is over   | one fails
//      |       all probes were answered     v                    |
//      +-------------------------------- half-open --------------+
//
// Plain decisions: no clock, no thread. A failure is one that may pass (the server refuses, is
// overloaded, resets) or a timeout: those tell of the target's health. Any other end of an attempt
// is an answer: who refuses one request as too long is well. An attempt that we broke off ourselves
// tells nothing.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actors/metrics/request_timeline.hpp"
#include "scenarios/schema/scenario.hpp"

namespace squall::agents {

class CircuitBreaker {
 public:
  enum class State { closed, open, half_open };
  enum class Sign { answered, failed, nothing };

  /// Comes back with the attempt's end: what began before the last change of state decides nothing.
  struct Permit {
    std::uint64_t era = 0;
  };
  /// What is to be told when the state changes: "circuit breaker open: 5 failures in a row".
  using Change = std::optional<std::string>;

  explicit CircuitBreaker(const scenarios::CircuitBreaker& settings) : settings_(settings) {}

  struct Decision {
    std::optional<Permit> permit;  // none: refuse
    Change change;
  };
  Decision on_request(actors::Instant now);
  /// Exactly once for each permit. `why`: of a failure.
  Change on_end(Permit permit, Sign sign, std::string_view why, actors::Instant now);

  State state() const { return state_; }

 private:
  std::string open(std::string why, actors::Instant now);

  scenarios::CircuitBreaker settings_;
  State state_ = State::closed;
  std::uint64_t era_ = 0;           // counts changes of state
  unsigned failures_in_a_row_ = 0;  // while closed
  actors::Instant open_until_;      // while open
  unsigned probing_ = 0;            // while half-open: permits that have not come back
  unsigned answered_ = 0;           // while half-open: probes that were answered
};

/// What the end of an attempt tells of the target.
CircuitBreaker::Sign sign_of(const actors::RequestOutcome& outcome);

}  // namespace squall::agents
