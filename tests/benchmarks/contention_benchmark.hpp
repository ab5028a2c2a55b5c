#pragma once
// What a second thread is worth, on a quiet machine and beside a foreign thread that never rests.

namespace squall::benchmarks {

void bench_contention(int repetitions);

}  // namespace squall::benchmarks
