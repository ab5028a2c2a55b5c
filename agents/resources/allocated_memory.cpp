#include "agents/resources/allocated_memory.hpp"

#include <cstddef>
#include <dlfcn.h>

namespace squall::agents {

namespace {

// jemalloc(3): int mallctl(name, old value, its length, new value, its length).
using Mallctl = int (*)(const char*, void*, std::size_t*, void*, std::size_t);

/// Programs have jemalloc and tests do not, so it is looked for when it is needed.
Mallctl find_mallctl() { return reinterpret_cast<Mallctl>(dlsym(RTLD_DEFAULT, "mallctl")); }

}  // namespace

std::optional<std::uint64_t> allocated_bytes() {
  static const Mallctl mallctl = find_mallctl();
  if (mallctl == nullptr) return std::nullopt;
  std::uint64_t epoch = 1;  // whatever is written makes it count anew
  if (mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch) != 0) return std::nullopt;
  std::size_t bytes = 0;
  std::size_t length = sizeof bytes;
  if (mallctl("stats.allocated", &bytes, &length, nullptr, 0) != 0) return std::nullopt;
  return bytes;
}

}  // namespace squall::agents
