#pragma once
// `squall model fetch`: downloads a model into the cache directory, where every command finds it.

#include <cstdint>
#include <string>
#include <vector>

namespace squall::agents {

struct FetchOptions {
  std::string name;                  // under which it will be found
  std::vector<std::string> sources;  // http(s) addresses, tried in this order
  std::string sha256;                // of the file as it is downloaded; empty: not known
  std::uint64_t seed = 1;            // of the pauses between attempts
};

/// Goes on where an earlier attempt stopped. Prints where the file lies. Throws ModelError.
int fetch_command(const FetchOptions& options);

}  // namespace squall::agents
