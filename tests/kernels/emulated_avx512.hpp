#pragma once
// The AVX-512 instructions that kernels use, emulated by SIMDe: to be included before a kernel's
// source, so that it can be tested on machines without them.

#include <immintrin.h>
#include <simde/x86/avx512.h>

/// Missing in SIMDe 0.7.4.
inline simde__m512 emulated_convert(simde__m512i whole) {
  std::int32_t numbers[16];
  float floats[16];
  simde_mm512_storeu_si512(numbers, whole);
  for (int i = 0; i < 16; ++i) floats[i] = static_cast<float>(numbers[i]);
  return simde_mm512_loadu_ps(floats);
}

/// Likewise.
__attribute__((target("avx2,f16c"))) inline simde__m512 emulated_widen(__m256i halves) {
  float floats[16];
  _mm256_storeu_ps(floats, _mm256_cvtph_ps(_mm256_castsi256_si128(halves)));
  _mm256_storeu_ps(floats + 8, _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1)));
  return simde_mm512_loadu_ps(floats);
}

#define SQUALL_AVX512_VNNI __attribute__((target("avx2,fma,f16c")))
#define __m512i simde__m512i
#define __m512 simde__m512
#define _mm512_add_epi32 simde_mm512_add_epi32
#define _mm512_add_ps simde_mm512_add_ps
#define _mm512_and_si512 simde_mm512_and_si512
#define _mm512_cvtepi32_ps emulated_convert
#define _mm512_cvtph_ps emulated_widen
#define _mm512_dpbusd_epi32 simde_mm512_dpbusd_epi32
#define _mm512_fmadd_ps simde_mm512_fmadd_ps
#define _mm512_fnmadd_ps simde_mm512_fnmadd_ps
#define _mm512_load_ps simde_mm512_load_ps
#define _mm512_load_si512 simde_mm512_load_si512
#define _mm512_madd_epi16 simde_mm512_madd_epi16
#define _mm512_mul_ps simde_mm512_mul_ps
#define _mm512_or_si512 simde_mm512_or_si512
#define _mm512_set1_epi16 simde_mm512_set1_epi16
#define _mm512_set1_epi32 simde_mm512_set1_epi32
#define _mm512_set1_epi8 simde_mm512_set1_epi8
#define _mm512_set1_ps simde_mm512_set1_ps
#define _mm512_setzero_ps simde_mm512_setzero_ps
#define _mm512_setzero_si512 simde_mm512_setzero_si512
#define _mm512_slli_epi16 simde_mm512_slli_epi16
#define _mm512_srl_epi16 simde_mm512_srl_epi16
#define _mm512_srli_epi16 simde_mm512_srli_epi16
#define _mm512_store_ps simde_mm512_store_ps
#define _mm512_store_si512 simde_mm512_store_si512
#define _mm512_xor_si512 simde_mm512_xor_si512
