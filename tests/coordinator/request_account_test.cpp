#include "coordinator/run/audit/request_account.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/coordinator/sample_runs.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

void check_adds_up(const RequestAccount& account) {
  BOOST_TEST(account.planned + account.surplus ==
             account.completed + account.failed + account.cancelled + account.lost);
  BOOST_TEST(account.lost == account.lost_in_flight + account.never_reported);
}

/// One agent of an open model that planned 100 and reported this of them.
RunRecord reported(const Ledger& ledger) {
  RunRecord record = healthy_closed_record();
  record.scenario.load = scenarios::OpenArrivals{};
  record.timeline = MetricsTimeline(record.scenario.phases, 1);
  record.agents[0].sealed = Sealed{};
  record.agents[0].ready->planned_requests = 100;
  MetricsSnapshot snapshot = moment_in_window();
  snapshot[Phase::measure].ledger = ledger;
  add_batch(record, 0, snapshot);
  return record;
}

}  // namespace

BOOST_AUTO_TEST_CASE(in_a_healthy_run_everything_planned_was_completed) {
  const RequestAccount total = sum_of(accounts_of(healthy_record()));
  BOOST_TEST(total.planned == 700u);
  BOOST_TEST(total.completed == 700u);
  check_adds_up(total);
}

BOOST_AUTO_TEST_CASE(the_accounts_of_all_agents_add_up_to_the_total) {
  const RunRecord record = healthy_record();
  RequestAccount sum = accounts_of(record)[0];
  sum += accounts_of(record)[1];
  BOOST_TEST((sum == sum_of(accounts_of(record))));
}

BOOST_AUTO_TEST_CASE(each_way_to_end_has_its_column) {
  Ledger ledger;
  ledger.scheduled = 100;
  ledger.dropped_late = 3;
  ledger.cancelled_before_send = 2;
  ledger.issued = 95;
  ledger.ok = 80;
  ledger.error = 4;
  ledger.timeout = 5;
  ledger.cancelled = 1;
  ledger.open_at_end = 5;
  const RequestAccount account = sum_of(accounts_of(reported(ledger)));
  BOOST_TEST(account.completed == 80u);
  BOOST_TEST(account.failed == 9u);
  BOOST_TEST(account.timed_out == 5u);
  BOOST_TEST(account.cancelled == 11u);
  BOOST_TEST(account.not_sent == 5u);
  BOOST_TEST(account.open_at_end == 5u);
  BOOST_TEST(account.lost == 0u);
  check_adds_up(account);
}

BOOST_AUTO_TEST_CASE(a_dead_agent_loses_what_was_in_flight_and_what_it_never_reported) {
  Ledger ledger;
  ledger.scheduled = 40;
  ledger.issued = 38;  // two were due and waiting
  ledger.ok = 30;
  RunRecord record = reported(ledger);
  record.agents[0].sealed.reset();
  record.agents[0].lost = "its process ended: killed by signal 9";
  record.broken = "agent local-1 was lost";
  const RequestAccount account = sum_of(accounts_of(record));
  BOOST_TEST(account.planned == 100u);
  BOOST_TEST(account.completed == 30u);
  BOOST_TEST(account.cancelled == 0u);
  BOOST_TEST(account.lost_in_flight == 10u);
  BOOST_TEST(account.never_reported == 60u);
  check_adds_up(account);
}

BOOST_AUTO_TEST_CASE(what_was_not_yet_due_at_an_interrupt_is_cancelled_and_not_lost) {
  Ledger ledger;
  ledger.scheduled = ledger.issued = ledger.ok = 40;
  RunRecord record = reported(ledger);
  record.interrupted = true;
  const RequestAccount account = sum_of(accounts_of(record));
  BOOST_TEST(account.cancelled == 60u);
  BOOST_TEST(account.lost == 0u);
  check_adds_up(account);
}

BOOST_AUTO_TEST_CASE(what_was_sealed_but_never_arrived_is_lost) {
  RunRecord record = healthy_closed_record();
  auto& sealed = record.agents[0].sealed->totals[static_cast<std::size_t>(Phase::measure)];
  sealed.scheduled += 7;
  const RequestAccount account = sum_of(accounts_of(record));
  BOOST_TEST(account.never_reported == 7u);
  check_adds_up(account);
}

BOOST_AUTO_TEST_CASE(more_than_was_planned_is_a_surplus) {
  Ledger ledger;
  ledger.scheduled = ledger.issued = ledger.ok = 103;
  const RequestAccount account = sum_of(accounts_of(reported(ledger)));
  BOOST_TEST(account.surplus == 3u);
  BOOST_TEST(account.lost == 0u);
  check_adds_up(account);
}
