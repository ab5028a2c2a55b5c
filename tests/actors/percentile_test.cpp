#include "actors/metrics/percentile.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "scenarios/load/random.hpp"

using namespace squall::actors;
using namespace std::chrono_literals;
using squall::scenarios::Random;

namespace {

Histogram one_to(std::uint64_t count) {
  Histogram histogram;
  for (std::uint64_t i = 1; i <= count; ++i)
    histogram.record(std::chrono::milliseconds(static_cast<std::int64_t>(i)));
  return histogram;
}

PercentileEstimate estimate(const Histogram& histogram, double percentile,
                            std::uint64_t censored = 0, nanoseconds at_least = 0ns) {
  return estimate_percentile({&histogram, censored, at_least}, percentile);
}

bool near(nanoseconds value, nanoseconds wanted) {
  return std::abs((value - wanted).count()) <= std::max<std::int64_t>(500, wanted.count() / 1000);
}

/// P(at most k of n) by adding up the terms, from their logarithms.
double at_most_by_definition(std::uint64_t k, std::uint64_t n, double p) {
  double sum = 0;
  const auto size = static_cast<double>(n);
  for (std::uint64_t i = 0; i <= k; ++i) {
    const auto x = static_cast<double>(i);
    sum += std::exp(std::lgamma(size + 1) - std::lgamma(x + 1) - std::lgamma(size - x + 1) +
                    x * std::log(p) + (size - x) * std::log1p(-p));
  }
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_CASE(floors_are_those_of_a_finite_two_sided_interval) {
  BOOST_TEST(samples_floor(50) == 6u);
  BOOST_TEST(samples_floor(90) == 36u);
  BOOST_TEST(samples_floor(95) == 72u);
  BOOST_TEST(samples_floor(99) == 368u);
  BOOST_TEST(samples_floor(99.9) == 3688u);
  BOOST_TEST(samples_floor(10) == 36u);  // the other tail binds
  BOOST_TEST(samples_floor(1) == 368u);
}

BOOST_AUTO_TEST_CASE(early_stopping_needs_the_published_numbers_of_samples) {
  BOOST_TEST(samples_to_pass(90, 0) == 44u);
  BOOST_TEST(samples_to_pass(90, 1) == 64u);
  BOOST_TEST(samples_to_pass(90, 5) == 127u);
  BOOST_TEST(samples_to_pass(95, 0) == 90u);
  BOOST_TEST(samples_to_pass(95, 1) == 130u);
  BOOST_TEST(samples_to_pass(95, 5) == 259u);
  BOOST_TEST(samples_to_pass(99, 0) == 459u);
  BOOST_TEST(samples_to_pass(99, 1) == 662u);
  BOOST_TEST(samples_to_pass(99, 5) == 1307u);
  BOOST_TEST(samples_to_pass(99, 10) == 2010u);
  BOOST_TEST(samples_to_pass(99.9, 0) == 4603u);
  BOOST_TEST(samples_to_pass(99.9, 1) == 6636u);
}

BOOST_AUTO_TEST_CASE(samples_to_pass_is_the_smallest_number_that_does) {
  for (const double percentile : {50.0, 80.0, 90.0, 95.0, 99.0})
    for (const std::uint64_t violations : {0u, 1u, 2u, 3u, 7u, 20u, 60u}) {
      const std::uint64_t n = samples_to_pass(percentile, violations);
      const double rate = 1 - percentile / 100;
      BOOST_TEST(at_most_by_definition(violations, n, rate) <= 0.01);
      BOOST_TEST(at_most_by_definition(violations, n - 1, rate) > 0.01);
    }
}

BOOST_AUTO_TEST_CASE(a_percentile_surely_failed_when_chance_would_rarely_break_it_so_often) {
  for (const std::uint64_t n : {50u, 200u, 1000u, 5000u}) {
    std::uint64_t first = 0;
    while (!surely_failed(95, first, n)) ++first;
    BOOST_TEST(1 - at_most_by_definition(first - 1, n, 0.05) <= 0.01);
    BOOST_TEST(1 - at_most_by_definition(first - 2, n, 0.05) > 0.01);
  }
  BOOST_TEST(!surely_failed(95, 0, 0));
  BOOST_TEST(!surely_failed(95, 0, 1'000'000));
  BOOST_TEST(surely_failed(99.9, 100, 100));
}

BOOST_AUTO_TEST_CASE(passing_and_failing_surely_exclude_each_other) {
  for (const double percentile : {90.0, 95.0, 99.0})
    for (std::uint64_t violations = 0; violations < 40; ++violations)
      BOOST_TEST(!surely_failed(percentile, violations, samples_to_pass(percentile, violations)));
}

BOOST_AUTO_TEST_CASE(the_value_is_at_rank_ceil_of_n_times_p) {
  BOOST_TEST(near(estimate(one_to(1000), 50).value, 500ms));
  BOOST_TEST(near(estimate(one_to(1000), 90).value, 900ms));
  BOOST_TEST(near(estimate(one_to(1000), 99).value, 990ms));
  BOOST_TEST(near(estimate(one_to(1001), 99).value, 991ms));
  BOOST_TEST(near(estimate(one_to(10'000), 99.9).value, 9990ms));
  BOOST_TEST(near(estimate(one_to(1), 99).value, 1ms));
  BOOST_TEST(near(estimate(one_to(3), 1).value, 1ms));
}

BOOST_AUTO_TEST_CASE(below_the_floor_there_is_no_interval) {
  const auto few = estimate(one_to(367), 99);
  BOOST_TEST(!few.enough);
  BOOST_TEST(few.samples == 367u);
  BOOST_TEST(few.samples_needed == 368u);
  const auto enough = estimate(one_to(368), 99);
  BOOST_TEST(enough.enough);
  BOOST_TEST((enough.high == 368ms));  // exactly at the floor the largest value bounds it
  const auto none = estimate(Histogram(), 50);
  BOOST_TEST(!none.enough);
  BOOST_TEST(none.samples == 0u);
}

BOOST_AUTO_TEST_CASE(interval_ranks_are_the_tightest_that_keep_each_tail_at_a_fortieth) {
  // The values are their own ranks, so the interval shows the ranks that were chosen.
  for (const std::uint64_t n : {72u, 100u, 577u, 1500u})
    for (const double percentile : {25.0, 50.0, 90.0, 95.0}) {
      Histogram ranks;
      for (std::uint64_t i = 1; i <= n; ++i) ranks.record(i * 1us);
      const auto made = estimate(ranks, percentile);
      BOOST_REQUIRE(made.enough);
      const double p = percentile / 100;
      const auto low = static_cast<std::uint64_t>(made.low / 1us);
      const auto high = static_cast<std::uint64_t>(made.high / 1us);
      if (low > 1) BOOST_TEST(at_most_by_definition(low - 1, n, p) <= 0.025);
      BOOST_TEST(at_most_by_definition(low, n, p) > 0.025);
      BOOST_TEST(1 - at_most_by_definition(high - 1, n, p) <= 0.025 + 1e-12);
      BOOST_TEST(1 - at_most_by_definition(high - 2, n, p) > 0.025);
      BOOST_TEST((made.low <= made.value && made.value <= made.high));
    }
}

BOOST_AUTO_TEST_CASE(intervals_hold_the_truth_nineteen_times_in_twenty) {
  struct Case {
    double percentile;
    std::uint64_t samples;
  };
  for (const auto& [percentile, samples] :
       {Case{50, 40}, Case{90, 200}, Case{95, 150}, Case{99, 800}}) {
    const double truth = -std::log(1 - percentile / 100);  // of an exponential with mean 1
    constexpr int rounds = 1000;
    int held = 0;
    Random random(static_cast<std::uint64_t>(percentile * 10), samples);
    for (int round = 0; round < rounds; ++round) {
      Histogram histogram;
      for (std::uint64_t i = 0; i < samples; ++i)
        histogram.record(nanoseconds(static_cast<std::int64_t>(random.exponential() * 1e9)));
      const auto made = estimate(histogram, percentile);
      if (made.low <= truth * 1000ms && truth * 1000ms <= made.high) ++held;
    }
    // At least 95 % by construction, a little more as ranks are whole; 1,000 rounds tell to 2 %.
    BOOST_TEST(held >= rounds * 0.93, percentile << " of " << samples << ": " << held);
    BOOST_TEST(held <= rounds * 0.995, percentile << " of " << samples << ": " << held);
  }
}

BOOST_AUTO_TEST_CASE(failures_take_the_top_ranks_and_say_at_least) {
  const Histogram completed = one_to(960);
  const auto median = estimate(completed, 50, 40, 30s);
  BOOST_TEST(median.samples == 1000u);
  BOOST_TEST(!median.at_least);
  BOOST_TEST(!median.high_at_least);
  BOOST_TEST(near(median.value, 500ms));

  const auto p99 = estimate(completed, 99, 40, 30s);
  BOOST_TEST(p99.at_least);
  BOOST_TEST((p99.value == 30s));
  BOOST_TEST((p99.high == 30s));

  const auto p95 = estimate(completed, 95, 40, 30s);  // rank 950; its interval reaches beyond 960
  BOOST_TEST(!p95.at_least);
  BOOST_TEST(near(p95.value, 950ms));
  BOOST_TEST(p95.high_at_least);
  BOOST_TEST((p95.high == 30s));
}

BOOST_AUTO_TEST_CASE(when_everything_failed_every_percentile_is_at_least_the_timeout) {
  const auto all_failed = estimate(Histogram(), 50, 100, 10s);
  BOOST_TEST(all_failed.enough);
  BOOST_TEST(all_failed.at_least);
  BOOST_TEST((all_failed.low == 10s && all_failed.value == 10s && all_failed.high == 10s));
}

BOOST_AUTO_TEST_CASE(a_timeout_below_the_slowest_answer_does_not_break_the_order) {
  const auto made = estimate(one_to(1000), 99.5, 20, 100ms);
  BOOST_TEST(made.at_least);
  BOOST_TEST((made.low <= made.value && made.value <= made.high));
}

BOOST_AUTO_TEST_CASE(large_samples_have_narrow_intervals_as_the_normal_law_says) {
  for (const std::uint64_t n : {1'000'000ull, 100'000'000ull, 10'000'000'000ull})
    for (const double percentile : {50.0, 99.0, 99.9}) {
      Histogram histogram;
      // As many values in each of a thousand steps, so ranks show in values to a thousandth.
      for (int step = 1; step <= 1000; ++step)
        histogram.record(std::chrono::seconds(step), n / 1000);
      const auto made = estimate(histogram, percentile);
      const double p = percentile / 100;
      const double deviation = 1000 * std::sqrt(p * (1 - p) / static_cast<double>(n));
      BOOST_TEST(std::abs(made.low / 1.0s - (1000 * p - 1.96 * deviation)) <= 1.5);
      BOOST_TEST(std::abs(made.high / 1.0s - (1000 * p + 1.96 * deviation)) <= 1.5);
    }
}

BOOST_AUTO_TEST_CASE(counts_that_only_a_liar_has_are_survived) {
  Histogram histogram;
  histogram.record(1s, Histogram::count_limit);
  for (const double percentile : {0.1, 50.0, 99.99}) {
    const auto made = estimate(histogram, percentile, Histogram::count_limit, 2s);
    BOOST_TEST((made.low <= made.value && made.value <= made.high));
  }
  BOOST_TEST(surely_failed(99, Histogram::count_limit / 2, Histogram::count_limit));
  BOOST_TEST(!surely_failed(99, 1, Histogram::count_limit));
}

BOOST_AUTO_TEST_CASE(billions_of_samples_keep_the_exact_rank) {
  Histogram histogram;
  histogram.record(1ms, 1'000'000'000);
  histogram.record(2ms, 1'000'000'000);
  BOOST_TEST((estimate_percentile({&histogram, 0, 0ns}, 50).value < 1500us));
  histogram.record(3ms, 2);
  BOOST_TEST((estimate_percentile({&histogram, 0, 0ns}, 50).value > 1500us),
             "slack against rounding took a rank off");
}

BOOST_AUTO_TEST_CASE(the_interval_of_a_share_is_that_of_clopper_and_pearson) {
  // Tabulated: 5 of 10 is 0.1871 to 0.8129, 1 of 20 is 0.0013 to 0.2487.
  const auto half = estimate_share(5, 10);
  BOOST_TEST(half.share == 0.5);
  BOOST_TEST(half.low == 0.1871, boost::test_tools::tolerance(0.001));
  BOOST_TEST(half.high == 0.8129, boost::test_tools::tolerance(0.001));
  const auto few = estimate_share(1, 20);
  BOOST_TEST(few.low == 0.001265, boost::test_tools::tolerance(0.001));
  BOOST_TEST(few.high == 0.2487, boost::test_tools::tolerance(0.001));
  BOOST_TEST(estimate_share(0, 30).low == 0.0);
  BOOST_TEST(estimate_share(30, 30).high == 1.0);
  BOOST_TEST(estimate_share(30, 30).low == std::pow(0.025, 1.0 / 30),
             boost::test_tools::tolerance(1e-9));
}
