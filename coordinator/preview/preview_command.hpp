#pragma once
// `squall preview`: from a scenario file to a picture of its load; runs nothing.

#include <cstdint>
#include <string>

namespace squall::coordinator {

struct PreviewCommand {
  std::string scenario;
  std::uint32_t agents = 1;
  std::string json;  // write the figures there as well; empty: nowhere
};

/// Prints on standard output. Throws UsageError and scenarios::ScenarioError.
int preview_command(const PreviewCommand& command);

}  // namespace squall::coordinator
