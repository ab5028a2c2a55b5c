#pragma once
// The results of a selftest as a table for people and as JSON for programs.

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/selftest/selftest_check.hpp"

namespace squall::coordinator {

struct SelftestSection {
  std::string title;
  std::vector<SelftestCheck> checks;
};

struct SelftestResults {
  std::uint64_t seed = 1;
  bool quick = false;
  bool interrupted = false;
  std::vector<SelftestSection> sections;

  std::size_t checks() const;
  std::size_t failures() const;
};

/// At most `width` characters a line.
std::string selftest_table(const SelftestResults& results, std::size_t width, bool colour);

/// "13 checks passed", "2 of 13 checks failed"; says that the targets were simulated.
std::string selftest_sentence(const SelftestResults& results);

/// Schema "squall-selftest/1".
std::string selftest_json(const SelftestResults& results);

}  // namespace squall::coordinator
