#pragma once
// What a simulated fleet did over time: stretches of time with their means. One owner.

#include <cstdint>
#include <vector>

#include "coordinator/fleet/fleet_simulation.hpp"

namespace squall::coordinator {

/// The part of [from, to] that lies in [begin, end], in seconds.
double overlap(double from, double to, double begin, double end);

class FleetCourse {
 public:
  /// Of a run of so many seconds.
  FleetCourse(double length, std::uint32_t machines);

  void started(double at) { ++bin_at(at).started; }
  void answered(double at) { ++bin_at(at).answered; }
  void first_token(double at, double ttft) { bin_at(at).ttfts.push_back(static_cast<float>(ttft)); }
  void in_flight(double from, double to) { spread(&Bin::in_flight, from, to, 1); }
  void waiting(double from, double to) { spread(&Bin::waiting, from, to, 1); }
  void busy(double from, double to) { spread(&Bin::busy, from, to, 1); }
  /// Spread evenly over the time that they took.
  void tokens(double from, double to, double count) {
    spread(&Bin::tokens, from, to, count / (to - from));
  }

  /// Up to the last thing that happened, or to `at_least`.
  std::vector<FleetMoment> moments(double at_least);

 private:
  struct Bin {
    double in_flight = 0, waiting = 0, busy = 0, tokens = 0;  // integrals over its time
    std::uint64_t started = 0, answered = 0;
    std::vector<float> ttfts;
  };

  Bin& bin_at(double at);
  void spread(double Bin::*field, double from, double to, double rate);

  double length_, bin_length_;
  std::uint32_t machines_;
  double last_ = 0;  // until when anything happened
  std::vector<Bin> bins_;
};

}  // namespace squall::coordinator
