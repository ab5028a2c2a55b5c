#pragma once
// Attention by its formula in double precision, and sequences to try it on: what the kernels of
// CPUs and GPUs are tested against.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "kernels/backend.hpp"
#include "kernels/formats/float16.hpp"
#include "tests/kernels/random_matrix.hpp"

namespace squall::kernels {

constexpr KvFormat kv_formats[] = {KvFormat::f32, KvFormat::f16, KvFormat::q8_0};

inline const char* name_of(KvFormat format) {
  return format == KvFormat::f32 ? "f32" : format == KvFormat::f16 ? "f16" : "q8_0";
}

struct Sequence {
  Sequence(const KvShape& shape, std::size_t heads, std::size_t length, std::uint32_t seed)
      : query_width(heads * shape.head_dimension),
        width(shape.kv_heads * shape.head_dimension),
        queries(random_floats(length * query_width, seed)),
        keys(random_floats(length * width, seed + 1)),
        values(random_floats(length * width, seed + 2)) {
    for (float& query : queries) query *= 0.3F;
  }
  std::size_t query_width;
  std::size_t width;
  std::vector<float> queries;
  std::vector<float> keys;
  std::vector<float> values;
};

/// Attention of one head by its formula.
inline std::vector<double> attend(const float* query, const Sequence& sequence,
                                  std::size_t kv_offset, std::size_t length,
                                  std::size_t dimension) {
  std::vector<double> weights(length);
  for (std::size_t t = 0; t < length; ++t) {
    const float* key = sequence.keys.data() + t * sequence.width + kv_offset;
    weights[t] = std::inner_product(query, query + dimension, key, 0.0) /
                 std::sqrt(static_cast<double>(dimension));
  }
  const double greatest = *std::ranges::max_element(weights);
  double total = 0.0;
  for (double& weight : weights) total += weight = std::exp(weight - greatest);
  std::vector<double> output(dimension, 0.0);
  for (std::size_t t = 0; t < length; ++t) {
    const float* value = sequence.values.data() + t * sequence.width + kv_offset;
    for (std::size_t d = 0; d < dimension; ++d) {
      output[d] += weights[t] / total * static_cast<double>(value[d]);
    }
  }
  return output;
}

/// Replaces keys and values by what the format makes of them.
inline void round_to(KvFormat format, std::size_t dimension, std::vector<float>& values) {
  if (format == KvFormat::f16) {
    for (float& value : values) value = half_to_float(float_to_half(value));
  }
  if (format != KvFormat::q8_0) return;
  for (std::size_t head = 0; head < values.size(); head += dimension) {
    for (std::size_t d = 0; d < dimension; d += 32) {
      const auto block =
          std::span(values).subspan(head + d, std::min<std::size_t>(32, dimension - d));
      float greatest = 0.0F;
      for (const float value : block) greatest = std::max(greatest, std::abs(value));
      const float scale = greatest / 127.0F;
      for (float& value : block) value = scale > 1e-37F ? std::nearbyint(value / scale) * scale : 0;
    }
  }
}

}  // namespace squall::kernels
