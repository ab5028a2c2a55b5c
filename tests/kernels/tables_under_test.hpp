#pragma once
// Whose kernels a test checks: those that this machine can run, or emulated ones. The same tests
// are linked with either.

#include <vector>

#include "kernels/cpu/kernel_table.hpp"

namespace squall::kernels {

std::vector<const KernelTable*> tables_under_test();

}  // namespace squall::kernels
