#include "coordinator/run/threshold_result.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

constexpr auto pass = ThresholdStatus::pass;
constexpr auto fail = ThresholdStatus::fail;
constexpr auto inconclusive = ThresholdStatus::inconclusive;

ThresholdResult judged(const Ended& ended, const std::string& threshold) {
  return judge_thresholds(record_of(ended, threshold)).at(0);
}

/// So many answers within the limit of 300 ms, and so many beyond it.
ThresholdResult p95_of(std::uint64_t within, std::uint64_t beyond) {
  return judged({.completed = {{100ms, within}, {500ms, beyond}}}, "ttft p95 < 300ms");
}

bool mentions(const ThresholdResult& result, const std::string& text) {
  return result.explanation.find(text) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(p95_without_violations_passes_at_90_samples_and_not_before) {
  const auto before = p95_of(89, 0);
  BOOST_TEST((before.status == inconclusive));
  BOOST_TEST(before.more_needed == 1u);
  BOOST_TEST(mentions(before, "needs 1 more sample;"));
  BOOST_TEST((p95_of(90, 0).status == pass));
}

BOOST_AUTO_TEST_CASE(p95_with_one_violation_passes_at_130_samples_and_not_before) {
  const auto before = p95_of(128, 1);
  BOOST_TEST((before.status == inconclusive));
  BOOST_TEST(before.samples == 129u);
  BOOST_TEST(before.more_needed == 1u);
  BOOST_TEST((p95_of(129, 1).status == pass));
}

BOOST_AUTO_TEST_CASE(too_many_violations_fail_when_chance_cannot_explain_them) {
  // Among 40 samples of which 5 % may violate, 6 or more happen with probability 0.014, 7 or more
  // with 0.003.
  BOOST_TEST((p95_of(34, 6).status == inconclusive));
  BOOST_TEST((p95_of(33, 7).status == fail));
}

BOOST_AUTO_TEST_CASE(a_sample_too_small_shows_no_value) {
  BOOST_TEST(!p95_of(71, 0).measured);
  BOOST_TEST(p95_of(72, 0).measured.value() == 0.1, boost::test_tools::tolerance(0.001));
}

BOOST_AUTO_TEST_CASE(errors_and_timeouts_are_violations) {
  const auto result =
      judged({.completed = {{100ms, 127}}, .errors = 1, .timeouts = 1}, "ttft p95 < 300ms");
  BOOST_TEST(result.samples == 129u);
  BOOST_TEST(result.violations == 2u);
  BOOST_TEST((result.status == inconclusive));
  BOOST_TEST((judged({.errors = 10}, "e2e p95 < 300ms").status == fail));
}

BOOST_AUTO_TEST_CASE(what_was_open_when_the_drain_ended_prevents_a_pass_but_proves_no_failure) {
  const auto result = judged({.completed = {{100ms, 90}}, .open_at_end = 30}, "e2e p95 < 300ms");
  BOOST_TEST((result.status == inconclusive));
  BOOST_TEST(mentions(result, "of which 30"));
  BOOST_TEST(
      (judged({.completed = {{100ms, 129}}, .open_at_end = 1}, "e2e p95 < 300ms").status == pass));
}

BOOST_AUTO_TEST_CASE(dropped_requests_do_not_help_to_pass) {
  BOOST_TEST((judged({.completed = {{100ms, 90}}, .dropped_late = 1}, "ttft p95 < 300ms").status ==
              inconclusive));
}

BOOST_AUTO_TEST_CASE(errors_say_nothing_of_gaps_between_tokens) {
  const auto result = judged({.completed = {{100ms, 90}}, .errors = 5}, "icl p95 < 300ms");
  BOOST_TEST(result.samples == 0u);
  BOOST_TEST((result.status == inconclusive));
}

BOOST_AUTO_TEST_CASE(a_lower_limit_on_a_percentile_is_the_mirror_image) {
  // At most half may be at or below 300 ms: with none below, 7 samples exclude that by chance
  // (0.5^7 = 0.008).
  BOOST_TEST((judged({.completed = {{500ms, 6}}}, "ttft p50 > 300ms").status == inconclusive));
  BOOST_TEST((judged({.completed = {{500ms, 7}}}, "ttft p50 > 300ms").status == pass));
  BOOST_TEST((judged({.completed = {{100ms, 7}}}, "ttft p50 > 300ms").status == fail));
  // Failing is no way to be slow enough.
  BOOST_TEST((judged({.errors = 100}, "ttft p50 > 300ms").status == inconclusive));
}

BOOST_AUTO_TEST_CASE(mean_and_maximum_are_compared_as_they_are) {
  const Ended ended{.completed = {{100ms, 3}, {500ms, 1}}};
  BOOST_TEST(judged(ended, "e2e mean < 201ms").measured.value() == 0.2);
  BOOST_TEST((judged(ended, "e2e mean < 201ms").status == pass));
  BOOST_TEST((judged(ended, "e2e mean < 200ms").status == fail));
  BOOST_TEST((judged(ended, "e2e mean <= 200ms").status == pass));
  BOOST_TEST((judged(ended, "e2e max <= 500ms").status == pass));
  BOOST_TEST((judged(ended, "e2e max < 500ms").status == fail));
  BOOST_TEST((judged({}, "e2e max < 500ms").status == inconclusive));
}

BOOST_AUTO_TEST_CASE(an_unanswered_request_lets_no_mean_or_maximum_pass) {
  // The timeout is 60 s: the maximum is at least that, the mean at least 60.3 s / 4.
  const Ended ended{.completed = {{100ms, 3}}, .timeouts = 1};
  const auto failed = judged(ended, "e2e max < 30s");
  BOOST_TEST((failed.status == fail));
  BOOST_TEST(failed.at_least);
  BOOST_TEST(failed.measured.value() == 60.0);
  BOOST_TEST((judged(ended, "e2e max < 90s").status == inconclusive));
  BOOST_TEST((judged(ended, "e2e mean < 15s").status == fail));
  BOOST_TEST((judged(ended, "e2e mean < 16s").status == inconclusive));
  BOOST_TEST((judged(ended, "e2e mean > 1s").status == inconclusive));
}

BOOST_AUTO_TEST_CASE(the_error_rate_is_of_requests_that_ended_by_themselves) {
  const Ended ended{.completed = {{100ms, 98}}, .errors = 1, .timeouts = 1, .open_at_end = 50};
  BOOST_TEST(judged(ended, "error_rate < 5%").measured.value() == 0.02);
  BOOST_TEST((judged(ended, "error_rate <= 2%").status == pass));
  BOOST_TEST((judged(ended, "error_rate < 2%").status == fail));
  BOOST_TEST((judged({.open_at_end = 5}, "error_rate < 5%").status == inconclusive));
}

BOOST_AUTO_TEST_CASE(rates_count_what_happened_in_the_measured_window) {
  // One interval of 10 s, 10 tokens an answer.
  const Ended ended{.completed = {{100ms, 50}}};
  BOOST_TEST(judged(ended, "tokens_per_second > 49").measured.value() == 50.0);
  BOOST_TEST((judged(ended, "tokens_per_second > 49").status == pass));
  BOOST_TEST((judged(ended, "tokens_per_second > 50").status == fail));
  BOOST_TEST((judged(ended, "requests_per_second >= 5").status == pass));
  BOOST_TEST((judged({}, "requests_per_second >= 5").status == inconclusive));
  BOOST_TEST((judged({.errors = 3}, "requests_per_second >= 5").status == fail));
}

BOOST_AUTO_TEST_CASE(the_warm_up_is_not_judged) {
  RunRecord record = record_of({.completed = {{100ms, 90}}}, "ttft p95 < 300ms");
  actors::MetricsSnapshot warm_up;
  warm_up[actors::Phase::warm_up].ledger.error = 500;
  record.timeline.add(0, warm_up);
  BOOST_TEST((judge_thresholds(record).at(0).status == pass));
}

namespace {

ThresholdResult accuracy_of(std::uint64_t agreed, std::uint64_t asked, const std::string& text) {
  RunRecord record = record_of({.completed = {{100ms, 90}}}, text);
  record.scenario.accuracy.sample = 0.02;
  actors::MetricsSnapshot snapshot = moment_in_window();
  snapshot[actors::Phase::measure].accuracy_asked = asked;
  snapshot[actors::Phase::measure].accuracy_agreed = agreed;
  add_batch(record, 0, snapshot);
  return judge_thresholds(record).at(0);
}

}  // namespace

BOOST_AUTO_TEST_CASE(accuracy_passes_only_when_its_whole_interval_meets_the_threshold) {
  // Clopper and Pearson: of 72 that all agree the lower bound is 0.025^(1/72) = 0.950.
  BOOST_TEST((accuracy_of(72, 72, "accuracy > 95%").status == pass));
  const auto before = accuracy_of(71, 71, "accuracy > 95%");
  BOOST_TEST((before.status == inconclusive));
  BOOST_TEST(before.more_needed == 1u);
  BOOST_TEST(mentions(before, "needs 1 more answer"));
  BOOST_TEST(before.measured.value() == 1.0);
}

BOOST_AUTO_TEST_CASE(accuracy_fails_only_when_none_of_its_interval_meets_the_threshold) {
  // 5 of 10: 0.187 to 0.813.
  BOOST_TEST((accuracy_of(5, 10, "accuracy > 82%").status == fail));
  BOOST_TEST((accuracy_of(5, 10, "accuracy > 81%").status == inconclusive));
  BOOST_TEST((accuracy_of(5, 10, "accuracy > 18%").status == pass));
  BOOST_TEST((accuracy_of(5, 10, "accuracy < 82%").status == pass));
  BOOST_TEST((accuracy_of(5, 10, "accuracy < 18%").status == fail));
  BOOST_TEST(accuracy_of(5, 10, "accuracy < 50%").more_needed == 0u);
}

BOOST_AUTO_TEST_CASE(no_sample_shows_that_every_answer_agrees) {
  const auto result = accuracy_of(5000, 5000, "accuracy >= 100%");
  BOOST_TEST((result.status == inconclusive));
  BOOST_TEST(result.more_needed == 0u);
  BOOST_TEST((accuracy_of(4999, 5000, "accuracy >= 100%").status == fail));
}

BOOST_AUTO_TEST_CASE(accuracy_without_anything_asked_again_is_inconclusive) {
  BOOST_TEST((accuracy_of(0, 0, "accuracy > 95%").status == inconclusive));
  const auto off = judged({.completed = {{100ms, 90}}}, "accuracy > 95%");
  BOOST_TEST(mentions(off, "accuracy = { sample = 0.02 }"));
}

BOOST_AUTO_TEST_CASE(unanswered_requests_are_no_slow_hits_of_the_cache) {
  const auto result = judged({.errors = 500}, "cache_hit p95 < 1ms");
  BOOST_TEST((result.status == inconclusive));
  BOOST_TEST(result.samples == 0u);
}
