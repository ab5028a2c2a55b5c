#pragma once
// Seeded courses of a process's memory whose true growth is known: with the noise of allocators,
// batches that come and go, and habits that look like leaks.

#include <cmath>
#include <string>
#include <vector>

#include "coordinator/run/resources/leak_rate.hpp"
#include "scenarios/load/random.hpp"

namespace squall::tests {

/// One sample a second. Sizes in megabytes, periods in seconds.
struct MemoryCourse {
  std::string name;
  double growth = 0;                   // MB/h: the truth
  double noise = 0, dependence = 0;    // standard deviation; share that a sample keeps
  double tooth = 0, tooth_period = 1;  // rises evenly and falls at once, again and again
  double spike = 0, spike_chance = 0;  // above all else, for one second
  double chunk = 0;                    // memory is taken and given in pieces of this size
};

inline constexpr double page = 4096e-6;

inline std::vector<coordinator::MemoryPoint> play(const MemoryCourse& course, std::size_t seconds,
                                                  std::uint64_t seed) {
  scenarios::Random random(seed, 77);
  const double phase = random.uniform();
  double wander = course.noise * random.normal();
  std::vector<coordinator::MemoryPoint> points;
  for (std::size_t second = 0; second < seconds; ++second) {
    const auto at = static_cast<double>(second);
    const double fresh = std::sqrt(1 - course.dependence * course.dependence) * course.noise;
    if (second > 0) wander = course.dependence * wander + fresh * random.normal();
    const double place = at / course.tooth_period + phase;
    double megabytes = 300 + course.growth * at / 3600 + wander;
    megabytes += course.tooth * (place - std::floor(place));
    if (random.uniform() < course.spike_chance) megabytes += course.spike * random.uniform();
    const double grain = course.chunk > 0 ? course.chunk : page;
    points.push_back({at, std::floor(megabytes / grain) * grain * 1e6});
  }
  return points;
}

/// Without any growth; `growth` is added by whoever plays them.
inline std::vector<MemoryCourse> memory_courses() {
  return {
      {.name = "still, in pages"},
      {.name = "white noise of 1 MB", .noise = 1},
      {.name = "noise of 1 MB that keeps 0.5", .noise = 1, .dependence = 0.5},
      {.name = "noise of 1 MB that keeps 0.9", .noise = 1, .dependence = 0.9},
      {.name = "noise of 1 MB that keeps 0.97", .noise = 1, .dependence = 0.97},
      {.name = "noise of 3 MB that keeps 0.95", .noise = 3, .dependence = 0.95},
      {.name = "batches of 5 MB every 7 s", .noise = 0.2, .tooth = 5, .tooth_period = 7},
      {.name = "batches of 20 MB every 45 s", .noise = 0.5, .tooth = 20, .tooth_period = 45},
      {.name = "batches of 10 MB every 120 s", .noise = 0.5, .tooth = 10, .tooth_period = 120},
      {.name = "spikes of 100 MB",
       .noise = 0.5,
       .dependence = 0.5,
       .spike = 100,
       .spike_chance = 0.02},
      {.name = "arenas of 2 MB", .noise = 0.3, .dependence = 0.8, .chunk = 2},
  };
}

/// How often, of `times`, what was found is so.
struct LeakTally {
  int held = 0, leaks = 0, flat = 0;
};

inline LeakTally tally(MemoryCourse course, double growth, std::size_t seconds, int times,
                       std::uint64_t seed) {
  course.growth = growth;
  LeakTally result;
  for (int i = 0; i < times; ++i) {
    const auto points = play(course, seconds, seed + static_cast<std::uint64_t>(i) * 1000003);
    const coordinator::LeakRate leak = coordinator::estimate_leak(points);
    result.held += *leak.low <= growth && growth <= *leak.high;
    result.leaks += leak.finding == coordinator::LeakFinding::leaks;
    result.flat += leak.finding == coordinator::LeakFinding::flat;
  }
  return result;
}

}  // namespace squall::tests
