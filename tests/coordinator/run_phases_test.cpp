#include "coordinator/run/run_phases.hpp"

#include "tests/coordinator/run_fixture.hpp"

using namespace squall::tests;

BOOST_FIXTURE_TEST_SUITE(run_phases, RunFixture)

BOOST_AUTO_TEST_CASE(prepares_when_all_agents_have_joined) {
  BOOST_TEST(told<Prepare>(greet("a")).empty());
  BOOST_TEST(told<Prepare>(greet("b")) == (Peers{"a", "b"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(preparing_has_ten_minutes_unless_the_model_may_have_to_be_downloaded) {
  greet("a");
  greet("b");
  pass(9min + 50s);
  BOOST_TEST(!run.finished());
  pass(20s);
  BOOST_TEST(run.finished());
  BOOST_TEST(run.final_record().broken.value_or("") ==
             "the agents were not ready within 10 min 02 s");

  RunRecord downloading = fresh_record();
  downloading.scenario.target.sources = {"https://host/m.gguf"};
  restart(downloading, {.agents = 2});
  greet("a");
  greet("b");
  pass(1h);
  BOOST_TEST(!run.finished());
}

BOOST_AUTO_TEST_CASE(a_surplus_agent_is_refused_with_the_reason) {
  greet("a");
  greet("b");
  BOOST_TEST(told<Rejected>(greet("c")) == Peers{"c"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_agent_of_another_version_is_refused_naming_both) {
  const auto reason = only<Rejected>(hear("a", Hello{"a", "9.9", "host", 1})).reason;
  BOOST_TEST(reason.find("9.9") != std::string::npos);
  BOOST_TEST(reason.find("0.1.0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(starts_everyone_at_one_instant_two_seconds_ahead) {
  greet("a");
  greet("b");
  BOOST_TEST(hear("a", Ready{}).say.empty());
  const auto out = hear("b", Ready{});
  BOOST_REQUIRE(told<StartAt>(out).size() == 2u);
  for (const auto& each : out.say)
    BOOST_TEST(std::get<StartAt>(each.message).instant == (now + 2s).time_since_epoch().count());
}

BOOST_AUTO_TEST_CASE(a_batch_counts_once_however_often_it_comes) {
  begin();
  hear("a", batch(1, 5));
  hear("a", batch(1, 5));
  BOOST_TEST(issued() == 5u);
}

BOOST_AUTO_TEST_CASE(a_batch_after_a_gap_waits_for_the_missing_one) {
  begin();
  hear("a", batch(1, 5));
  const auto out = hear("a", batch(3, 7));
  BOOST_TEST(issued() == 5u);
  BOOST_TEST(only<BatchAcknowledged>(out).sequence == 1u);
  hear("a", batch(2, 1));
  hear("a", batch(3, 7));
  BOOST_TEST(issued() == 13u);
}

BOOST_AUTO_TEST_CASE(a_seal_is_accepted_only_when_every_batch_is_there) {
  begin();
  now += 3s;
  hear("a", batch(1, 5));
  BOOST_TEST(told<SealAcknowledged>(hear("a", sealed(2))).empty());
  hear("a", batch(2, 5));
  BOOST_TEST(told<SealAcknowledged>(hear("a", sealed(2))).size() == 1u);
  BOOST_TEST(!run.finished());
  hear("b", sealed(0));
  BOOST_TEST(run.finished());
  BOOST_TEST(!run.record().broken.has_value());
}

BOOST_AUTO_TEST_CASE(an_agent_that_seals_before_its_plan_is_done_breaks_the_run) {
  begin();
  now += 2800ms;
  const auto out = hear("a", sealed(0));
  BOOST_TEST(told<StopLoad>(out) == Peers{"b"}, boost::test_tools::per_element());
  hear("b", sealed(0));
  BOOST_TEST(run.finished());
  BOOST_REQUIRE(run.record().broken.has_value());
  BOOST_TEST(run.record().broken->find("before its plan was done") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_stall_of_the_coordinator_itself_loses_nobody) {
  begin();
  now += 6s;  // it was stopped, and what the agents sent meanwhile has not been read yet
  BOOST_TEST(told<StopLoad>(tick()).empty());
  BOOST_TEST(!run.record().broken.has_value());
}

BOOST_AUTO_TEST_CASE(an_interrupt_before_the_common_start_ends_the_run_at_once) {
  greet("a");
  greet("b");
  hear("a", Ready{});
  hear("b", Ready{});
  BOOST_TEST(told<StopLoad>(note(run.on_interrupt(now + 1s))).size() == 2u);
  BOOST_TEST(run.finished());
  BOOST_TEST(!run.record().began);
}

BOOST_AUTO_TEST_CASE(shares_go_by_name_whoever_joins_first) {
  greet("b");
  const auto out = greet("a");
  for (const auto& each : out.say)
    if (const auto* prepare = std::get_if<Prepare>(&each.message))
      BOOST_TEST(prepare->share.index == (each.peer == "a" ? 0u : 1u));
  BOOST_TEST(told<Prepare>(out).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_silent_agent_is_lost_after_five_seconds_and_the_others_are_stopped) {
  RunRecord longer = fresh_record();
  longer.scenario.phases = {0s, 1min, 1s};
  restart(longer, {.agents = 2});
  begin();
  const Instant silent_since = now;
  beat("a");
  Steps out;
  while (told<StopLoad>(out).empty() && now < silent_since + 10s) {
    now += 100ms;
    beat("b");
    out = tick();
  }
  BOOST_TEST((now - silent_since == 5s));
  BOOST_TEST(told<StopLoad>(out) == Peers{"b"}, boost::test_tools::per_element());
  hear("b", sealed(0));
  BOOST_TEST(run.finished());
  const auto record = run.final_record();
  BOOST_TEST(record.broken->find("agent a was lost") != std::string::npos);
  BOOST_TEST(record.agents[0].lost.has_value());
  BOOST_TEST((record.agents[0].lost_at == 5s));
  BOOST_TEST(!record.agents[1].lost.has_value());
}

BOOST_AUTO_TEST_CASE(a_stranger_that_speaks_another_version_gets_an_answer) {
  const auto out = note(run.on_protocol_error("z", "version 9 against version 1", now));
  BOOST_TEST(only<Rejected>(out).reason.find("version 9") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_agent_that_keeps_babbling_is_given_up) {
  begin();
  beat("a");
  for (int i = 0; i < 7; ++i) run.on_protocol_error("a", "noise", now);
  BOOST_TEST(told<StopLoad>(note(run.on_protocol_error("a", "noise", now))) == Peers{"b"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_epoch_that_never_joined_is_turned_away) {
  begin();
  BOOST_TEST(told<Rejected>(hear("a", batch(1, 5), 99)).size() == 1u);
  BOOST_TEST(issued() == 0u);
}

BOOST_AUTO_TEST_CASE(a_process_that_ends_before_it_joined_breaks_the_run) {
  greet("a", 100);
  run.on_process_ended(555, "exit code 127", now);
  BOOST_TEST(run.finished());
  BOOST_TEST(run.record().broken->find("exit code 127") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_an_agent_cannot_prepare_ends_the_run_with_its_words) {
  greet("a");
  greet("b");
  const auto out = hear("a", PrepareFailed{"no such model", true});
  BOOST_TEST(run.finished());
  BOOST_TEST(run.broken_by_user());
  BOOST_TEST(*run.record().broken == "no such model");
  BOOST_TEST(told<StopLoad>(out) == Peers{"b"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_interrupt_gives_what_is_open_a_short_grace) {
  begin();
  const auto out = note(run.on_interrupt(now));
  BOOST_REQUIRE(told<StopLoad>(out).size() == 2u);
  for (const auto& each : out.say)  // the scenario's drain is shorter than the usual grace
    BOOST_TEST((std::get<StopLoad>(each.message).grace == 1s));
  BOOST_TEST(!run.finished());
  hear("a", sealed(0));
  hear("b", sealed(0));
  BOOST_TEST(run.finished());
  BOOST_TEST(run.record().interrupted);
}

BOOST_AUTO_TEST_CASE(stages_follow_the_scenario) {
  greet("a");
  BOOST_TEST((run.stage(now) == RunStage::gathering));
  greet("b");
  BOOST_TEST((run.stage(now) == RunStage::preparing));
  hear("a", Ready{});
  hear("b", Ready{});
  BOOST_TEST((run.stage(now) == RunStage::starting));
  pass(2500ms);
  BOOST_TEST((run.stage(now) == RunStage::warming_up));
  pass(1s);
  BOOST_TEST((run.stage(now) == RunStage::measuring));
  pass(2s);
  BOOST_TEST((run.stage(now) == RunStage::draining));
}

BOOST_AUTO_TEST_CASE(agents_that_ask_again_at_rest_have_time_for_it_after_the_drain) {
  RunRecord asking = fresh_record();
  asking.scenario.accuracy = {.sample = 0.02, .time_limit = 60s};
  restart(asking, {.agents = 2});
  begin();
  pass(3s + 1s + 60s + 5s);  // the load, the drain, the asking, and some of the time to seal
  BOOST_TEST(!run.finished());
  pass(10s);
  BOOST_TEST(run.finished());
}

BOOST_AUTO_TEST_CASE(an_agent_that_never_seals_is_given_up) {
  begin();
  pass(20s);
  BOOST_TEST(run.finished());
  BOOST_TEST(run.record().broken.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
