#pragma once
// Attention over pages for AVX2, FMA and F16C.

#include "kernels/cpu/attention/attention_kernel.hpp"

namespace squall::kernels::avx2 {

void store_keys_and_values(const KvShape& shape, const KvSlot& slot, const float* keys,
                           const float* values);

std::size_t attention_scratch_floats(std::size_t rows, const KvShape& shape);
void attend_to_pages(const PageAttentionTask& task);
void attend_to_span(const PageAttentionTask& task, const SpanResults& results);
void merge_spans(const PageAttentionTask& task, float* results, std::size_t spans);

constexpr PageAttentionKernel page_attention = {.store = store_keys_and_values,
                                                .scratch_floats = attention_scratch_floats,
                                                .attend = attend_to_pages,
                                                .attend_to_span = attend_to_span,
                                                .merge_spans = merge_spans};

}  // namespace squall::kernels::avx2
