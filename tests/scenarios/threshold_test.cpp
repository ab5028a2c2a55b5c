// scenarios/thresholds: one line that a run must satisfy.

#include "scenarios/thresholds/threshold.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string>

using namespace squall::scenarios;

namespace {

using Statistic = Threshold::Statistic;
using Comparison = Threshold::Comparison;

void check(std::string_view text, Metric metric, Statistic statistic, double percentile,
           Comparison comparison, double limit) {
  BOOST_TEST_CONTEXT(std::string(text)) {
    const Threshold threshold = parse_threshold(text);
    BOOST_TEST((threshold.metric == metric));
    BOOST_TEST((threshold.statistic == statistic));
    BOOST_TEST(threshold.percentile == percentile);
    BOOST_TEST((threshold.comparison == comparison));
    BOOST_TEST(std::abs(threshold.limit - limit) <= 1e-12 * limit);
  }
}

template <class Parse>
std::string error_of(Parse parse, std::string_view text) {
  try {
    parse(text);
  } catch (const ThresholdError& error) {
    return error.what();
  }
  return "no error";
}

void refused(std::string_view text, std::string_view message) {
  BOOST_TEST_CONTEXT(std::string(text)) { BOOST_TEST(error_of(parse_threshold, text) == message); }
}

void refused_duration(std::string_view text, std::string_view message) {
  BOOST_TEST_CONTEXT(std::string(text)) { BOOST_TEST(error_of(parse_duration, text) == message); }
}

}  // namespace

BOOST_AUTO_TEST_CASE(thresholds_read_as_written) {
  check("ttft p95 < 300ms", Metric::ttft, Statistic::percentile, 95, Comparison::below, 0.3);
  check("e2e max < 5s", Metric::e2e, Statistic::maximum, 0, Comparison::below, 5);
  check("tpot mean <= 20ms", Metric::tpot, Statistic::mean, 0, Comparison::at_most, 0.02);
  check("tokens_per_second > 100", Metric::tokens_per_second, Statistic::value, 0,
        Comparison::above, 100);
  check("requests_per_second >= 2.5", Metric::requests_per_second, Statistic::value, 0,
        Comparison::at_least, 2.5);
  check("error_rate < 1%", Metric::error_rate, Statistic::value, 0, Comparison::below, 0.01);
  check("error_rate <= 0%", Metric::error_rate, Statistic::value, 0, Comparison::at_most, 0);
  check("icl p99.9 < 1.5s", Metric::icl, Statistic::percentile, 99.9, Comparison::below, 1.5);
  check("queue p50 < 2m", Metric::queue, Statistic::percentile, 50, Comparison::below, 120);
  check("dispatch_delay p99 < 40us", Metric::dispatch_delay, Statistic::percentile, 99,
        Comparison::below, 40e-6);
}

BOOST_AUTO_TEST_CASE(blanks_do_not_matter_and_the_text_is_kept_trimmed) {
  check("ttft p95<300ms", Metric::ttft, Statistic::percentile, 95, Comparison::below, 0.3);
  check(" \tttft   p95  <  300 ms \n", Metric::ttft, Statistic::percentile, 95, Comparison::below,
        0.3);
  BOOST_TEST(parse_threshold("  ttft p95 < 300ms ").text == "ttft p95 < 300ms");
}

BOOST_AUTO_TEST_CASE(comparisons_hold_where_they_should) {
  const auto holds = [](const char* text, double measured) {
    return parse_threshold(text).holds(measured);
  };
  BOOST_TEST(holds("e2e max < 1s", 0.999));
  BOOST_TEST(!holds("e2e max < 1s", 1.0));
  BOOST_TEST(holds("e2e max <= 1s", 1.0));
  BOOST_TEST(!holds("e2e max <= 1s", 1.001));
  BOOST_TEST(holds("tokens_per_second > 100", 100.5));
  BOOST_TEST(!holds("tokens_per_second > 100", 100.0));
  BOOST_TEST(holds("tokens_per_second >= 100", 100.0));
  BOOST_TEST(!holds("tokens_per_second >= 100", 99.9));
  for (const char* any : {"e2e max < 1s", "e2e max <= 1s", "e2e max > 1s", "e2e max >= 1s"}) {
    BOOST_TEST(!holds(any, std::numeric_limits<double>::quiet_NaN()), any);
  }
}

BOOST_AUTO_TEST_CASE(unknown_words_are_named_with_the_nearest) {
  refused("ttfb p95 < 300ms", "unknown metric 'ttfb'; did you mean 'ttft'?");
  refused("tokens_per_secnd > 1",
          "unknown metric 'tokens_per_secnd'; did you mean 'tokens_per_second'?");
  refused("latency p95 < 1s",
          "unknown metric 'latency'; known metrics: ttft, ttft_service, e2e, e2e_service, tpot, "
          "icl, dispatch_delay, queue, prefill, ntpot, stall, cache_hit, stamp_delay, "
          "ttft_error, gap_error, tokens_per_second, requests_per_second, error_rate, accuracy, "
          "goodput, slo_attainment, memory, gpu_memory, load_time, speedup");
  refused("ttft median < 1s", "unknown statistic 'median'; did you mean 'p50'?");
  refused("ttft avg < 1s", "unknown statistic 'avg'; did you mean 'mean'?");
  refused("ttft P95 < 1s", "unknown statistic 'P95'; did you mean 'p95'?");
  refused("ttft p < 1s",
          "unknown statistic 'p'; write a percentile such as 'p95', or 'mean' or 'max'");
  refused("ttft p95 p99 < 1s",
          "percentile 'p95 p99' must be above p0 and below p100, as in 'p95' or 'p99.9'; the "
          "largest value is 'max'");
}

BOOST_AUTO_TEST_CASE(statistics_must_fit_their_metric) {
  refused("ttft < 300ms",
          "metric 'ttft' needs a statistic: a percentile, 'mean' or 'max', as in 'ttft p95 < "
          "300ms'");
  refused("error_rate p95 < 1%",
          "metric 'error_rate' is one number for the whole run; remove 'p95'");
  for (const char* word : {"p0", "p100", "p101", "p-5", "p1e1", "p95x", "p0.0", "p.", "p9999999"}) {
    refused("ttft " + std::string(word) + " < 1s",
            "percentile '" + std::string(word) +
                "' must be above p0 and below p100, as in 'p95' or 'p99.9'; the largest value is "
                "'max'");
  }
}

BOOST_AUTO_TEST_CASE(missing_parts_are_named) {
  refused("", "a threshold is empty; write one as 'ttft p95 < 300ms'");
  refused("ttft p95", "threshold 'ttft p95' compares nothing; write it as 'ttft p95 < 300ms'");
  refused("< 300ms", "a threshold must begin with a metric, as in 'ttft p95 < 300ms'");
  refused("ttft p95 <", "expected a duration such as \"300ms\" after 'ttft', found nothing");
  refused("ttft p95 == 1s", "unknown comparison '=='; write <, <=, > or >=");
  refused("ttft p95 =< 1s", "unknown comparison '=<'; did you mean '<='?");
  refused("ttft p95 => 1s", "unknown comparison '=>'; did you mean '>='?");
}

BOOST_AUTO_TEST_CASE(limits_must_have_the_unit_of_their_metric) {
  refused("ttft p95 < 300", "'300' lacks a unit of time: us, ms, s, m or h");
  refused("ttft p95 < 3%",
          "metric 'ttft' is a duration; '3%' is a share: write one such as '300ms'");
  refused("ttft p95 < 3sec", "'sec' in '3sec' is not a unit of time: write us, ms, s, m or h");
  refused("error_rate < 0.01",
          "metric 'error_rate' is a share of the requests; write '0.01' in percent, as in '1%'");
  refused("error_rate < 101%", "a share is at most 100%; got '101%'");
  refused("tokens_per_second > 5ms",
          "metric 'tokens_per_second' is a number per second and takes no unit; remove 'ms'");
}

BOOST_AUTO_TEST_CASE(numbers_must_be_plain_finite_and_not_negative) {
  refused("ttft p95 < -3ms",
          "'-3ms' is negative; expected a duration such as \"300ms\" after 'ttft'");
  refused("ttft p95 < nan", "expected a duration such as \"300ms\" after 'ttft', found 'nan'");
  refused("tokens_per_second > inf",
          "expected a number such as 100 after 'tokens_per_second', found 'inf'");
  refused("tokens_per_second > +5",
          "expected a number such as 100 after 'tokens_per_second', found '+5'");
  refused("tokens_per_second > 1" + std::string(400, '0'),
          "'1" + std::string(59, '0') +
              "…' is a number beyond all bounds; expected a number such as 100 after "
              "'tokens_per_second'");
  refused("ttft p95 < 300ms and more",
          "unexpected 'and more' at the end of '300ms and more'; expected a duration such as "
          "\"300ms\" after 'ttft'");
  refused("ttft p95 < 300ms < 2s",
          "unexpected '< 2s' at the end of '300ms < 2s'; expected a duration such as \"300ms\" "
          "after 'ttft'");
  refused("error_rate < 0%",
          "threshold 'error_rate < 0%' can never hold: nothing measured is below 0; did you mean "
          "'<='?");
}

BOOST_AUTO_TEST_CASE(durations_read_in_every_unit) {
  const auto is = [](const char* text, double seconds) {
    return std::abs(parse_duration(text) - seconds) <= 1e-15 + 1e-12 * seconds;
  };
  BOOST_TEST(is("40us", 40e-6));
  BOOST_TEST(is("300ms", 0.3));
  BOOST_TEST(is("1.5s", 1.5));
  BOOST_TEST(is("2m", 120));
  BOOST_TEST(is("1h", 3600));
  BOOST_TEST(is("0s", 0));
  BOOST_TEST(is(".5s", 0.5));
  BOOST_TEST(is(" 10 s ", 10));
  BOOST_TEST(is("8760h", 365.0 * 86400));
}

BOOST_AUTO_TEST_CASE(wrong_durations_say_what_to_write) {
  refused_duration("", "expected a duration such as \"300ms\", found nothing");
  refused_duration("soon", "expected a duration such as \"300ms\", found 'soon'");
  refused_duration("5", "'5' lacks a unit of time: us, ms, s, m or h");
  refused_duration("5d", "'d' in '5d' is not a unit of time: write us, ms, s, m or h");
  refused_duration("-5s", "'-5s' is negative; expected a duration such as \"300ms\"");
  refused_duration("1h30m",
                   "unexpected '30m' at the end of '1h30m'; expected a duration such as \"300ms\"");
  refused_duration("8761h", "'8761h' is too long; at most 365 days (8760h)");
  refused_duration("1e3s",
                   "unexpected '3s' at the end of '1e3s'; expected a duration such as \"300ms\"");
}
