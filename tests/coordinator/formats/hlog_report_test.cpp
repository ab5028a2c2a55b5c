// HdrHistogram logs decoded again by what HdrHistogram's documentation says of them, by nothing of
// the code that wrote them: the same buckets, the same percentiles.

#include "coordinator/report/formats/hlog_report.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <sstream>
#include <zlib.h>

#include "coordinator/report/formats/hdr_encoding.hpp"
#include "tests/coordinator/formats/formatted_runs.hpp"

using namespace squall;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;
using actors::Histogram;

namespace {

using Bytes = std::vector<unsigned char>;

Bytes from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  BOOST_REQUIRE(text.size() % 4 == 0);
  Bytes bytes;
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = digits.find(text[i]);
    BOOST_REQUIRE((digit != std::string::npos || text[i] == '='));
    group = group << 6U | (text[i] == '=' ? 0U : static_cast<std::uint32_t>(digit));
    if (i % 4 != 3) continue;
    const int padding = text[i] != '=' ? 0 : text[i - 1] != '=' ? 1 : 2;
    for (int k = 0; k < 3 - padding; ++k)
      bytes.push_back(static_cast<unsigned char>(group >> (16 - 8 * k)));
    group = 0;
  }
  return bytes;
}

std::uint64_t big_endian(const Bytes& bytes, std::size_t at, std::size_t length) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i) value = value << 8U | bytes.at(at + i);
  return value;
}

/// As a reader sees it.
struct Decoded {
  std::map<std::uint64_t, std::uint64_t> counts;  // by index
  std::uint64_t digits = 0, lowest = 0, highest = 0;

  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto& [index, times] : counts) sum += times;
    return sum;
  }
};

Decoded decode(const std::string& base64) {
  const Bytes outer = from_base64(base64);
  BOOST_REQUIRE(big_endian(outer, 0, 4) == 0x1c849314U);
  BOOST_REQUIRE(big_endian(outer, 4, 4) == outer.size() - 8);
  Bytes plain(1 << 20);
  uLongf size = plain.size();
  BOOST_REQUIRE(uncompress(plain.data(), &size, outer.data() + 8, outer.size() - 8) == Z_OK);
  plain.resize(size);
  BOOST_REQUIRE(big_endian(plain, 0, 4) == 0x1c849313U);
  BOOST_REQUIRE(big_endian(plain, 4, 4) == plain.size() - 40);
  BOOST_REQUIRE(big_endian(plain, 8, 4) == 0u);
  Decoded decoded;
  decoded.digits = big_endian(plain, 12, 4);
  decoded.lowest = big_endian(plain, 16, 8);
  decoded.highest = big_endian(plain, 24, 8);
  BOOST_REQUIRE(big_endian(plain, 32, 8) == 0x3ff0000000000000U);  // 1.0
  std::uint64_t index = 0;
  for (std::size_t at = 40; at < plain.size();) {
    std::uint64_t raw = 0;
    for (unsigned shift = 0;; shift += 7) {
      const unsigned char byte = plain.at(at++);
      raw |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) break;
    }
    const auto value = static_cast<std::int64_t>(raw >> 1U) ^ -static_cast<std::int64_t>(raw & 1U);
    if (value < 0) {
      index += static_cast<std::uint64_t>(-value);
    } else {
      if (value > 0) decoded.counts[index] = static_cast<std::uint64_t>(value);
      ++index;
    }
  }
  return decoded;
}

std::map<std::uint64_t, std::uint64_t> counts_of(const Histogram& histogram) {
  std::map<std::uint64_t, std::uint64_t> counts;
  for (const auto& [index, times] : histogram.parts().counts) counts[index] = times;
  return counts;
}

/// Lowest value of a bucket by HdrHistogram's formula: 2048 sub-buckets, of which later halves
/// count, in units of one.
std::uint64_t lowest_value(std::uint64_t index) {
  std::int64_t bucket = static_cast<std::int64_t>(index >> 10U) - 1;
  std::uint64_t sub_bucket = (index & 1023U) + 1024;
  if (bucket < 0) {
    sub_bucket -= 1024;
    bucket = 0;
  }
  return sub_bucket << static_cast<unsigned>(bucket);
}

/// HdrHistogram's getValueAtPercentile, as the bucket that it names.
std::uint64_t index_at_percentile(const Decoded& decoded, double percentile) {
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(
             std::ceil(percentile / 100 * static_cast<double>(decoded.total()) - 1e-9)));
  std::uint64_t seen = 0;
  for (const auto& [index, times] : decoded.counts)
    if ((seen += times) >= wanted) return index;
  return 0;
}

struct Line {
  std::string tag;
  double from = 0, length = 0, maximum = 0;
  Decoded histogram;
};

std::vector<Line> lines_of(const std::string& log) {
  std::vector<Line> lines;
  std::istringstream stream(log);
  for (std::string text; std::getline(stream, text);) {
    if (text.starts_with('#') || text.starts_with('"')) continue;
    Line line;
    if (text.starts_with("Tag=")) {
      line.tag = text.substr(4, text.find(',') - 4);
      text.erase(0, text.find(',') + 1);
    }
    std::istringstream fields(text);
    std::vector<std::string> parts;
    for (std::string part; std::getline(fields, part, ',');) parts.push_back(part);
    BOOST_REQUIRE(parts.size() == 4u);
    line.from = std::stod(parts[0]);
    line.length = std::stod(parts[1]);
    line.maximum = std::stod(parts[2]);
    line.histogram = decode(parts[3]);
    lines.push_back(std::move(line));
  }
  return lines;
}

const Histogram& durations_of(const ReportedRun& run, const std::string& metric) {
  for (const ReportedDuration& row : run.measured.durations)
    if (row.metric == metric) return *row.histogram;
  throw std::out_of_range(metric);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_decoded_histogram_has_the_same_buckets_and_theirs_are_ours) {
  Histogram histogram;
  histogram.record(0us);
  histogram.record(1us, 3);
  histogram.record(2us);
  histogram.record(2047us);
  histogram.record(2048us, 200);
  for (int i = 1; i < 3000; ++i) histogram.record(i * i * 7us);
  histogram.record(37h, 1'000'000'007);
  const Decoded decoded = decode(hdr_base64(histogram));
  BOOST_TEST(decoded.digits == 3u);
  BOOST_TEST(decoded.lowest == 1u);
  BOOST_TEST(decoded.highest == (std::uint64_t{1} << 37U) - 1);
  BOOST_TEST((decoded.counts == counts_of(histogram)));
  for (const auto value : {0us, 1us, 2047us, 2048us, 4097us, 1'000'000us, 133'200'000'000us}) {
    Histogram one;
    one.record(value);
    const std::uint64_t index = one.parts().counts.front().first;
    const auto units = static_cast<std::uint64_t>(value.count());
    BOOST_TEST(lowest_value(index) <= units);
    BOOST_TEST(units < lowest_value(index + 1));
  }
}

BOOST_AUTO_TEST_CASE(an_empty_histogram_and_one_with_values_that_have_no_bucket_can_be_decoded) {
  BOOST_TEST(decode(hdr_base64(Histogram())).counts.empty());
  Histogram outside;
  outside.record(-1us);
  outside.record(100h);
  outside.record(5us);
  BOOST_TEST(decode(hdr_base64(outside)).total() == 1u);
}

BOOST_AUTO_TEST_CASE(a_log_of_a_report_alone_has_a_line_a_metric_with_its_percentiles) {
  const ReportedRun run = reported(healthy_record());
  const std::string log = hlog_report(run, {});
  const auto lines = lines_of(log);
  BOOST_TEST(lines.size() == run.measured.durations.size());
  for (const Line& line : lines) {
    const Histogram& kept = durations_of(run, line.tag);
    BOOST_TEST((line.histogram.counts == counts_of(kept)));
    BOOST_TEST(line.from == 5.0);
    BOOST_TEST(line.length == 30.0);
    const double maximum = std::chrono::duration<double, std::milli>(kept.maximum()).count();
    BOOST_TEST(line.maximum == maximum, boost::test_tools::tolerance(0.01));
    for (const unsigned percentile : {1u, 50u, 90u, 95u, 99u, 100u}) {
      const std::uint64_t index = index_at_percentile(line.histogram, percentile);
      const auto ours = static_cast<std::uint64_t>(kept.value_at_percentile(percentile) / 1us);
      BOOST_TEST(lowest_value(index) <= ours);
      BOOST_TEST(ours < lowest_value(index + 1));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_log_begins_with_what_its_readers_look_for) {
  const std::string log = hlog_report(reported(varied_record()), {});
  BOOST_TEST(log.starts_with("#[Histogram log format version 1.3]\n#[StartTime: 1795242821.000 "));
  BOOST_TEST(contains(log, "\n#[BaseTime: 1795242821.000 (seconds since epoch)]\n"));
  BOOST_TEST(contains(log, "\n# SIMULATED TARGET"));
  BOOST_TEST(contains(log, "\n\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","));
}

BOOST_AUTO_TEST_CASE(one_metric_alone_has_no_tag) {
  const auto lines = lines_of(hlog_report(reported(healthy_record()), {}, "e2e"));
  BOOST_REQUIRE(lines.size() == 1u);
  BOOST_TEST(lines[0].tag.empty());
  BOOST_TEST(lines[0].histogram.total() == 600u);
}

BOOST_AUTO_TEST_CASE(names_that_are_attacks_stay_in_comments) {
  RunRecord record = hostile_record();
  record.scenario.name = "x\n#[StartTime: 1 ]\n0,1,2,AAAA";
  std::istringstream log(hlog_report(reported(record), {}));
  std::size_t starts = 0;
  for (std::string line; std::getline(log, line);) {
    starts += line.starts_with("#[StartTime") ? 1 : 0;
    BOOST_TEST((line.starts_with("#") || line.starts_with("\"Start") || line.starts_with("Tag=")));
  }
  BOOST_TEST(starts == 1u);
}

BOOST_AUTO_TEST_CASE(intervals_together_are_the_whole_phase) {
  IntervalHistograms intervals(35s);
  Histogram whole;
  actors::MetricsSnapshot snapshot;
  for (int second = 0; second < 35; ++second)
    for (int agent = 0; agent < 2; ++agent) {
      snapshot = {};
      snapshot.from = std::chrono::seconds(second) + agent * 300ms;
      snapshot.to = snapshot.from + 700ms;
      auto& phase = snapshot[second < 5 ? actors::Phase::warm_up : actors::Phase::measure];
      for (int i = 0; i < 20; ++i) {
        const auto value = (second + 1) * 3ms + i * 1ms + agent * 10us;
        phase.durations[static_cast<std::size_t>(scenarios::Metric::ttft)].record(value);
        if (second >= 5) whole.record(value);
      }
      intervals.add(snapshot);
    }
  const auto parts = intervals.intervals();
  BOOST_TEST(parts.size() == 30u);
  BOOST_TEST((parts.front().from == 5s));
  Histogram sum;
  for (const auto& part : parts) {
    BOOST_TEST((part.length == 1s));
    sum.merge(part.durations[static_cast<std::size_t>(scenarios::Metric::ttft)]);
  }
  BOOST_TEST((sum == whole));

  const auto lines = lines_of(hlog_report(reported(healthy_record()), parts));
  BOOST_TEST(lines.size() == 30u);
  BOOST_TEST(lines[7].tag == "ttft");
  BOOST_TEST(lines[7].from == 12.0);
  BOOST_TEST(lines[7].histogram.total() == 40u);
}

BOOST_AUTO_TEST_CASE(a_day_has_longer_intervals_but_no_fewer_values) {
  IntervalHistograms intervals(24h);
  actors::MetricsSnapshot snapshot;
  snapshot[actors::Phase::measure].durations[0].record(1ms);
  for (int second = 0; second < 24 * 3600; second += 10) {
    snapshot.from = std::chrono::seconds(second);
    snapshot.to = snapshot.from + 1s;
    intervals.add(snapshot);
  }
  const auto parts = intervals.intervals();
  BOOST_TEST(parts.size() == 3600u);
  BOOST_TEST((parts.front().length == 24s));
  std::uint64_t total = 0;
  for (const auto& part : parts) total += part.durations[0].count();
  BOOST_TEST(total == 8640u);
}

BOOST_AUTO_TEST_CASE(instants_are_read_or_refused) {
  BOOST_TEST(seconds_since_1970("1970-01-01T00:00:00Z").value() == 0);
  BOOST_TEST(seconds_since_1970("2026-11-21T06:33:41Z").value() == 1'795'242'821);
  for (const char* wrong : {"", "2026-11-21", "2026-13-21T06:33:41Z", "2026-02-30T06:33:41Z",
                            "2026-11-21T24:33:41Z", "2026-11-21T06:33:41Zx"})
    BOOST_TEST(!seconds_since_1970(wrong).has_value(), wrong);
}
