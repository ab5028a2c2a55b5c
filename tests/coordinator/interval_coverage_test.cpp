// Printed intervals hold the truth as often as they say.

#include "coordinator/selftest/interval_coverage.hpp"

#include <boost/test/unit_test.hpp>

using namespace squall;
using namespace squall::coordinator;

BOOST_AUTO_TEST_CASE(intervals_of_all_laws_and_percentiles_hold_the_truth_in_95_of_100_runs) {
  const auto coverage = interval_coverage({});
  BOOST_TEST(coverage.size() == 12u);
  for (const auto& check : coverage_checks(coverage)) {
    BOOST_TEST_MESSAGE(check.name << ": " << check.measured << " (" << check.expected << ")");
    BOOST_TEST(check.ok, check.name << ": " << check.measured << ", not " << check.expected);
  }
  for (const auto& each : coverage) {
    // Intervals that held everything would be too wide to tell anything.
    BOOST_TEST(each.mean_width < 1.5);  // p99.9 of a heavy tail, from 5,000 requests
    const double estimate = std::chrono::duration<double>(each.mean_estimate).count();
    const double truth = std::chrono::duration<double>(each.truth).count();
    BOOST_TEST(std::abs(estimate / truth - 1) < 0.02);  // the bias of an order statistic is 1/n
  }
}

BOOST_AUTO_TEST_CASE(intervals_that_hold_the_truth_too_seldom_are_found_out) {
  std::vector<Coverage> coverage = interval_coverage({.runs = 20});
  for (Coverage& each : coverage) {
    each.runs = 200;
    each.held = 170;  // 85 %
  }
  for (const auto& check : coverage_checks(coverage)) BOOST_TEST(!check.ok);
}

BOOST_AUTO_TEST_CASE(the_least_plausible_count_is_that_of_the_binomial_distribution) {
  // P(X <= 4 of 10 with p = 0.5) = 386/1024, P(X <= 3) = 176/1024.
  BOOST_TEST(least_plausible(10, 0.5, 0.18) == 4u);
  BOOST_TEST(least_plausible(10, 0.5, 0.37) == 4u);
  BOOST_TEST(least_plausible(10, 0.5, 0.38) == 5u);
  // 190 are expected of 200, with a standard deviation of 3.1.
  BOOST_TEST(least_plausible(200, 0.95, 0.001) >= 177u);
  BOOST_TEST(least_plausible(200, 0.95, 0.001) <= 181u);
}

BOOST_AUTO_TEST_CASE(one_seed_gives_one_result) {
  const auto once = interval_coverage({.first_seed = 9, .runs = 3, .requests = 4000});
  const auto again = interval_coverage({.first_seed = 9, .runs = 3, .requests = 4000});
  for (std::size_t i = 0; i < once.size(); ++i) {
    BOOST_TEST(once[i].held == again[i].held);
    BOOST_TEST((once[i].mean_estimate == again[i].mean_estimate));
  }
}

BOOST_AUTO_TEST_CASE(the_number_of_agents_changes_no_estimate) {
  const auto alone = interval_coverage({.runs = 2, .agents = 1});
  const auto shared = interval_coverage({.runs = 2, .agents = 7, .snapshots = 3});
  for (std::size_t i = 0; i < alone.size(); ++i)
    BOOST_TEST((alone[i].mean_estimate == shared[i].mean_estimate));
}
