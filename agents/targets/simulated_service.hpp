#pragma once
// When a simulated target would answer: service times from a known law, a queue before a limited
// number of servers, freezes, errors, patience. Pure arithmetic on instants; the caller has the
// clock and plays what is planned here, on real or on virtual time.
//
// One owner. Draws depend on the request and its attempt alone, so every share of a load has the
// same ones.

#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "agents/targets/target.hpp"

namespace squall::agents {

class SimulatedService {
 public:
  SimulatedService(const scenarios::TargetSettings& settings, const scenarios::AgentShare& share);

  /// Freezes count from here; before, there are none.
  void begin(Instant start) { start_ = start; }

  /// The whole of an answer, decided when the request comes: its instants and its outcome are what
  /// will be. Requests are served in the order of these calls; `dispatched` must not fall.
  actors::RequestTimeline plan(const actors::LoadRequest& request, Instant dispatched);

  /// Everybody who was waiting or served has gone.
  void free_servers() { busy_until_ = {}; }

 private:
  Instant held_back(Instant at) const;
  nanoseconds draw(const scenarios::Distribution& law, scenarios::Random& random) const;
  Instant server_free(Instant dispatched);
  void refuse(const actors::LoadRequest& request, actors::RequestTimeline& timeline) const;
  void serve(const actors::LoadRequest& request, bool fails, scenarios::Random& random,
             actors::RequestTimeline& timeline);
  void answer(const actors::LoadRequest& request, Instant first, scenarios::Random& random,
              actors::RequestTimeline& timeline) const;

  scenarios::SimulatedSettings settings_;
  nanoseconds first_token_timeout_, token_gap_timeout_;
  double factor_ = 1;  // of this agent's service times
  std::optional<Instant> start_;
  /// When busy servers are free again; those that are not in it are free.
  std::priority_queue<Instant, std::vector<Instant>, std::greater<>> busy_until_;
};

/// What a simulated target says when its answer is kept: words that follow from the request alone.
std::string simulated_answer(const actors::LoadRequest& request, std::size_t words);

}  // namespace squall::agents
