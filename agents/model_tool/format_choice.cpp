#include "agents/model_tool/format_choice.hpp"

#include <algorithm>
#include <array>

#include "agents/engine/model/gguf_writer.hpp"
#include "kernels/formats/dequantize.hpp"
#include "kernels/formats/quantize.hpp"

namespace squall::agents {

namespace {

using kernels::Format;

constexpr std::size_t most_sampled_values = 500'000;

double relative_error(Format format, std::span<const float> rows, std::size_t columns) {
  std::vector<std::byte> packed(kernels::bytes_per_row(format, columns));
  std::vector<float> back(columns);
  double lost = 0;
  double whole = 0;
  for (std::size_t start = 0; start < rows.size(); start += columns) {
    const auto row = rows.subspan(start, columns);
    kernels::quantize_row(format, row, packed.data());
    kernels::dequantize_row(format, packed.data(), back);
    for (std::size_t i = 0; i < columns; ++i) {
      const double difference = static_cast<double>(row[i]) - static_cast<double>(back[i]);
      lost += difference * difference;
      whole += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    }
  }
  return whole > 0 ? lost / whole : 0;
}

std::vector<float> sampled_rows(const kernels::TensorView& matrix) {
  const std::size_t wanted =
      std::clamp<std::size_t>(most_sampled_values / matrix.columns, 1, matrix.rows);
  std::vector<float> values(wanted * matrix.columns);
  const std::size_t row_bytes = kernels::bytes_per_row(matrix.format, matrix.columns);
  for (std::size_t i = 0; i < wanted; ++i) {
    const std::size_t row = i * matrix.rows / wanted;
    kernels::dequantize_row(matrix.format, matrix.data + row * row_bytes,
                            std::span(values).subspan(i * matrix.columns, matrix.columns));
  }
  return values;
}

/// How much error a byte takes away between two options.
double gain_per_byte(const FormatOption& from, const FormatOption& to) {
  return (from.error - to.error) / static_cast<double>(to.bytes - from.bytes);
}

/// The next larger option on the lower convex hull: where a byte gains most. `at` itself: none is
/// better.
std::size_t next_on_hull(const std::vector<FormatOption>& options, std::size_t at) {
  std::size_t best = at;
  double best_gain = 0;
  for (std::size_t i = at + 1; i < options.size(); ++i) {
    if (options[i].bytes == options[at].bytes) continue;
    const double gain = gain_per_byte(options[at], options[i]);
    if (gain > best_gain) {
      best = i;
      best_gain = gain;
    }
  }
  return best;
}

}  // namespace

std::vector<FormatOption> measure_formats(const kernels::TensorView& matrix,
                                          std::span<const Format> candidates) {
  const std::vector<float> rows = sampled_rows(matrix);
  const std::array<std::uint64_t, 2> extents{matrix.columns, matrix.rows};
  std::vector<FormatOption> options;
  for (const Format format : candidates) {
    if (matrix.columns % kernels::values_per_block(format) != 0) continue;
    options.push_back(
        {format, gguf_tensor_bytes(format, extents), relative_error(format, rows, matrix.columns)});
  }
  std::ranges::stable_sort(options, {}, &FormatOption::bytes);
  return options;
}

std::vector<std::size_t> choose_formats(std::span<const std::vector<FormatOption>> tensors,
                                        std::uint64_t budget) {
  std::vector<std::size_t> chosen(tensors.size(), 0);
  std::uint64_t bytes = 0;
  for (const auto& options : tensors) bytes += options.front().bytes;
  std::vector<bool> settled(tensors.size(), false);
  for (;;) {
    std::size_t best = tensors.size();
    std::size_t best_option = 0;
    double best_gain = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (settled[i]) continue;
      const std::size_t next = next_on_hull(tensors[i], chosen[i]);
      if (next == chosen[i]) continue;
      const double gain = gain_per_byte(tensors[i][chosen[i]], tensors[i][next]);
      if (gain <= best_gain) continue;
      best = i;
      best_option = next;
      best_gain = gain;
    }
    if (best == tensors.size()) return chosen;
    const auto& options = tensors[best];
    const std::uint64_t more = options[best_option].bytes - options[chosen[best]].bytes;
    if (bytes + more > budget) {
      settled[best] = true;  // a smaller tensor's step may still fit
      continue;
    }
    bytes += more;
    chosen[best] = best_option;
  }
}

}  // namespace squall::agents
