#pragma once
// How many multiply-adds a second the kernels that will run can do, when nothing has to come from
// memory: what bounds prefill and large batches.

#include <chrono>
#include <cstddef>

namespace squall::agents {

struct ArithmeticRates {
  double int8_per_second = 0, float_per_second = 0;  // multiply-adds
};

/// With weights of q8_0 and f32 that fit each core's own cache, and 32 sequences at once: the best
/// of all that begins within `patience`, half of it for each. The instruction set is the one that
/// the engine would take. Throws std::invalid_argument where SQUALL_INSTRUCTION_SET names none.
ArithmeticRates arithmetic_rates(std::size_t threads, std::chrono::nanoseconds patience);

}  // namespace squall::agents
