#pragma once
// A recorded load to be replayed: what arrived when, and how long prompt and answer were.

#include <cstdint>
#include <vector>

#include "scenarios/load/load_shape.hpp"

namespace squall::scenarios {

struct TraceEntry {
  nanoseconds at{0};  // since the trace's first entry, before any time scale; never decreasing
  std::uint32_t prompt_tokens = 1;
  std::uint32_t answer_tokens = 1;
  std::uint32_t first_block = 0;  // Mooncake: `blocks` hashes of 512 tokens each, in Trace::blocks
  std::uint32_t blocks = 0;
};

struct Trace {
  std::vector<TraceEntry> entries;    // without those that skip and limit leave out
  std::vector<std::uint64_t> blocks;  // equal hashes are equal tokens: prefixes that are shared
};

}  // namespace squall::scenarios
