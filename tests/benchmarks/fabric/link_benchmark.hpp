#pragma once
// Throughput and latency of the link between machines, with and without keys, side by side.

namespace squall::benchmarks {

/// `seconds` for each figure. Prints a table.
void bench_link(double seconds);

}  // namespace squall::benchmarks
