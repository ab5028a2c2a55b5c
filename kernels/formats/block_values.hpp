#pragma once
// One block of each format as floats and back; the loops over rows are in dequantize.* and
// quantize.*.

#include <cstddef>

#include "kernels/formats/block_formats.hpp"

namespace squall::kernels {

// `values`: as many as the block holds.
void dequantize_block(const BlockQ8_0& block, float* values);
void dequantize_block(const BlockQ4_0& block, float* values);
void dequantize_block(const BlockQ4_1& block, float* values);
void dequantize_block(const BlockQ5_0& block, float* values);
void dequantize_block(const BlockQ5_1& block, float* values);
void dequantize_block(const BlockQ2_K& block, float* values);
void dequantize_block(const BlockQ3_K& block, float* values);
void dequantize_block(const BlockQ4_K& block, float* values);
void dequantize_block(const BlockQ5_K& block, float* values);
void dequantize_block(const BlockQ6_K& block, float* values);
void dequantize_block(const BlockTQ1_0& block, float* values);
void dequantize_block(const BlockTQ2_0& block, float* values);
void dequantize_block(const BlockI2_S& block, float* values);  // -1, 0, 1: without the scale

// The best block for `values`, which are finite.
void quantize_block(const float* values, BlockQ8_0& block);
void quantize_block(const float* values, BlockQ4_0& block);
void quantize_block(const float* values, BlockQ4_1& block);
void quantize_block(const float* values, BlockQ5_0& block);
void quantize_block(const float* values, BlockQ5_1& block);
void quantize_block(const float* values, BlockQ2_K& block);
void quantize_block(const float* values, BlockQ3_K& block);
void quantize_block(const float* values, BlockQ4_K& block);
void quantize_block(const float* values, BlockQ5_K& block);
void quantize_block(const float* values, BlockQ6_K& block);
void quantize_block(const float* values, BlockTQ1_0& block);
void quantize_block(const float* values, BlockTQ2_0& block);
/// Nearest of -scale, 0 and scale.
void quantize_block(const float* values, float scale, BlockI2_S& block);

/// The scale with which -scale, 0 and scale come closest to the values, in the sum of squares; of
/// values that are all of one magnitude or 0, that magnitude.
float best_ternary_scale(const float* values, std::size_t count);

}  // namespace squall::kernels
