// Rounds keys and values into pages, for AVX2 and F16C.

#include "kernels/cpu/attention/avx2_attention.hpp"

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "kernels/cpu/avx2_vectors.hpp"

namespace squall::kernels::avx2 {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Element d of the source goes to to[d * stride].
template <class Element>
void spread(const Element* from, std::size_t count, Element* to, std::size_t stride) {
  for (std::size_t d = 0; d < count; ++d) to[d * stride] = from[d];
}

/// Beyond the halves' range it stays at its end: an infinity would reach every later answer.
SQUALL_AVX2 __m128i to_halves(__m256 values) {
  const __m256 limit = _mm256_set1_ps(65504.0F);
  const __m256 least = _mm256_sub_ps(_mm256_setzero_ps(), limit);
  // In this order of arguments min and max hand a NaN through.
  const __m256 clamped = _mm256_min_ps(limit, _mm256_max_ps(least, values));
  return _mm256_cvtps_ph(clamped, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/// Returns the scale of up to 32 values and writes as many quants, zeros up to a multiple of 8.
SQUALL_AVX2 float quantize(const float* values, std::size_t count, std::int8_t* quants) {
  __m256 greatest = _mm256_setzero_ps();
  __m256 not_numbers = _mm256_setzero_ps();
  for (std::size_t i = 0; i < count; i += lanes) {
    const __m256 v = _mm256_maskload_ps(values + i, first_lanes(std::min(lanes, count - i)));
    greatest = _mm256_max_ps(greatest, absolute(v));
    not_numbers = _mm256_or_ps(not_numbers, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  }
  const float scale = greatest_lane(greatest) / 127.0F;
  // The smallest scales are zeros for every practical purpose.
  const __m256 divisor = _mm256_set1_ps(scale > 1e-37F ? scale : infinity);
  for (std::size_t i = 0; i < count; i += lanes) {
    const __m256 v = _mm256_maskload_ps(values + i, first_lanes(std::min(lanes, count - i)));
    const __m256i wide = _mm256_cvtps_epi32(_mm256_div_ps(v, divisor));
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(quants + i), _mm_packs_epi16(words, words));
  }
  // What is not a number has no quant; as the scale it shows.
  if (_mm256_movemask_ps(not_numbers) != 0) return std::numeric_limits<float>::quiet_NaN();
  return scale;
}

class Section {
 public:
  Section(const KvPageLayout& layout, std::byte* start, std::size_t position)
      : layout_(layout), start_(start), position_(position) {}

  void store_floats(const float* key, const float* value) const {
    auto* keys = reinterpret_cast<float*>(start_) + layout_.key_index(position_, 0);
    auto* values =
        reinterpret_cast<float*>(start_ + layout_.values) + layout_.value_index(position_, 0);
    spread(key, layout_.dimension, keys, positions_of_a_group);
    std::copy_n(value, layout_.dimension, values);
    std::fill(values + layout_.dimension, values + layout_.padded_dimension, 0.0F);
  }

  SQUALL_AVX2 void store_halves(const float* key, const float* value) const {
    auto* keys = reinterpret_cast<std::uint16_t*>(start_) + layout_.key_index(position_, 0);
    auto* values = reinterpret_cast<std::uint16_t*>(start_ + layout_.values) +
                   layout_.value_index(position_, 0);
    for (std::size_t d = 0; d < layout_.dimension; d += lanes) {
      const std::size_t count = std::min(lanes, layout_.dimension - d);
      const __m256i mask = first_lanes(count);
      std::array<std::uint16_t, lanes> halves;
      _mm_storeu_si128(reinterpret_cast<__m128i*>(halves.data()),
                       to_halves(_mm256_maskload_ps(key + d, mask)));
      spread(halves.data(), count, keys + d * positions_of_a_group, positions_of_a_group);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(values + d),
                       to_halves(_mm256_maskload_ps(value + d, mask)));
    }
  }

  SQUALL_AVX2 void store_quants(const float* key, const float* value) const {
    auto* keys = reinterpret_cast<std::int8_t*>(start_) + layout_.key_index(position_, 0);
    auto* values =
        reinterpret_cast<std::int8_t*>(start_ + layout_.values) + layout_.value_index(position_, 0);
    auto* key_scales = reinterpret_cast<float*>(start_ + layout_.key_scales);
    auto* value_scales = reinterpret_cast<float*>(start_ + layout_.value_scales);
    for (std::size_t scale = 0; scale < layout_.scales; ++scale) {
      const std::size_t d = scale * dimensions_of_a_scale;
      const std::size_t count = std::min(dimensions_of_a_scale, layout_.dimension - d);
      std::array<std::int8_t, dimensions_of_a_scale> quants;
      key_scales[layout_.key_scale_index(position_, scale)] =
          quantize(key + d, count, quants.data());
      spread(quants.data(), count, keys + d * positions_of_a_group, positions_of_a_group);
      value_scales[layout_.value_scale_index(position_, scale)] =
          quantize(value + d, count, values + d);
    }
  }

 private:
  const KvPageLayout& layout_;
  std::byte* start_;
  std::size_t position_;
};

}  // namespace

void store_keys_and_values(const KvShape& shape, const KvSlot& slot, const float* keys,
                           const float* values) {
  const KvPageLayout layout(shape);
  for (std::size_t head = 0; head < shape.kv_heads; ++head) {
    const Section section(layout, slot.page + head * layout.head_bytes, slot.position);
    const float* key = keys + head * layout.dimension;
    const float* value = values + head * layout.dimension;
    switch (shape.format) {
      case KvFormat::f32:
        section.store_floats(key, value);
        break;
      case KvFormat::f16:
        section.store_halves(key, value);
        break;
      case KvFormat::q8_0:
        section.store_quants(key, value);
        break;
    }
  }
}

}  // namespace squall::kernels::avx2

#endif
