// Orders that an agent carries out, or refuses: taking over a lost agent's work, being fenced, and
// the caps of whoever started it.

#include <boost/test/unit_test.hpp>

#include "tests/agents/agent_run_driver.hpp"

using namespace squall;
using namespace squall::tests;

BOOST_FIXTURE_TEST_SUITE(take_over, AgentDriver)

BOOST_AUTO_TEST_CASE(a_share_of_a_lost_agent_is_added_and_answered) {
  begin(long_scenario);
  live_until(start + 5s);
  const auto effects = say(TakeOver{1, {1, 2, 1}, 7s, 10s});
  const auto* added = find<effect::AddShare>(effects);
  BOOST_REQUIRE(added);
  BOOST_TEST((added->plan->share == scenarios::AgentShare{1, 2, 1}));
  BOOST_TEST((added->plan->entry == scenarios::LateEntry{7s, 10s}));
  const auto* answer = sent<TookOver>(effects);
  BOOST_REQUIRE(answer);
  BOOST_TEST(answer->number == 1u);
}

BOOST_AUTO_TEST_CASE(an_order_that_is_repeated_is_answered_again_and_adds_nothing) {
  begin(long_scenario);
  live_until(start + 5s);
  say(TakeOver{1, {1, 2, 1}, 7s, 10s});
  const auto again = say(TakeOver{1, {1, 2, 1}, 7s, 10s});
  BOOST_TEST(!find<effect::AddShare>(again));
  BOOST_TEST(sent<TookOver>(again));
  const auto another = say(TakeOver{2, {3, 4, 1}, 8s, 10s});
  BOOST_TEST(find<effect::AddShare>(another));
}

BOOST_AUTO_TEST_CASE(who_has_stopped_takes_nothing_over) {
  begin();
  live_until(start + 3600ms);
  BOOST_TEST(say(TakeOver{1, {1, 2, 1}, 3s, 1s}).empty());
}

BOOST_AUTO_TEST_CASE(users_that_were_taken_over_count_as_active) {
  begin(long_scenario);
  live_until(start + 5s);
  take(say(TakeOver{1, {1, 2, 1}, 7s, 0s}));
  live_until(start + 10s);
  const auto* taken = std::get_if<BatchTaken>(&journal.back());
  BOOST_REQUIRE(taken);
  BOOST_TEST(taken->batch.snapshot.active_users == 6u);  // four of its own, two of four
}

BOOST_AUTO_TEST_CASE(what_would_exceed_a_cap_is_not_taken_over_and_somebody_is_warned) {
  start_with({.users = 5, .hosts = {}});
  begin(long_scenario);
  live_until(start + 5s);
  const auto effects = say(TakeOver{1, {1, 2, 1}, 7s, 10s});
  BOOST_TEST(!find<effect::AddShare>(effects));
  BOOST_TEST(!sent<TookOver>(effects));
  BOOST_REQUIRE(find<effect::Warn>(effects));
  BOOST_TEST(find<effect::Warn>(effects)->what.find("--max-users") != std::string::npos);
  BOOST_TEST(say(TakeOver{1, {1, 2, 1}, 7s, 10s}).empty());  // told once
  // A smaller piece fits.
  BOOST_TEST(find<effect::AddShare>(say(TakeOver{2, {1, 4, 1}, 7s, 10s})));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(fenced, AgentDriver)

BOOST_AUTO_TEST_CASE(an_agent_that_was_given_up_stops_hands_over_and_seals) {
  begin(long_scenario);
  live_until(start + 5s);
  lose_the_coordinator();
  live_until(now + 12s);
  seen.clear();
  acknowledges = true;
  take(say(StopLoad{0ns}));
  BOOST_TEST(find<effect::StopUsers>(seen));
  run.on_users_stopped(now);
  live_until(now + 200ms);
  BOOST_TEST(find<effect::AbandonOpen>(seen));
  in_flight = 0;
  live_until(now + 3s);
  BOOST_TEST(newest_batch == snapshots.size());
  const auto* sealed = sent<Sealed>(seen);
  BOOST_REQUIRE(sealed);
  BOOST_TEST(sealed->batches == snapshots.size());
  BOOST_TEST(sealed->stopped_because.empty());  // it was told to
  BOOST_TEST(resumed(seen) == 0u);
}

BOOST_AUTO_TEST_CASE(an_agent_that_cannot_report_what_it_measured_ends_its_part_and_says_why) {
  begin(long_scenario);
  live_until(start + 5s);
  const auto batches = newest_batch;
  seen.clear();
  take(run.on_snapshot(endless_snapshot(), now));
  BOOST_TEST(newest_batch == batches);
  BOOST_TEST(count<effect::Warn>(seen) == 1u);
  BOOST_TEST(find<effect::StopUsers>(seen));
  run.on_users_stopped(now);
  in_flight = 0;
  live_until(now + 3s);
  const auto* sealed = sent<Sealed>(seen);
  BOOST_REQUIRE(sealed);
  BOOST_TEST(sealed->batches == newest_batch);
  BOOST_TEST(sealed->stopped_because.find("1 MiB") != std::string::npos, sealed->stopped_because);
}

BOOST_AUTO_TEST_CASE(a_stop_order_that_is_repeated_does_no_harm) {
  begin(long_scenario);
  live_until(start + 5s);
  take(say(StopLoad{0ns}));
  seen.clear();
  take(say(StopLoad{0ns}));
  BOOST_TEST(!find<effect::StopUsers>(seen));
}

BOOST_AUTO_TEST_SUITE_END()

// ---- caps

namespace {

constexpr const char* arrivals = R"(
name = "test"
[target]
kind = "openai"
model = "m"
url = "http://LLM.internal:8000/v1"
[arrivals]
process = "poisson"
rate = 100
[phases]
warm_up = "30s"
measure = "90s"
)";

struct Capped : AgentDriver {
  std::string refusal(const AgentCaps& limits, const std::string& text,
                      scenarios::AgentShare share = {0, 1}) {
    start_with(limits);
    prepare(text, share);
    const auto* failed = sent<PrepareFailed>(prepared);
    if (failed == nullptr) return {};
    BOOST_TEST_INFO(failed->message);
    BOOST_TEST(failed->user_can_fix);
    BOOST_REQUIRE(find<effect::Leave>(prepared));
    BOOST_TEST(find<effect::Leave>(prepared)->exit_code == 2);
    return failed->message;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(caps, Capped)

BOOST_AUTO_TEST_CASE(users_of_its_share_and_not_of_the_scenario_count) {
  const auto message = refusal({.users = 3, .hosts = {}}, plain_scenario);
  BOOST_TEST(message.find("4 users") != std::string::npos);
  BOOST_TEST(message.find("--max-users") != std::string::npos);
  BOOST_TEST(refusal({.users = 4, .hosts = {}}, plain_scenario).empty());
  BOOST_TEST(refusal({.users = 2, .hosts = {}}, plain_scenario, {1, 2}).empty());
}

BOOST_AUTO_TEST_CASE(the_rate_of_its_share_counts) {
  const auto message = refusal({.rate = 49, .hosts = {}}, arrivals, {0, 2});
  BOOST_TEST(message.find("50 arrivals") != std::string::npos, message);
  BOOST_TEST(refusal({.rate = 50, .hosts = {}}, arrivals, {0, 2}).empty());
  BOOST_TEST(refusal({.rate = 50, .hosts = {}}, arrivals, {0, 4, 2}).empty());
  BOOST_TEST(!refusal({.rate = 50, .hosts = {}}, arrivals, {0, 4, 3}).empty());
}

BOOST_AUTO_TEST_CASE(the_duration_of_warm_up_and_measure_counts) {
  const auto message = refusal({.duration = 119s, .hosts = {}}, arrivals);
  BOOST_TEST(message.find("120 s") != std::string::npos, message);
  BOOST_TEST(message.find("119 s") != std::string::npos);
  BOOST_TEST(refusal({.duration = 120s, .hosts = {}}, arrivals).empty());
}

BOOST_AUTO_TEST_CASE(only_hosts_on_the_list_are_talked_to) {
  const auto message = refusal({.hosts = {"127.0.0.1", "other"}}, arrivals);
  BOOST_TEST(message.find("--allow-host llm.internal") != std::string::npos);
  BOOST_TEST(refusal({.hosts = {"llm.Internal"}}, arrivals).empty());
}

BOOST_AUTO_TEST_CASE(a_host_that_only_looks_like_one_on_the_list_is_not) {
  for (const std::string url :
       {"http://llm.internal.evil/v1", "http://evil/llm.internal", "http://evil:80/v1?llm.internal",
        "http://evil#llm.internal", "http://xllm.internal/v1"}) {
    std::string text = arrivals;
    text.replace(text.find("http://LLM.internal:8000/v1"), 27, url);
    BOOST_TEST(!refusal({.hosts = {"llm.internal"}}, text).empty(), url);
  }
}

BOOST_AUTO_TEST_CASE(models_are_fetched_only_from_hosts_on_the_list) {
  const std::string text = R"(
name = "test"
[target]
model = "models/m.gguf"
sources = ["https://models.example/m.gguf"]
[users]
count = 1
)";
  BOOST_TEST(refusal({.hosts = {"llm.internal"}}, text).find("models.example") !=
             std::string::npos);
  BOOST_TEST(refusal({.hosts = {"models.example"}}, text).empty());
}

BOOST_AUTO_TEST_SUITE_END()
