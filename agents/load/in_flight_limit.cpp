#include "agents/load/in_flight_limit.hpp"

#include <algorithm>

namespace squall::agents {

namespace {

template <class OpenLoad>
InFlightLimit part_of(const OpenLoad& load, scenarios::AgentShare share) {
  if (load.max_in_flight == 0) return {};
  const std::uint64_t left_over = load.max_in_flight % share.count;
  const std::uint64_t one_more =
      left_over > share.index ? std::min<std::uint64_t>(left_over - share.index, share.width) : 0;
  return {load.max_in_flight / share.count * share.width + one_more, load.when_full};
}

}  // namespace

InFlightLimit in_flight_limit(const scenarios::Load& load, scenarios::AgentShare share) {
  if (const auto* open = std::get_if<scenarios::OpenArrivals>(&load)) return part_of(*open, share);
  if (const auto* replay = std::get_if<scenarios::TraceReplay>(&load))
    return part_of(*replay, share);
  return {};
}

}  // namespace squall::agents
