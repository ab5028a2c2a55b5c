// Percentiles of single requests: exact where there is a record of each, the histograms' where not,
// and an audit line that holds the two against each other.

#include "coordinator/run/audit/exact_durations.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/metrics/percentile.hpp"
#include "coordinator/run/audit/record_audit.hpp"
#include "scenarios/load/random.hpp"

using namespace squall::coordinator;
using namespace squall::actors;
using namespace std::chrono_literals;
using squall::scenarios::Metric;

namespace {

RequestRecord request(nanoseconds to_first) {
  RequestRecord record;
  record.to_first = to_first;
  record.to_last = to_first;
  record.output_tokens = 1;
  return record;
}

/// A run whose one agent told of these requests, by histograms and one by one.
struct Told {
  RunRecord run;
  std::shared_ptr<ExactDurations> exact = std::make_shared<ExactDurations>();

  explicit Told(const std::vector<RequestRecord>& counted) {
    run.timeline = MetricsTimeline({.measure = 10s}, 1);
    MetricsSnapshot snapshot;
    snapshot.to = 1s;
    PhaseMetrics& metrics = snapshot[Phase::measure];
    for (const RequestRecord& each : counted) {
      for (std::size_t i = 0; i < metrics.durations.size(); ++i)
        if (const auto duration = duration_of(each, static_cast<Metric>(i)))
          metrics.durations[i].record(*duration);
      ++metrics.ledger.scheduled;
      ++metrics.ledger.issued;
      ++metrics.ledger.ok;
    }
    run.timeline.add(0, snapshot);
  }
  AuditLine line(const std::vector<RequestRecord>& recorded) {
    for (const RequestRecord& each : recorded) exact->take(each);
    exact->sort();
    run.exact = exact;
    const auto line = exact_records(run);
    BOOST_REQUIRE(line.has_value());
    return *line;
  }
};

std::vector<RequestRecord> some_requests() {
  squall::scenarios::Random random(9);
  std::vector<RequestRecord> requests;
  for (int i = 0; i < 1000; ++i)
    requests.push_back(
        request(nanoseconds(static_cast<std::int64_t>((random.next() % (1s / 1ns))))));
  return requests;
}

}  // namespace

BOOST_AUTO_TEST_CASE(ranks_are_exact_where_histograms_round) {
  ExactDurations exact;
  Histogram rounded;
  for (int i = 1; i <= 1000; ++i) {
    const nanoseconds value = 100ms + i * 1003ns;
    exact.take(request(value));
    rounded.record(value);
  }
  exact.sort();
  const auto* all = exact.all_of(Phase::measure, Metric::ttft, rounded);
  BOOST_REQUIRE(all != nullptr);
  const auto estimate = estimate_percentile({&rounded, 0, 0ns, all}, 95);
  BOOST_TEST(estimate.value.count() == (100ms + 950 * 1003ns).count());
  BOOST_TEST(estimate_percentile({&rounded}, 95).value.count() != estimate.value.count());
  BOOST_TEST(count_above({&rounded, 0, 0ns, all}, 100ms + 950 * 1003ns) == 50u);
  BOOST_TEST(count_above({&rounded, 0, 0ns, all}, 100ms + 950 * 1003ns - 1ns) == 51u);
}

BOOST_AUTO_TEST_CASE(one_record_that_is_missing_leaves_the_histograms) {
  ExactDurations exact;
  Histogram rounded;
  rounded.record(10ms);
  rounded.record(20ms);
  exact.take(request(10ms));
  exact.sort();
  BOOST_TEST(exact.all_of(Phase::measure, Metric::ttft, rounded) == nullptr);
  exact.take(request(20ms));
  exact.sort();
  BOOST_TEST(exact.all_of(Phase::measure, Metric::ttft, rounded) != nullptr);
  BOOST_TEST(exact.all_of(Phase::measure, Metric::icl, Histogram{}) == nullptr);
}

BOOST_AUTO_TEST_CASE(the_audit_holds_records_against_histograms) {
  const auto requests = some_requests();
  BOOST_TEST((Told(requests).line(requests).status == AuditStatus::passed));

  auto fewer = requests;
  fewer.pop_back();
  BOOST_TEST((Told(requests).line(fewer).status == AuditStatus::warning));
  BOOST_TEST((Told(fewer).line(requests).status == AuditStatus::failed));

  auto other = requests;
  other[500].to_first = *other[500].to_first + 1s;
  const AuditLine line = Told(requests).line(other);
  BOOST_TEST((line.status == AuditStatus::failed));
  BOOST_TEST(line.explanation.find("ttft") != std::string::npos);

  Told unreadable(requests);
  unreadable.exact->count_unreadable();
  BOOST_TEST((unreadable.line(requests).status == AuditStatus::failed));

  RunRecord without;
  BOOST_TEST(!exact_records(without).has_value());
}
