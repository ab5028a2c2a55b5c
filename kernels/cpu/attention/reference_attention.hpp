#pragma once
// Attention over pages by its formula: what the fast kernels approximate.

#include "kernels/cpu/attention/attention_kernel.hpp"

namespace squall::kernels::reference {

void store_keys_and_values(const KvShape& shape, const KvSlot& slot, const float* keys,
                           const float* values);
std::size_t attention_scratch_floats(std::size_t rows, const KvShape& shape);
void attend_to_pages(const PageAttentionTask& task);

constexpr PageAttentionKernel page_attention = {.store = store_keys_and_values,
                                                .scratch_floats = attention_scratch_floats,
                                                .attend = attend_to_pages,
                                                .attend_to_span = nullptr,
                                                .merge_spans = nullptr};

}  // namespace squall::kernels::reference
