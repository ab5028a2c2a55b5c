#include "coordinator/run/timeline/latency_course.hpp"

#include <boost/test/unit_test.hpp>

#include "coordinator/run/metrics_timeline.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::coordinator;
using namespace std::chrono_literals;

namespace {

Histogram histogram_of(const std::vector<nanoseconds>& values) {
  Histogram histogram;
  for (const nanoseconds value : values) histogram.record(value);
  return histogram;
}

std::uint64_t total(const CoarseHistogram& histogram) {
  std::uint64_t sum = 0;
  for (const auto& [bucket, count] : histogram.counts()) sum += count;
  return sum;
}

std::uint64_t total(const LatencyCourse& course) {
  std::uint64_t sum = 0;
  for (const auto& [second, stretch] : course.stretches()) sum += total(stretch.e2e);
  return sum;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_value_lies_between_the_edges_of_its_bucket) {
  for (nanoseconds value = 0ns; value < 30h; value = value * 21 / 20 + 333ns) {
    const CoarseHistogram coarse(histogram_of({value}));
    BOOST_REQUIRE_EQUAL(coarse.counts().size(), 1u);
    const std::uint32_t bucket = coarse.counts().front().first;
    BOOST_TEST_INFO("value " << value.count() << " ns, bucket " << bucket);
    BOOST_TEST((CoarseHistogram::edge(bucket) <= value));
    BOOST_TEST((value < CoarseHistogram::edge(bucket + 1)));
  }
}

BOOST_AUTO_TEST_CASE(there_are_four_buckets_an_octave) {
  const CoarseHistogram low(histogram_of({1024us})), high(histogram_of({2048us}));
  BOOST_TEST(high.counts().front().first - low.counts().front().first == 4u);
  for (std::uint32_t bucket = 0; bucket < CoarseHistogram::bucket_limit; ++bucket)
    BOOST_TEST((CoarseHistogram::edge(bucket) < CoarseHistogram::edge(bucket + 1)));
}

BOOST_AUTO_TEST_CASE(merging_the_coarse_is_the_coarse_of_the_merged) {
  Histogram one = histogram_of({5us, 17ms, 17ms, 3s, -1us});
  const Histogram other = histogram_of({5us, 900us, 21h, 60h});
  CoarseHistogram parts(one);
  parts.merge(CoarseHistogram(other));
  one.merge(other);
  BOOST_TEST((parts == CoarseHistogram(one)));
  BOOST_TEST(total(parts) == 9u);
}

BOOST_AUTO_TEST_CASE(what_is_beyond_the_range_is_counted_at_its_ends) {
  const CoarseHistogram coarse(histogram_of({-3ms, 200h}));
  BOOST_REQUIRE_EQUAL(coarse.counts().size(), 2u);
  BOOST_TEST(coarse.counts().front().first == 0u);
  BOOST_TEST(coarse.counts().back().first == CoarseHistogram::bucket_limit - 1);
}

BOOST_AUTO_TEST_CASE(a_long_course_stays_small_and_loses_nothing) {
  LatencyCourse course;
  const LatencyCourse::Stretch each{{}, {}, CoarseHistogram(histogram_of({10ms, 20ms}))};
  for (std::int64_t second = 0; second < 1024; ++second) course.add(second, each);
  BOOST_TEST(course.seconds_a_stretch() == 1);
  BOOST_TEST(course.stretches().size() == 1024u);
  for (std::int64_t second = 1024; second < 5000; ++second) course.add(second, each);
  BOOST_TEST(course.seconds_a_stretch() == 8);
  BOOST_TEST(course.stretches().size() == 625u);
  BOOST_TEST(total(course) == 10'000u);
  BOOST_TEST(total(course.stretches().at(4992).e2e) == 16u);
  course.add(5, each);  // late
  BOOST_TEST(total(course.stretches().at(0).e2e) == 18u);
  course.add(-5, each);  // before the start: a stretch of its own
  BOOST_TEST(total(course.stretches().at(-8).e2e) == 2u);
}

BOOST_AUTO_TEST_CASE(the_timeline_keeps_the_distributions_of_all_its_seconds) {
  MetricsTimeline timeline({0s, 10s, 1s}, 2);
  using scenarios::Metric;
  for (std::int64_t second = 0; second < 4; ++second)
    for (std::size_t agent = 0; agent < 2; ++agent) {
      if (agent == 1 && second == 3) continue;  // so that the last second stays open
      MetricsSnapshot snapshot;
      snapshot.from = std::chrono::seconds(second);
      snapshot.to = snapshot.from + 1s;
      auto& durations = snapshot[second < 2 ? Phase::warm_up : Phase::measure].durations;
      durations[static_cast<std::size_t>(Metric::ttft)].record(10ms, 3);
      durations[static_cast<std::size_t>(Metric::tpot)].record(4ms, 2);
      durations[static_cast<std::size_t>(Metric::e2e)].record(70ms, 3);
      timeline.add(agent, snapshot);
    }
  const LatencyCourse course = timeline.latency_course();
  BOOST_REQUIRE_EQUAL(course.stretches().size(), 4u);
  BOOST_TEST(total(course.stretches().at(0).ttft) == 6u);
  BOOST_TEST(total(course.stretches().at(2).tpot) == 4u);
  BOOST_TEST(total(course.stretches().at(3).e2e) == 3u);
  const auto points = timeline.points();
  BOOST_REQUIRE_EQUAL(points.size(), 4u);
  BOOST_TEST(points[0].tpot.count == 4u);
  BOOST_TEST(std::chrono::abs(points[0].tpot.p50 - 4ms).count() <= 4000);
}
