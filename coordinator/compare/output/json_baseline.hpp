#pragma once
// Baselines for programs.

#include <string>
#include <vector>

namespace squall::coordinator {

struct NamedBaseline {
  std::string name;
  std::vector<std::string> runs;  // ids
};

/// Schema "squall-baselines/1".
std::string json_baselines(const std::vector<NamedBaseline>& baselines);

}  // namespace squall::coordinator
