// Slopes, steps and outliers against brute force, worked examples and series whose truth is known.

#include "coordinator/compare/trend/trend_statistics.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>

#include "scenarios/load/random.hpp"

using namespace squall::coordinator;
using squall::scenarios::Random;

namespace {

using Values = std::vector<double>;

Values noise(std::size_t count, std::uint64_t seed, double deviation = 1) {
  Random random(seed);
  Values values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(deviation * random.normal());
  return values;
}

long long kendall_s(const Values& values) {
  long long s = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t j = i + 1; j < values.size(); ++j)
      s += values[j] > values[i] ? 1 : values[j] < values[i] ? -1 : 0;
  return s;
}

/// The share of all orders whose S is at least as far from 0.
double p_by_enumeration(const Values& values) {
  const auto seen = std::abs(kendall_s(values));
  Values order(values.size());
  std::iota(order.begin(), order.end(), 0.0);
  double all = 0;
  double as_far = 0;
  do {
    ++all;
    as_far += std::abs(kendall_s(order)) >= seen ? 1 : 0;
  } while (std::next_permutation(order.begin(), order.end()));
  return as_far / all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(p_of_a_slope_is_what_enumerating_all_orders_gives) {
  for (std::size_t n = 3; n <= 7; ++n)
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      const Values values = noise(n, seed);
      BOOST_TEST(theil_sen(values).p == p_by_enumeration(values),
                 boost::test_tools::tolerance(1e-12));
    }
}

BOOST_AUTO_TEST_CASE(a_straight_line_has_its_slope_and_its_interval_is_a_point) {
  Values line;
  for (int i = 0; i < 10; ++i) line.push_back(5 + 0.25 * i);
  const Slope slope = theil_sen(line);
  BOOST_TEST(slope.estimate == 0.25);
  BOOST_TEST(slope.low == 0.25);
  BOOST_TEST(slope.high == 0.25);
  BOOST_TEST(slope.p == 2.0 / 3628800, boost::test_tools::tolerance(1e-9));
  line[4] = 1000;  // one wild value does not move it
  BOOST_TEST(theil_sen(line).estimate == 0.25);
}

BOOST_AUTO_TEST_CASE(four_points_allow_no_interval_of_a_slope_and_five_do) {
  BOOST_TEST(std::isinf(theil_sen({1, 2, 3, 4}).high));
  BOOST_TEST(!std::isinf(theil_sen({1, 2, 3, 4, 5}).high));
}

BOOST_AUTO_TEST_CASE(intervals_of_slopes_hold_the_truth_in_about_95_percent) {
  for (const std::size_t n : {8, 20, 80}) {  // exact, exact, normal
    int held = 0;
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
      Values values = noise(n, 1000 * n + seed);
      for (std::size_t i = 0; i < n; ++i) values[i] += 0.1 * static_cast<double>(i);
      const Slope slope = theil_sen(values);
      held += slope.low <= 0.1 && slope.high >= 0.1 ? 1 : 0;
    }
    // Of 400 at 95 %: fewer than 365 has a chance below one in a thousand.
    BOOST_TEST(held >= 365, "n = " << n << ": " << held);
    BOOST_TEST(held < 400, "n = " << n);  // an interval that always holds says nothing
  }
}

BOOST_AUTO_TEST_CASE(a_change_of_level_is_found_where_it_is) {
  Values values = noise(40, 3);
  for (std::size_t i = 25; i < values.size(); ++i) values[i] += 4;
  const auto found = change_points(values, 1);
  BOOST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found.front().first_after == 25u);
  BOOST_TEST(found.front().p <= 0.01);
}

BOOST_AUTO_TEST_CASE(two_changes_are_both_found_in_order) {
  Values values = noise(60, 4, 0.5);
  for (std::size_t i = 20; i < 40; ++i) values[i] += 4;
  const auto found = change_points(values, 1);
  BOOST_REQUIRE(found.size() == 2u);
  BOOST_TEST(found[0].first_after == 20u);
  BOOST_TEST(found[1].first_after == 40u);
}

BOOST_AUTO_TEST_CASE(mere_noise_has_hardly_ever_a_change_and_equal_values_never) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed)
    found += change_points(noise(30, 500 + seed), seed, 199).empty() ? 0 : 1;
  BOOST_TEST(found <= 6);  // at p = 0.01 one is expected; more than 6 once in ten thousand
  BOOST_TEST(change_points(Values(30, 2.0), 1).empty());
  BOOST_TEST(change_points(noise(9, 1), 1).empty());
}

BOOST_AUTO_TEST_CASE(beside_a_real_change_noise_hardly_ever_makes_another) {
  int further = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Values values = noise(24, 9000 + seed);
    for (std::size_t i = 14; i < values.size(); ++i) values[i] += 30;
    const auto found = change_points(values, seed, 199);
    BOOST_TEST(std::ranges::any_of(found, [](const auto& each) { return each.first_after == 14; }));
    further += found.size() > 1 ? 1 : 0;
  }
  // At half of p = 0.01 on either side two are expected; more than 9 once in ten thousand.
  BOOST_TEST(further <= 9);
}

BOOST_AUTO_TEST_CASE(a_seed_is_an_answer) {
  Values values = noise(30, 9);
  for (std::size_t i = 15; i < values.size(); ++i) values[i] += 2;
  const auto once = change_points(values, 7);
  const auto again = change_points(values, 7);
  BOOST_REQUIRE(once.size() == again.size());
  for (std::size_t i = 0; i < once.size(); ++i) BOOST_TEST(once[i].p == again[i].p);
}

BOOST_AUTO_TEST_CASE(an_outlier_has_a_high_score_and_does_not_hide_itself) {
  const auto scores = robust_scores({10, 11, 9, 10.5, 9.5, 10, 30});
  BOOST_TEST(scores.back() > anomalous_score);
  BOOST_TEST(scores.back() == 0.6745 * 20 / 0.5, boost::test_tools::tolerance(1e-9));
  for (std::size_t i = 0; i + 1 < scores.size(); ++i) BOOST_TEST(std::abs(scores[i]) < 2);
  BOOST_TEST(robust_scores({1, 1, 1, 5}).back() == 0.0);  // no spread to measure by
}
