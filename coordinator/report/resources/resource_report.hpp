#pragma once
// What the machines of a run used, as figures and sentences without markup: for each agent the
// measured window, the course of the run, whether its memory grows and what was used up; and what
// held the run back.

#include <optional>
#include <string>
#include <vector>

#include "coordinator/run/resources/bottleneck.hpp"
#include "coordinator/run/resources/leak_rate.hpp"
#include "coordinator/run/resources/resource_point.hpp"
#include "coordinator/run/run_record.hpp"

namespace squall::coordinator {

struct AgentResources {
  std::string name, host;                 // as the agent tells them
  std::optional<ResourcePoint> measured;  // none: no sample fell into the measured window
  std::vector<double> processors_busy;    // 0..1, each, in the measured window
  std::vector<ResourcePoint> points;      // of the whole run
  LeakRate leak;                          // of resident memory, in the measured window; of what is
                                          // allocated where an engine's pages fill
  std::vector<std::string> saturated;     // what was used up in it: "2 of 2 processors"
};

struct ResourceReport {
  std::vector<AgentResources> agents;  // by their numbers; those without samples too
  Bottleneck bottleneck;
};

ResourceReport make_resource_report(const RunRecord& record);

/// "flat: +0.12 MB/h (-0.40..0.61)", "LEAKS: …", "cannot tell: measured for too short a time".
std::string in_words(const LeakRate& leak);

}  // namespace squall::coordinator
