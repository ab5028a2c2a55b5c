#include "kernels/hip/backend/graph_cache.hpp"

#include <algorithm>

namespace squall::kernels::hip {
namespace {

// One for each batch size and length class that is decoded at present; each costs a graph of some
// hundred nodes.
constexpr std::size_t most_seen = 48;

/// After FNV-1a, a word at a time; equal digests are compared in full.
std::uint64_t digest_of(const CommandList& commands) {
  std::uint64_t digest = 0xCBF29CE484222325U;
  for (const CommandList::Word word : commands.words()) {
    digest = (digest ^ word) * 0x100000001B3U;
    digest ^= digest >> 29;
  }
  return digest;
}

void destroy(hipGraphExec_t graph) {
  if (graph != nullptr) static_cast<void>(hipGraphExecDestroy(graph));
}

}  // namespace

GraphCache::~GraphCache() {
  for (const Seen& seen : seen_) destroy(seen.graph);
}

void GraphCache::run(const CommandList& commands) {
  const std::uint64_t digest = digest_of(commands);
  Seen* const known = captures_ ? find(digest, commands) : nullptr;
  if (known != nullptr && known->graph == nullptr) known->graph = capture(commands);
  if (known != nullptr && known->graph != nullptr) {
    check(hipGraphLaunch(known->graph, device_.stream()), "launching a graph");
    return;
  }
  commands.run(device_.queue());
  if (known == nullptr && captures_) remember(digest, commands);
}

GraphCache::Seen* GraphCache::find(std::uint64_t digest, const CommandList& commands) {
  const auto found = std::find_if(seen_.begin(), seen_.end(), [&](const Seen& seen) {
    return seen.digest == digest && std::equal(seen.words.begin(), seen.words.end(),
                                               commands.words().begin(), commands.words().end());
  });
  if (found == seen_.end()) return nullptr;
  seen_.splice(seen_.begin(), seen_, found);
  return &seen_.front();
}

void GraphCache::remember(std::uint64_t digest, const CommandList& commands) {
  if (seen_.size() == most_seen) {
    destroy(seen_.back().graph);
    seen_.pop_back();
  }
  const auto words = commands.words();
  seen_.push_front({.digest = digest, .words = {words.begin(), words.end()}, .graph = nullptr});
}

hipGraphExec_t GraphCache::capture(const CommandList& commands) {
  const auto give_up = [this] {
    static_cast<void>(hipGetLastError());
    captures_ = false;
    return hipGraphExec_t{};
  };
  if (hipStreamBeginCapture(device_.stream(), hipStreamCaptureModeThreadLocal) != hipSuccess) {
    return give_up();
  }
  hipGraph_t graph = nullptr;
  try {
    commands.run(device_.queue());
  } catch (...) {
    static_cast<void>(hipStreamEndCapture(device_.stream(), &graph));
    if (graph != nullptr) static_cast<void>(hipGraphDestroy(graph));
    throw;
  }
  if (hipStreamEndCapture(device_.stream(), &graph) != hipSuccess) return give_up();
  hipGraphExec_t executable = nullptr;
  const hipError_t error = hipGraphInstantiate(&executable, graph, nullptr, nullptr, 0);
  static_cast<void>(hipGraphDestroy(graph));
  return error == hipSuccess ? executable : give_up();
}

}  // namespace squall::kernels::hip
