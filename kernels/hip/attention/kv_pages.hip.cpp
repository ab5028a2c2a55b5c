#include "kernels/hip/attention/kv_pages.hpp"

#include <cassert>

#include "kernels/hip/kernel_launches.hpp"

namespace squall::kernels::hip {
namespace {

constexpr unsigned store_threads = 128;

constexpr std::uint32_t whole_lines(std::size_t bytes) {
  return static_cast<std::uint32_t>((bytes + 63) / 64 * 64);
}

constexpr unsigned length_of_chunk(KvFormat format) {
  return format == KvFormat::f32 ? 4 : format == KvFormat::f16 ? 8 : 16;
}

/// Where one of a position's elements and its scale go: those of keys and of values differ.
struct Place {
  std::byte* elements;
  float* scales;
  unsigned element;  // in elements
};

__device__ Place place_of(const KvPages& pages, std::byte* section, bool keys, unsigned length,
                          unsigned position, unsigned dimension) {
  const unsigned scale = dimension / dimensions_of_a_scale * page_positions + position;
  if (keys) {
    const unsigned chunk = dimension / length * page_positions + position;
    return {section, reinterpret_cast<float*>(section + pages.key_scales) + scale,
            chunk * length + dimension % length};
  }
  const unsigned chunk = position / length * pages.dimension + dimension;
  return {section + pages.values, reinterpret_cast<float*>(section + pages.value_scales) + scale,
          chunk * length + position % length};
}

/// The nearest half that is a number: an infinity would reach every later answer.
__device__ std::uint16_t finite_half(float value) {
  if (value > 65504.0F) value = 65504.0F;
  if (value < -65504.0F) value = -65504.0F;
  return float_to_half(value);
}

/// The scale with which the greatest magnitude of a team's values becomes 127; not a number if one
/// of them is none.
__device__ float team_scale(float value) {
  // As integers magnitudes are in order, and above them all is what is not a number.
  return float_of(team_max(bits_of(value) & 0x7FFFFFFFU)) / 127.0F;
}

__device__ std::uint8_t quantized(float value, float scale) {
  // The smallest scales are zeros for every practical purpose.
  const bool usable = scale > 1e-37F && scale < 3.4e38F;
  const float quant = usable ? rintf(value / scale) : 0.0F;
  return static_cast<std::uint8_t>(static_cast<int>(quant) + 128);
}

/// Grid: slots, heads, and keys or values; a team rounds 32 dimensions at a time.
template <KvFormat format>
__global__ void __launch_bounds__(store_threads)
    store_position(KvPages pages, const DeviceSlot* slots, const float* keys, const float* values,
                   std::uint64_t page_offset) {
  constexpr unsigned length = chunk_length<format>;
  const DeviceSlot slot = slots[blockIdx.x];
  const bool of_keys = blockIdx.z == 0;
  std::byte* section = slot.page + page_offset + std::size_t{blockIdx.y} * pages.head_bytes;
  const std::size_t row = std::size_t{blockIdx.x} * gridDim.y + blockIdx.y;
  const float* from = (of_keys ? keys : values) + row * pages.dimension;
  // Keys end with whole chunks.
  const unsigned end = of_keys ? (pages.dimension + length - 1) / length * length : pages.dimension;
  for (unsigned first = 0; first < end; first += store_threads) {
    const unsigned d = first + threadIdx.x;
    const float value = d < pages.dimension ? from[d] : 0.0F;
    [[maybe_unused]] const float scale = format == KvFormat::q8_0 ? team_scale(value) : 1.0F;
    if (d >= end) continue;
    const Place place = place_of(pages, section, of_keys, length, slot.position, d);
    if constexpr (format == KvFormat::f32) {
      reinterpret_cast<float*>(place.elements)[place.element] = value;
    } else if constexpr (format == KvFormat::f16) {
      reinterpret_cast<std::uint16_t*>(place.elements)[place.element] = finite_half(value);
    } else {
      if (d % dimensions_of_a_scale == 0) *place.scales = scale;
      reinterpret_cast<std::uint8_t*>(place.elements)[place.element] = quantized(value, scale);
    }
  }
}

}  // namespace

KvPages::KvPages(const KvShape& shape) {
  assert(shape.head_dimension >= 1 && shape.head_dimension <= most_head_dimensions);
  const unsigned length = length_of_chunk(shape.format);
  const std::size_t scales =
      (shape.head_dimension + dimensions_of_a_scale - 1) / dimensions_of_a_scale;
  const bool quantized = shape.format == KvFormat::q8_0;
  const std::size_t scale_bytes = quantized ? page_positions * scales * sizeof(float) : 0;
  const std::size_t key_chunks = (shape.head_dimension + length - 1) / length * page_positions;
  const std::size_t value_chunks = page_positions / length * shape.head_dimension;
  dimension = static_cast<std::uint32_t>(shape.head_dimension);
  key_scales = whole_lines(key_chunks * chunk_bytes);
  values = key_scales + whole_lines(scale_bytes);
  value_scales = values + whole_lines(value_chunks * chunk_bytes);
  head_bytes = value_scales + whole_lines(scale_bytes);
}

std::size_t kv_page_bytes(const KvShape& shape) {
  return shape.kv_heads * KvPages(shape).head_bytes;
}

void store_keys_and_values(const Queue& queue, const KvShape& shape, const DeviceSlot* slots,
                           std::size_t count, const float* keys, const float* values,
                           std::size_t page_offset) {
  if (count == 0) return;
  const dim3 grid(static_cast<unsigned>(count), static_cast<unsigned>(shape.kv_heads), 2);
  const dim3 block(store_threads);
  const KvPages pages(shape);
  const std::uint64_t offset = page_offset;
  switch (shape.format) {
    case KvFormat::f32:
      GPU_LAUNCH((store_position<KvFormat::f32>), grid, block, queue, pages, slots, keys, values,
                 offset);
      break;
    case KvFormat::f16:
      GPU_LAUNCH((store_position<KvFormat::f16>), grid, block, queue, pages, slots, keys, values,
                 offset);
      break;
    case KvFormat::q8_0:
      GPU_LAUNCH((store_position<KvFormat::q8_0>), grid, block, queue, pages, slots, keys, values,
                 offset);
      break;
  }
}

}  // namespace squall::kernels::hip
