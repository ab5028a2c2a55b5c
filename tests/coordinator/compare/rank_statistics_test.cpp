// The shifts against brute force, against published tables and worked examples.

#include "coordinator/compare/rank_statistics.hpp"

#include <algorithm>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>

#include "scenarios/load/random.hpp"

using namespace squall::coordinator;
using squall::scenarios::Random;

namespace {

using Values = std::vector<double>;

/// The definition: how many values are smaller, and half of those that are equal, and half.
double mid_rank(const Values& all, double value) {
  double rank = 0.5;
  for (const double each : all) rank += each < value ? 1 : each == value ? 0.5 : 0;
  return rank;
}

double two_sided_by_enumeration(const std::vector<double>& sums, double seen, double middle) {
  const auto as_far = std::count_if(sums.begin(), sums.end(), [&](double sum) {
    return std::abs(sum - middle) >= std::abs(seen - middle) - 1e-9;
  });
  return static_cast<double>(as_far) / static_cast<double>(sums.size());
}

double rank_sum_p_by_enumeration(const Values& first, const Values& second) {
  Values all = second;
  all.insert(all.end(), first.begin(), first.end());
  std::vector<double> sums;
  double seen = 0;
  for (const double each : second) seen += mid_rank(all, each);
  for (unsigned chosen = 0; chosen < (1U << all.size()); ++chosen) {
    if (static_cast<std::size_t>(std::popcount(chosen)) != second.size()) continue;
    double sum = 0;
    for (std::size_t i = 0; i < all.size(); ++i)
      if ((chosen >> i & 1) != 0) sum += mid_rank(all, all[i]);
    sums.push_back(sum);
  }
  const double n = static_cast<double>(second.size());
  return two_sided_by_enumeration(sums, seen, n * static_cast<double>(all.size() + 1) / 2);
}

double signed_rank_p_by_enumeration(const Values& differences) {
  Values sizes;
  for (const double each : differences) sizes.push_back(std::abs(each));
  Values ranks;
  double seen = 0;
  double all = 0;
  for (const double each : differences) {
    if (each == 0) continue;
    ranks.push_back(mid_rank(sizes, std::abs(each)));
    all += ranks.back();
    if (each > 0) seen += ranks.back();
  }
  std::vector<double> sums;
  for (unsigned heads = 0; heads < (1U << ranks.size()); ++heads) {
    double sum = 0;
    for (std::size_t i = 0; i < ranks.size(); ++i)
      if ((heads >> i & 1) != 0) sum += ranks[i];
    sums.push_back(sum);
  }
  return two_sided_by_enumeration(sums, seen, all / 2);
}

/// Whole numbers below `steps`: few steps, many ties.
Values draw(Random& random, std::size_t count, int steps, int offset = 0) {
  Values values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(std::floor(random.uniform() * steps) + offset);
  return values;
}

Values sorted_differences(const Values& first, const Values& second) {
  Values differences;
  for (const double a : first)
    for (const double b : second) differences.push_back(b - a);
  std::sort(differences.begin(), differences.end());
  return differences;
}

Values normal_values(Random& random, std::size_t count, double shift = 0) {
  Values values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(random.normal() + shift);
  return values;
}

}  // namespace

BOOST_AUTO_TEST_CASE(rank_sum_p_is_what_enumerating_all_choices_gives_with_and_without_ties) {
  Random random(11);
  for (const int steps : {2, 3, 6, 1'000'000})
    for (std::size_t n = 1; n <= 5; ++n)
      for (std::size_t m = 1; m <= 6; ++m) {
        const Values first = draw(random, n, steps);
        const Values second = draw(random, m, steps, steps / 3);
        BOOST_TEST(shift_between(first, second).p == rank_sum_p_by_enumeration(first, second),
                   boost::test_tools::tolerance(1e-12));
      }
}

BOOST_AUTO_TEST_CASE(signed_rank_p_is_what_enumerating_all_signs_gives_with_ties_and_zeros) {
  Random random(12);
  for (const int steps : {3, 5, 9, 1'000'000})
    for (std::size_t n = 1; n <= 10; ++n)
      for (int again = 0; again < 5; ++again) {
        const Values differences = draw(random, n, steps, -steps / 3);
        BOOST_TEST(shift_of_pairs(differences).p == signed_rank_p_by_enumeration(differences),
                   boost::test_tools::tolerance(1e-12));
      }
}

// Mann and Whitney's U, two-sided 5 %: the largest U that is significant (Milton, "An extended
// table of critical values for the Mann-Whitney statistic", 1964). The interval begins one further.
BOOST_AUTO_TEST_CASE(intervals_between_two_sides_begin_where_the_published_table_of_u_says) {
  const std::map<std::size_t, std::size_t> critical{
      {4, 0}, {5, 2}, {6, 5}, {7, 8}, {8, 13}, {9, 17}, {10, 23}, {12, 37}, {15, 64}, {20, 127}};
  Random random(13);
  for (const auto& [n, u] : critical) {
    const Values first = normal_values(random, n);
    const Values second = normal_values(random, n);
    const auto differences = sorted_differences(first, second);
    const Shift shift = shift_between(first, second);
    BOOST_TEST(shift.low == differences[u], "n = " << n);
    BOOST_TEST(shift.high == differences[differences.size() - 1 - u], "n = " << n);
    BOOST_TEST(shift.confidence >= 0.95);
  }
  BOOST_TEST(std::isinf(shift_between({1, 2, 3}, {4, 5, 6}).low));
}

// Wilcoxon's T, two-sided 5 % (Wilcoxon and Wilcox, "Some rapid approximate statistical
// procedures", 1964).
BOOST_AUTO_TEST_CASE(intervals_of_pairs_begin_where_the_published_table_of_t_says) {
  const std::map<std::size_t, std::size_t> critical{{6, 0},   {7, 2},   {8, 3},   {9, 5},  {10, 8},
                                                    {12, 13}, {15, 25}, {20, 52}, {25, 89}};
  Random random(14);
  for (const auto& [n, t] : critical) {
    const Values differences = normal_values(random, n);
    Values averages;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i; j < n; ++j) averages.push_back((differences[i] + differences[j]) / 2);
    std::sort(averages.begin(), averages.end());
    const Shift shift = shift_of_pairs(differences);
    BOOST_TEST(shift.low == averages[t], "n = " << n);
    BOOST_TEST(shift.high == averages[averages.size() - 1 - t], "n = " << n);
  }
  BOOST_TEST(std::isinf(shift_of_pairs({1, 2, 3, 4, 5}).low));
  BOOST_TEST(shift_of_pairs({1, 2, 3, 4, 5, 6}).low == 1.0);
}

// Hollander and Wolfe, "Nonparametric statistical methods": table 3.1 (Hamilton depression scale)
// and table 4.1 (permeability of membranes), with the results printed there.
BOOST_AUTO_TEST_CASE(worked_examples_of_the_textbook_come_out_as_printed) {
  const Values before{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
  const Values after{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
  Values fall;
  for (std::size_t i = 0; i < before.size(); ++i) fall.push_back(before[i] - after[i]);
  const Shift depression = shift_of_pairs(fall);
  BOOST_TEST(depression.p == 0.0390625, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(depression.estimate == 0.46, boost::test_tools::tolerance(1e-9));
  const Values term{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
  const Values weeks{1.15, 0.88, 0.90, 0.74, 1.21};
  const Shift permeability = shift_between(weeks, term);
  BOOST_TEST(permeability.p == 0.2544, boost::test_tools::tolerance(0.001));
  BOOST_TEST(permeability.estimate == 0.305, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(the_smallest_p_of_five_a_side_is_two_in_252_and_of_six_pairs_two_in_64) {
  BOOST_TEST(shift_between({1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}).p == 2.0 / 252,
             boost::test_tools::tolerance(1e-12));
  BOOST_TEST(shift_of_pairs({1, 2, 3, 4, 5, 6}).p == 2.0 / 64, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(
    without_ties_p_is_below_five_percent_exactly_when_the_interval_leaves_out_zero) {
  Random random(15);
  int significant = 0;
  for (int i = 0; i < 400; ++i) {
    const Values first = normal_values(random, 5 + i % 4);
    const Values second = normal_values(random, 5 + i % 3, 1);
    const Shift between = shift_between(first, second);
    BOOST_TEST((between.p <= 0.05) == (between.low > 0 || between.high < 0));
    const Shift pairs = shift_of_pairs(normal_values(random, 6 + i % 5, 0.7));
    BOOST_TEST((pairs.p <= 0.05) == (pairs.low > 0 || pairs.high < 0));
    significant += (between.p <= 0.05 ? 1 : 0) + (pairs.p <= 0.05 ? 1 : 0);
  }
  BOOST_TEST(significant > 100);  // both sides of the statement were tried
  BOOST_TEST(significant < 700);
}

BOOST_AUTO_TEST_CASE(shifting_one_side_shifts_estimate_and_interval_and_swapping_turns_them_round) {
  Random random(16);
  const Values first = normal_values(random, 7);
  Values second = normal_values(random, 6);
  const Shift shift = shift_between(first, second);
  const Shift turned = shift_between(second, first);
  BOOST_TEST(turned.estimate == -shift.estimate, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(turned.low == -shift.high);
  for (double& each : second) each += 3;
  const Shift moved = shift_between(first, second);
  BOOST_TEST(moved.estimate == shift.estimate + 3, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(moved.high == shift.high + 3, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(nothing_but_equal_values_is_no_shift) {
  const Shift same = shift_between({2, 2, 2, 2, 2}, {2, 2, 2, 2, 2});
  BOOST_TEST(same.p == 1.0);
  BOOST_TEST(same.low == 0.0);
  BOOST_TEST(same.high == 0.0);
  BOOST_TEST(shift_of_pairs({0, 0, 0, 0, 0, 0}).p == 1.0);
}

BOOST_AUTO_TEST_CASE(the_longest_lists_are_still_worked_out_exactly) {
  Random random(17);
  const Values first = normal_values(random, most_ranked_values);
  const Values second = normal_values(random, most_ranked_values, 0.8);
  const Shift shift = shift_between(first, second);
  BOOST_TEST(shift.p < 0.01);
  BOOST_TEST(shift.p > 0.0);
  BOOST_TEST(shift.confidence < 0.952);  // steps are fine by now
  BOOST_TEST(shift.low < shift.estimate);
}

BOOST_AUTO_TEST_CASE(holm_adjusts_step_by_step_and_keeps_the_order) {
  const auto adjusted = holm_adjusted({0.01, 0.04, 0.03, 0.005});
  const Values expected{0.03, 0.06, 0.06, 0.02};
  for (std::size_t i = 0; i < expected.size(); ++i)
    BOOST_TEST(adjusted[i] == expected[i], boost::test_tools::tolerance(1e-12));
  BOOST_TEST(holm_adjusted({0.5, 0.9}).front() == 1.0);
  BOOST_TEST(holm_adjusted({}).empty());
}
