// What limits an engine on a GPU: by the ceilings of that GPU, or nothing is known.

#include <boost/test/unit_test.hpp>

#include "coordinator/run/resources/bottleneck.hpp"
#include "coordinator/run/resources/measured_demand.hpp"
#include "coordinator/run/thresholds/run_ceiling.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace std::chrono_literals;
using scenarios::Metric;

namespace {

constexpr std::size_t answers = 300;

/// 300 answers of 100 tokens in 30 s, one after the other.
actors::MetricsSnapshot snapshot() {
  actors::MetricsSnapshot made;
  made.from = 5s;
  made.to = 35s;
  actors::PhaseMetrics& metrics = made[actors::Phase::measure];
  const auto add = [&](Metric metric, nanoseconds value) {
    metrics.durations[static_cast<std::size_t>(metric)].record(value, answers);
  };
  add(Metric::queue, 0ms);
  add(Metric::prefill, 10ms);
  add(Metric::ttft_service, 10ms);
  add(Metric::e2e_service, 100ms);
  metrics.output_tokens = answers * 100;
  metrics.prompt_tokens = answers * 50;
  return made;
}

/// A thousand tokens a second of a model of 1 GB: about 1 TB/s.
AgentRecord agent_on_gpu() {
  AgentRecord agent;
  agent.hello.name = agent.hello.host = "here";
  agent.ready.emplace();
  agent.ready->model_facts = scenarios::ModelFacts{.format = "q4_0",
                                                   .weight_bytes = 1'000'000'000,
                                                   .multiply_adds = 1'000'000'000,
                                                   .on_gpu = true,
                                                   .gpu = "gpu A GPU (HIP)",
                                                   .gpu_address = {}};
  auto& hardware = agent.ready->hardware.emplace();
  hardware.ceilings = {{{1, 20e9}}, 1, 300e9, 90e9};
  scenarios::GpuFacts& gpu = hardware.gpus.emplace_back();
  gpu.name = "A GPU";
  gpu.copy_bytes_per_second = 1.2e12;
  gpu.matrix_per_second = 1e14;
  return agent;
}

RunRecord record_of(const std::vector<AgentRecord>& agents) {
  RunRecord record;
  record.scenario.phases = {5s, 30s, 10s};
  record.scenario.target.kind = scenarios::TargetKind::engine;
  record.timeline = MetricsTimeline(record.scenario.phases, agents.size());
  for (std::size_t i = 0; i < agents.size(); ++i) {
    record.agents.push_back(agents[i]);
    record.timeline.add(i, snapshot());
  }
  return record;
}

Evidence of(const RunRecord& record, Limit limit) {
  return find_bottleneck(record).evidence.at(static_cast<std::size_t>(limit));
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_gpu_copies_and_multiplies_is_its_limit) {
  const RunRecord record = record_of({agent_on_gpu()});
  const double read = demand_of(record, 0).bytes(*record.agents[0].ready->model_facts);
  const Evidence bandwidth = of(record, Limit::memory_bandwidth);
  BOOST_REQUIRE(bandwidth.share.has_value());
  BOOST_TEST(*bandwidth.share == read / 1.2e12, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(*bandwidth.share > 0.5);
  const Evidence arithmetic = of(record, Limit::arithmetic);
  BOOST_REQUIRE(arithmetic.share.has_value());
  BOOST_TEST(*arithmetic.share < 0.1);
}

BOOST_AUTO_TEST_CASE(a_gpu_that_was_not_measured_has_no_limit_that_is_known) {
  auto agent = agent_on_gpu();
  agent.ready->hardware->gpus[0].copy_bytes_per_second = 0;
  const Evidence bandwidth = of(record_of({agent}), Limit::memory_bandwidth);
  BOOST_TEST(!bandwidth.share.has_value());
  BOOST_TEST(bandwidth.figures.find("no ceiling of this device") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_a_machine_on_which_the_cpu_computes_too_nothing_is_known) {
  auto on_cpu = agent_on_gpu();
  on_cpu.ready->model_facts->on_gpu = false;
  const Evidence bandwidth = of(record_of({agent_on_gpu(), on_cpu}), Limit::memory_bandwidth);
  BOOST_TEST(!bandwidth.share.has_value());
  BOOST_TEST(bandwidth.figures.find("and the CPU, too") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(
    of_a_gpu_that_shares_the_layers_with_the_cpu_that_is_said_and_nothing_is_known) {
  auto agent = agent_on_gpu();
  agent.ready->model_facts->hybrid = true;
  for (const Limit limit : {Limit::memory_bandwidth, Limit::arithmetic}) {
    const Evidence evidence = of(record_of({agent}), limit);
    BOOST_TEST(!evidence.share.has_value());
    BOOST_TEST(evidence.figures ==
               "there is no ceiling of this device: a GPU computes some layers, and the CPU the "
               "others");
  }
}

BOOST_AUTO_TEST_CASE(of_several_gpus_of_which_none_has_the_engines_name_that_is_said) {
  auto agent = agent_on_gpu();
  agent.ready->hardware->gpus.push_back(agent.ready->hardware->gpus.front());
  agent.ready->model_facts->gpu = "gpu Another (HIP)";
  const Evidence evidence = of(record_of({agent}), Limit::arithmetic);
  BOOST_TEST(!evidence.share.has_value());
  BOOST_TEST(evidence.figures.find("which of the machine's GPUs computes is not known") !=
             std::string::npos);
}

namespace {

/// Two GPUs that are alike, of which the engine has the one at this address.
AgentRecord agent_of_two(const std::string& address) {
  AgentRecord agent = agent_on_gpu();
  auto& gpus = agent.ready->hardware->gpus;
  gpus.push_back(gpus.front());
  gpus[0].address = "0000:01:00.0";
  gpus[1].address = "0000:02:00.0";
  agent.hello.name = address;
  agent.ready->model_facts->gpu_address = address;
  return agent;
}

}  // namespace

BOOST_AUTO_TEST_CASE(engines_with_a_gpu_each_do_not_share_what_one_can_do) {
  const RunRecord one = record_of({agent_of_two("0000:01:00.0")});
  const RunRecord each = record_of({agent_of_two("0000:01:00.0"), agent_of_two("0000:02:00.0")});
  const RunRecord same = record_of({agent_of_two("0000:01:00.0"), agent_of_two("0000:01:00.0")});
  for (const Limit limit : {Limit::memory_bandwidth, Limit::arithmetic}) {
    BOOST_TEST(of(each, limit).share.value() == of(one, limit).share.value());
    BOOST_TEST(of(same, limit).share.value() == 2 * of(one, limit).share.value(),
               boost::test_tools::tolerance(1e-9));
  }
  const double alone = ceiling_of(one, 1).tokens_per_second;
  BOOST_TEST(alone > 0);
  BOOST_TEST(ceiling_of(each, 2).tokens_per_second == 2 * alone,
             boost::test_tools::tolerance(1e-9));
  BOOST_TEST(ceiling_of(same, 2).tokens_per_second == alone, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(weights_that_may_fit_a_gpus_caches_are_not_held_against_its_memory) {
  const auto with_weights = [](std::uint64_t bytes) {
    auto agent = agent_on_gpu();
    agent.ready->model_facts->weight_bytes = bytes;
    return record_of({agent});
  };
  constexpr std::uint64_t largest_cache = std::uint64_t{256} << 20;
  const Evidence small = of(with_weights(largest_cache), Limit::memory_bandwidth);
  BOOST_TEST(!small.share.has_value());
  BOOST_TEST(small.figures.find("may fit in the GPU's caches") != std::string::npos);
  BOOST_TEST(of(with_weights(largest_cache), Limit::arithmetic).share.has_value());
  BOOST_TEST(of(with_weights(largest_cache + 1), Limit::memory_bandwidth).share.has_value());
}
