// scenarios/load/random, portable_math, distribution: the sources of chance.

#include "scenarios/load/random.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <vector>

#include "scenarios/load/distribution.hpp"
#include "scenarios/load/portable_math.hpp"

using namespace squall::scenarios;

namespace {

struct Moments {
  double mean = 0;
  double deviation = 0;
};

constexpr int sample_count = 200'000;

Moments moments_of(const std::function<double()>& draw) {
  double sum = 0, squares = 0;
  for (int i = 0; i < sample_count; ++i) {
    const double value = draw();
    sum += value;
    squares += value * value;
  }
  const double mean = sum / sample_count;
  return {mean, std::sqrt(squares / sample_count - mean * mean)};
}

Moments moments_of(const Distribution& distribution, std::uint64_t seed) {
  Random random(seed);
  return moments_of([&] { return distribution.sample(random); });
}

// Five standard errors of a mean: a right generator misses it once in two million seeds.
double mean_bound(double deviation) { return 5 * deviation / std::sqrt(sample_count); }

constexpr double everything = 1e300;

}  // namespace

BOOST_AUTO_TEST_CASE(portable_logarithm_and_exponential_agree_with_the_library) {
  for (int i = -3000; i <= 3000; ++i) {
    const double x = i * 0.1 + 0.0137;
    BOOST_TEST(std::abs(portable_exp(x) / std::exp(x) - 1) < 2e-15);
    BOOST_TEST(std::abs(portable_log(std::exp(x)) - std::log(std::exp(x))) <= 1e-15 * std::abs(x));
  }
  BOOST_TEST(portable_log(1.0) == 0.0);
  BOOST_TEST(portable_exp(0.0) == 1.0);
  // Near 1 the relative error counts: the logarithm itself is tiny there.
  for (int i = 1; i < 1000; ++i) {
    const double x = 1 - i * 1e-6;
    BOOST_TEST(std::abs(portable_log(x) / std::log(x) - 1) < 1e-15);
  }
}

BOOST_AUTO_TEST_CASE(exponential_stays_finite_at_any_argument) {
  BOOST_TEST(std::isfinite(portable_exp(1e300)));
  BOOST_TEST(portable_exp(-1e300) > 0);
}

BOOST_AUTO_TEST_CASE(same_names_give_the_same_stream_and_others_do_not) {
  Random first(1, 2, 3), same(1, 2, 3);
  for (int i = 0; i < 100; ++i) BOOST_TEST(first.next() == same.next());
  const std::uint64_t value = Random(1, 2, 3).next();
  BOOST_TEST(value != Random(2, 2, 3).next());
  BOOST_TEST(value != Random(1, 3, 3).next());
  BOOST_TEST(value != Random(1, 2, 4).next());
  BOOST_TEST(value != Random(1, 3, 2).next());  // names are not just added up
  BOOST_TEST(value != Random(2, 1, 3).next());
}

BOOST_AUTO_TEST_CASE(streams_hold_the_values_that_every_machine_must_give) {
  Random random(42, 7, 9);
  BOOST_TEST(random.next() == 0x1013F4CD5900FDABull);
  BOOST_TEST(random.next() == 0x5E035013A913AA9Cull);
  BOOST_TEST(Random(1).exponential() == 0x1.126a0baf45a61p-1);
  BOOST_TEST(Random(1).normal() == -0x1.949b893321bcp-4);
}

BOOST_AUTO_TEST_CASE(neighbouring_streams_are_uncorrelated) {
  // The mean product of two independent uniforms about their means is 0 +- 1/12 / sqrt(n).
  double products = 0;
  for (int index = 0; index < sample_count; ++index) {
    const auto i = static_cast<std::uint64_t>(index);
    products += (Random(1, 1, i).uniform() - 0.5) * (Random(1, 1, i + 1).uniform() - 0.5);
  }
  BOOST_TEST(std::abs(products / sample_count) < mean_bound(1.0 / 12));
}

BOOST_AUTO_TEST_CASE(uniform_fills_the_half_open_unit_interval_evenly) {
  Random random(5);
  std::vector<int> bins(100);
  for (int i = 0; i < sample_count; ++i) {
    const double value = random.uniform();
    BOOST_REQUIRE(value >= 0);
    BOOST_REQUIRE(value < 1);
    ++bins[static_cast<std::size_t>(value * 100)];
  }
  double chi_square = 0;
  for (const int count : bins) chi_square += std::pow(count - sample_count / 100.0, 2);
  chi_square /= sample_count / 100.0;
  BOOST_TEST(chi_square < 99 + 5 * std::sqrt(2.0 * 99));  // 99 degrees of freedom
}

BOOST_AUTO_TEST_CASE(exponential_and_normal_have_their_moments) {
  Random random(3);
  const Moments exponential = moments_of([&] { return random.exponential(); });
  BOOST_TEST(std::abs(exponential.mean - 1) < mean_bound(1));
  BOOST_TEST(std::abs(exponential.deviation - 1) < 0.02);
  const Moments normal = moments_of([&] { return random.normal(); });
  BOOST_TEST(std::abs(normal.mean) < mean_bound(1));
  BOOST_TEST(std::abs(normal.deviation - 1) < 0.01);
}

BOOST_AUTO_TEST_CASE(normal_has_the_tails_of_a_normal) {
  Random random(8);
  int beyond_two = 0;
  for (int i = 0; i < sample_count; ++i) beyond_two += std::abs(random.normal()) > 2 ? 1 : 0;
  const double share = std::erfc(std::sqrt(2.0));  // 0.0455
  const double error = std::sqrt(share * (1 - share) / sample_count);
  BOOST_TEST(std::abs(double(beyond_two) / sample_count - share) < 5 * error);
}

BOOST_AUTO_TEST_CASE(lognormal_has_the_mean_and_deviation_of_the_variable_itself) {
  using Shape = Distribution::Shape;
  const Moments lengths = moments_of({Shape::lognormal, 64, 32, 0, everything}, 1);
  BOOST_TEST(std::abs(lengths.mean - 64) < mean_bound(32));
  BOOST_TEST(std::abs(lengths.deviation - 32) < 1);
  const Moments times = moments_of({Shape::lognormal, 0.5, 0.1, 0, everything}, 2);
  BOOST_TEST(std::abs(times.mean - 0.5) < mean_bound(0.1));
  BOOST_TEST(std::abs(times.deviation - 0.1) < 0.002);
}

BOOST_AUTO_TEST_CASE(every_shape_has_its_mean_and_deviation) {
  using Shape = Distribution::Shape;
  const Moments normal = moments_of({Shape::normal, 10, 2, -everything, everything}, 1);
  BOOST_TEST(std::abs(normal.mean - 10) < mean_bound(2));
  BOOST_TEST(std::abs(normal.deviation - 2) < 0.05);
  const Moments exponential = moments_of({Shape::exponential, 3, 0, 0, everything}, 1);
  BOOST_TEST(std::abs(exponential.mean - 3) < mean_bound(3));
  BOOST_TEST(std::abs(exponential.deviation - 3) < 0.06);
  const Moments uniform = moments_of({Shape::uniform, 0, 0, 2, 8}, 1);
  BOOST_TEST(std::abs(uniform.mean - 5) < mean_bound(std::sqrt(3.0)));
  BOOST_TEST(std::abs(uniform.deviation - std::sqrt(3.0)) < 0.02);
  const Moments constant = moments_of(Distribution::constant(4), 1);
  BOOST_TEST(constant.mean == 4.0);
  BOOST_TEST(constant.deviation == 0.0);
}

BOOST_AUTO_TEST_CASE(no_deviation_means_the_mean_itself) {
  using Shape = Distribution::Shape;
  Random random(1);
  BOOST_TEST((Distribution{Shape::normal, 10, 0, 0, 100}.sample(random)) == 10.0);
  BOOST_TEST(std::abs(Distribution{Shape::lognormal, 10, 0, 0, 100}.sample(random) - 10) < 1e-12);
}

BOOST_AUTO_TEST_CASE(samples_stay_within_minimum_and_maximum) {
  using Shape = Distribution::Shape;
  for (const Shape shape : {Shape::uniform, Shape::normal, Shape::lognormal, Shape::exponential}) {
    const Distribution distribution{shape, 50, 500, 8, 64};
    Random random(9);
    for (int i = 0; i < 10'000; ++i) {
      const double value = distribution.sample(random);
      BOOST_REQUIRE(value >= 8);
      BOOST_REQUIRE(value <= 64);
    }
  }
}
