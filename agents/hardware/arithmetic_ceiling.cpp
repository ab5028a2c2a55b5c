#include "agents/hardware/arithmetic_ceiling.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/backend_selection.hpp"
#include "kernels/formats/quantize.hpp"

namespace squall::agents {

namespace {

using Clock = std::chrono::steady_clock;
using kernels::Format;

constexpr std::size_t columns = 1024;
constexpr std::size_t batch = 32;
// 128 rows: 139 kB of q8_0, 512 kB of f32. Of floats a quarter, so that both fit a small cache.
constexpr std::size_t rows_a_thread(Format format) { return format == Format::f32 ? 32 : 128; }

/// Small numbers of both signs that repeat after 37: kernels take the same time for any.
float value_at(std::size_t i) { return static_cast<float>(i % 37) / 32.0F - 0.5F; }

double rate_of(kernels::Backend& backend, Format format, std::chrono::nanoseconds patience) {
  const std::size_t rows = rows_a_thread(format) * backend.threads();
  const std::size_t row_bytes = kernels::bytes_per_row(format, columns);
  std::vector<float> row(columns);
  for (std::size_t i = 0; i < columns; ++i) row[i] = value_at(i);
  std::vector<std::byte> bytes(rows * row_bytes);
  for (std::size_t i = 0; i < rows; ++i)
    kernels::quantize_row(format, row, bytes.data() + i * row_bytes);
  const auto weights =
      backend.load({.format = format, .rows = rows, .columns = columns, .data = bytes.data()});
  std::vector<float> input(batch * columns), output(batch * rows);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = value_at(i + 5);

  double best = 0;
  const auto begun = Clock::now();
  for (auto now = begun; now - begun < patience;) {
    const auto start = now;
    backend.multiply(*weights, input.data(), output.data(), batch);
    now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - start).count();
    best = std::max(best, static_cast<double>(rows * columns * batch) / seconds);
  }
  return best;
}

}  // namespace

ArithmeticRates arithmetic_rates(std::size_t threads, std::chrono::nanoseconds patience) {
  const auto backend = kernels::make_cpu_backend(threads);
  return {rate_of(*backend, Format::q8_0, patience / 2),
          rate_of(*backend, Format::f32, patience / 2)};
}

}  // namespace squall::agents
