#pragma once
// Which part of the whole load one agent makes: share `index` of `count`. A local run is 0 of 1.

#include <cstdint>

namespace squall::scenarios {

struct AgentShare {
  std::uint32_t index = 0;
  std::uint32_t count = 1;

  /// Items (users, arrivals) are dealt round-robin, so the shares of any count are the whole.
  bool owns(std::uint64_t item) const { return item % count == index; }

  friend bool operator==(const AgentShare&, const AgentShare&) = default;
};

}  // namespace squall::scenarios
