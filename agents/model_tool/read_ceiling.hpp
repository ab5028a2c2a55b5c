#pragma once
// How fast this machine's memory can be read at all: what bounds decoding a model larger than
// caches.

#include <cstddef>

namespace squall::agents {

/// Bytes per second that `threads` threads read together from a buffer of `bytes`, each its own
/// part, front to back: the best of several passes, so that what others do on the machine counts
/// least. Takes about a second.
double read_ceiling(std::size_t bytes, std::size_t threads);

}  // namespace squall::agents
