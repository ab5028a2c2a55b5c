#include "actors/metrics/histogram.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "scenarios/load/random.hpp"

using namespace squall::actors;
using namespace std::chrono_literals;
using squall::scenarios::Random;

namespace {

/// Durations from nanoseconds to hours, evenly over the orders of magnitude.
nanoseconds any_duration(Random& random) {
  return nanoseconds(static_cast<std::int64_t>(std::exp(random.uniform() * std::log(1e14))));
}

nanoseconds answer_time(Random& random) {
  return nanoseconds(static_cast<std::int64_t>(std::exp(19 + random.normal())));
}

std::vector<nanoseconds> draw(std::size_t count, std::uint64_t seed, nanoseconds (*one)(Random&)) {
  Random random(seed);
  std::vector<nanoseconds> values(count);
  for (auto& value : values) value = one(random);
  return values;
}

Histogram histogram_of(const std::vector<nanoseconds>& values) {
  Histogram histogram;
  for (const auto value : values) histogram.record(value);
  return histogram;
}

bool within_resolution(nanoseconds got, nanoseconds exact) {
  const auto off = static_cast<double>(std::abs((got - exact).count()));
  return off <= std::max(500.0, 0.001 * static_cast<double>(exact.count()));
}

void check_ranks(std::vector<nanoseconds> values) {
  const Histogram histogram = histogram_of(values);
  std::sort(values.begin(), values.end());
  const std::size_t step = std::max<std::size_t>(1, values.size() / 997);
  std::size_t wrong = 0;
  for (std::size_t rank = 1; rank <= values.size(); rank += step)
    if (!within_resolution(histogram.value_at_rank(rank), values[rank - 1])) ++wrong;
  BOOST_TEST(wrong == 0u);
  for (const unsigned percentile : {1U, 50U, 95U, 99U, 100U}) {
    const std::size_t rank = (values.size() * percentile + 99) / 100;
    BOOST_TEST((histogram.value_at_percentile(percentile) == histogram.value_at_rank(rank)));
  }
  BOOST_TEST((histogram.value_at_rank(values.size()) <= values.back()));
  BOOST_TEST((histogram.value_at_rank(1) >= values.front()));
  BOOST_TEST((histogram.minimum() == values.front()));
  BOOST_TEST((histogram.maximum() == values.back()));
}

Histogram::Parts honest_parts() {
  Histogram histogram;
  for (const auto value : {3ns, nanoseconds(5ms), nanoseconds(6ms), nanoseconds(2s)})
    histogram.record(value);
  return histogram.parts();
}

}  // namespace

BOOST_AUTO_TEST_CASE(values_at_ranks_are_those_of_an_exact_sort_to_a_thousandth) {
  check_ranks(draw(100'000, 1, any_duration));
  check_ranks(draw(300'000, 2, answer_time));
  check_ranks(draw(1, 3, any_duration));
  check_ranks(draw(2, 4, any_duration));
}

BOOST_AUTO_TEST_CASE(every_value_up_to_38_hours_is_told_to_a_thousandth) {
  for (nanoseconds value = 1ns; value < 38h; value += value / 37 + 1ns) {
    Histogram histogram;
    histogram.record(0ns);
    histogram.record(value);
    histogram.record(38h);  // so that clamping to the extremes cannot help
    BOOST_REQUIRE_MESSAGE(within_resolution(histogram.value_at_rank(2), value),
                          value.count()
                              << " ns came back as " << histogram.value_at_rank(2).count());
    BOOST_REQUIRE(histogram.overflow() == 0u);
  }
}

BOOST_AUTO_TEST_CASE(durations_below_the_unit_are_ordinary_values) {
  Histogram histogram;
  histogram.record(0ns);
  histogram.record(400ns);
  histogram.record(999ns);
  histogram.record(20us);
  BOOST_TEST(histogram.count() == 4u);
  BOOST_TEST(histogram.underflow() == 0u);
  BOOST_TEST((histogram.sum() == 21399ns));
  BOOST_TEST((histogram.minimum() == 0ns));
  BOOST_TEST((histogram.value_at_rank(2) == 500ns));
  BOOST_TEST((histogram.value_at_rank(4) == 20us));  // the maximum is exact
  const auto counts = histogram.parts().counts;
  BOOST_REQUIRE(counts.size() == 2u);
  BOOST_TEST((counts[0] == std::pair<std::uint32_t, std::uint64_t>(0, 3)));
  BOOST_TEST((counts[1] == std::pair<std::uint32_t, std::uint64_t>(20, 1)));
}

BOOST_AUTO_TEST_CASE(negative_and_immense_values_are_counted_apart_and_keep_their_ranks) {
  Histogram histogram;
  histogram.record(-3us, 2);
  histogram.record(1ms, 5);
  histogram.record(40h);
  histogram.record(nanoseconds::max());
  histogram.record(nanoseconds::min());
  BOOST_TEST(histogram.count() == 10u);
  BOOST_TEST(histogram.underflow() == 3u);
  BOOST_TEST(histogram.overflow() == 2u);
  BOOST_TEST((histogram.value_at_rank(3) == nanoseconds::min()));
  BOOST_TEST(within_resolution(histogram.value_at_rank(4), 1ms));
  BOOST_TEST((histogram.value_at_rank(9) == nanoseconds::max()));
}

BOOST_AUTO_TEST_CASE(the_range_holds_at_least_nineteen_hours) {
  Histogram histogram;
  histogram.record(19h);
  histogram.record(38h);
  BOOST_TEST(histogram.overflow() == 0u);
  histogram.record(39h);
  BOOST_TEST(histogram.overflow() == 1u);
}

BOOST_AUTO_TEST_CASE(sum_and_mean_are_exact) {
  const auto values = draw(10'000, 5, answer_time);
  nanoseconds sum{0};
  for (const auto value : values) sum += value;
  const Histogram histogram = histogram_of(values);
  BOOST_TEST((histogram.sum() == sum));
  BOOST_TEST((histogram.mean() == sum / 10'000));
}

BOOST_AUTO_TEST_CASE(merged_parts_are_the_whole_in_any_order) {
  auto values = draw(20'000, 6, any_duration);
  values.insert(values.end(), {-1ns, -5s, 50h, 60h});
  const Histogram whole = histogram_of(values);
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<Histogram> parts(1 + random.next() % 9);
    for (const auto value : values) parts[random.next() % parts.size()].record(value);
    Histogram merged;
    while (!parts.empty()) {
      const auto at = parts.begin() + static_cast<std::ptrdiff_t>(random.next() % parts.size());
      merged.merge(*at);
      parts.erase(at);
    }
    BOOST_REQUIRE((merged == whole));
    BOOST_REQUIRE((merged.parts().counts == whole.parts().counts));
  }
}

BOOST_AUTO_TEST_CASE(merging_sums_that_no_run_can_have_stays_defined_and_commutes) {
  Histogram a, b;
  a.record(nanoseconds::max(), 3);
  b.record(nanoseconds::max() - 5ns, 1'000'000);
  Histogram ab = a, ba = b;
  ab.merge(b);
  ba.merge(a);
  BOOST_TEST((ab == ba));
}

BOOST_AUTO_TEST_CASE(equality_is_of_contents_and_not_of_how_they_came) {
  Histogram small_first, large_first, larger_before;
  small_first.record(1us);
  small_first.record(1h);
  large_first.record(1h);
  large_first.record(1us);
  BOOST_TEST((small_first == large_first));
  Histogram empty;
  larger_before.merge(small_first);
  larger_before.merge(empty);
  BOOST_TEST((larger_before == small_first));
  BOOST_TEST(!(larger_before == empty));
  larger_before.record(1us);
  BOOST_TEST(!(larger_before == small_first));
}

BOOST_AUTO_TEST_CASE(count_above_counts_what_an_exact_count_does_to_resolution) {
  auto values = draw(20'000, 8, answer_time);
  const Histogram histogram = histogram_of(values);
  std::sort(values.begin(), values.end());
  const auto exact = [&](nanoseconds limit) {
    return static_cast<std::uint64_t>(values.end() -
                                      std::upper_bound(values.begin(), values.end(), limit));
  };
  for (nanoseconds limit = 1ms; limit < 5s; limit += limit / 5) {
    BOOST_TEST(histogram.count_above(limit) <= exact(limit - limit / 1000 - 500ns));
    BOOST_TEST(histogram.count_above(limit) >= exact(limit + limit / 1000 + 500ns));
  }
  BOOST_TEST(histogram.count_above(histogram.maximum()) == 0u);
  BOOST_TEST(histogram.count_above(-1ns) == 20'000u);
  Histogram immense;
  immense.record(40h);
  BOOST_TEST(immense.count_above(39h) == 1u);
  BOOST_TEST(immense.count_above(41h) == 0u);
  BOOST_TEST(Histogram().count_above(0ns) == 0u);
}

BOOST_AUTO_TEST_CASE(a_histogram_survives_being_taken_apart) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed, 9);
    Histogram histogram;
    for (std::uint64_t i = random.next() % 200; i > 0; --i)
      histogram.record(any_duration(random) - (random.next() % 5 == 0 ? 10s : 0s),
                       1 + random.next() % 3);
    if (random.next() % 3 == 0) histogram.record(100h);
    const auto again = Histogram::from_parts(histogram.parts());
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST((*again == histogram));
  }
}

BOOST_AUTO_TEST_CASE(parts_that_cannot_be_a_histogram_are_refused) {
  BOOST_REQUIRE(Histogram::from_parts(honest_parts()).has_value());
  BOOST_REQUIRE(Histogram::from_parts({}).has_value());
  const auto refused = [](const char* what, auto spoil) {
    Histogram::Parts parts = honest_parts();
    spoil(parts);
    BOOST_TEST(!Histogram::from_parts(parts).has_value(), "accepted " << what);
  };
  refused("an index outside the layout",
          [](auto& p) { p.counts.back().first = Histogram::bucket_limit; });
  refused("the largest index", [](auto& p) { p.counts.back().first = ~0u; });
  refused("indices that descend", [](auto& p) { std::swap(p.counts[1], p.counts[2]); });
  refused("an index twice", [](auto& p) { p.counts[2].first = p.counts[1].first; });
  refused("a zero count", [](auto& p) { p.counts[1].second = 0; });
  refused("a count beyond all reason", [](auto& p) { p.counts[1].second = ~std::uint64_t{0}; });
  refused("counts whose total wraps around", [](auto& p) {
    p.counts[1].second = std::uint64_t{1} << 63;
    p.counts[2].second = std::uint64_t{1} << 63;
  });
  refused("an underflow without a negative value", [](auto& p) { p.underflow = 1; });
  refused("a negative minimum without an underflow", [](auto& p) { p.minimum = -1ns; });
  refused("an overflow without a large value", [](auto& p) { p.overflow = 1; });
  refused("a maximum in another bucket", [](auto& p) { p.maximum = 3s; });
  refused("a maximum beyond the range", [](auto& p) { p.maximum = nanoseconds::max(); });
  refused("a minimum in another bucket", [](auto& p) { p.minimum = 1ms; });
  refused("a minimum above the maximum", [](auto& p) { p.minimum = 3s; });
  refused("a sum that is too small", [](auto& p) { p.sum = 11ns; });
  refused("a sum that is too large", [](auto& p) { p.sum = 9s; });
  refused("a negative sum", [](auto& p) { p.sum = nanoseconds::min(); });
  refused("no counts but extremes", [](auto& p) { p.counts.clear(); });
  refused("an empty histogram with a sum", [](auto& p) { (p = {}).sum = 1ns; });
  refused("an empty histogram with a maximum", [](auto& p) { (p = {}).maximum = 1ns; });
  refused("only overflow, but an ordinary minimum", [](auto& p) { p = {{}, 0, 2, 50h, 1h, 49h}; });
  refused("only underflow, but a positive maximum", [](auto& p) { p = {{}, 2, 0, 0ns, -1s, 1s}; });
}

BOOST_AUTO_TEST_CASE(parts_with_random_damage_are_refused_or_consistent) {
  Random random(10);
  int accepted = 0;
  for (int round = 0; round < 5'000; ++round) {
    Histogram::Parts parts = honest_parts();
    for (std::uint64_t edits = 1 + random.next() % 3; edits > 0; --edits) {
      auto& [index, count] = parts.counts[random.next() % parts.counts.size()];
      const std::uint64_t bits = random.next() >> random.next() % 64;
      switch (random.next() % 7) {
        case 0:
          index = static_cast<std::uint32_t>(bits);
          break;
        case 1:
          count = bits;
          break;
        case 2:
          parts.underflow = bits;
          break;
        case 3:
          parts.overflow = bits;
          break;
        case 4:
          parts.sum = nanoseconds(static_cast<std::int64_t>(bits));
          break;
        case 5:
          parts.minimum = nanoseconds(static_cast<std::int64_t>(bits));
          break;
        default:
          parts.maximum = nanoseconds(static_cast<std::int64_t>(bits));
          break;
      }
    }
    const auto made = Histogram::from_parts(parts);
    if (!made || made->count() == 0) continue;
    ++accepted;
    BOOST_REQUIRE((made->parts().counts == parts.counts));
    BOOST_REQUIRE((made->value_at_rank(1) >= made->minimum()));
    BOOST_REQUIRE((made->value_at_rank(made->count()) <= made->maximum()));
    BOOST_REQUIRE((made->mean() >= made->minimum() && made->mean() <= made->maximum()));
  }
  BOOST_TEST(accepted > 0);  // some damage leaves a histogram that could have been
}

BOOST_AUTO_TEST_CASE(few_and_many_values_merge_to_the_same_histogram_as_one_by_one) {
  for (const std::size_t size : {1u, 7u, 100u, 128u, 129u, 200u, 3000u}) {
    const auto values = draw(size, size, answer_time);
    const Histogram whole = histogram_of(values);
    for (const std::size_t piece : {1u, 10u, 90u, 150u}) {
      Histogram merged;
      for (std::size_t i = 0; i < values.size(); i += piece) {
        const auto end = std::min(i + piece, values.size());
        Histogram part;
        for (std::size_t j = i; j < end; ++j) part.record(values[j]);
        merged.merge(part);
      }
      BOOST_REQUIRE((merged == whole));
      Histogram large_first = whole;  // an array that takes lists, and a list that takes arrays
      large_first.merge(merged);
      Histogram small_first = histogram_of({values[0]});
      small_first.merge(whole);
      BOOST_REQUIRE(large_first.count() == 2 * size);
      BOOST_REQUIRE(small_first.count() == size + 1);
      BOOST_REQUIRE((large_first.value_at_rank(2 * size) == whole.value_at_rank(size)));
      BOOST_REQUIRE((*Histogram::from_parts(merged.parts()) == whole));
    }
    auto sorted = values;
    std::ranges::sort(sorted);
    for (const std::size_t rank : {std::size_t{1}, (size + 1) / 2, size})
      BOOST_REQUIRE(within_resolution(whole.value_at_rank(rank), sorted[rank - 1]));
    BOOST_REQUIRE(whole.count_above(whole.maximum()) == 0u);
    BOOST_REQUIRE(whole.count_above(-1ns) == size);
  }
}

BOOST_AUTO_TEST_CASE(without_buckets_number_sum_and_extremes_stay_right) {
  const auto values = draw(500, 9, any_duration);
  const Histogram whole = histogram_of(values);
  Histogram counted;
  for (const auto value : values) counted.merge_without_buckets(histogram_of({value}));
  BOOST_TEST(counted.count() == whole.count());
  BOOST_TEST((counted.sum() == whole.sum()));
  BOOST_TEST((counted.minimum() == whole.minimum()));
  BOOST_TEST((counted.maximum() == whole.maximum()));
}
