// scenarios/load/arrival_stream and the users of load_plan: any load, shared out among any number
// of agents.

#include "scenarios/load/arrival_stream.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "scenarios/load/load_plan.hpp"

using namespace squall::scenarios;
using namespace std::chrono_literals;

namespace {

using Process = OpenArrivals::Process;

constexpr std::uint32_t most_agents = 64;

// One of each sort that a scenario can write.
std::vector<std::pair<const char*, LoadShape>> shapes() {
  return {
      {"constant", LoadShape::constant(37.5)},
      {"ramp", LoadShape({{10s, 0, 60, 0, {}}, {0s, 60, 60}})},
      {"steps", LoadShape({{3s, 10, 10}, {3s, 25, 25}, {3s, 40, 40}})},
      {"spike", LoadShape({{4s, 5, 5}, {2s, 90, 90}, {0s, 5, 5}})},
      {"sine", LoadShape({{0s, 30, 30, 28.5, 3s}})},
      {"soak", LoadShape({{2s, 0, 33, 0, {}}, {6s, 33, 33}, {2s, 33, 0, 0, {}}, {0s, 0, 0}})},
      {"stages", LoadShape({{2s, 10, 50, 0, {}}, {3s, 0, 0}, {2s, 50, 7, 0, {}}, {2s, 80, 3}})},
      {"rising wave", LoadShape({{9s, 10, 40, 9.5, 1700ms}})},
  };
}

Scenario with_load(Load load, std::uint64_t seed = 1) {
  Scenario scenario;
  scenario.seed = seed;
  scenario.load = std::move(load);
  scenario.phases = {1s, 11s, 5s};
  return scenario;
}

Scenario open(Process process, LoadShape rate, std::uint64_t seed = 1, double burstiness = 2.5) {
  OpenArrivals load;
  load.process = process;
  load.rate = std::move(rate);
  load.burstiness = burstiness;
  return with_load(load, seed);
}

std::vector<PlannedArrival> arrivals_in(const Scenario& scenario, AgentShare share = {},
                                        std::shared_ptr<const Trace> trace = nullptr) {
  const LoadPlan plan = make_load_plan(scenario, share, std::move(trace));
  std::vector<PlannedArrival> arrivals;
  const auto stream = arrivals_of(scenario, plan);
  while (const auto arrival = stream->next()) arrivals.push_back(*arrival);
  const bool ended = !stream->next().has_value();  // and so it stays
  if (!ended || arrivals.size() != plan.arrivals) {
    BOOST_ERROR("planned " << plan.arrivals << ", came " << arrivals.size());
  }
  return arrivals;
}

// Whatever the number of agents, their arrivals are those of one, each exactly once.
void check_shares(const Scenario& scenario, const std::shared_ptr<const Trace>& trace = nullptr) {
  std::map<std::uint64_t, nanoseconds> whole;
  for (const auto& one : arrivals_in(scenario, {}, trace)) whole.emplace(one.arrival, one.at);
  BOOST_TEST(whole.size() > 50);
  for (std::uint32_t count = 1; count <= most_agents; ++count) {
    std::map<std::uint64_t, nanoseconds> united;
    std::size_t planned = 0;
    for (std::uint32_t index = 0; index < count; ++index) {
      for (const auto& one : arrivals_in(scenario, {index, count}, trace)) {
        united.emplace(one.arrival, one.at);
        ++planned;
      }
    }
    BOOST_TEST(planned == whole.size());
    BOOST_TEST((united == whole), count << " agents");
  }
}

std::shared_ptr<const Trace> trace_of(std::size_t entries, nanoseconds gap) {
  auto trace = std::make_shared<Trace>();
  for (std::size_t i = 0; i < entries; ++i) {
    const auto number = static_cast<std::uint32_t>(i);
    // Pairs arrive at once.
    trace->entries.push_back({gap * static_cast<std::int64_t>(i / 2), 10 + number, 5, 0, 0});
  }
  return trace;
}

}  // namespace

BOOST_AUTO_TEST_CASE(arrivals_of_all_agents_are_those_of_one_for_every_shape_and_process) {
  for (const auto& [name, shape] : shapes()) {
    for (const Process process : {Process::constant, Process::poisson, Process::gamma}) {
      BOOST_TEST_CONTEXT(name << ", process " << static_cast<int>(process)) {
        check_shares(open(process, shape));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(users_of_all_agents_are_those_of_one_for_every_shape) {
  using Key = std::tuple<std::uint64_t, std::uint32_t>;
  using Work = std::map<Key, std::pair<nanoseconds, nanoseconds>>;
  for (const auto& [name, shape] : shapes()) {
    BOOST_TEST_CONTEXT(name) {
      ClosedUsers load;
      load.count = shape;
      const Scenario scenario = with_load(load);
      const auto add = [&](AgentShare share, Work& work) {
        const LoadPlan plan = make_load_plan(scenario, share);
        for (const PlannedUser& user : plan.users) {
          work[{user.user, user.stretch}] = {user.start, user.end};
        }
        const auto later = [](const PlannedUser& one, const PlannedUser& other) {
          return one.start < other.start;
        };
        BOOST_TEST(std::is_sorted(plan.users.begin(), plan.users.end(), later));
        return plan.users.size();
      };
      Work whole;
      const std::size_t of_one = add({}, whole);
      BOOST_TEST(of_one == whole.size());
      BOOST_TEST(of_one >= 33u);
      for (std::uint32_t count = 1; count <= most_agents; ++count) {
        Work united;
        std::size_t planned = 0;
        for (std::uint32_t index = 0; index < count; ++index)
          planned += add({index, count}, united);
        BOOST_TEST(planned == whole.size());
        BOOST_TEST((united == whole), count << " agents");
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(entries_of_a_trace_are_shared_out_like_arrivals) {
  const auto trace = trace_of(400, 45ms);
  TraceReplay load;
  load.file = "trace.csv";
  check_shares(with_load(load), trace);
  load.time_scale = 3;
  check_shares(with_load(load), trace);
}

BOOST_AUTO_TEST_CASE(arrivals_follow_the_shape_of_their_rate) {
  for (const auto& [name, shape] : shapes()) {
    BOOST_TEST_CONTEXT(name) {
      // Each tenth of a second gets what the rate's integral says, up to one.
      int wrong = 0;
      const auto arrivals = arrivals_in(open(Process::constant, shape));
      std::size_t seen = 0;
      for (nanoseconds until = 100ms; until <= 12s; until += 100ms) {
        while (seen < arrivals.size() && arrivals[seen].at < until) ++seen;
        wrong += std::abs(static_cast<double>(seen) - shape.total_until(until)) > 1.001 ? 1 : 0;
      }
      BOOST_TEST(wrong == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(nothing_arrives_while_the_rate_is_zero) {
  const LoadShape shape({{2s, 0, 0}, {2s, 100, 100}, {3s, 0, 0}, {2s, 50, 50}, {0s, 0, 0}});
  for (const Process process : {Process::constant, Process::poisson, Process::gamma}) {
    std::size_t first = 0, second = 0, other = 0;
    for (const auto& one : arrivals_in(open(process, shape))) {
      if (one.at >= 2s && one.at <= 4s) {
        ++first;
      } else if (one.at >= 7s && one.at <= 9s) {
        ++second;
      } else {
        ++other;
      }
    }
    BOOST_TEST(other == 0u);
    if (process != Process::constant) continue;
    BOOST_TEST(first == 200u);
    BOOST_TEST(second == 100u);
  }
}

BOOST_AUTO_TEST_CASE(gamma_gaps_have_the_burstiness_that_was_asked_for) {
  for (const double burstiness : {0.1, 0.5, 1.0, 3.0}) {
    Scenario scenario = open(Process::gamma, LoadShape::constant(1000), 3, burstiness);
    scenario.phases = {0s, 200s, 0s};
    const auto arrivals = arrivals_in(scenario);
    double sum = 0, squares = 0;
    for (std::size_t i = 1; i < arrivals.size(); ++i) {
      const double gap = static_cast<double>((arrivals[i].at - arrivals[i - 1].at).count()) / 1e6;
      sum += gap;
      squares += gap * gap;
    }
    const double count = static_cast<double>(arrivals.size() - 1);
    const double mean = sum / count;
    const double deviation = std::sqrt(squares / count - mean * mean);
    // Gaps of 1 ms on average; five standard errors of the mean.
    BOOST_TEST(std::abs(mean - 1) < 5 * burstiness / std::sqrt(count));
    BOOST_TEST(std::abs(deviation / mean / burstiness - 1) < 0.05);
  }
}

BOOST_AUTO_TEST_CASE(gamma_arrivals_have_their_rate_from_the_first_second_on) {
  // Had every run begun with a whole gap, the first second would get some twelve arrivals less.
  double first_second = 0;
  constexpr int runs = 2000;
  for (int seed = 0; seed < runs; ++seed) {
    Scenario scenario =
        open(Process::gamma, LoadShape::constant(20), static_cast<std::uint64_t>(seed), 5);
    scenario.phases = {0s, 1s, 0s};
    first_second += static_cast<double>(make_load_plan(scenario, {}).arrivals) / runs;
  }
  // The count of a second has a deviation of about 20; five standard errors.
  BOOST_TEST(std::abs(first_second - 20) < 5 * 20 / std::sqrt(runs));
}

BOOST_AUTO_TEST_CASE(gamma_of_burstiness_one_is_as_random_as_poisson) {
  Scenario scenario = open(Process::gamma, LoadShape::constant(1000), 9, 1);
  scenario.phases = {0s, 100s, 0s};
  const auto arrivals = arrivals_in(scenario);
  int longer_than_mean = 0;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    longer_than_mean += arrivals[i].at - arrivals[i - 1].at > 1ms ? 1 : 0;
  }
  const auto gaps = static_cast<double>(arrivals.size() - 1);
  BOOST_TEST(std::abs(longer_than_mean / gaps - std::exp(-1)) < 4 * 0.0016);
}

BOOST_AUTO_TEST_CASE(arrivals_are_in_order_and_before_the_stop_for_every_shape_and_process) {
  for (const auto& [name, shape] : shapes()) {
    for (const Process process : {Process::constant, Process::poisson, Process::gamma}) {
      nanoseconds before{0};
      int wrong = 0;
      for (const auto& one : arrivals_in(open(process, shape))) {
        wrong += one.at < before || one.at >= 12s ? 1 : 0;
        before = one.at;
      }
      BOOST_TEST(wrong == 0, name << ", process " << static_cast<int>(process));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_trace_of_a_hundred_thousand_replays_at_ten_times_with_the_planned_instants) {
  auto trace = std::make_shared<Trace>();
  nanoseconds recorded{0};
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    trace->entries.push_back({recorded, 1 + i % 50, 1 + i % 7, 0, 0});
    recorded += nanoseconds(100'000 + 37 * (i % 1000));
  }
  TraceReplay load;
  load.file = "trace.csv";
  load.time_scale = 10;
  const auto arrivals = arrivals_in(with_load(load), {}, trace);
  BOOST_REQUIRE(arrivals.size() == 100'000u);
  int wrong = 0;
  for (std::size_t i = 0; i < arrivals.size(); ++i) {
    const nanoseconds planned((trace->entries[i].at.count() + 5) / 10);
    wrong += arrivals[i].arrival != i || arrivals[i].at != planned ? 1 : 0;
  }
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(entries_at_or_after_the_stop_are_not_planned) {
  TraceReplay load;
  const auto trace = trace_of(100, 1s);
  BOOST_TEST(arrivals_in(with_load(load), {}, trace).size() == 24u);  // 0 s to 11 s
  load.time_scale = 0.001;
  BOOST_TEST(arrivals_in(with_load(load), {}, trace).size() == 2u);
  BOOST_TEST(arrivals_in(with_load(load), {}, std::make_shared<Trace>()).empty());
}

BOOST_AUTO_TEST_CASE(counting_what_is_left_takes_what_was_given_into_account) {
  const LoadShape rate = LoadShape::constant(10);
  for (const Process process : {Process::constant, Process::poisson, Process::gamma}) {
    OpenArrivals load;
    load.process = process;
    load.rate = rate;
    const AgentShare share{1, 3};
    const auto all = stream_of(load, 4, share, 20s);
    const auto part = stream_of(load, 4, share, 20s);
    for (int i = 0; i < 5; ++i) BOOST_TEST(part->next().has_value());
    BOOST_TEST(part->count_rest() + 5 == all->count_rest());
    BOOST_TEST(!part->next().has_value());
    BOOST_TEST(all->count_rest() == 0u);
  }
}
