// The kernels for AVX-512 VNNI, compiled once more with every instruction emulated.

#include "tests/kernels/emulated_avx512.hpp"
// Theirs is a namespace of its own, beside the one that is in the library.
#define avx512 avx512_emulated
#include "kernels/cpu/cpu_features.hpp"
#include "kernels/cpu/multiply/blocks_avx512.cpp"
#include "kernels/cpu/multiply/k_quants_avx512.cpp"
#include "tests/kernels/tables_under_test.hpp"

namespace squall::kernels {
namespace {

KernelTable emulated_table() {
  KernelTable table = avx512_vnni_kernels;
  table.name = "avx512_vnni, emulated";
  const auto set = [&](Format format, void (*multiply)(const MultiplyTask&)) {
    table.multiply[index_of(format)].multiply = multiply;
  };
  set(Format::q8_0, avx512::multiply_q8_0);
  set(Format::q4_0, avx512::multiply_q4_0);
  set(Format::q4_1, avx512::multiply_q4_1);
  set(Format::q5_0, avx512::multiply_q5_0);
  set(Format::q5_1, avx512::multiply_q5_1);
  set(Format::q2_k, avx512::multiply_q2_k);
  set(Format::q3_k, avx512::multiply_q3_k);
  set(Format::q4_k, avx512::multiply_q4_k);
  set(Format::q5_k, avx512::multiply_q5_k);
  set(Format::q6_k, avx512::multiply_q6_k);
  set(Format::tq1_0, avx512::multiply_ternary);
  set(Format::tq2_0, avx512::multiply_ternary);
  set(Format::i2_s, avx512::multiply_i2_s);
  return table;
}

}  // namespace

std::vector<const KernelTable*> tables_under_test() {
  if (!detect_cpu_features().avx2) return {};  // which these kernels use beside the emulated ones
  static const KernelTable table = emulated_table();
  return {&table};
}

}  // namespace squall::kernels
