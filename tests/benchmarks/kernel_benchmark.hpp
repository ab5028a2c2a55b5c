#pragma once
// How fast matrices are multiplied, format by format, beside how fast memory can be read at all.

#include <cstddef>

namespace squall::benchmarks {

void bench_kernels(std::size_t threads, int repetitions);

}  // namespace squall::benchmarks
