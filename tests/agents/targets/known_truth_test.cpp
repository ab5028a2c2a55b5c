// Load whose true latencies are known, on virtual time, through the code that plans arrivals, keeps
// simulated service times, measures, merges and estimates: what comes out must be the truth.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <queue>

#include "actors/metrics/metrics_recorder.hpp"
#include "actors/metrics/percentile.hpp"
#include "agents/targets/simulated_service.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::agents;
using namespace std::chrono_literals;
using scenarios::Distribution;

namespace {

const Instant start = Instant{} + 1h;

Distribution exponential(double mean) {
  return {Distribution::Shape::exponential, mean, 0, 0, 1e5, {}};
}

scenarios::Scenario scenario_with(scenarios::Load load) {
  scenarios::Scenario scenario;
  scenario.seed = 11;
  scenario.target.kind = scenarios::TargetKind::simulated;
  scenario.target.timeout = 60s;
  scenario.target.simulated.first_token = exponential(0.05);
  scenario.load = std::move(load);
  scenario.categories[0].answer_tokens = Distribution::constant(1);
  scenario.phases.measure = 60s;
  return scenario;
}

LoadRequest request_of(const scenarios::Scenario& scenario, const scenarios::RequestPlace& place,
                       std::uint64_t id, Instant scheduled) {
  LoadRequest request;
  request.id = id;
  request.scheduled = scheduled;
  request.deadline = scheduled + scenario.target.timeout;
  request.plan = scenarios::plan_request(scenario, place);
  return request;
}

void measure(const RequestTimeline& timeline, MetricsRecorder& recorder) {
  recorder.on_scheduled(timeline.phase);
  recorder.on_issued(timeline.phase, timeline.dispatched);
  recorder.on_ended(timeline);
}

Histogram ttft_of(MetricsRecorder& recorder) {
  return recorder.take_snapshot(start + 1h)[Phase::measure]
      .durations[static_cast<std::size_t>(scenarios::Metric::ttft)];
}

/// One agent's share of an open load; latencies from the intended start.
Histogram open_load(const scenarios::Scenario& scenario, scenarios::AgentShare share) {
  const auto plan = scenarios::make_load_plan(scenario, share);
  const auto arrivals = scenarios::arrivals_of(scenario, plan);
  SimulatedService service(scenario.target, share);
  service.begin(start);
  MetricsRecorder recorder(start);
  while (const auto arrival = arrivals->next()) {
    const Instant at = start + arrival->at;
    measure(service.plan(request_of(scenario, {arrival->arrival, 0, 0}, arrival->arrival, at), at),
            recorder);
  }
  return ttft_of(recorder);
}

/// Users who ask again as soon as they have their answer.
Histogram closed_load(const scenarios::Scenario& scenario, std::uint32_t users) {
  SimulatedService service(scenario.target, {});
  service.begin(start);
  MetricsRecorder recorder(start);
  using Turn = std::pair<Instant, std::uint32_t>;  // when, and whose
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
  for (std::uint32_t user = 0; user < users; ++user) turns.emplace(start, user);
  for (std::uint32_t count = 0; turns.top().first < start + scenario.phases.measure; ++count) {
    const auto [at, user] = turns.top();
    turns.pop();
    const auto answer = service.plan(request_of(scenario, {user, count, 0}, count, at), at);
    measure(answer, recorder);
    turns.emplace(answer.ended, user);
  }
  return ttft_of(recorder);
}

PercentileEstimate p99_of(const Histogram& latencies) {
  return estimate_percentile({&latencies, 0, {}}, 99);
}

bool holds(const PercentileEstimate& estimate, nanoseconds truth) {
  return estimate.enough && estimate.low <= truth && truth <= estimate.high;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_freeze_of_six_seconds_shows_in_p99_of_the_open_model) {
  auto scenario =
      scenario_with(scenarios::OpenArrivals{.rate = scenarios::LoadShape::constant(200)});
  scenario.target.simulated.freezes = {{20s, 6s}};
  const auto p99 = p99_of(open_load(scenario, {}));
  // Whoever arrives x before the freeze's end waits x, and who was being served (for 50 ms on
  // average) a little more: P(latency > x) = (6 s - x + 50 ms) / 60 s, which is 1 % at 5.45 s.
  BOOST_TEST(holds(p99, 5450ms), "p99 " << p99.low.count() << ".." << p99.high.count());
}

BOOST_AUTO_TEST_CASE(a_closed_model_hides_the_freeze_from_p99_but_not_from_the_longest_wait) {
  auto scenario = scenario_with(scenarios::ClosedUsers{});
  scenario.target.simulated.freezes = {{20s, 6s}};
  constexpr std::uint32_t users = 10;
  const Histogram latencies = closed_load(scenario, users);
  // Each user meets the freeze once, 10 of some 10,800 requests: p99 is that of the law, a little
  // further out. What tells of the freeze is how many waited long, and how long.
  BOOST_TEST((p99_of(latencies).value < 500ms));
  BOOST_TEST(latencies.count_above(1s) == users);
  BOOST_TEST((latencies.maximum() > 5900ms));
}

BOOST_AUTO_TEST_CASE(one_slow_agent_among_ten_shows_in_the_merged_p99_and_not_in_the_mean_of_p99s) {
  auto scenario =
      scenario_with(scenarios::OpenArrivals{.rate = scenarios::LoadShape::constant(2000)});
  scenario.target.simulated.first_token = exponential(0.0106);
  scenario.target.simulated.slow_agent = 6;
  scenario.target.simulated.slow_factor = 30.2;
  Histogram merged;
  double sum_of_p99s = 0;
  for (std::uint32_t agent = 0; agent < 10; ++agent) {
    const Histogram latencies = open_load(scenario, {agent, 10});
    sum_of_p99s += std::chrono::duration<double>(p99_of(latencies).value).count();
    merged.merge(latencies);
  }
  // A tenth of all requests has mean 320 ms: 1 % of all are above 320 ms * ln 10 = 737 ms, while
  // the p99s are 48.8 ms nine times and 1.474 s once: 191 ms on average.
  BOOST_TEST(holds(p99_of(merged), 737ms));
  BOOST_TEST(std::abs(sum_of_p99s / 10 - 0.191) < 0.01);
}

BOOST_AUTO_TEST_CASE(quantiles_of_the_laws_are_those_of_their_samples) {
  // Independent of the formulas: the share of samples at or below the quantile is its p.
  constexpr double far = 1e5;
  const std::vector<Distribution> laws{
      exponential(0.08),
      {Distribution::Shape::lognormal, 0.08, 0.1, 0, far, {}},
      {Distribution::Shape::bimodal, 0, 0.006, 0, far, {{0.04, 0.8}, {0.3, 0.2}}}};
  constexpr int samples = 400'000;
  for (const auto& law : laws)
    for (const double p : {0.5, 0.9, 0.99, 0.999}) {
      const double quantile = law.quantile(p);
      scenarios::Random random(3);
      int below = 0;
      for (int i = 0; i < samples; ++i) below += law.sample(random) <= quantile ? 1 : 0;
      const double error = std::abs(static_cast<double>(below) / samples - p);
      BOOST_TEST(error < 5 * std::sqrt(p * (1 - p) / samples), "p = " << p);
    }
}
