#include "kernels/cpu/cpu_features.hpp"
#include "tests/kernels/tables_under_test.hpp"

namespace squall::kernels {

std::vector<const KernelTable*> tables_under_test() {
  std::vector<const KernelTable*> tables;
  for (const KernelTable* table : compiled_kernel_tables()) {
    if (table->runs_on(detect_cpu_features())) tables.push_back(table);
  }
  return tables;
}

}  // namespace squall::kernels
