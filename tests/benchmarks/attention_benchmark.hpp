#pragma once
// How fast attention reads pages of keys and values: decode of many sequences, tiles of a prompt.

#include <cstddef>

namespace squall::benchmarks {

void bench_attention(std::size_t threads, int repetitions);

}  // namespace squall::benchmarks
