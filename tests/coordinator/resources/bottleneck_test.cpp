#include "coordinator/run/resources/bottleneck.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>

#include "coordinator/run/resources/measured_demand.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace std::chrono_literals;
using scenarios::Metric;
using scenarios::TargetKind;

namespace {

constexpr std::size_t answers = 300;

/// What one agent measured in 30 s: 300 answers of 100 tokens to prompts of 50, 4 s each, of which
/// half a second is prefill.
struct Course {
  nanoseconds queue{0}, prefill = 500ms, answer = 4s;
  nanoseconds generator_cpu = 3s;
  nanoseconds own_cpu{0};  // as sampled, the engine included
  std::optional<nanoseconds> ttft_error{};
  bool stamps_queue = true;
  std::optional<nanoseconds> machine_busy{};  // of all its processors, for 30 s
  std::size_t processors = 2;
  std::optional<std::uint64_t> network{};  // bytes sent in these 30 s
};

actors::MetricsSnapshot snapshot_of(const Course& course) {
  actors::MetricsSnapshot snapshot;
  snapshot.from = 5s;
  snapshot.to = 35s;
  snapshot.process_cpu = course.generator_cpu + 20s;
  snapshot.engine_cpu = 20s;
  actors::PhaseMetrics& metrics = snapshot[actors::Phase::measure];
  const auto add = [&](Metric metric, nanoseconds value) {
    metrics.durations[static_cast<std::size_t>(metric)].record(value, answers);
  };
  if (course.stamps_queue) {
    add(Metric::queue, course.queue);
    add(Metric::prefill, course.prefill);
  }
  add(Metric::ttft_service, course.queue + course.prefill);
  add(Metric::e2e_service, course.queue + course.answer);
  if (course.ttft_error) add(Metric::ttft_error, *course.ttft_error);
  metrics.output_tokens = answers * 100;
  metrics.prompt_tokens = answers * 50;
  actors::ResourceSample sample;
  sample.from = 5s;
  sample.to = 35s;
  sample.own_cpu = course.own_cpu;
  if (course.machine_busy) {
    sample.cpu_busy = *course.machine_busy;
    sample.core_busy.assign(course.processors, 50);
  }
  sample.network_sent_bytes = sample.network_received_bytes = course.network;
  snapshot.resources = {sample};
  return snapshot;
}

/// A model of 1 GB, which 300 G multiply-adds a second and 50 GB/s are there for.
AgentRecord engine_agent() {
  AgentRecord agent;
  agent.hello.name = "a";
  agent.hello.host = "here";
  actors::Ready& ready = agent.ready.emplace();
  scenarios::ModelFacts& facts = ready.model_facts.emplace();
  facts.format = "q4_0";
  facts.weight_bytes = 1'000'000'000;
  facts.multiply_adds = 100'000'000;
  facts.kv_bytes = 100'000;
  ready.hardware.emplace();
  ready.hardware->ceilings = {{{1, 20e9}, {2, 50e9}}, 2, 300e9, 90e9};
  return agent;
}

RunRecord record_of(TargetKind kind, const Course& course, std::size_t agents = 1) {
  RunRecord record;
  record.scenario.phases = {5s, 30s, 10s};
  record.scenario.target.kind = kind;
  record.timeline = MetricsTimeline(record.scenario.phases, agents);
  for (std::size_t i = 0; i < agents; ++i) {
    record.agents.push_back(engine_agent());
    record.timeline.add(i, snapshot_of(course));
  }
  return record;
}

/// Agents of one host, each of which a limit leaves so many processors; 0: all.
void put_beside(RunRecord& record, const std::vector<Course>& courses,
                const std::vector<double>& limits, double ceiling = 0) {
  record.agents.clear();
  record.timeline = MetricsTimeline(record.scenario.phases, courses.size());
  for (std::size_t i = 0; i < courses.size(); ++i) {
    record.agents.push_back(engine_agent());
    record.agents[i].hello.name = std::string(1, static_cast<char>('a' + i));
    auto& hardware = *record.agents[i].ready->hardware;
    hardware.cpu_limit = limits[i];
    if (ceiling > 0) hardware.ceilings = {{{8, ceiling}}, 8, ceiling, ceiling};
    record.timeline.add(i, snapshot_of(courses[i]));
  }
}

/// On a machine of sixteen.
Course on_sixteen(double own, double busy) {
  const auto of_window = [](double all) { return nanoseconds(std::llround(30e9 * all)); };
  return {.own_cpu = of_window(own),
          .stamps_queue = false,
          .machine_busy = of_window(busy),
          .processors = 16};
}

const Evidence& of(const Bottleneck& bottleneck, Limit limit) {
  return bottleneck.evidence.at(static_cast<std::size_t>(limit));
}

scenarios::MeasuredCeilings& ceilings(RunRecord& record) {
  return record.agents[0].ready->hardware->ceilings;
}

struct Row {
  std::string name;
  TargetKind kind = TargetKind::engine;
  Course course{};
  std::function<void(RunRecord&)> change = [](RunRecord&) {};
  std::optional<Limit> named;
  Limit looked_at{};
  Nearness nearness{};
  std::string figures;  // somewhere in them
};

const std::vector<Row> table{
    {.name = "weights and keys come from memory nearly as fast as they can",
     .named = Limit::memory_bandwidth,
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::reached,
     .figures = "38.6 of 50.0 GB/s (77.1 %)"},
    {.name = "a machine of three times the bandwidth is not held back",
     .change =
         [](RunRecord& record) {
           ceilings(record).bandwidth = {{8, 150e9}};
         },
     .named = {},
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::clear,
     .figures = "38.6 of 150 GB/s"},
    {.name = "between half and seven tenths of the bandwidth is near",
     .change =
         [](RunRecord& record) {
           ceilings(record).bandwidth = {{8, 70e9}};
         },
     .named = {},
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::near,
     .figures = "38.6 of 70.0 GB/s"},
    {.name = "weights that fit the caches of all sockets are no reading of memory",
     .change =
         [](RunRecord& record) {
           record.agents[0].ready->hardware->l3_bytes = 512 << 20;
           record.agents[0].ready->hardware->sockets = 2;
         },
     .named = {},
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::not_known,
     .figures = "the weights fit in the caches"},
    {.name = "weights that fit the caches of one of two sockets only half are read from memory",
     .change = [](RunRecord& record) { record.agents[0].ready->hardware->l3_bytes = 512 << 20; },
     .named = Limit::memory_bandwidth,
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::reached,
     .figures = "38.6 of 50.0 GB/s"},
    {.name = "a small model may be in caches that nobody told of",
     .change =
         [](RunRecord& record) {
           record.agents[0].ready->model_facts->weight_bytes = 16'000'000;
           ceilings(record).bandwidth = {{1, 1e9}};
         },
     .named = {},
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::not_known,
     .figures = "the weights fit in the caches"},
    {.name = "more than the ceiling is no proof that it was reached",
     .change =
         [](RunRecord& record) {
           ceilings(record).bandwidth = {{8, 30e9}};
         },
     .named = {},
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::not_known,
     .figures = "38.6 of 30.0 GB/s"},
    {.name = "a machine that does more than there can be hides none that is at its limit",
     .change =
         [](RunRecord& record) {
           put_beside(record, {Course{}, Course{}}, {0, 0});
           record.agents[1].hello.host = "there";
           ceilings(record).bandwidth = {{8, 30e9}};
         },
     .named = Limit::memory_bandwidth,
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::reached,
     .figures = "38.6 of 50.0 GB/s (77.1 %) read for tokens, prompts left out, on there"},
    {.name = "a machine that reads from its caches hides none that is at its limit",
     .change =
         [](RunRecord& record) {
           put_beside(record, {Course{}, Course{}}, {0, 0});
           record.agents[1].hello.host = "there";
           record.agents[0].ready->hardware->l3_bytes = std::uint64_t{2} << 30;
         },
     .named = Limit::memory_bandwidth,
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::reached,
     .figures = "on there"},
    {.name = "a machine without a ceiling hides none that is at its limit",
     .change =
         [](RunRecord& record) {
           put_beside(record, {Course{}, Course{}}, {0, 0});
           record.agents[1].hello.host = "there";
           ceilings(record).bandwidth.clear();
         },
     .named = Limit::memory_bandwidth,
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::reached,
     .figures = "on there"},
    {.name = "one clear machine does not speak for another without a ceiling",
     .change =
         [](RunRecord& record) {
           put_beside(record, {Course{}, Course{}}, {0, 0});
           record.agents[0].hello.host = "there";
           ceilings(record).bandwidth = {{8, 150e9}};
           record.agents[1].ready->hardware->ceilings.bandwidth.clear();
         },
     .named = {},
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::not_known,
     .figures = "the ceiling was not measured"},
    {.name = "without a measured ceiling the bandwidth is not known",
     .change = [](RunRecord& record) { ceilings(record).bandwidth.clear(); },
     .named = {},
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::not_known,
     .figures = "the ceiling was not measured"},
    {.name = "without facts of the model neither is known",
     .change = [](RunRecord& record) { record.agents[0].ready->model_facts.reset(); },
     .named = {},
     .looked_at = Limit::arithmetic,
     .nearness = Nearness::not_known,
     .figures = "what the model asks for is not known"},
    {.name = "arithmetic that is nearer to its ceiling is named before bandwidth",
     .change = [](RunRecord& record) { ceilings(record).int8_per_second = 160e9; },
     .named = Limit::arithmetic,
     .looked_at = Limit::arithmetic,
     .nearness = Nearness::reached,
     .figures = "150 of 160 G multiply-adds/s"},
    {.name = "a model in floats is measured against arithmetic in floats",
     .change =
         [](RunRecord& record) {
           record.agents[0].ready->model_facts->format = "f16";
           ceilings(record).bandwidth = {{8, 500e9}};
           ceilings(record).float_per_second = 145e9;
         },
     .named = Limit::arithmetic,
     .looked_at = Limit::arithmetic,
     .nearness = Nearness::reached,
     .figures = "150 of 145 G multiply-adds/s"},
    {.name = "of a prompt only the last token asks for an output",
     .change =
         [](RunRecord& record) {
           record.agents[0].ready->model_facts->output_multiply_adds = 40'000'000;
         },
     .named = Limit::memory_bandwidth,
     .looked_at = Limit::arithmetic,
     .nearness = Nearness::clear,
     .figures = "130 of 300 G multiply-adds/s"},
    {.name = "who waits although the batch has room may wait for pages",
     .course = {.queue = 3s},
     .named = Limit::memory_bandwidth,
     .looked_at = Limit::kv_memory,
     .nearness = Nearness::near,
     .figures = "40.0 of 64.0 places"},
    {.name = "bursts that fill a batch which is half empty on the whole are queueing",
     .course = {.queue = 3s},
     .change =
         [](RunRecord& record) {
           ceilings(record) = {{{8, 500e9}}, 8, 5000e9, 5000e9};
         },
     .named = Limit::queueing,
     .looked_at = Limit::kv_memory,
     .nearness = Nearness::near,
     .figures = "or bursts"},
    {.name = "an agent that is idle does not make the batch of another roomy",
     .change =
         [](RunRecord& record) {
           record.scenario.target.max_batch = 40;
           record.agents.push_back(engine_agent());
           record.timeline = MetricsTimeline(record.scenario.phases, 2);
           record.timeline.add(0, snapshot_of({.queue = 3s}));
           record.timeline.add(1, snapshot_of({.prefill = 10ms, .answer = 60ms}));
           ceilings(record) = {{{8, 5000e9}}, 8, 5000e9, 5000e9};
         },
     .named = Limit::queueing,
     .looked_at = Limit::kv_memory,
     .nearness = Nearness::clear,
     .figures = "40.0 of 40.0 places"},
    {.name = "who waits because the batch is full waits for a place",
     .course = {.queue = 3s},
     .change =
         [](RunRecord& record) {
           record.scenario.target.max_batch = 40;
           ceilings(record) = {{{8, 500e9}}, 8, 5000e9, 5000e9};
         },
     .named = Limit::queueing,
     .looked_at = Limit::kv_memory,
     .nearness = Nearness::clear,
     .figures = "40.0 of 40.0 places"},
    {.name = "what lets requests queue is named before the queue",
     .course = {.queue = 3s},
     .change = [](RunRecord& record) { record.scenario.target.max_batch = 40; },
     .named = Limit::memory_bandwidth,
     .looked_at = Limit::queueing,
     .nearness = Nearness::reached,
     .figures = "85.7 % of the time to the first token"},
    {.name = "a generator that takes its core is named before all else",
     .course = {.generator_cpu = 24s},
     .named = Limit::client_cpu,
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::reached,
     .figures = "80.0 % of a core (a)"},
    {.name = "a generator in a container has only what its limit leaves",
     .course = {.generator_cpu = 12s},
     .change = [](RunRecord& record) { record.agents[0].ready->hardware->cpu_limit = 0.5; },
     .named = Limit::client_cpu,
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::reached,
     .figures = "40.0 % of a core, a limit leaves 50.0 % (a)"},
    {.name = "agents that take all that a limit leaves them have nothing to spare",
     .kind = TargetKind::openai,
     .course = {.generator_cpu = 3s, .own_cpu = 29s, .stamps_queue = false, .machine_busy = 30s},
     .change = [](RunRecord& record) { record.agents[0].ready->hardware->cpu_limit = 1; },
     .named = Limit::client_cpu,
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::reached,
     .figures = "a took 0.967 of 1.00 processors of here that a limit leaves it (96.7 %)"},
    {.name = "two agents of one host that each take three quarters of their own limit have more",
     .kind = TargetKind::openai,
     .change =
         [](RunRecord& record) {
           put_beside(record, {on_sixteen(3, 6.5), on_sixteen(3, 6.5)}, {4, 4});
         },
     .named = {},
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::clear,
     .figures = "10.0 % of a core"},
    {.name = "of two agents of one host the one that uses up its own limit is named",
     .kind = TargetKind::openai,
     .change =
         [](RunRecord& record) {
           put_beside(record, {on_sixteen(3, 5.5), on_sixteen(1.9, 5.5)}, {8, 2});
         },
     .named = Limit::client_cpu,
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::reached,
     .figures = "b took 1.90 of 2.00 processors of here that a limit leaves it (95.0 %)"},
    {.name = "what others take of the limits of several engines is not hidden by their own sum",
     .change =
         [](RunRecord& record) {
           put_beside(record, std::vector(3, on_sixteen(1.6, 16)), {4, 4, 4}, 5000e9);
         },
     .named = {},
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::near,
     .figures = "other programs or the host of this virtual machine took 7.20 of 12.0 processors"},
    {.name = "others beside three engines that fill one container take nothing from them",
     .change =
         [](RunRecord& record) {
           put_beside(record, std::vector(3, on_sixteen(1.4, 16)), {4, 4, 4}, 5000e9);
         },
     .named = {},
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::clear,
     .figures = "10.0 % of a core"},
    {.name = "beside an engine without a limit others take from all of the machine",
     .change =
         [](RunRecord& record) {
           put_beside(record, {on_sixteen(2, 16), on_sixteen(2, 16)}, {4, 0});
         },
     .named = Limit::client_cpu,
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::reached,
     .figures = "took 12.0 of 16.0 processors"},
    {.name = "what others do beside a container takes nothing from it",
     .course = {.own_cpu = 28s, .machine_busy = 58s},
     .change = [](RunRecord& record) { record.agents[0].ready->hardware->cpu_limit = 1; },
     .named = Limit::memory_bandwidth,
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::clear,
     .figures = "10.0 % of a core"},
    {.name = "a client's machine without anything to spare is a limit",
     .kind = TargetKind::openai,
     .course = {.stamps_queue = false, .machine_busy = 58s},
     .named = Limit::client_cpu,
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::reached,
     .figures = "1.93 of 2.00 processors of here were busy (96.7 %)"},
    {.name = "other programs that take the machine from the engine are named",
     .course = {.own_cpu = 10s, .machine_busy = 58s},
     .named = Limit::client_cpu,
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::reached,
     .figures = "other programs or the host of this virtual machine took 1.60 of 2.00 processors "
                "of here (80.0 %)"},
    {.name = "an engine may take the whole machine",
     .course = {.own_cpu = 55s, .machine_busy = 58s},
     .named = Limit::memory_bandwidth,
     .looked_at = Limit::client_cpu,
     .nearness = Nearness::clear,
     .figures = "10.0 % of a core"},
    {.name = "a way that takes most of the time to the first token is a limit",
     .kind = TargetKind::openai,
     .course = {.ttft_error = 400ms, .stamps_queue = false},
     .named = Limit::network,
     .looked_at = Limit::network,
     .nearness = Nearness::reached,
     .figures = "400 ms of 500 ms"},
    {.name = "a network whose capacity nobody told is not known, and its traffic is shown",
     .kind = TargetKind::openai,
     .course = {.stamps_queue = false, .network = 600'000'000},
     .named = {},
     .looked_at = Limit::network,
     .nearness = Nearness::not_known,
     .figures = "20.0 MB one way"},
    {.name = "a server's queue is not known",
     .kind = TargetKind::openai,
     .course = {.stamps_queue = false},
     .named = {},
     .looked_at = Limit::queueing,
     .nearness = Nearness::not_known,
     .figures = "does not tell"},
    {.name = "a law's queue is seen",
     .kind = TargetKind::simulated,
     .course = {.queue = 3s},
     .named = Limit::queueing,
     .looked_at = Limit::memory_bandwidth,
     .nearness = Nearness::not_known,
     .figures = "not looked into"},
};

}  // namespace

BOOST_AUTO_TEST_CASE(each_limit_is_named_from_its_evidence) {
  for (const Row& row : table) {
    RunRecord record = record_of(row.kind, row.course);
    row.change(record);
    const Bottleneck found = find_bottleneck(record);
    BOOST_TEST_CONTEXT(row.name << ": " << found.sentence) {
      BOOST_TEST(found.evidence.size() == limit_count);
      BOOST_TEST((found.limit == row.named));
      const Evidence& evidence = of(found, row.looked_at);
      BOOST_TEST((evidence.limit == row.looked_at));
      BOOST_TEST(name_of(evidence.nearness) == name_of(row.nearness));
      BOOST_TEST(evidence.figures.find(row.figures) != std::string::npos, evidence.figures);
    }
  }
}

BOOST_AUTO_TEST_CASE(engines_on_one_machine_share_its_ceilings) {
  const auto near = [](const RunRecord& record) {
    return of(find_bottleneck(record), Limit::memory_bandwidth);
  };
  RunRecord together = record_of(TargetKind::engine, {}, 2);
  BOOST_TEST(near(together).share.value() ==
             2 * near(record_of(TargetKind::engine, {})).share.value());
  together.agents[1].hello.host = "there";
  BOOST_TEST(near(together).share.value() == near(record_of(TargetKind::engine, {})).share.value());
}

BOOST_AUTO_TEST_CASE(a_batch_of_less_than_one_makes_its_steps_for_one) {
  RunRecord record = record_of(TargetKind::engine, {.prefill = 10ms, .answer = 60ms});
  const MeasuredDemand demand = demand_of(record, 0);
  BOOST_TEST(demand.decoding() == 0.5, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(demand.steps() == 1000, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(demand.positions() == 100, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(nothing_is_known_of_a_run_in_which_nothing_was_measured) {
  RunRecord record;
  record.scenario.phases = {5s, 30s, 10s};
  const auto check = [](const RunRecord& empty) {
    const Bottleneck found = find_bottleneck(empty);
    BOOST_TEST(!found.limit.has_value());
    for (const Evidence& each : found.evidence)
      BOOST_TEST((each.nearness == Nearness::not_known || each.limit == Limit::network));
  };
  check(record);
  record.timeline = MetricsTimeline(record.scenario.phases, 1);
  record.agents.push_back(engine_agent());
  check(record);
}
