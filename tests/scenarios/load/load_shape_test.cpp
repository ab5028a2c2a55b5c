// scenarios/load/load_shape and work_stretches: a quantity over time, its integral, its levels.

#include "scenarios/load/load_shape.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <ostream>

#include "scenarios/load/portable_math.hpp"
#include "scenarios/load/random.hpp"
#include "scenarios/load/work_stretches.hpp"

using namespace squall::scenarios;
using namespace std::chrono_literals;

namespace squall::scenarios {
std::ostream& operator<<(std::ostream& out, const WorkStretch& stretch) {
  return out << stretch.start.count() << " to " << stretch.end.count();
}
}  // namespace squall::scenarios

namespace {

constexpr nanoseconds never = nanoseconds::max();

double seconds(nanoseconds time) { return static_cast<double>(time.count()) / 1e9; }
nanoseconds at(double time) { return nanoseconds(std::llround(time * 1e9)); }

// One to six pieces of every sort: rising, falling, zero, waving, jumping.
LoadShape any_shape(std::uint64_t number) {
  Random random(2026, 100, number);
  const auto below = [&](double bound) { return std::floor(random.uniform() * bound); };
  std::vector<LoadPiece> pieces;
  double before = below(20);
  for (double count = 1 + below(6); count > 0; --count) {
    LoadPiece piece{at(0.001 + random.uniform() * 20), before, before, 0, {}};
    if (random.uniform() < 0.5) piece.to = below(3) * 5 * random.uniform();
    if (random.uniform() < 0.3) piece.from = piece.to = 0;
    if (random.uniform() < 0.4) {
      piece.amplitude = std::min(piece.from, piece.to) * random.uniform();
      piece.period = at(0.1 + random.uniform() * 10);
    }
    before = random.uniform() < 0.5 ? piece.to : below(50) / 4;
    pieces.push_back(piece);
  }
  if (random.uniform() < 0.5) {
    pieces.back().length = 0s;
    pieces.back().to = pieces.back().from;
    if (pieces.back().from < pieces.back().amplitude) pieces.back().amplitude = 0;
  }
  return LoadShape(std::move(pieces));
}

LoadShape sine(double mean, double amplitude, nanoseconds period) {
  return LoadShape({{0s, mean, mean, amplitude, period}});
}

using Stretches = std::vector<WorkStretch>;

void check_stretches(const Stretches& found, const Stretches& expected) {
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_CASE(sine_of_turns_agrees_with_the_library_and_is_exact_at_quarters) {
  for (int i = -40'000; i <= 40'000; ++i) {
    const double turns = i * 1.0003e-4;
    const long double angle = 2 * std::numbers::pi_v<long double> * turns;
    BOOST_TEST(std::abs(sine_of_turns(turns) - static_cast<double>(sinl(angle))) < 1e-15);
  }
  for (int whole = -3; whole <= 3; ++whole) {
    BOOST_TEST(sine_of_turns(whole) == 0.0);
    BOOST_TEST(sine_of_turns(whole + 0.5) == 0.0);
    BOOST_TEST(sine_of_turns(whole + 0.25) == 1.0);
    BOOST_TEST(sine_of_turns(whole + 0.75) == -1.0);
  }
}

BOOST_AUTO_TEST_CASE(a_constant_has_its_value_its_total_and_its_instants) {
  const LoadShape five = LoadShape::constant(5);
  BOOST_TEST(five.value_at(0s) == 5.0);
  BOOST_TEST(five.value_at(720h) == 5.0);
  BOOST_TEST(five.total_until(60s) == 300.0);
  BOOST_TEST((five.when_total_is(0) == 0s));
  BOOST_TEST((five.when_total_is(300) == 60s));
  BOOST_TEST(five.highest(1s) == 5.0);
  BOOST_TEST((LoadShape::constant(3).when_total_is(1) == nanoseconds(333'333'333)));
  BOOST_TEST((LoadShape::constant(1e-9).when_total_is(1e9) == never));  // beyond 292 years
}

BOOST_AUTO_TEST_CASE(a_ramp_rises_evenly_and_then_holds) {
  const LoadShape ramp({{10s, 0, 20, 0, {}}});
  BOOST_TEST(ramp.value_at(0s) == 0.0);
  BOOST_TEST(ramp.value_at(5s) == 10.0);
  BOOST_TEST(ramp.value_at(10s) == 20.0);
  BOOST_TEST(ramp.value_at(1h) == 20.0);
  BOOST_TEST(ramp.total_until(5s) == 25.0);
  BOOST_TEST(ramp.total_until(10s) == 100.0);
  BOOST_TEST(ramp.total_until(20s) == 300.0);
  BOOST_TEST((ramp.when_total_is(25) == 5s));
  BOOST_TEST((ramp.when_total_is(300) == 20s));
  BOOST_TEST(ramp.highest(5s) == 10.0);
  BOOST_TEST(ramp.highest(30s) == 20.0);
}

BOOST_AUTO_TEST_CASE(what_is_due_as_the_load_pauses_comes_when_it_resumes) {
  const LoadShape pause({{10s, 5, 5}, {10s, 0, 0}, {0s, 2, 2}});
  BOOST_TEST((pause.when_total_is(49) == 9800ms));
  BOOST_TEST((pause.when_total_is(50) == 20s));
  BOOST_TEST((pause.when_total_is(52) == 21s));
  const LoadShape late({{10s, 0, 0}, {0s, 2, 2}});
  BOOST_TEST((late.when_total_is(0) == 10s));
  const LoadShape ends({{10s, 5, 5}, {0s, 0, 0}});
  BOOST_TEST((ends.when_total_is(49.5) == 9900ms));
  BOOST_TEST((ends.when_total_is(50) == never));
  BOOST_TEST((ends.when_total_is(1e300) == never));
  BOOST_TEST((LoadShape::constant(0).when_total_is(0) == never));
  BOOST_TEST((LoadShape({{5s, 3, 0}}).when_total_is(8) == never));  // 7.5 in all
}

BOOST_AUTO_TEST_CASE(a_wave_has_the_total_of_its_mean_after_every_period) {
  const LoadShape wave = sine(10, 10, 60s);
  BOOST_TEST(wave.value_at(15s) == 20.0);
  BOOST_TEST(wave.value_at(45s) == 0.0);
  BOOST_TEST(wave.value_at(30s) == 10.0);
  for (int period = 0; period < 1000; period += 37) {
    BOOST_TEST(std::abs(wave.total_until(period * 60s) - period * 600.0) < 1e-9);
    BOOST_TEST((std::chrono::abs(wave.when_total_is(period * 600.0) - period * 60s) < 1us));
  }
  // Half a period above the mean: 10 * 30 + 10 * 60 / pi.
  BOOST_TEST(std::abs(wave.total_until(30s) - (300 + 600 / std::numbers::pi)) < 1e-9);
  BOOST_TEST(wave.highest(1h) == 20.0);
}

BOOST_AUTO_TEST_CASE(totals_are_the_integral_of_the_values) {
  for (std::uint64_t number = 0; number < 60; ++number) {
    BOOST_TEST_CONTEXT("shape " << number) {
      const LoadShape shape = any_shape(number);
      const nanoseconds end = shape.beginning(shape.pieces().size()) + 3s;
      // The midpoint rule, finer than any wave; jumps cost at most a step each.
      constexpr int steps = 60'000;
      const double step = seconds(end) / steps;
      double sum = 0;
      for (int i = 0; i < steps; ++i) sum += shape.value_at(at((i + 0.5) * step)) * step;
      BOOST_TEST(std::abs(sum - shape.total_until(end)) < 1e-3 + 1e-4 * sum);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_instant_of_a_total_has_that_total_in_every_shape) {
  for (std::uint64_t number = 0; number < 300; ++number) {
    BOOST_TEST_CONTEXT("shape " << number) {
      const LoadShape shape = any_shape(number);
      const nanoseconds horizon = shape.beginning(shape.pieces().size()) + 100s;
      const double all = shape.total_until(horizon);
      const double highest = shape.highest(horizon);
      Random random(5, 5, number);
      double worst = 0;
      for (int i = 0; i < 300; ++i) {
        const double total = all * random.uniform();
        const nanoseconds when = shape.when_total_is(total);
        if (when == never) continue;  // the very end of a shape that falls to zero
        worst = std::max(worst, std::abs(shape.total_until(when) - total));
      }
      // Half a nanosecond of the highest load, and the rounding of sums.
      BOOST_TEST(worst <= highest * 1e-9 + all * 1e-14 + 1e-13);
    }
  }
}

BOOST_AUTO_TEST_CASE(totals_and_instants_never_decrease) {
  for (std::uint64_t number = 0; number < 100; ++number) {
    BOOST_TEST_CONTEXT("shape " << number) {
      const LoadShape shape = any_shape(number);
      const nanoseconds horizon = shape.beginning(shape.pieces().size()) + 10s;
      const double all = shape.total_until(horizon);
      double total_before = 0;
      nanoseconds when_before{0};
      int wrong = 0;
      for (int i = 0; i <= 2000; ++i) {
        const double total = shape.total_until(horizon / 2000 * i);
        const nanoseconds when = shape.when_total_is(all / 2000 * i);
        wrong += total < total_before - 1e-12 * all || when < when_before ? 1 : 0;
        total_before = total;
        when_before = when;
      }
      BOOST_TEST(wrong == 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(no_value_is_above_the_highest_or_below_zero) {
  for (std::uint64_t number = 0; number < 100; ++number) {
    const LoadShape shape = any_shape(number);
    const nanoseconds horizon = shape.beginning(shape.pieces().size()) + 5s;
    for (int i = 0; i < 1000; ++i) {
      const nanoseconds when = horizon / 1000 * i;
      BOOST_REQUIRE(shape.value_at(when) >= 0);
      BOOST_REQUIRE(shape.value_at(when) <= shape.highest(when + 1ns) * (1 + 1e-15));
    }
  }
}

BOOST_AUTO_TEST_CASE(shapes_give_the_bits_that_every_machine_must_give) {
  const LoadShape wave = sine(7, 3, 13s);
  BOOST_TEST(wave.total_until(5s) == 0x1.6ed31c23cba48p+5);
  BOOST_TEST(wave.when_total_is(1000).count() == 142'854'965'165);
}

BOOST_AUTO_TEST_CASE(users_of_a_ramp_start_at_their_part_of_it_exactly) {
  const LoadShape ramp({{3s, 0, 7, 0, {}}, {0s, 7, 7}});
  const WorkStretches work(ramp, 10s);
  for (int user = 0; user < 7; ++user) {
    check_stretches(work.above(static_cast<std::uint64_t>(user)),
                    {{nanoseconds(3'000'000'000 * static_cast<long long>(user) / 7), 10s}});
  }
  check_stretches(work.above(7), {});
}

BOOST_AUTO_TEST_CASE(users_leave_as_a_load_falls_and_come_back_as_it_rises) {
  const LoadShape valley({{10s, 10, 0}, {5s, 0, 0}, {10s, 0, 10}});
  const WorkStretches work(valley, 30s);
  check_stretches(work.above(0), {{0s, 10s}, {15s, 30s}});
  check_stretches(work.above(4), {{0s, 6s}, {19s, 30s}});
  check_stretches(work.above(9), {{0s, 1s}, {24s, 30s}});
  check_stretches(work.above(10), {});
}

BOOST_AUTO_TEST_CASE(stretches_that_touch_are_one) {
  const LoadShape steps({{5s, 2, 2}, {5s, 4, 4}, {5s, 1, 1}, {0s, 3, 3}});
  const WorkStretches work(steps, 20s);
  check_stretches(work.above(0), {{0s, 20s}});
  check_stretches(work.above(1), {{0s, 10s}, {15s, 20s}});
  check_stretches(work.above(2), {{5s, 10s}, {15s, 20s}});
  check_stretches(work.above(3), {{5s, 10s}});
}

BOOST_AUTO_TEST_CASE(nothing_at_or_after_the_end_is_looked_at) {
  const LoadShape ramp({{10s, 0, 10, 0, {}}});
  check_stretches(WorkStretches(ramp, 5s).above(4), {{4s, 5s}});
  check_stretches(WorkStretches(ramp, 5s).above(5), {});
  check_stretches(WorkStretches(ramp, 30s).above(9), {{9s, 30s}});
}

BOOST_AUTO_TEST_CASE(a_wave_calls_its_users_once_a_period) {
  const WorkStretches work(sine(10, 5, 60s), 180s);
  check_stretches(work.above(4), {{0s, 180s}});
  const Stretches top = work.above(12);
  BOOST_REQUIRE(top.size() == 3);
  // 10 + 5 sin(a) = 12 at a = asin(0.4).
  const double rise = std::asin(0.4) / (2 * std::numbers::pi) * 60;
  for (int period = 0; period < 3; ++period) {
    const auto& stretch = top[static_cast<std::size_t>(period)];
    BOOST_TEST(std::abs(seconds(stretch.start) - (period * 60 + rise)) < 1e-8);
    BOOST_TEST(std::abs(seconds(stretch.end) - (period * 60 + 30 - rise)) < 1e-8);
  }
  check_stretches(work.above(15), {});
}

BOOST_AUTO_TEST_CASE(as_many_users_are_at_work_as_the_shape_says) {
  for (std::uint64_t number = 0; number < 60; ++number) {
    BOOST_TEST_CONTEXT("shape " << number) {
      const LoadShape shape = any_shape(number);
      const nanoseconds end = shape.beginning(shape.pieces().size()) + 7s;
      const WorkStretches work(shape, end);
      std::vector<Stretches> users;
      for (std::uint64_t user = 0; user < 64; ++user) users.push_back(work.above(user));
      int wrong = 0;
      for (int i = 0; i < 1000; ++i) {
        const nanoseconds when = end / 1000 * i;
        for (std::size_t user = 0; user < users.size(); ++user) {
          const double margin = shape.value_at(when) - static_cast<double>(user);
          if (std::abs(margin) < 1e-6) continue;  // right at a crossing, up to a nanosecond
          const bool at_work =
              std::any_of(users[user].begin(), users[user].end(), [&](const WorkStretch& stretch) {
                return stretch.start <= when && when < stretch.end;
              });
          wrong += at_work != (margin > 0) ? 1 : 0;
        }
      }
      BOOST_TEST(wrong == 0);
    }
  }
}
