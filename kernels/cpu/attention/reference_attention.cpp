#include "kernels/cpu/attention/reference_attention.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/formats/float16.hpp"

namespace squall::kernels::reference {
namespace {

/// One head's keys or values in a page, element by element, whatever the format.
class Elements {
 public:
  Elements(const KvShape& shape, const std::byte* section)
      : layout_(shape), format_(shape.format), section_(section) {}

  float key(std::size_t position, std::size_t d) const {
    const std::size_t scale = layout_.key_scale_index(position, d / dimensions_of_a_scale);
    return element(0, layout_.key_index(position, d), layout_.key_scales, scale);
  }
  float value(std::size_t position, std::size_t d) const {
    const std::size_t scale = layout_.value_scale_index(position, d / dimensions_of_a_scale);
    return element(layout_.values, layout_.value_index(position, d), layout_.value_scales, scale);
  }

 private:
  float element(std::size_t start, std::size_t index, std::size_t scales, std::size_t scale) const {
    const std::byte* elements = section_ + start;
    if (format_ == KvFormat::f32) return reinterpret_cast<const float*>(elements)[index];
    if (format_ == KvFormat::f16) {
      return half_to_float(reinterpret_cast<const std::uint16_t*>(elements)[index]);
    }
    const auto quant = static_cast<float>(reinterpret_cast<const std::int8_t*>(elements)[index]);
    return quant * reinterpret_cast<const float*>(section_ + scales)[scale];
  }

  KvPageLayout layout_;
  KvFormat format_;
  const std::byte* section_;
};

/// Scale of up to 32 values: the greatest magnitude becomes 127.
float scale_of(const float* values, std::size_t count) {
  float greatest = 0.0F;
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isnan(values[i])) return values[i];
    greatest = std::max(greatest, std::abs(values[i]));
  }
  return greatest / 127.0F;
}

/// Writes element i of `values` where index(i) says, and scale s where scale_index(s) says.
template <class Index, class ScaleIndex>
void round_to_format(const KvShape& shape, const float* values, std::byte* elements,
                     std::byte* scales, Index index, ScaleIndex scale_index) {
  for (std::size_t i = 0; i < shape.head_dimension; ++i) {
    if (shape.format == KvFormat::f32) {
      reinterpret_cast<float*>(elements)[index(i)] = values[i];
    } else if (shape.format == KvFormat::f16) {
      // An infinity would reach every later answer.
      const float clamped = std::clamp(values[i], -65504.0F, 65504.0F);
      reinterpret_cast<std::uint16_t*>(elements)[index(i)] = float_to_half(clamped);
    } else {
      const std::size_t first = i / dimensions_of_a_scale * dimensions_of_a_scale;
      const float scale =
          scale_of(values + first, std::min(dimensions_of_a_scale, shape.head_dimension - first));
      reinterpret_cast<float*>(scales)[scale_index(i / dimensions_of_a_scale)] = scale;
      // The smallest scales are zeros for every practical purpose.
      const bool usable = scale > 1e-37F && std::isfinite(scale);
      const float quant = usable ? std::nearbyint(values[i] / scale) : 0.0F;
      reinterpret_cast<std::int8_t*>(elements)[index(i)] = static_cast<std::int8_t>(quant);
    }
  }
}

}  // namespace

void store_keys_and_values(const KvShape& shape, const KvSlot& slot, const float* keys,
                           const float* values) {
  const KvPageLayout layout(shape);
  for (std::size_t head = 0; head < shape.kv_heads; ++head) {
    std::byte* section = slot.page + head * layout.head_bytes;
    round_to_format(
        shape, keys + head * shape.head_dimension, section, section + layout.key_scales,
        [&](std::size_t d) { return layout.key_index(slot.position, d); },
        [&](std::size_t s) { return layout.key_scale_index(slot.position, s); });
    round_to_format(
        shape, values + head * shape.head_dimension, section + layout.values,
        section + layout.value_scales,
        [&](std::size_t d) { return layout.value_index(slot.position, d); },
        [&](std::size_t s) { return layout.value_scale_index(slot.position, s); });
  }
}

namespace {

/// One head of one query. Being the definition it may allocate.
void attend_one(const PageAttentionTask& task, const float* query, float* output,
                std::size_t visible) {
  const KvShape& shape = task.options->shape;
  const std::size_t head_bytes = KvPageLayout(shape).head_bytes;
  const auto elements = [&](std::size_t t) {
    return Elements(shape, task.part->pages[t / positions_per_page] + task.options->page_offset +
                               task.kv_head * head_bytes);
  };
  std::vector<double> weights(visible);
  for (std::size_t t = 0; t < visible; ++t) {
    const Elements page = elements(t);
    double score = 0.0;
    for (std::size_t d = 0; d < shape.head_dimension; ++d) {
      score +=
          static_cast<double>(query[d]) * static_cast<double>(page.key(t % positions_per_page, d));
    }
    weights[t] = score / std::sqrt(static_cast<double>(shape.head_dimension));
  }
  const double greatest = *std::ranges::max_element(weights);
  double total = 0.0;
  for (double& weight : weights) total += weight = std::exp(weight - greatest);
  for (std::size_t d = 0; d < shape.head_dimension; ++d) {
    double sum = 0.0;
    for (std::size_t t = 0; t < visible; ++t) {
      const float value = elements(t).value(t % positions_per_page, d);
      sum += weights[t] * static_cast<double>(value);
    }
    output[d] = static_cast<float>(sum / total);
  }
}

}  // namespace

void attend_to_pages(const PageAttentionTask& task) {
  const std::size_t group = task.options->heads / task.options->shape.kv_heads;
  for (std::size_t i = 0; i < task.queries; ++i) {
    for (std::size_t h = 0; h < group; ++h) {
      const std::size_t query = task.first_query + i;
      const std::size_t offset = (query * task.options->heads + task.kv_head * group + h) *
                                 task.options->shape.head_dimension;
      attend_one(task, task.part->queries + offset, task.part->output + offset,
                 task.part->first_position + query + 1);
    }
  }
}

std::size_t attention_scratch_floats(std::size_t /*rows*/, const KvShape& /*shape*/) { return 0; }

}  // namespace squall::kernels::reference
