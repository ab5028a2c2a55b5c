// The universal scalability law: fitted where it is known, with noise, at its borders.

#include "coordinator/plan/law/scaling_law.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "scenarios/load/random.hpp"

using namespace squall::coordinator;

namespace {

const std::vector<double> usual_levels{1, 2, 4, 8, 16, 24, 32, 48, 64};

std::vector<LevelPoint> measured(const UslCoefficients& truth, const std::vector<double>& levels,
                                 double noise = 0, std::uint64_t seed = 1) {
  squall::scenarios::Random random(seed);
  std::vector<LevelPoint> points;
  for (const double users : levels)
    points.push_back({users, truth.throughput(users) * (1 + noise * random.normal())});
  return points;
}

bool near(double value, double truth, double tolerance) {
  return std::abs(value - truth) <= tolerance * std::abs(truth);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_known_law_is_recovered) {
  const UslCoefficients truth{12.5, 0.02, 0.0005};
  const auto law = fit_scaling_law(measured(truth, usual_levels), 1);
  BOOST_REQUIRE(law.has_value());
  BOOST_TEST(near(law->fitted.lambda, 12.5, 1e-6));
  BOOST_TEST(near(law->fitted.sigma, 0.02, 1e-6));
  BOOST_TEST(near(law->fitted.kappa, 0.0005, 1e-6));
  BOOST_TEST(near(*law->fitted.peak(), std::sqrt(0.98 / 0.0005), 1e-6));  // 44.3
  for (const double residual : law->residuals) BOOST_TEST(std::abs(residual) < 1e-9);
}

BOOST_AUTO_TEST_CASE(straight_growth_has_no_contention_and_no_peak) {
  const auto law = fit_scaling_law(measured({3, 0, 0}, usual_levels), 1);
  BOOST_REQUIRE(law.has_value());
  BOOST_TEST(near(law->fitted.lambda, 3, 1e-9));
  BOOST_TEST(law->fitted.sigma < 1e-9);
  BOOST_TEST(law->fitted.kappa < 1e-9);
  BOOST_TEST((!law->fitted.peak() || *law->fitted.peak() > 1e4));
}

BOOST_AUTO_TEST_CASE(coefficients_are_never_negative) {
  // Better than straight: a plain polynomial would have a negative contention.
  std::vector<LevelPoint> points;
  for (const double users : usual_levels) points.push_back({users, users * (1 + 0.01 * users)});
  const auto law = fit_scaling_law(points, 1);
  BOOST_REQUIRE(law.has_value());
  BOOST_TEST(law->fitted.lambda > 0);
  BOOST_TEST(law->fitted.sigma >= 0);
  BOOST_TEST(law->fitted.kappa >= 0);
  for (const auto& each : law->resamples) BOOST_TEST((each.sigma >= 0 && each.kappa >= 0));
}

BOOST_AUTO_TEST_CASE(intervals_hold_the_truth_about_as_often_as_they_say) {
  const UslCoefficients truth{10, 0.03, 0.0008};
  int lambda = 0, kappa = 0, band = 0;
  constexpr int times = 200;
  for (int i = 0; i < times; ++i) {
    const auto law = fit_scaling_law(
        measured(truth, usual_levels, 0.03, 100 + static_cast<std::uint64_t>(i)), 7, 300);
    BOOST_REQUIRE(law.has_value());
    const auto holds = [](const Interval& interval, double value) {
      return interval.low <= value && value <= interval.high ? 1 : 0;
    };
    lambda += holds(law->lambda, truth.lambda);
    kappa += holds(law->kappa, truth.kappa);
    band += holds(law->band(40), truth.throughput(40));
  }
  BOOST_TEST_MESSAGE("of " << times << ": lambda " << lambda << ", kappa " << kappa << ", X(40) "
                           << band);
  for (const int held : {lambda, kappa, band}) BOOST_TEST(held >= times * 0.85);
}

BOOST_AUTO_TEST_CASE(fewer_than_six_levels_are_no_law) {
  const UslCoefficients truth{10, 0.03, 0.0008};
  BOOST_TEST(!fit_scaling_law(measured(truth, {1, 2, 4, 8, 16}), 1));
  BOOST_TEST(!fit_scaling_law(measured(truth, {1, 2, 4, 8, 16, 16, 16.1}), 1));
  BOOST_TEST(fit_scaling_law(measured(truth, {1, 2, 4, 8, 16, 32}), 1).has_value());
}

BOOST_AUTO_TEST_CASE(beyond_one_and_a_half_times_the_largest_load_it_is_extrapolated) {
  const auto law = fit_scaling_law(measured({10, 0.03, 0.0008}, usual_levels), 1);
  BOOST_REQUIRE(law.has_value());
  BOOST_TEST(!law->is_extrapolated(96));
  BOOST_TEST(law->is_extrapolated(97));
}

BOOST_AUTO_TEST_CASE(the_knee_lies_where_the_curve_bends) {
  const auto law = fit_scaling_law(measured({10, 0.05, 0.002}, usual_levels), 1);
  BOOST_REQUIRE(law.has_value());
  const auto knee = knee_of(*law);
  BOOST_REQUIRE(knee.has_value());
  BOOST_TEST(*knee > 8);
  BOOST_TEST(*knee < *law->fitted.peak() + 1);
  const auto straight = fit_scaling_law(measured({10, 0, 0}, usual_levels), 1);
  BOOST_TEST(!knee_of(*straight));
}

BOOST_AUTO_TEST_CASE(growth_that_stopped_is_past_the_knee) {
  const UslCoefficients truth{10, 0.05, 0.002};
  BOOST_TEST(past_the_knee(measured(truth, usual_levels)));
  BOOST_TEST(!past_the_knee(measured(truth, {1, 2, 4, 8})));
}

BOOST_AUTO_TEST_CASE(one_seed_gives_one_band) {
  const auto points = measured({10, 0.03, 0.0008}, usual_levels, 0.05);
  BOOST_TEST(fit_scaling_law(points, 5)->kappa.high == fit_scaling_law(points, 5)->kappa.high);
  BOOST_TEST(fit_scaling_law(points, 5)->kappa.high != fit_scaling_law(points, 6)->kappa.high);
}
