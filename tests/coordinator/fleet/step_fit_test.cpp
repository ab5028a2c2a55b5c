// Laws from measured steps: coefficients that are never negative, known laws found again.

#include "coordinator/fleet/step_fit.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "coordinator/fleet/non_negative_fit.hpp"
#include "scenarios/load/random.hpp"
#include "tests/coordinator/fleet/fleet_fixture.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
using squall::scenarios::Random;

namespace {

/// Steps as squall model bench measures them, timed by a law, with relative noise.
std::vector<MeasuredStep> steps_by(const EngineLaw& law, double noise, std::uint64_t seed = 1) {
  Random random(seed);
  std::vector<MeasuredStep> steps;
  const auto add = [&](const StepWork& work) {
    const double seconds = law.seconds(work) * std::exp(noise * random.normal());
    steps.push_back({work, seconds, seconds * 0.95, seconds * 1.15, 5});
  };
  for (const std::uint32_t tokens : {1, 2, 4, 8, 16, 32, 64, 128})
    add({.prompt_tokens = tokens,
         .prompts_done = 1,
         .prompt_positions = tokens * (tokens + 1) / 2.0});
  for (const std::uint32_t count : {1, 2, 4, 8, 16, 32, 64})
    for (const double context : {10.0, 200.0}) {
      add({.decoding = count, .decode_positions = count * context});
      for (const std::uint32_t tokens : {16, 64, 128})
        add({.decoding = count,
             .prompt_tokens = tokens,
             .prompts_done = 1,
             .decode_positions = count * context,
             .prompt_positions = tokens * (tokens + 1) / 2.0});
    }
  for (const double before : {128.0, 256.0, 384.0})
    add({.prompt_tokens = 128, .prompt_positions = 128 * before + 128 * 129 / 2.0});
  return steps;
}

EngineLaw known_law() {
  EngineLaw law = constant_law(2e-3);
  law.rows = {{1, 4e-5}, {4, 2e-4}, {32, 1.5e-4}};
  law.per_token = 6e-5;
  law.per_decode_position = 3e-7;
  law.per_prompt_position = 5e-8;
  return law;
}

}  // namespace

BOOST_AUTO_TEST_CASE(least_squares_solve_what_can_be_solved) {
  // y = 2 a + 3 b, exactly.
  const auto found = non_negative_least_squares({{1, 0}, {0, 1}, {1, 1}}, {2, 3, 5});
  BOOST_TEST(found.at(0) == 2.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(found.at(1) == 3.0, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(what_would_be_negative_is_nothing_and_the_rest_fits_without_it) {
  // Unbound, a = 4 and b = -1 are best; without b, a = (3 + 2) / 2 is.
  const auto found = non_negative_least_squares({{1, 1}, {1, 2}}, {3, 2});
  BOOST_TEST(found.at(1) == 0.0);
  BOOST_TEST(found.at(0) == 2.5, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_column_that_another_makes_up_does_no_harm) {
  const auto found = non_negative_least_squares({{1, 2, 1}, {2, 4, 0}, {3, 6, 5}}, {3, 2, 13});
  BOOST_TEST(found.at(0) + 2 * found.at(1) == 1.0, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(found.at(2) == 2.0, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(no_other_answer_is_better) {
  Random random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::vector<double>> rows(12, std::vector<double>(5));
    std::vector<double> values(12);
    for (auto& row : rows)
      for (double& each : row) each = random.uniform();
    for (double& each : values) each = random.normal();
    const auto found = non_negative_least_squares(rows, values);
    const auto error_of = [&](const std::vector<double>& coefficients) {
      double sum = 0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        double left = values[i];
        for (std::size_t j = 0; j < 5; ++j) left -= rows[i][j] * coefficients[j];
        sum += left * left;
      }
      return sum;
    };
    for (std::size_t j = 0; j < 5; ++j) {
      BOOST_TEST(found[j] >= 0);
      for (const double step : {-1e-4, 1e-4}) {
        auto other = found;
        other[j] = std::max(0.0, other[j] + step);
        BOOST_TEST(error_of(other) >= error_of(found) - 1e-12);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_law_is_found_again_from_exact_steps) {
  const EngineLaw law = known_law();
  const auto steps = steps_by(law, 0);
  const EngineLaw found = fit_law(steps, constant_law(1));
  BOOST_TEST(residuals(steps, found).largest < 1e-6);
  BOOST_TEST(found.per_step == law.per_step, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(found.per_token == law.per_token, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(found.per_decode_position == law.per_decode_position,
             boost::test_tools::tolerance(1e-3));
  BOOST_TEST(found.per_prompt_position == law.per_prompt_position,
             boost::test_tools::tolerance(1e-3));
  // Of a batch that was not measured, too.
  const StepWork other{.decoding = 24,
                       .prompt_tokens = 40,
                       .prompts_done = 2,
                       .decode_positions = 24 * 90,
                       .prompt_positions = 900};
  BOOST_TEST(found.seconds(other) == law.seconds(other), boost::test_tools::tolerance(1e-3));
}

BOOST_AUTO_TEST_CASE(a_law_is_found_again_in_noise) {
  const EngineLaw law = known_law();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto steps = steps_by(law, 0.05, seed);
    const EngineLaw found = fit_law(steps, law);
    const FitResiduals left = residuals(steps, found);
    BOOST_TEST_INFO("seed " << seed);
    BOOST_TEST(left.median < 0.06);
    BOOST_TEST(left.median > 0.01);
    BOOST_TEST(left.p95 < 0.15);
    for (const MeasuredStep& each : steps) {
      BOOST_TEST(found.seconds(each.work) == law.seconds(each.work),
                 boost::test_tools::tolerance(0.12));
    }
  }
}

BOOST_AUTO_TEST_CASE(residuals_say_how_far_off_and_how_unquiet) {
  std::vector<MeasuredStep> steps;
  for (int i = 0; i < 4; ++i) steps.push_back({{.decoding = 1}, 1, 0.9, 1.1, 3});
  steps[3].seconds = 2;
  const FitResiduals left = residuals(steps, constant_law(1));
  BOOST_TEST(left.median == 0.0);
  BOOST_TEST(left.largest == 0.5);
  BOOST_TEST(left.relative.at(3) == -0.5);
  BOOST_TEST(left.spread == 0.2, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(too_few_steps_are_refused) {
  const auto steps = steps_by(known_law(), 0);
  BOOST_CHECK_THROW(fit_law(std::span(steps).first(7), {}), FitError);
  BOOST_CHECK_NO_THROW(fit_law(std::span(steps).first(8), {}));
}
