#pragma once
// What the load generator itself costs and how exact it is: starts through the real pacer, users
// actor, target actor and recorder, against a target that answers at once.

#include <cstdint>

namespace squall::benchmarks {

/// Lateness and CPU per start at 1,000 and 10,000 starts/s, beside the machine's own noise: a
/// thread that only sleeps until the same instants.
void bench_load(int repetitions);

/// So many users of the closed model, all of whom have asked once and now wait: memory per user,
/// and how late those are that wake meanwhile.
void bench_users(std::uint64_t users);

}  // namespace squall::benchmarks
