#include "coordinator/run/resources/resource_timeline.hpp"

#include <boost/test/unit_test.hpp>

#include "coordinator/run/metrics_timeline.hpp"

using namespace squall::coordinator;
using namespace std::chrono_literals;
using squall::actors::ResourceSample;

namespace {

ResourceSample sample_at(nanoseconds from, nanoseconds length = 1s) {
  ResourceSample sample;
  sample.from = from;
  sample.to = from + length;
  sample.cpu_busy = length;
  sample.core_busy = {100, 0};
  sample.own_cpu = length / 2;
  sample.resident_bytes = 1'000'000 + static_cast<std::uint64_t>(sample.to / 1s) * 1000;
  sample.voluntary_switches = 10;
  return sample;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_not_told_has_no_mean) {
  ResourceSample sample;
  sample.to = 1s;
  const ResourcePoint point(sample);
  BOOST_TEST(!point.cpu_busy.per_second());
  BOOST_TEST(!point.temperature.mean());
  BOOST_TEST(!point.resident_bytes.highest());
  BOOST_TEST(!point.network_sent.per_second());
  BOOST_TEST(point.own_cpu.per_second().value() == 0);  // this is always told
}

BOOST_AUTO_TEST_CASE(merged_points_keep_sums_means_and_extremes) {
  ResourceSample first = sample_at(0s);
  first.temperature = 40;
  first.network_sent_bytes = 100;
  ResourceSample second = sample_at(1s, 3s);
  second.cpu_busy = 1500ms;
  second.core_busy = {97, 96};
  second.temperature = 60;
  ResourceSample third = sample_at(4s);
  third.network_sent_bytes = 300;
  ResourcePoint merged(first);
  merged.merge(ResourcePoint(second));
  merged.merge(ResourcePoint(third));
  BOOST_TEST((merged.from == 0s));
  BOOST_TEST((merged.to == 5s));
  BOOST_TEST(merged.samples == 3u);
  BOOST_TEST(merged.cpu_busy.per_second().value() == 3.5 / 5);
  BOOST_TEST(merged.cpu_busy.fastest == 1);
  BOOST_TEST(merged.own_cpu.per_second().value() == 0.5);
  BOOST_TEST(merged.temperature.mean().value() == 50);
  BOOST_TEST(merged.temperature.highest().value() == 60);
  BOOST_TEST(merged.temperature.lowest().value() == 40);
  // Only where it was told: two of the five seconds.
  BOOST_TEST(merged.network_sent.per_second().value() == 200);
  BOOST_TEST(merged.network_sent.fastest == 300);
  BOOST_TEST(merged.saturated_processors.mean().value() == 4.0 / 3);
  BOOST_TEST(merged.busiest_processor.lowest().value() == 0.97);
}

BOOST_AUTO_TEST_CASE(a_long_run_keeps_as_many_points_as_a_short_one_and_loses_no_sum) {
  ResourceCourse course(64);
  constexpr int seconds = 3600;
  for (int i = 0; i < seconds; ++i) course.add(sample_at(i * 1s), true);
  BOOST_TEST(course.points().size() <= 64u);
  BOOST_TEST(course.points().size() >= 32u);
  double own = 0;
  nanoseconds end{0};
  for (const ResourcePoint& point : course.points()) {
    BOOST_TEST((point.from == end));
    end = point.to;
    own += point.own_cpu.total;
    const bool last = &point == &course.points().back();
    BOOST_TEST((last || point.samples == course.points().front().samples));
  }
  BOOST_TEST((end == 3600s));
  BOOST_TEST(own == seconds / 2.0);
  BOOST_TEST(course.measured().value().samples == 3600u);
}

BOOST_AUTO_TEST_CASE(merged_points_tell_of_memory_at_the_mean_of_their_samples_ends) {
  ResourceCourse course(8);
  for (int i = 0; i < 100; ++i) course.add(sample_at(i * 1s), true);
  const auto memory = course.resident_memory();
  BOOST_TEST(memory.size() >= 4u);
  for (const MemoryPoint& point : memory)
    BOOST_TEST(point.bytes == 1e6 + point.seconds * 1000, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(memory_outside_the_measured_window_says_nothing_of_leaks) {
  ResourceCourse course(64);
  for (int i = 0; i < 30; ++i) course.add(sample_at(i * 1s), i >= 10 && i < 20);
  const auto memory = course.resident_memory();
  BOOST_REQUIRE_EQUAL(memory.size(), 10u);
  BOOST_TEST(memory.front().seconds == 11);
  BOOST_TEST(memory.back().seconds == 20);
}

BOOST_AUTO_TEST_CASE(samples_that_overlap_or_are_empty_are_not_counted) {
  ResourceCourse course(64);
  course.add(sample_at(5s), true);
  course.add(sample_at(5500ms), true);
  course.add(sample_at(0s), true);
  course.add(sample_at(6s, 0s), true);
  BOOST_TEST(course.points().size() == 1u);
  course.add(sample_at(6s), true);
  BOOST_TEST(course.measured().value().samples == 2u);
}

BOOST_AUTO_TEST_CASE(each_processor_has_its_share_of_the_measured_window) {
  ResourceCourse course(64);
  course.add(sample_at(0s), true);
  ResourceSample busy = sample_at(1s, 3s);
  busy.core_busy = {100, 80};
  course.add(busy, true);
  ResourceSample later = sample_at(4s);
  later.core_busy = {0, 0};
  course.add(later, false);
  const auto shares = course.processors_busy();
  BOOST_REQUIRE_EQUAL(shares.size(), 2u);
  BOOST_TEST(shares[0] == 1);
  BOOST_TEST(shares[1] == 0.6, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(the_timeline_of_a_run_sorts_samples_into_its_window) {
  MetricsTimeline timeline({2s, 3s, 1s}, 1);
  for (int second = 0; second < 7; ++second) {
    squall::actors::MetricsSnapshot snapshot;
    snapshot.from = second * 1s;
    snapshot.to = snapshot.from + 1s;
    // As agents do: looked at a little after the second.
    snapshot.resources = {sample_at(second * 1s + 2ms)};
    timeline.add(0, snapshot);
  }
  const ResourceCourse& course = timeline.resources().of_agent(0);
  BOOST_TEST(course.points().size() == 7u);
  BOOST_TEST((course.measured().value().from == 2002ms));
  BOOST_TEST((course.measured().value().to == 5002ms));
}

BOOST_AUTO_TEST_CASE(a_thousand_agents_share_what_one_run_may_keep) {
  ResourceTimeline timeline(1000);
  for (int i = 0; i < 200; ++i) timeline.add(999, sample_at(i * 1s), true);
  BOOST_TEST(timeline.of_agent(999).points().size() <= 65u);
  ResourceTimeline small(1);
  for (int i = 0; i < 1000; ++i) small.add(0, sample_at(i * 1s), true);
  BOOST_TEST(small.of_agent(0).points().size() == 1000u);
}
