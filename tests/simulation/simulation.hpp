#pragma once
// A whole fabric in one process on virtual time: what a seed means, carried out, with the referee
// looking on. The production state machines, codec, users, service times and recorder run in it
// unchanged; clocks, wire, disks and processes are simulated. One thread; the same seed gives the
// same course.

#include <optional>
#include <string>

#include "tests/simulation/course.hpp"
#include "tests/simulation/fault_schedule.hpp"

namespace squall::tests {

struct SimulationResult {
  struct Wrong {
    nanoseconds at{0};
    std::string invariant, what;
  };
  std::optional<Wrong> wrong;
  bool finished = false;  // the coordinator came to an end
  std::string outcome;    // its verdict: "PASS"
  std::string sentence;   // and why
  nanoseconds length{0};  // of true time
  std::uint64_t events = 0, frames = 0, starts = 0, checks = 0;
  std::uint64_t fingerprint = 0;  // of the course: equal for equal seeds
};

SimulationResult simulate(const World& world, const Course& course = {});

}  // namespace squall::tests
