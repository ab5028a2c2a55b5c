#include "coordinator/dashboard/live_course.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace squall::coordinator;
using namespace std::chrono_literals;

TimelinePoint second(int at, double tokens = 10) {
  TimelinePoint point;
  point.at = std::chrono::seconds(at);
  point.tokens_per_second = tokens;
  return point;
}

LiveCourse course_of(int seconds) {
  LiveCourse course;
  for (int i = 0; i < seconds; ++i) course.add(second(i, i), std::nullopt);
  return course;
}

constexpr int most = static_cast<int>(LiveCourse::most_points);

}  // namespace

BOOST_AUTO_TEST_CASE(each_second_is_a_point_while_there_is_room) {
  const LiveCourse course = course_of(most);
  BOOST_TEST(course.points().size() == LiveCourse::most_points);
  BOOST_TEST(course.generation() == 0u);
  BOOST_TEST(course.points()[7].at == 7);
  BOOST_TEST(course.points()[7].tokens == 7);
}

BOOST_AUTO_TEST_CASE(what_is_known_already_is_not_taken_twice) {
  LiveCourse course = course_of(5);
  course.add(second(4, 999), std::nullopt);
  course.add(second(2, 999), std::nullopt);
  BOOST_TEST(course.points().size() == 5u);
  BOOST_TEST(course.points()[4].tokens == 4);
}

BOOST_AUTO_TEST_CASE(one_second_too_many_makes_points_of_two_seconds) {
  const LiveCourse course = course_of(most + 1);
  BOOST_TEST(course.generation() == 1u);
  BOOST_REQUIRE_EQUAL(course.points().size(), LiveCourse::most_points / 2 + 1);
  BOOST_TEST(course.points()[0].seconds == 2u);
  BOOST_TEST(course.points()[0].tokens == 0.5);  // the mean of 0 and 1
  BOOST_TEST(course.points()[1].at == 2);
  BOOST_TEST(course.points().back().at == most);
  BOOST_TEST(course.points().back().seconds == 1u);  // it is still growing
}

BOOST_AUTO_TEST_CASE(a_week_stays_as_small_as_an_hour_and_means_stay_right) {
  LiveCourse course;
  constexpr int week = 7 * 24 * 3600;
  for (int i = 0; i < week; ++i) course.add(second(i, i % 2 == 0 ? 8 : 12), std::nullopt);
  BOOST_TEST(course.points().size() <= LiveCourse::most_points);
  BOOST_TEST(course.points().size() >= LiveCourse::most_points / 2);
  std::uint64_t seconds = 0;
  for (const CoursePoint& point : course.points()) {
    BOOST_TEST(point.at == static_cast<double>(seconds));
    seconds += point.seconds;
    if (point.seconds % 2 == 0) BOOST_TEST(point.tokens == 10, boost::test_tools::tolerance(1e-9));
  }
  BOOST_TEST(seconds == static_cast<std::uint64_t>(week));
}

BOOST_AUTO_TEST_CASE(of_latencies_the_worst_second_is_kept_and_silence_is_no_zero) {
  LiveCourse course;
  for (int i = 0; i < most + 1; ++i) {
    TimelinePoint point = second(i);
    if (i == 101) point.ttft = {3, 10ms, 900ms, 950ms};
    if (i == 100) point.ttft = {1, 20ms, 20ms, 20ms};
    course.add(point, i >= 100 ? std::optional<double>(i) : std::nullopt);
  }
  const CoursePoint& merged = course.points()[50];
  BOOST_TEST(merged.ttft[0].value() == 0.02);
  BOOST_TEST(merged.ttft[1].value() == 0.9);
  BOOST_TEST(merged.ttft[2].value() == 0.95);
  BOOST_TEST(merged.planned.value() == 100.5);
  BOOST_TEST(!merged.e2e[0].has_value());
  BOOST_TEST(!course.points()[49].ttft[1].has_value());
  BOOST_TEST(!course.points()[49].planned.has_value());
}

BOOST_AUTO_TEST_CASE(what_is_new_begins_with_the_point_that_may_have_grown) {
  LiveCourse course = course_of(most + 2);  // the last point stands for two seconds now
  const double grown = course.points().back().at;
  BOOST_TEST(course.points().back().seconds == 2u);
  course.add(second(most + 2), std::nullopt);
  const auto news = course.points_from(grown);
  BOOST_REQUIRE_EQUAL(news.size(), 2u);
  BOOST_TEST(news[0].at == grown);
  BOOST_TEST(news[1].at == most + 2);
  BOOST_TEST(course.points_from(-1).size() == course.points().size());
  BOOST_TEST(course.points_from(most + 3).empty());
}
