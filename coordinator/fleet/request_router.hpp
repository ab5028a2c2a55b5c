#pragma once
// Sends each request to a machine, as a load balancer before a fleet does. Plain decisions.

#include <cstdint>
#include <set>
#include <tuple>
#include <vector>

#include "coordinator/fleet/fleet_simulation.hpp"
#include "scenarios/load/random.hpp"

namespace squall::coordinator {

class RequestRouter {
 public:
  /// `machines`: at least one.
  RequestRouter(Routing routing, std::uint32_t machines, std::uint64_t seed);

  /// The machine for a request of this user or arrival: it has one more from now on.
  std::uint32_t send(std::uint64_t who);
  /// One that was sent there has ended.
  void on_ended(std::uint32_t machine);

 private:
  /// Machines by open requests, then by when they were last sent one.
  using Place = std::tuple<std::uint64_t, std::uint64_t, std::uint32_t>;
  struct Load {
    std::uint64_t open = 0, last_sent = 0;
  };

  void change(std::uint32_t machine, std::uint64_t open, std::uint64_t last_sent);

  Routing routing_;
  std::uint32_t machines_;
  std::uint64_t sent_ = 0;
  scenarios::Random random_;
  std::vector<Load> loads_;  // least_loaded only, as the next
  std::set<Place> by_load_;
};

}  // namespace squall::coordinator
