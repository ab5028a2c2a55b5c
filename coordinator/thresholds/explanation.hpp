#pragma once
// What `squall thresholds explain` shows: the resolved limits of a situation, each with the chain
// of rules behind it.

#include <string>
#include <vector>

#include "scenarios/thresholds/adaptive_thresholds.hpp"

namespace squall::coordinator {

struct ThresholdExplanation {
  std::string scenario;  // its name; empty: the table alone
  scenarios::Situation situation;
  std::vector<scenarios::ResolvedThreshold> thresholds;
  std::vector<std::string> notes;
  std::string ceiling;  // what the machine could reach; empty: not known
};

std::string explanation_text(const ThresholdExplanation& explanation, std::size_t width,
                             bool colour);

/// Every limit that can be set, with its variable and what the shipped table begins with.
std::string list_text(std::size_t width, bool colour);

}  // namespace squall::coordinator
