#include "kernels/backend_selection.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <stdexcept>

#include "kernels/cpu/cpu_features.hpp"
#include "kernels/cpu/kernel_table.hpp"

namespace squall::kernels {
namespace {

/// Sets SQUALL_INSTRUCTION_SET for the life of the object.
class ForcedInstructionSet {
 public:
  explicit ForcedInstructionSet(std::string_view name) {
    ::setenv("SQUALL_INSTRUCTION_SET", std::string(name).c_str(), 1);
  }
  ~ForcedInstructionSet() { ::unsetenv("SQUALL_INSTRUCTION_SET"); }
};

struct WithoutWish {
  WithoutWish() { ::unsetenv("SQUALL_INSTRUCTION_SET"); }
};
BOOST_TEST_GLOBAL_FIXTURE(WithoutWish);

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was thrown";
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

BOOST_AUTO_TEST_CASE(the_reference_always_runs_and_comes_last) {
  const auto names = runnable_instruction_sets();
  BOOST_REQUIRE(!names.empty());
  BOOST_TEST(names.back() == "reference");
}

BOOST_AUTO_TEST_CASE(without_a_wish_the_best_runnable_instruction_set_is_taken) {
  const auto backend = make_cpu_backend(2);
  BOOST_TEST(backend->name() == "cpu " + std::string(runnable_instruction_sets().front()));
  BOOST_TEST(backend->threads() == 2U);
}

BOOST_AUTO_TEST_CASE(options_say_the_same_and_can_pin_threads) {
  const auto backend =
      make_cpu_backend({.threads = 2, .pin_threads = true, .instruction_set = "reference"});
  BOOST_TEST(backend->name() == "cpu reference");
  BOOST_TEST(backend->threads() == 2U);
}

BOOST_AUTO_TEST_CASE(what_the_processor_lacks_is_not_offered) {
  const CpuFeatures features = detect_cpu_features();
  const auto names = runnable_instruction_sets();
  const auto offered = [&](std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  BOOST_TEST(offered("avx2") == features.avx2);
  BOOST_TEST(offered("avx512_vnni") == features.avx512_vnni);
#if defined(__x86_64__)
  // The compiler's own detection reads the same registers by other code.
  BOOST_TEST(features.avx2 == (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")));
  BOOST_TEST(features.avx512_vnni ==
             (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512vl")));
#endif
}

BOOST_AUTO_TEST_CASE(each_runnable_instruction_set_can_be_asked_for_by_name) {
  for (const std::string_view name : runnable_instruction_sets()) {
    BOOST_TEST(make_cpu_backend(1, name)->name() == "cpu " + std::string(name));
  }
}

BOOST_AUTO_TEST_CASE(the_environment_forces_an_instruction_set) {
  for (const std::string_view name : runnable_instruction_sets()) {
    const ForcedInstructionSet forced(name);
    BOOST_TEST(make_cpu_backend(1)->name() == "cpu " + std::string(name));
  }
}

BOOST_AUTO_TEST_CASE(an_explicit_wish_goes_before_the_environment) {
  const ForcedInstructionSet forced("avx1024");
  BOOST_TEST(make_cpu_backend(1, "reference")->name() == "cpu reference");
}

BOOST_AUTO_TEST_CASE(an_empty_environment_variable_is_no_wish) {
  const ForcedInstructionSet forced("");
  BOOST_TEST(make_cpu_backend(1)->name() ==
             "cpu " + std::string(runnable_instruction_sets().front()));
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_refused_with_the_names_that_can_be_had) {
  const std::string message = message_of([] { make_cpu_backend(1, "avx1024"); });
  BOOST_TEST(contains(message, "'avx1024'"));
  BOOST_TEST(contains(message, "knows no instruction set of that name"));
  for (const std::string_view name : runnable_instruction_sets()) {
    BOOST_TEST(contains(message, name));
  }
}

BOOST_AUTO_TEST_CASE(an_unknown_name_in_the_environment_is_traced_to_the_variable) {
  const ForcedInstructionSet forced("avx1024");
  const std::string message = message_of([] { make_cpu_backend(1); });
  BOOST_TEST(contains(message, "'avx1024' (from SQUALL_INSTRUCTION_SET)"));
}

BOOST_AUTO_TEST_CASE(a_known_instruction_set_that_this_machine_lacks_is_told_from_an_unknown_one) {
  const auto runnable = runnable_instruction_sets();
  std::size_t lacking = 0;
  for (const KernelTable* table : compiled_kernel_tables()) {
    if (std::ranges::find(runnable, table->name) != runnable.end()) continue;
    ++lacking;
    const std::string message = message_of([&] { make_cpu_backend(1, table->name); });
    BOOST_TEST(contains(message, "this machine cannot run it"));
  }
  BOOST_TEST(lacking + runnable.size() == compiled_kernel_tables().size());
}

BOOST_AUTO_TEST_CASE(no_threads_at_all_are_refused) {
  const std::string message = message_of([] { make_cpu_backend(0); });
  BOOST_TEST(contains(message, "at least 1 thread"));
}

BOOST_AUTO_TEST_CASE(instruction_sets_that_this_machine_lacks_are_named) {
  const auto runnable = runnable_instruction_sets();
  for (const KernelTable* table : compiled_kernel_tables()) {
    if (std::ranges::find(runnable, table->name) == runnable.end()) {
      BOOST_TEST_MESSAGE("skipped: this machine cannot run the " << table->name << " kernels");
    }
  }
  BOOST_TEST(runnable.back() == "reference");
}

}  // namespace
}  // namespace squall::kernels
