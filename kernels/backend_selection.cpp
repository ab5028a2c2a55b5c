#include "kernels/backend_selection.hpp"

#include <array>
#include <cstdlib>
#include <stdexcept>

#include "kernels/cpu/cpu_backend.hpp"
#include "kernels/cpu/cpu_features.hpp"
#include "kernels/cpu/kernel_table.hpp"

namespace squall::kernels {
namespace {

constexpr const char* wish_variable = "SQUALL_INSTRUCTION_SET";

[[noreturn]] void refuse(std::string_view wish, std::string_view origin) {
  std::string can_be_had;
  for (const std::string_view name : runnable_instruction_sets()) {
    can_be_had += (can_be_had.empty() ? "" : ", ") + std::string(name);
  }
  std::string reason = "this program knows no instruction set of that name";
  for (const KernelTable* table : compiled_kernel_tables()) {
    if (table->name == wish) reason = "this machine cannot run it";
  }
  throw std::invalid_argument("instruction set '" + std::string(wish) + "'" + std::string(origin) +
                              ": " + reason + "; choose one of: " + can_be_had);
}

const KernelTable& find_table(std::string_view wish, std::string_view origin) {
  const CpuFeatures features = detect_cpu_features();
  for (const KernelTable* table : compiled_kernel_tables()) {
    if ((wish.empty() || table->name == wish) && table->runs_on(features)) return *table;
  }
  refuse(wish, origin);
}

}  // namespace

std::span<const KernelTable* const> compiled_kernel_tables() {
#if defined(__x86_64__)
  static constexpr std::array tables = {&avx512_vnni_kernels, &avx2_kernels, &reference_kernels};
#elif defined(__aarch64__)
  static constexpr std::array tables = {&neon_dot_kernels, &neon_kernels, &reference_kernels};
#else
  static constexpr std::array tables = {&reference_kernels};
#endif
  return tables;
}

std::vector<std::string_view> runnable_instruction_sets() {
  const CpuFeatures features = detect_cpu_features();
  std::vector<std::string_view> names;
  for (const KernelTable* table : compiled_kernel_tables()) {
    if (table->runs_on(features)) names.push_back(table->name);
  }
  return names;
}

std::unique_ptr<Backend> make_cpu_backend(const CpuBackendOptions& options) {
  if (options.threads == 0) {
    throw std::invalid_argument("a CPU backend needs at least 1 thread; got 0");
  }
  std::string_view instruction_set = options.instruction_set;
  std::string_view origin;
  if (instruction_set.empty()) {
    // Read at start only: nothing in these programs changes its own environment.
    const char* wish = std::getenv(wish_variable);
    if (wish != nullptr) instruction_set = wish;
    if (!instruction_set.empty()) origin = " (from SQUALL_INSTRUCTION_SET)";
  }
  return std::make_unique<CpuBackend>(
      find_table(instruction_set, origin),
      ThreadPoolOptions{.threads = options.threads, .pin = options.pin_threads});
}

std::unique_ptr<Backend> make_cpu_backend(std::size_t threads, std::string_view instruction_set) {
  return make_cpu_backend(CpuBackendOptions{
      .threads = threads, .pin_threads = false, .instruction_set = instruction_set});
}

}  // namespace squall::kernels
