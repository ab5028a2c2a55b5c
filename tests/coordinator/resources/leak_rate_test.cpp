#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>

#include "tests/coordinator/resources/memory_courses.hpp"

using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t ten_minutes = 600;

std::vector<MemoryPoint> course_of(std::size_t seconds,
                                   const std::function<double(double)>& megabytes) {
  std::vector<MemoryPoint> points;
  for (std::size_t i = 0; i < seconds; ++i) {
    const auto at = static_cast<double>(i);
    points.push_back({at, 1e6 * (300 + megabytes(at))});
  }
  return points;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_leak_of_60_mb_an_hour_is_measured_as_such) {
  const auto leak = estimate_leak(course_of(ten_minutes, [](double at) { return at / 60; }));
  BOOST_TEST((leak.finding == LeakFinding::leaks));
  BOOST_TEST(*leak.rate == 60, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(*leak.low <= 60.001);
  BOOST_TEST(*leak.high >= 59.999);
  BOOST_TEST((leak.length == 599s));
  BOOST_TEST(leak.explanation.empty());
}

BOOST_AUTO_TEST_CASE(memory_that_stays_the_same_is_flat) {
  const auto leak = estimate_leak(course_of(ten_minutes, [](double) { return 0; }));
  BOOST_TEST((leak.finding == LeakFinding::flat));
  BOOST_TEST(*leak.rate == 0);
  BOOST_TEST(*leak.high == 0);
}

BOOST_AUTO_TEST_CASE(memory_that_shrinks_is_flat) {
  const auto leak = estimate_leak(course_of(ten_minutes, [](double at) { return -at / 60; }));
  BOOST_TEST((leak.finding == LeakFinding::flat));
  BOOST_TEST(*leak.rate < -59);
}

BOOST_AUTO_TEST_CASE(a_growth_that_does_no_harm_is_flat) {
  const auto leak = estimate_leak(course_of(ten_minutes, [](double at) { return 9 * at / 3600; }));
  BOOST_TEST((leak.finding == LeakFinding::flat));
  const auto strict = estimate_leak(course_of(ten_minutes, [](double at) { return 9 * at / 3600; }),
                                    {.harmful = 5});
  BOOST_TEST((strict.finding == LeakFinding::leaks));
}

BOOST_AUTO_TEST_CASE(one_step_is_no_leak_wherever_it_is) {
  for (const double when : {0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95}) {
    const auto leak = estimate_leak(
        course_of(ten_minutes, [&](double at) { return at > when * ten_minutes ? 50.0 : 0.0; }));
    BOOST_TEST((leak.finding != LeakFinding::leaks), "a step at " << when);
  }
}

BOOST_AUTO_TEST_CASE(a_start_that_levels_off_is_no_leak) {
  for (const double seconds : {30.0, 60.0, 120.0, 200.0}) {
    const auto leak = estimate_leak(
        course_of(ten_minutes, [&](double at) { return 40 * (1 - std::exp(-at / seconds)); }));
    BOOST_TEST((leak.finding != LeakFinding::leaks), "levels off in " << seconds << " s");
  }
}

BOOST_AUTO_TEST_CASE(a_short_run_cannot_tell_and_says_why) {
  const auto growing = [](double at) { return at / 60; };
  const auto leak = estimate_leak(course_of(200, growing));
  BOOST_TEST((leak.finding == LeakFinding::cannot_tell));
  BOOST_TEST(leak.explanation == "measured for too short a time");
  BOOST_TEST(*leak.rate == 60, boost::test_tools::tolerance(1e-6));
  BOOST_TEST((estimate_leak(course_of(302, growing)).finding == LeakFinding::leaks));
}

BOOST_AUTO_TEST_CASE(a_handful_of_samples_has_no_slope) {
  for (const std::size_t count : {0, 1, 2, 15}) {
    const auto leak = estimate_leak(course_of(count, [](double at) { return at; }));
    BOOST_TEST((leak.finding == LeakFinding::cannot_tell));
    BOOST_TEST(!leak.rate.has_value());
    BOOST_TEST(leak.explanation == "too few samples");
  }
  const std::vector<MemoryPoint> at_once(100, MemoryPoint{7, 1e6});
  BOOST_TEST(!estimate_leak(at_once).rate.has_value());
}

// Nominal 95 %; 200 courses leave a deviation of 1.5 %.
BOOST_AUTO_TEST_CASE(the_interval_holds_the_truth_whatever_the_noise) {
  for (const MemoryCourse& course : memory_courses())
    for (const double growth : {0.0, 60.0}) {
      const LeakTally found = tally(course, growth, ten_minutes, 200, 31);
      BOOST_TEST(found.held >= 186,
                 course.name << ", " << growth << " MB/h: " << found.held << " of 200");
    }
}

BOOST_AUTO_TEST_CASE(what_does_not_grow_is_hardly_ever_accused) {
  int accused = 0;
  for (const MemoryCourse& course : memory_courses()) {
    const LeakTally found = tally(course, 0, ten_minutes, 200, 77);
    BOOST_TEST(found.leaks <= 8, course.name << ": " << found.leaks << " of 200");
    accused += found.leaks;
  }
  BOOST_TEST(accused <= 22);  // of 2,200: one in a hundred
}

BOOST_AUTO_TEST_CASE(a_leak_is_hardly_ever_called_flat) {
  for (const MemoryCourse& course : memory_courses()) {
    const LeakTally found = tally(course, 60, ten_minutes, 200, 13);
    BOOST_TEST(found.flat <= 6, course.name << ": " << found.flat << " of 200");
  }
}

BOOST_AUTO_TEST_CASE(under_much_noise_it_cannot_be_told_and_the_reason_is_given) {
  MemoryCourse course;
  course.noise = 20;
  course.dependence = 0.9;
  const auto leak = estimate_leak(play(course, ten_minutes, 3));
  BOOST_TEST((leak.finding == LeakFinding::cannot_tell));
  BOOST_TEST(leak.explanation == "the interval is too wide");
}

BOOST_AUTO_TEST_CASE(a_leak_of_60_mb_an_hour_is_found_under_noise_of_a_megabyte) {
  for (const MemoryCourse& course : memory_courses()) {
    const double noise =
        course.noise * std::sqrt((1 + course.dependence) / (1 - course.dependence));
    if (noise > 5 || course.spike > 0) continue;  // the ten minutes' growth drowns in these
    const LeakTally found = tally(course, 60, ten_minutes, 200, 5);
    BOOST_TEST(found.leaks >= 180, course.name << ": " << found.leaks << " of 200");
  }
}
