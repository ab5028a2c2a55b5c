// The table for AVX-512 VNNI, which multiplies quantized weights; AVX2 does the rest, which memory
// or other units limit anyway.

#include "kernels/cpu/attention/avx2_attention.hpp"
#include "kernels/cpu/avx2.hpp"
#include "kernels/cpu/kernel_table.hpp"
#include "kernels/cpu/multiply/blocks_avx512.hpp"
#include "kernels/cpu/multiply/blocks_layout.hpp"
#include "kernels/cpu/multiply/k_quants_avx512.hpp"
#include "kernels/cpu/multiply/k_quants_layout.hpp"

#if defined(__x86_64__)

namespace squall::kernels {
namespace {

bool runs_on(const CpuFeatures& features) { return features.avx512_vnni; }

}  // namespace

const KernelTable avx512_vnni_kernels = {
    .name = "avx512_vnni",
    .runs_on = runs_on,
    .multiply = kernels_by_format(
        {{Format::f32, {ActivationForm::exact, avx2::multiply_f32}},
         {Format::f16, {ActivationForm::exact, avx2::multiply_f16}},
         {Format::bf16, {ActivationForm::exact, avx2::multiply_bf16}},
         {Format::q8_0, {ActivationForm::int8_blocks, avx512::multiply_q8_0, &packed_q8_0}},
         {Format::q4_0, {ActivationForm::int8_blocks, avx512::multiply_q4_0, &packed_q4_0}},
         {Format::q4_1, {ActivationForm::int8_blocks, avx512::multiply_q4_1, &packed_q4_1}},
         {Format::q5_0, {ActivationForm::int8_blocks, avx512::multiply_q5_0, &packed_q5_0}},
         {Format::q5_1, {ActivationForm::int8_blocks, avx512::multiply_q5_1, &packed_q5_1}},
         {Format::q2_k, {ActivationForm::int8_blocks, avx512::multiply_q2_k, &packed_q2_k}},
         {Format::q3_k, {ActivationForm::int8_blocks, avx512::multiply_q3_k, &packed_q3_k}},
         {Format::q4_k, {ActivationForm::int8_blocks, avx512::multiply_q4_k, &packed_q4_k}},
         {Format::q5_k, {ActivationForm::int8_blocks, avx512::multiply_q5_k, &packed_q5_k}},
         {Format::q6_k, {ActivationForm::int8_blocks, avx512::multiply_q6_k, &packed_q6_k}},
         {Format::tq1_0, {ActivationForm::int8_blocks, avx512::multiply_ternary, &packed_tq1_0}},
         {Format::tq2_0, {ActivationForm::int8_blocks, avx512::multiply_ternary, &packed_tq2_0}},
         {Format::i2_s, {ActivationForm::int8_blocks, avx512::multiply_i2_s, &packed_i2_s}}}),
    .quantize_activations = avx2::quantize_activations,
    .rms_norm = avx2::rms_norm,
    .page_attention = avx2::page_attention,
    .swiglu = avx2::swiglu,
    .rotate = avx2::rotate,
};

}  // namespace squall::kernels

#endif
