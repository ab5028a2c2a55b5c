#pragma once
// What kinds of targets are called, in scenarios, messages and reports.

#include <cassert>

#include "scenarios/schema/scenario.hpp"

namespace squall::scenarios {

/// "engine", "openai", "simulated".
inline const char* name_of(TargetKind kind) {
  switch (kind) {
    case TargetKind::engine:
      return "engine";
    case TargetKind::openai:
      return "openai";
    case TargetKind::simulated:
      return "simulated";
  }
  assert(false);
  return "";
}

}  // namespace squall::scenarios
