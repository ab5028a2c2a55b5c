// Rows of a table as floats, read as the file has them: of a big table few rows are ever read, so
// it is never packed.

#include <array>

#include "kernels/hip/multiply/unit_values.hpp"

namespace squall::kernels::hip {
namespace {

constexpr unsigned threads_per_block = 256;

template <Format format>
__device__ float value_at(const std::byte* row, std::uint32_t column) {
  constexpr UnitShape shape = shape_of(format);
  if constexpr (shape.bits == 32) {
    return reinterpret_cast<const float*>(row)[column];
  } else if constexpr (shape.bits == 16) {
    const std::uint16_t half = reinterpret_cast<const std::uint16_t*>(row)[column];
    return format == Format::f16 ? hip::half_to_float(half) : bfloat16_to_float(half);
  } else {
    using Block = typename BlockOf<format>::Type;
    constexpr unsigned values = shape.units_of_block * values_per_unit;
    const Block& block = reinterpret_cast<const Block*>(row)[column / values];
    const unsigned in_block = column % values;
    const unsigned group = in_block % values_per_unit / (values_per_unit / shape.groups);
    const GroupScale scale = device_group_scale(
        shape.code, unit_code(block, in_block / values_per_unit), block_code(block), group);
    const int steps = quant(block, in_block) - shape.offset;
    return scale.scale * static_cast<float>(steps) + scale.least;
  }
}

/// A thread a value; blocks of a row in x, rows in y.
template <Format format>
__global__ void __launch_bounds__(threads_per_block)
    embed_rows(const std::byte* table, std::size_t row_bytes, std::uint32_t columns, float scale,
               const std::int32_t* tokens, float* output) {
  const std::uint32_t column = blockIdx.x * threads_per_block + threadIdx.x;
  if (column >= columns) return;
  const std::size_t row = blockIdx.y;
  const std::byte* from = table + static_cast<std::size_t>(tokens[row]) * row_bytes;
  output[row * columns + column] = value_at<format>(from, column) * scale;
}

template <Format format>
void launch(const Queue& queue, const DeviceMatrix& table, const std::int32_t* tokens,
            std::size_t count, float* output) {
  const auto columns = static_cast<std::uint32_t>(table.columns);
  const std::size_t row_bytes = bytes_per_row(format, table.columns);
  constexpr std::size_t most_rows = 65535;  // of a grid's y
  for (std::size_t first = 0; first < count; first += most_rows) {
    const auto rows = static_cast<unsigned>(count - first < most_rows ? count - first : most_rows);
    const dim3 grid((columns + threads_per_block - 1) / threads_per_block, rows);
    GPU_LAUNCH(embed_rows<format>, grid, dim3(threads_per_block), queue, table.data, row_bytes,
               columns, table.scale, tokens + first, output + first * columns);
  }
}

using Launch = void (*)(const Queue&, const DeviceMatrix&, const std::int32_t*, std::size_t,
                        float*);

// In the order of Format.
constexpr std::array<Launch, format_count> launches = {
    &launch<Format::f32>,  &launch<Format::f16>,   &launch<Format::bf16>,  &launch<Format::q8_0>,
    &launch<Format::q4_0>, &launch<Format::q4_1>,  &launch<Format::q5_0>,  &launch<Format::q5_1>,
    &launch<Format::q2_k>, &launch<Format::q3_k>,  &launch<Format::q4_k>,  &launch<Format::q5_k>,
    &launch<Format::q6_k>, &launch<Format::tq1_0>, &launch<Format::tq2_0>, &launch<Format::i2_s>};

}  // namespace

void embed(const Queue& queue, const DeviceMatrix& table, const std::int32_t* tokens,
           std::size_t count, float* output) {
  launches[static_cast<std::size_t>(table.format)](queue, table, tokens, count, output);
}

}  // namespace squall::kernels::hip
