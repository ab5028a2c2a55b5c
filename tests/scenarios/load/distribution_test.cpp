// scenarios/load/distribution: shapes with several modes or values, and true quantiles.

#include "scenarios/load/distribution.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <vector>

#include "scenarios/load/portable_math.hpp"

using namespace squall::scenarios;

namespace {

using Shape = Distribution::Shape;

constexpr double everything = 1e300;

std::vector<std::pair<const char*, Distribution>> continuous() {
  return {
      {"uniform", {Shape::uniform, 5, 0, 2, 8, {}}},
      {"normal", {Shape::normal, 10, 3, -everything, everything, {}}},
      {"clamped normal", {Shape::normal, 10, 3, 8, 12, {}}},
      {"lognormal", {Shape::lognormal, 0.5, 0.4, 0, everything, {}}},
      {"exponential", {Shape::exponential, 0.2, 0, 0, everything, {}}},
      {"bounded exponential", {Shape::exponential, 0.2, 0, 0.05, 0.5, {}}},
      {"bimodal", Distribution::bimodal(0.05, 0.5, 0.1, 0.004, 0, everything)},
      {"overlapping modes", Distribution::bimodal(1, 2, 0.4, 0.8, -everything, everything)},
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(normal_shares_and_quantiles_are_those_of_the_tables) {
  for (int i = -3500; i <= 800; ++i) {
    const double x = i * 0.01;
    BOOST_TEST(std::abs(normal_share_below(x) / (0.5 * std::erfc(-x / std::sqrt(2.0))) - 1) <
               1e-12);
  }
  BOOST_TEST(std::abs(normal_quantile(0.975) - 1.959963984540054) < 1e-13);
  BOOST_TEST(std::abs(normal_quantile(0.999) - 3.090232306167813) < 1e-13);
  BOOST_TEST(normal_quantile(0.5) == 0.0);
  for (double p = 1e-12; p < 0.5; p *= 1.7) {
    BOOST_TEST(std::abs(normal_share_below(normal_quantile(p)) / p - 1) < 1e-12);
    BOOST_TEST(std::abs(normal_quantile(1 - p) + normal_quantile(p)) <
               1e-15 / p + 1e-12);  // 1 - p is rounded
  }
}

BOOST_AUTO_TEST_CASE(quantiles_are_what_samples_tend_to) {
  constexpr int samples = 200'000;
  for (const auto& [name, distribution] : continuous()) {
    BOOST_TEST_CONTEXT(name) {
      Random random(31);
      std::vector<double> values(samples);
      for (double& value : values) value = distribution.sample(random);
      for (const double p : {0.001, 0.05, 0.3, 0.5, 0.8, 0.89, 0.95, 0.99, 0.999}) {
        const double quantile = distribution.quantile(p);
        const double below = static_cast<double>(std::count_if(
            values.begin(), values.end(), [&](double value) { return value < quantile; }));
        const double at_most = static_cast<double>(std::count_if(
            values.begin(), values.end(), [&](double value) { return value <= quantile; }));
        // Five standard errors of a share; at a bound many samples are equal to the quantile.
        const double error = 5 * std::sqrt(p * (1 - p) / samples);
        BOOST_TEST(below / samples <= p + error, "p" << p);
        BOOST_TEST(at_most / samples >= p - error, "p" << p);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(quantiles_of_known_laws_are_exact) {
  const Distribution exponential{Shape::exponential, 2, 0, 0, everything, {}};
  BOOST_TEST(std::abs(exponential.quantile(0.99) - 2 * std::log(100.0)) < 1e-12);
  const Distribution uniform{Shape::uniform, 0, 0, 10, 20, {}};
  BOOST_TEST(std::abs(uniform.quantile(0.9) - 19) < 1e-12);
  BOOST_TEST(Distribution::constant(7).quantile(0.999) == 7.0);
  // Two modes far apart: 90 % of a share p below 0.9 lies in the first.
  const Distribution modes = Distribution::bimodal(0.05, 0.5, 0.1, 0.004, 0, everything);
  BOOST_TEST(std::abs(modes.quantile(0.45) - 0.05) < 1e-9);
  BOOST_TEST(std::abs(modes.quantile(0.95) - 0.5) < 1e-9);
  BOOST_TEST(std::abs(modes.quantile(0.99) - (0.5 + 0.004 * normal_quantile(0.9))) < 1e-9);
}

BOOST_AUTO_TEST_CASE(quantiles_never_decrease_and_keep_the_bounds) {
  for (const auto& [name, distribution] : continuous()) {
    double before = -everything;
    int wrong = 0;
    for (int i = 1; i < 2000; ++i) {
      const double quantile = distribution.quantile(i / 2000.0);
      wrong +=
          quantile < before || quantile < distribution.minimum || quantile > distribution.maximum
              ? 1
              : 0;
      before = quantile;
    }
    BOOST_TEST(wrong == 0, name);
  }
}

BOOST_AUTO_TEST_CASE(values_come_as_often_as_their_weights_say) {
  const Distribution seen = Distribution::empirical({{64, 3}, {16, 5}, {256, 2}});
  BOOST_TEST(seen.minimum == 16.0);
  BOOST_TEST(seen.maximum == 256.0);
  Random random(6);
  std::map<double, int> counts;
  for (int i = 0; i < 100'000; ++i) ++counts[seen.sample(random)];
  BOOST_TEST(counts.size() == 3u);
  BOOST_TEST(std::abs(counts[16] - 50'000) < 5 * 158);
  BOOST_TEST(std::abs(counts[64] - 30'000) < 5 * 145);
  BOOST_TEST(std::abs(counts[256] - 20'000) < 5 * 126);
  BOOST_TEST(seen.quantile(0.4) == 16.0);
  BOOST_TEST(seen.quantile(0.51) == 64.0);
  BOOST_TEST(seen.quantile(0.79) == 64.0);
  BOOST_TEST(seen.quantile(0.9) == 256.0);
}

BOOST_AUTO_TEST_CASE(both_modes_have_their_share_mean_and_deviation) {
  const Distribution modes = Distribution::bimodal(10, 50, 0.25, 2, 0, 100);
  Random random(12);
  double sums[2] = {}, squares[2] = {}, counts[2] = {};
  for (int i = 0; i < 100'000; ++i) {
    const double value = modes.sample(random);
    const int mode = value > 30 ? 1 : 0;
    sums[mode] += value;
    squares[mode] += value * value;
    ++counts[mode];
  }
  BOOST_TEST(std::abs(counts[1] - 25'000) < 5 * 137);
  for (int mode = 0; mode < 2; ++mode) {
    const double mean = sums[mode] / counts[mode];
    BOOST_TEST(std::abs(mean - (mode == 0 ? 10 : 50)) < 5 * 2 / std::sqrt(counts[mode]));
    BOOST_TEST(std::abs(std::sqrt(squares[mode] / counts[mode] - mean * mean) - 2) < 0.05);
  }
}

BOOST_AUTO_TEST_CASE(gamma_variables_have_the_mean_and_variance_of_their_shape) {
  for (const double shape : {0.04, 0.5, 1.0, 4.0, 100.0}) {
    Random random(21);
    constexpr int samples = 200'000;
    double sum = 0, squares = 0;
    for (int i = 0; i < samples; ++i) {
      const double value = random.gamma(shape);
      BOOST_REQUIRE(value >= 0);
      sum += value;
      squares += value * value;
    }
    const double mean = sum / samples;
    const double variance = squares / samples - mean * mean;
    BOOST_TEST(std::abs(mean - shape) < 5 * std::sqrt(shape / samples));
    // The fourth moment of a gamma variable: 3 a^2 + 6 a.
    BOOST_TEST(std::abs(variance - shape) <
               5 * std::sqrt((2 * shape * shape + 6 * shape) / samples));
  }
}
