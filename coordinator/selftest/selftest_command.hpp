#pragma once
// `squall selftest`: lets anyone check that Squall's numbers hold the truth, on this machine. All
// of it asks simulated targets, whose law is known, and says so.

#include <cstdint>
#include <string>

namespace squall::coordinator {

struct SelftestOptions {
  bool quick = false;  // leaves out what takes long
  std::uint64_t seed = 1;
  std::string json;  // write the results there as well; empty: nowhere
};

/// Prints progress on standard error and the table on standard output. 0: all is as it must be,
/// 1: something is not, 130: interrupted. Throws UsageError when the JSON cannot be written.
int selftest_command(const SelftestOptions& options);

}  // namespace squall::coordinator
