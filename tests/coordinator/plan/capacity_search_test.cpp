// The search for the highest load within the limits, against targets whose capacity is known.

#include "coordinator/plan/search/capacity_search.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/coordinator/plan/known_queue.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
using Finding = CapacityEstimate::Finding;

namespace {

struct Tally {
  int within = 0, holds = 0, runs = 0, found = 0;
  std::size_t most_probes = 0, probes = 0;
  double worst = 0;
};

/// Searches from a hundred seeds.
template <class Probe>
Tally search_hundred_times(SearchRules rules, double truth, Probe probe) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CapacitySearch search(rules);
    std::uint64_t number = 0;
    while (const auto load = search.next())
      search.took(probe(*load, search.stretch(), seed * 1000 + ++number));
    const CapacityEstimate estimate = search.estimate();
    const double error = estimate.capacity / truth - 1;
    tally.within += std::abs(error) <= 0.03 ? 1 : 0;
    tally.holds += estimate.low <= truth && truth <= estimate.high ? 1 : 0;
    tally.found += estimate.finding == Finding::found ? 1 : 0;
    tally.worst = std::max(tally.worst, std::abs(error));
    tally.most_probes = std::max(tally.most_probes, search.probed());
    tally.probes += search.probed();
    ++tally.runs;
  }
  BOOST_TEST_MESSAGE(
      "capacity " << truth << ": " << tally.within << " of 100 within 3 %, " << tally.holds
                  << " intervals hold it, " << tally.found << " as precise as asked; probes "
                  << static_cast<double>(tally.probes) / 100 << " on average, at most "
                  << tally.most_probes << "; worst error " << tally.worst * 100 << " %");
  return tally;
}

/// A probe that shows exactly what it is asked to, without noise.
LoadProbe exact(double load, double capacity, double steepness = 20) {
  LoadProbe probe;
  probe.load = load;
  probe.excess = Excess{steepness * std::log(load / capacity), 0.2, false};
  probe.judgement = load <= capacity ? ProbeJudgement::pass : ProbeJudgement::fail;
  return probe;
}

/// One that says only whether everything or nothing was too slow: a wall.
LoadProbe wall(double load, double capacity) {
  LoadProbe probe;
  probe.load = load;
  const bool missed = load > capacity;
  probe.excess = Excess{missed ? 8.0 : -3.0, 1.4, true};
  probe.judgement = missed ? ProbeJudgement::fail : ProbeJudgement::pass;
  return probe;
}

template <class Probe>
std::vector<double> loads_of(CapacitySearch& search, Probe probe) {
  std::vector<double> loads;
  while (const auto load = search.next()) {
    loads.push_back(*load);
    search.took(probe(*load));
    BOOST_REQUIRE(loads.size() <= 100u);
  }
  return loads;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_known_rate_is_found_within_3_percent_from_95_of_100_seeds) {
  const KnownQueue queue;
  const double truth = queue.capacity();
  BOOST_TEST(std::abs(queue.late_share(truth) - 0.05) < 1e-6);
  const Tally tally =
      search_hundred_times({.start = 20, .lowest = 0.01, .highest = 10'000, .whole = false}, truth,
                           [&](double load, double stretch, std::uint64_t seed) {
                             return QueueProbe(queue.stretched(stretch), seed).arrivals(load);
                           });
  BOOST_TEST(tally.within >= 95);
  BOOST_TEST(tally.most_probes <= 12u);
  BOOST_TEST(tally.holds >= 90);
}

BOOST_AUTO_TEST_CASE(a_known_number_of_users_is_found_within_3_percent_from_95_of_100_seeds) {
  const KnownQueue queue;
  const unsigned truth = queue.capacity_in_users();
  BOOST_TEST(queue.late_share_of_users(truth) <= 0.05);
  BOOST_TEST(queue.late_share_of_users(truth + 1) > 0.05);
  const Tally tally = search_hundred_times(
      {.start = 4}, truth, [&](double load, double stretch, std::uint64_t seed) {
        return QueueProbe(queue.stretched(stretch), seed).users(load);
      });
  BOOST_TEST(tally.within >= 95);
  BOOST_TEST(tally.most_probes <= 12u);
}

BOOST_AUTO_TEST_CASE(a_wall_is_found_without_any_distances) {
  for (const double capacity : {1.0, 7.0, 8.0, 100.0, 777.0}) {
    CapacitySearch search({.start = 4});
    const auto loads = loads_of(search, [&](double load) { return wall(load, capacity + 0.5); });
    const CapacityEstimate estimate = search.estimate();
    BOOST_TEST_CONTEXT("capacity " << capacity << ", answer " << estimate.capacity << " after "
                                   << loads.size()) {
      BOOST_TEST(loads.size() <= 12u);
      BOOST_TEST(std::abs(estimate.capacity / capacity - 1) <= 0.03);
    }
  }
}

BOOST_AUTO_TEST_CASE(strides_grow_while_nothing_is_near_the_limit_and_shrink_when_it_is) {
  CapacitySearch far({.start = 1});
  const auto loads = loads_of(far, [](double load) { return wall(load, 900.5); });
  BOOST_TEST((loads[0] == 1 && loads[1] == 2 && loads[2] == 8 && loads[3] == 64),
             loads[1] << " " << loads[2] << " " << loads[3]);
  CapacitySearch near({.start = 90, .whole = false});
  near.took(exact(90, 97));
  BOOST_TEST(*near.next() == 135.0);
}

BOOST_AUTO_TEST_CASE(a_contradiction_is_probed_again) {
  CapacitySearch search({.start = 50, .lowest = 1, .whole = false});
  for (const double load : {50.0, 100.0, 200.0}) search.took(exact(load, 110));
  search.took(exact(106, 140));  // better than it can be
  search.took(exact(112, 95));   // worse than it can be
  const auto next = search.next();
  BOOST_REQUIRE(next.has_value());
  BOOST_TEST(*next > 95);
  BOOST_TEST(*next < 130);
  BOOST_TEST((search.estimate().finding == Finding::imprecise));
}

BOOST_AUTO_TEST_CASE(a_load_that_piles_up_is_too_much_whatever_its_latency_says) {
  CapacitySearch search({.start = 10, .lowest = 1, .whole = false});
  LoadProbe calm = exact(10, 100);
  LoadProbe unstable = exact(40, 100);
  unstable.judgement = ProbeJudgement::fail;
  unstable.stability = {true, true, 3, 0.001};
  search.took(calm);
  search.took(unstable);
  BOOST_TEST(search.next().value() == 40);  // of a hundred steady loads one looks so by chance
  search.took(unstable);
  const auto next = search.next();
  BOOST_REQUIRE(next.has_value());
  BOOST_TEST(*next < 40);
  BOOST_TEST(*next > 10);
}

BOOST_AUTO_TEST_CASE(a_probe_that_cannot_be_used_is_tried_again_and_then_the_tool_is_the_limit) {
  CapacitySearch search({.start = 10, .lowest = 1, .whole = false});
  search.took(wall(10, 1000));
  LoadProbe invalid;
  invalid.load = *search.next();
  search.took(invalid);
  BOOST_TEST(*search.next() == invalid.load);
  search.took(invalid);
  BOOST_TEST(*search.next() < invalid.load);
  while (const auto load = search.next()) {
    BOOST_TEST_MESSAGE("load " << *load << " beside " << invalid.load);
    search.took(wall(*load, 1000));
  }
  const CapacityEstimate estimate = search.estimate();
  BOOST_TEST((estimate.finding == Finding::tool_limit));
  BOOST_TEST(estimate.capacity < invalid.load);
  BOOST_TEST(estimate.capacity > 0.9 * invalid.load);
}

// 81 requests without a violation, then most of 81 violated, and twice a busy machine spoils what
// lies between.
BOOST_AUTO_TEST_CASE(a_disturbed_probe_below_one_that_was_measured_is_no_limit) {
  CapacitySearch search({.start = 16});
  LoadProbe open = wall(16, 20);
  open.judgement = ProbeJudgement::undecided;
  open.excess = Excess{-0.5, 1.4, true};
  search.took(open);
  BOOST_TEST(*search.next() == 32.0);
  LoadProbe missed = wall(32, 20);
  missed.excess = Excess{4.6, 0.3, false};
  search.took(missed);
  const double between = *search.next();
  LoadProbe spoilt;
  spoilt.load = between;
  for (int i = 0; i < 2; ++i) {
    search.took(spoilt);
    BOOST_TEST(*search.next() == between);
  }
}

BOOST_AUTO_TEST_CASE(nothing_within_the_limits_and_everything_within_them_are_said) {
  CapacitySearch none({.start = 8});
  const auto down = loads_of(none, [](double load) { return wall(load, 0.5); });
  BOOST_TEST(down.back() == 1.0);
  BOOST_TEST((none.estimate().finding == Finding::none));
  CapacitySearch all({.start = 8, .highest = 100});
  const auto up = loads_of(all, [](double load) { return wall(load, 1e9); });
  BOOST_TEST(up.back() == 100.0);
  BOOST_TEST((all.estimate().finding == Finding::at_least));
  BOOST_TEST(all.estimate().capacity == 100.0);
  BOOST_TEST((CapacitySearch({.start = 8}).estimate().finding == Finding::unknown));
}

BOOST_AUTO_TEST_CASE(the_lowest_load_that_stays_undecided_is_not_said_to_be_missed) {
  const auto undecided = [](double load) {
    LoadProbe probe = wall(load, 0.5);
    probe.judgement = ProbeJudgement::undecided;
    probe.excess = Excess{.value = 0.4, .error = 1};
    return probe;
  };
  CapacitySearch search({.start = 4});
  const auto loads = loads_of(search, undecided);
  BOOST_TEST(loads.back() == 1.0);
  BOOST_TEST((search.estimate().finding == Finding::undecided));
  BOOST_TEST(search.estimate().high == 1.0);
}

// A short probe: 39 samples, no violation, too few to say "pass".
BOOST_AUTO_TEST_CASE(what_was_never_violated_is_climbed_from) {
  const auto short_probe = [](double load) {
    LoadProbe probe = wall(load, 1e9);
    probe.judgement = ProbeJudgement::undecided;
    probe.excess = Excess{.value = 0, .error = 1.4, .beyond = true};
    return probe;
  };
  CapacitySearch search({.start = 4, .highest = 64});
  BOOST_TEST(loads_of(search, short_probe).back() == 64.0);
}

BOOST_AUTO_TEST_CASE(a_search_goes_on_from_its_probes_as_if_it_had_never_stopped) {
  const KnownQueue queue;
  const SearchRules rules{.start = 5, .lowest = 0.1, .whole = false};
  CapacitySearch whole(rules);
  std::vector<LoadProbe> probes;
  while (const auto load = whole.next()) {
    probes.push_back(QueueProbe(queue, 40 + probes.size()).arrivals(*load));
    whole.took(probes.back());
  }
  CapacitySearch resumed(rules);
  for (const auto& probe : probes) {
    BOOST_TEST(*resumed.next() == probe.load);
    resumed.took(probe);
  }
  BOOST_TEST(!resumed.next());
  BOOST_TEST(!resumed.why_ended().empty());
  BOOST_TEST(resumed.estimate().capacity == whole.estimate().capacity);
}

BOOST_AUTO_TEST_CASE(the_number_of_probes_is_a_limit) {
  CapacitySearch search({.start = 1, .at_most = 4});
  const auto loads = loads_of(search, [](double load) { return wall(load, 77.5); });
  BOOST_TEST(loads.size() == 4u);
  BOOST_TEST(search.why_ended().find("4 probes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_soak_holds_95_percent_and_at_least_one_user) {
  BOOST_TEST(soak_load(100, true) == 95.0);
  BOOST_TEST(soak_load(8, true) == 7.0);
  BOOST_TEST(soak_load(1, true) == 1.0);
  BOOST_TEST(std::abs(soak_load(10, false) - 9.5) < 1e-12);
}
