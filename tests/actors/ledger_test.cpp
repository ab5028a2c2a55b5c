#include "actors/metrics/ledger.hpp"

#include <boost/test/unit_test.hpp>

#include "actors/metrics/metrics_snapshot.hpp"

using namespace squall::actors;
using namespace std::chrono_literals;

namespace {

Ledger balanced() {
  return {.scheduled = 20,
          .issued = 15,
          .dropped_late = 3,
          .cancelled_before_send = 2,
          .ok = 9,
          .error = 3,
          .timeout = 1,
          .cancelled = 1,
          .open_at_end = 1};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_balanced_ledger_has_no_imbalances) {
  BOOST_TEST(imbalances(balanced()).empty());
  BOOST_TEST(imbalances(Ledger{}).empty());
  BOOST_TEST(balanced().ended() == 15u);
  BOOST_TEST(balanced().in_flight() == 0u);
}

BOOST_AUTO_TEST_CASE(each_broken_identity_is_told_in_numbers) {
  Ledger ledger = balanced();
  ledger.ok = 8;
  const auto lost_answer = imbalances(ledger);
  BOOST_REQUIRE(lost_answer.size() == 1u);
  BOOST_TEST(lost_answer[0] ==
             "issued 15 is not ok 8 + error 3 + timeout 1 + cancelled 1 + open at end 1");
  ledger.dropped_late = 2;
  const auto both = imbalances(ledger);
  BOOST_REQUIRE(both.size() == 2u);
  BOOST_TEST(both[0] == "scheduled 20 is not issued 15 + dropped late 2 + cancelled before send 2");
}

BOOST_AUTO_TEST_CASE(changing_any_count_breaks_the_balance) {
  std::uint64_t Ledger::*const fields[] = {
      &Ledger::scheduled,  &Ledger::issued, &Ledger::dropped_late, &Ledger::cancelled_before_send,
      &Ledger::ok,         &Ledger::error,  &Ledger::timeout,      &Ledger::cancelled,
      &Ledger::open_at_end};
  for (const auto field : fields) {
    Ledger ledger = balanced();
    ++(ledger.*field);
    BOOST_TEST(!imbalances(ledger).empty());
  }
}

BOOST_AUTO_TEST_CASE(deltas_add_up_to_the_total) {
  const Ledger early{.scheduled = 5, .issued = 4, .cancelled_before_send = 1, .ok = 2, .error = 1};
  Ledger sum = early;
  sum += balanced() - early;
  BOOST_TEST((sum == balanced()));
  BOOST_TEST(((balanced() - balanced()) == Ledger{}));
}

BOOST_AUTO_TEST_CASE(phases_merge_by_adding_everything_they_hold) {
  PhaseMetrics a, b;
  a.ledger = b.ledger = balanced();
  a.durations[0].record(1ms);
  b.durations[0].record(3ms);
  b.durations[5].record(1s);
  a.errors = {{"refused", 2}};
  b.errors = {{"refused", 1}, {"no content", 4}};
  a.prompt_tokens = 10;
  b.output_tokens = 7;
  PhaseMetrics ab = a, ba = b;
  ab.merge(b);
  ba.merge(a);
  BOOST_TEST((ab == ba));
  BOOST_TEST(ab.ledger.scheduled == 40u);
  BOOST_TEST(ab.durations[0].count() == 2u);
  BOOST_TEST(ab.durations[5].count() == 1u);
  BOOST_TEST(
      (ab.errors == std::map<std::string, std::uint64_t>{{"no content", 4}, {"refused", 3}}));
  BOOST_TEST(ab.prompt_tokens == 10u);
  BOOST_TEST(ab.output_tokens == 7u);
}
