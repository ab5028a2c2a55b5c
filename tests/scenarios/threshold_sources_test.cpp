// Limits that are computed: a share of the machine's ceiling, the history of a scenario; and the
// words that say how long a threshold may be missed.

#include <boost/test/unit_test.hpp>
#include <limits>

#include "scenarios/thresholds/learned_limit.hpp"
#include "scenarios/thresholds/roofline.hpp"

using namespace squall::scenarios;
using namespace std::chrono_literals;

namespace {

std::string mistake(const char* text) {
  try {
    parse_threshold(text);
  } catch (const ThresholdError& error) {
    return error.what();
  }
  return "none";
}

bool refused_with(const char* text, const char* part) {
  const std::string message = mistake(text);
  BOOST_TEST_MESSAGE(text << " -> " << message);
  return message.find(part) != std::string::npos;
}

HardwareFacts machine() {
  HardwareFacts facts;
  facts.ceilings.bandwidth = {{1, 10e9}, {2, 16e9}, {4, 20e9}};
  facts.ceilings.threads = 4;
  facts.ceilings.int8_per_second = 400e9;
  return facts;
}

ModelFacts model() {
  ModelFacts facts;
  facts.weight_bytes = 1'000'000'000;
  facts.multiply_adds = 1'000'000'000;
  facts.kv_bytes = 10'000;
  return facts;
}

HardwareFacts machine_with_gpus() {
  HardwareFacts facts = machine();
  for (const char* name : {"NVIDIA A10", "NVIDIA A100"}) {
    GpuFacts& gpu = facts.gpus.emplace_back();
    gpu.name = name;
    gpu.copy_bytes_per_second = facts.gpus.size() == 1 ? 2e12 : 3e12;
    gpu.matrix_per_second = 1e14;
  }
  return facts;
}

ModelFacts model_on_gpu() {
  ModelFacts facts = model();
  facts.on_gpu = true;
  facts.gpu = "gpu NVIDIA A10 (CUDA)";
  return facts;
}

ResolvedThreshold learned(const char* text, const std::vector<double>& figures) {
  return resolve_learned(parse_threshold(text), figures, "chat.toml:4", "store");
}

}  // namespace

BOOST_AUTO_TEST_CASE(windows_and_aborts_are_read) {
  const Threshold all = parse_threshold("ttft p95 < 300ms for 10s, else abort after 30s");
  BOOST_TEST(all.limit == 0.3);
  BOOST_TEST((all.window == 10s));
  BOOST_TEST(all.abort);
  BOOST_TEST((all.abort_after == 30s));
  BOOST_TEST(all.text == "ttft p95 < 300ms for 10s, else abort after 30s");
  const Threshold abort = parse_threshold("error_rate < 5%, else abort");
  BOOST_TEST(abort.abort);
  BOOST_TEST((abort.window == 0s && abort.abort_after == 0s));
  const Threshold window = parse_threshold("tokens_per_second >= learned - 3 mad for 1m");
  BOOST_TEST((window.window == 60s));
  BOOST_TEST(!window.abort);
  BOOST_TEST((window.source == Threshold::Source::learned));
}

BOOST_AUTO_TEST_CASE(shares_of_the_ceiling_and_learned_limits_are_read) {
  const Threshold ceiling = parse_threshold("tokens_per_second >= 60% of ceiling");
  BOOST_TEST((ceiling.source == Threshold::Source::ceiling));
  BOOST_TEST(ceiling.factor == 0.6);
  const Threshold slow = parse_threshold("ttft p95 <= learned + 2.5 mad");
  BOOST_TEST((slow.source == Threshold::Source::learned));
  BOOST_TEST(slow.factor == 2.5);
  BOOST_TEST(parse_threshold("e2e mean <= learned").factor == 0.0);
  const Threshold speedup = parse_threshold("speedup over main >= 1.2");
  BOOST_TEST(speedup.baseline == "main");
  BOOST_TEST(speedup.limit == 1.2);
  BOOST_TEST(parse_threshold("memory <= 2GiB").limit == 2147483648.0);
  BOOST_TEST(parse_threshold("load_time < 5s").limit == 5.0);
}

BOOST_AUTO_TEST_CASE(computed_limits_that_make_no_sense_are_refused_with_a_remedy) {
  BOOST_TEST(refused_with("ttft p95 < 60% of ceiling", "only tokens_per_second has a ceiling"));
  BOOST_TEST(refused_with("tokens_per_second < 60% of ceiling", "only a lower limit"));
  BOOST_TEST(refused_with("tokens_per_second >= 60 of ceiling", "is no share of the ceiling"));
  BOOST_TEST(refused_with("tokens_per_second >= 0% of ceiling", "0% of the ceiling always holds"));
  BOOST_TEST(refused_with("tokens_per_second >= 160% of ceiling", "a share is at most 100%"));
  BOOST_TEST(refused_with("tokens_per_second >= learned + 3 mad", "only '- K mad' makes sense"));
  BOOST_TEST(refused_with("ttft p95 < learned - 3 mad", "only '+ K mad' makes sense"));
  BOOST_TEST(refused_with("ttft p95 < learned + 3", "'mad' (the median absolute deviation)"));
  BOOST_TEST(refused_with("speedup >= 1.2", "needs a baseline's name, as in 'speedup over main"));
  BOOST_TEST(refused_with("speedup over main >= 1.2x", "is a multiple and takes no unit"));
  BOOST_TEST(refused_with("ttft p95 < 300ms for 500ms", "must be 1s to 24h"));
  BOOST_TEST(refused_with("ttft p95 < 300ms for", "expected a duration after 'for'"));
  BOOST_TEST(refused_with("ttft p95 < 300ms, or abort", "', else abort after 30s'"));
  BOOST_TEST(refused_with("ttft p95 < 300ms, else abort now", "unexpected 'now'"));
  BOOST_TEST(refused_with("load_time < 5s for 10s", "is one figure for the whole run"));
}

BOOST_AUTO_TEST_CASE(a_later_threshold_replaces_one_with_the_same_figure_only) {
  const auto same = [](const char* one, const char* other) {
    return same_figure(parse_threshold(one), parse_threshold(other));
  };
  BOOST_TEST(same("ttft p95 < 300ms", "ttft p95 <= 500ms"));
  BOOST_TEST(!same("ttft p95 < 300ms", "ttft p99 < 300ms"));
  BOOST_TEST(!same("ttft p95 < 300ms", "ttft p95 > 300ms"));
  BOOST_TEST(!same("ttft p95 < 300ms", "ttft p95 < 300ms for 10s"));
  BOOST_TEST(!same("speedup over a >= 1", "speedup over b >= 1"));
}

BOOST_AUTO_TEST_CASE(the_roofline_is_bound_by_bandwidth_at_first_and_by_arithmetic_later) {
  // One request reads a gigabyte a token: 20 tokens a second at 20 GB/s, while 400 G multiply-adds
  // would do for 400.
  const auto one = roofline_of(machine(), model(), {.concurrency = 1, .context = 0, .threads = 4});
  BOOST_TEST(one->tokens_per_second == 20.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(one->memory_time > one->compute_time);
  // Ten share one reading of the weights; each reads its own keys and values: 1000 * 10 kB.
  const auto ten =
      roofline_of(machine(), model(), {.concurrency = 10, .context = 1000, .threads = 4});
  BOOST_TEST(ten->tokens_per_second == 10 / (1.1e9 / 20e9), boost::test_tools::tolerance(1e-9));
  // A hundred are more than the arithmetic can serve.
  const auto hundred =
      roofline_of(machine(), model(), {.concurrency = 100, .context = 0, .threads = 4});
  BOOST_TEST(hundred->tokens_per_second == 400.0, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(the_roofline_is_of_the_threads_that_the_engine_has) {
  const auto two = roofline_of(machine(), model(), {.concurrency = 1, .context = 0, .threads = 2});
  BOOST_TEST(two->bandwidth == 16e9);
  BOOST_TEST(two->arithmetic == 200e9);
  BOOST_TEST(
      roofline_of(machine(), model(), {.concurrency = 1, .context = 0, .threads = 3})->bandwidth ==
      16e9);
  BOOST_TEST(
      roofline_of(machine(), model(), {.concurrency = 1, .context = 0, .threads = 8})->arithmetic ==
      400e9);
}

BOOST_AUTO_TEST_CASE(without_measured_ceilings_or_a_known_model_there_is_no_roofline) {
  BOOST_TEST(missing_for_roofline(machine(), model()).empty());
  BOOST_TEST(!missing_for_roofline(std::nullopt, model()).empty());
  BOOST_TEST(!missing_for_roofline(machine(), std::nullopt).empty());
  BOOST_TEST(!missing_for_roofline(HardwareFacts{}, model()).empty());
  BOOST_TEST(!roofline_of(HardwareFacts{}, model(), {}));
}

BOOST_AUTO_TEST_CASE(the_cpus_ceilings_are_no_roofline_of_a_gpu) {
  const auto missing = missing_for_roofline(machine(), model_on_gpu());
  BOOST_TEST(missing.starts_with("there is no ceiling of this device"));
  BOOST_TEST(missing.find("not measured") != std::string::npos);
  BOOST_TEST(!roofline_of(machine(), model_on_gpu(), {}));
  auto unmeasured = machine_with_gpus();
  for (GpuFacts& gpu : unmeasured.gpus) gpu.matrix_per_second = 0;
  BOOST_TEST(!roofline_of(unmeasured, model_on_gpu(), {}));
}

BOOST_AUTO_TEST_CASE(the_roofline_of_a_gpu_is_of_what_it_copies_and_multiplies) {
  // A gigabyte a token at 2 TB/s; 1 G multiply-adds a token at 100 T/s. Threads do not matter.
  const auto one = roofline_of(machine_with_gpus(), model_on_gpu(),
                               {.concurrency = 1, .context = 0, .threads = 1});
  BOOST_REQUIRE(one.has_value());
  BOOST_TEST(one->tokens_per_second == 2000.0, boost::test_tools::tolerance(1e-9));
  const auto many = roofline_of(machine_with_gpus(), model_on_gpu(),
                                {.concurrency = 1000, .context = 0, .threads = 1});
  BOOST_TEST(many->tokens_per_second == 1e5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(many->compute_time > many->memory_time);
  // The processors need not be measured.
  auto gpus_alone = machine_with_gpus();
  gpus_alone.ceilings = {};
  BOOST_TEST(missing_for_roofline(gpus_alone, model_on_gpu()).empty());
  // What runs on the processors is bound by them, whatever stands beside them.
  BOOST_TEST(roofline_of(machine_with_gpus(), model(), {})->bandwidth == 20e9);
}

BOOST_AUTO_TEST_CASE(of_several_gpus_the_one_that_the_engine_names_computes) {
  auto on_other = model_on_gpu();
  on_other.gpu = "gpu NVIDIA A100 (CUDA)";
  BOOST_TEST(gpu_that_computes(machine_with_gpus(), on_other)->name == "NVIDIA A100");
  on_other.gpu = "gpu NVIDIA A10 (CUDA)";
  BOOST_TEST(gpu_that_computes(machine_with_gpus(), on_other)->name == "NVIDIA A10");
  on_other.gpu = "gpu Another (HIP)";
  BOOST_TEST(gpu_that_computes(machine_with_gpus(), on_other) == nullptr);
  const auto missing = missing_for_roofline(machine_with_gpus(), on_other);
  BOOST_TEST(missing.find("which of the machine's GPUs") != std::string::npos);
  // The only one is it, whatever its maker calls it.
  auto only = machine_with_gpus();
  only.gpus.resize(1);
  BOOST_TEST(gpu_that_computes(only, on_other) == &only.gpus[0]);
  // Of two alike the one that could be measured tells of both.
  auto alike = machine_with_gpus();
  alike.gpus[1] = alike.gpus[0];
  alike.gpus[0].copy_bytes_per_second = 0;
  BOOST_TEST(gpu_that_computes(alike, model_on_gpu()) == &alike.gpus[1]);
}

BOOST_AUTO_TEST_CASE(an_address_tells_which_of_several_gpus_computes_whatever_their_names) {
  auto alike = machine_with_gpus();
  alike.gpus[1].name = alike.gpus[0].name;
  alike.gpus[0].address = "0000:01:00.0";
  alike.gpus[1].address = "0000:02:00.0";
  auto model = model_on_gpu();
  model.gpu_address = "0000:02:00.0";
  BOOST_TEST(gpu_that_computes(alike, model) == &alike.gpus[1]);
  model.gpu = "gpu Another (HIP)";
  BOOST_TEST(gpu_that_computes(alike, model) == &alike.gpus[1]);
  // At no address that is known: none of them, though the name is theirs.
  model = model_on_gpu();
  model.gpu_address = "0000:03:00.0";
  BOOST_TEST(gpu_that_computes(alike, model) == nullptr);
  alike.gpus.resize(1);
  BOOST_TEST(gpu_that_computes(alike, model) == nullptr);
  alike.gpus[0].address.clear();
  BOOST_TEST(gpu_that_computes(alike, model) == &alike.gpus[0]);
  // It is told of one that was not measured, too, and of none where the CPU computes.
  alike.gpus[0].copy_bytes_per_second = 0;
  BOOST_TEST(gpu_that_computes(alike, model) == nullptr);
  BOOST_TEST(gpu_of_model(alike, model) == &alike.gpus[0]);
  model.on_gpu = false;
  BOOST_TEST(gpu_of_model(alike, model) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_model_on_gpu_and_cpu_has_no_roofline) {
  auto hybrid = model_on_gpu();
  hybrid.hybrid = true;
  BOOST_TEST(missing_for_roofline(machine_with_gpus(), hybrid).find("the CPU the others") !=
             std::string::npos);
  BOOST_TEST(!roofline_of(machine_with_gpus(), hybrid, {}));
}

BOOST_AUTO_TEST_CASE(learned_limits_are_the_median_and_so_many_deviations) {
  // Sorted 90 98 100 103 104 500: the median is 101.5; deviations 1.5 1.5 2.5 3.5 11.5 398.5.
  const std::vector<double> rates{100, 104, 98, 103, 500, 90};
  const auto slower = learned("tokens_per_second >= learned - 3 mad", rates);
  BOOST_TEST(slower.missing.empty());
  BOOST_TEST(slower.threshold.limit == 101.5 - 3 * 3.0);
  const auto faster = learned("tokens_per_second <= learned + 2 mad", rates);
  BOOST_TEST(faster.threshold.limit == 101.5 + 2 * 3.0);
  BOOST_REQUIRE(slower.steps.size() == 3u);
  BOOST_TEST(slower.steps[0].source == "chat.toml:4");
  BOOST_TEST(slower.steps[1].value.value() == 101.5);
  BOOST_TEST(slower.steps[2].value.value() == 92.5);
  BOOST_TEST(learned("tokens_per_second >= learned - 1000 mad", rates).threshold.limit == 0.0);
}

BOOST_AUTO_TEST_CASE(four_runs_are_too_few_to_learn_from_and_five_are_enough) {
  const auto few = learned("e2e p95 <= learned + 3 mad", {1, 2, 3, 4});
  BOOST_TEST(few.missing.find("4 accepted runs") != std::string::npos);
  BOOST_TEST(few.missing.find("1 more run") != std::string::npos);
  BOOST_TEST(learned("e2e p95 <= learned + 3 mad", {1, 2, 3, 4, 5}).missing.empty());
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(!learned("e2e p95 <= learned + 3 mad", {1, 2, 3, 4, nothing}).missing.empty());
}
