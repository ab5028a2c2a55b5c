#pragma once
// Where two JSON reports disagree: every value is compared, and each difference has its path.

#include <cstdint>
#include <string>
#include <vector>

namespace squall::coordinator {

struct JsonDifference {
  std::string path;  // "/phases/measure/ledger/ok"
  std::string stored, computed;
};

struct JsonComparison {
  std::uint64_t compared = 0;  // values: numbers, texts, yes or no
  std::vector<JsonDifference> differences;
};

/// Numbers must be equal to the last digit: both are written by the same rules. Paths in `ignored`
/// are left out. Throws std::runtime_error when `stored` is no JSON.
JsonComparison compare_json(const std::string& stored, const std::string& computed,
                            const std::vector<std::string>& ignored);

}  // namespace squall::coordinator
