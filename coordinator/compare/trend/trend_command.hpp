#pragma once
// `squall trend`: what the figures of a scenario did over its stored runs.

#include <cstdint>
#include <string>
#include <vector>

namespace squall::coordinator {

struct TrendOptions {
  std::string scenario{};  // its name
  std::string tag{};
  std::string hardware{}, model{};     // fingerprints; empty: those of the newest run
  std::vector<std::string> figures{};  // empty: what is usually gated
  std::uint64_t seed = 1;              // of the permutations
  std::size_t newest = 0;              // only so many; 0: all
  std::string json{}, html{};          // files
  std::string store{}, state{};
};

/// Throws UsageError, StoreError, GateMistake, ReportUnreadable. Returns 0, or 1 when a
/// file would not take it.
int trend_command(const TrendOptions& options);

}  // namespace squall::coordinator
