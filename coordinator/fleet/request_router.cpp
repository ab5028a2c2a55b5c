#include "coordinator/fleet/request_router.hpp"

#include <cassert>

namespace squall::coordinator {

std::string_view name_of(Routing routing) {
  switch (routing) {
    case Routing::round_robin:
      return "round-robin";
    case Routing::least_loaded:
      return "least-loaded";
    case Routing::random:
      return "random";
    case Routing::by_user:
      return "by-user";
  }
  assert(false);
  return "";
}

RequestRouter::RequestRouter(Routing routing, std::uint32_t machines, std::uint64_t seed)
    : routing_(routing), machines_(machines), random_(seed) {
  assert(machines > 0);
  if (routing != Routing::least_loaded) return;
  loads_.resize(machines);
  for (std::uint32_t machine = 0; machine < machines; ++machine) by_load_.insert({0, 0, machine});
}

std::uint32_t RequestRouter::send(std::uint64_t who) {
  ++sent_;
  switch (routing_) {
    case Routing::round_robin:
      return static_cast<std::uint32_t>((sent_ - 1) % machines_);
    case Routing::random:
      return static_cast<std::uint32_t>(random_.uniform() * machines_);
    case Routing::by_user:
      return static_cast<std::uint32_t>(who % machines_);
    case Routing::least_loaded:
      break;
  }
  const std::uint32_t machine = std::get<2>(*by_load_.begin());
  change(machine, loads_[machine].open + 1, sent_);
  return machine;
}

void RequestRouter::on_ended(std::uint32_t machine) {
  if (routing_ != Routing::least_loaded) return;
  assert(loads_[machine].open > 0);
  change(machine, loads_[machine].open - 1, loads_[machine].last_sent);
}

void RequestRouter::change(std::uint32_t machine, std::uint64_t open, std::uint64_t last_sent) {
  auto place = by_load_.extract({loads_[machine].open, loads_[machine].last_sent, machine});
  assert(!place.empty());
  loads_[machine] = {open, last_sent};
  place.value() = {open, last_sent, machine};
  by_load_.insert(std::move(place));
}

}  // namespace squall::coordinator
