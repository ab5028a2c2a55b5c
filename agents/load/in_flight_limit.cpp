#include "agents/load/in_flight_limit.hpp"

namespace squall::agents {

namespace {

template <class OpenLoad>
InFlightLimit part_of(const OpenLoad& load, scenarios::AgentShare share) {
  if (load.max_in_flight == 0) return {};
  const std::uint64_t left_over = load.max_in_flight % share.count;
  return {load.max_in_flight / share.count + (share.index < left_over ? 1 : 0), load.when_full};
}

}  // namespace

InFlightLimit in_flight_limit(const scenarios::Load& load, scenarios::AgentShare share) {
  if (const auto* open = std::get_if<scenarios::OpenArrivals>(&load)) return part_of(*open, share);
  if (const auto* replay = std::get_if<scenarios::TraceReplay>(&load))
    return part_of(*replay, share);
  return {};
}

}  // namespace squall::agents
