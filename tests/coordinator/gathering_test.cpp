#include "tests/coordinator/run_fixture.hpp"

using namespace squall;
using namespace squall::tests;

BOOST_FIXTURE_TEST_SUITE(gathering, RunFixture)

BOOST_AUTO_TEST_CASE(who_waits_for_the_others_hears_that_it_is_welcome) {
  BOOST_TEST(told<BatchAcknowledged>(greet("a")) == Peers{"a"}, boost::test_tools::per_element());
  BOOST_TEST(told<BatchAcknowledged>(greet("a")) == Peers{"a"}, boost::test_tools::per_element());
  BOOST_TEST(run.gathering().present() == 1u);
}

BOOST_AUTO_TEST_CASE(an_agent_that_goes_while_others_are_awaited_is_forgotten) {
  greet("a");
  for (int i = 0; i < 60; ++i, now += 100ms) tick();
  BOOST_TEST(run.gathering().present() == 0u);
  BOOST_TEST(!run.finished());
  greet("b");
  BOOST_TEST(told<Prepare>(greet("c")).size() == 2u);
  BOOST_TEST(run.record().agents.size() == 2u);
}

BOOST_AUTO_TEST_CASE(whoever_came_by_then_takes_part) {
  restart(fresh_record(), {.wait = 60s});
  for (int i = 0; i < 120; ++i, now += 500ms) {
    for (const char* each : {"a", "b", "c"}) greet(each);
    BOOST_TEST(told<Prepare>(tick()).empty());
  }
  BOOST_TEST(told<Prepare>(tick()).size() == 3u);
}

BOOST_AUTO_TEST_CASE(nobody_by_then_ends_the_run_in_words) {
  restart(fresh_record(), {.wait = 60s});
  now += 60s;
  tick();
  BOOST_TEST(run.finished());
  BOOST_TEST(*run.record().broken == "no agent joined within 60.0 s");
}

BOOST_AUTO_TEST_CASE(only_those_on_the_list_take_part_and_the_missing_are_named) {
  restart(fresh_record(), {.names = {"a", "b"}, .patience = 20s});
  BOOST_TEST(only<Rejected>(greet("c")).reason.find("not on the list") != std::string::npos);
  for (int i = 0; i < 41; ++i, now += 500ms) {
    greet("a");
    tick();
  }
  BOOST_TEST(run.finished());
  BOOST_TEST(*run.record().broken == "1 of 2 agents joined within 20.0 s; missing: b");
}

BOOST_AUTO_TEST_CASE(a_listed_name_is_that_of_the_key_where_there_are_keys) {
  restart(fresh_record(), {.names = {"rack-1", "rack-2"}});
  hear_with_key("x", "rack-1", 1, hello_of("one"));
  BOOST_TEST(told<Prepare>(hear_with_key("y", "rack-2", 2, hello_of("two"))).size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_agent_without_a_label_that_the_scenario_requires_is_refused) {
  RunRecord record = fresh_record();
  record.scenario.agents.require = {"gpu"};
  restart(record, {.agents = 2});
  BOOST_TEST(only<Rejected>(greet("a", 1, {"rack=a"})).reason.find("'gpu'") != std::string::npos);
  BOOST_TEST(told<Rejected>(greet("b", 2, {"rack=a", "gpu"})).empty());
}

BOOST_AUTO_TEST_CASE(shares_are_as_wide_as_their_agents_weigh_and_fill_the_round) {
  RunRecord record = fresh_record();
  record.scenario.agents.weights = {{"big", 5}, {"mid", 2}};
  restart(record, {.agents = 3});
  greet("c", 1, {"big", "mid"});
  greet("a", 2, {"mid"});
  greet("b", 3);
  const auto& agents = run.record().agents;  // in the order of joining; shares go by name
  BOOST_REQUIRE(agents.size() == 3u);
  BOOST_TEST((agents[0].share == scenarios::AgentShare{3, 8, 5}));  // c
  BOOST_TEST((agents[1].share == scenarios::AgentShare{0, 8, 2}));  // a
  BOOST_TEST((agents[2].share == scenarios::AgentShare{2, 8, 1}));  // b
}

BOOST_AUTO_TEST_CASE(two_with_the_same_name_are_one_too_many) {
  greet("a");
  const auto rejected = only<Rejected>(hear("b", hello_of("a")));
  BOOST_TEST(rejected.reason.find("--name") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_agent_that_starts_again_with_its_key_replaces_itself) {
  hear_with_key("x", "rack-1", 1, hello_of("one"));
  hear_with_key("y", "rack-1", 2, hello_of("one"));
  BOOST_TEST(run.gathering().present() == 1u);
  BOOST_TEST(told<Rejected>(hear_with_key("x", "rack-1", 1, hello_of("one"))).size() == 1u);
  hear_with_key("z", "rack-2", 3, hello_of("two"));
  BOOST_TEST(run.record().agents.at(0).epoch == 2u);

  // Also while they prepare: it gets its share anew.
  BOOST_TEST(told<Prepare>(hear_with_key("w", "rack-1", 4, hello_of("one"))) == Peers{"w"},
             boost::test_tools::per_element());
  BOOST_TEST(told<Rejected>(hear_with_key("y", "rack-1", 2, Ready{})).size() == 1u);
  hear_with_key("z", "rack-2", 3, Ready{});
  BOOST_TEST(told<StartAt>(hear_with_key("w", "rack-1", 4, Ready{})).size() == 2u);
}

BOOST_AUTO_TEST_CASE(an_agent_that_starts_again_amid_the_load_is_told_and_was_lost) {
  hear_with_key("x", "rack-1", 1, hello_of("one"));
  hear_with_key("z", "rack-2", 3, hello_of("two"));
  hear_with_key("x", "rack-1", 1, Ready{});
  hear_with_key("z", "rack-2", 3, Ready{});
  now += 3s;
  const auto out = hear_with_key("y", "rack-1", 2, hello_of("one"));
  BOOST_TEST(only<Rejected>(out).may_come_again);
  BOOST_TEST(run.record().agents[0].lost.value_or("") == "was started again");
}

BOOST_AUTO_TEST_CASE(nobody_speaks_for_an_agent_with_another_key) {
  hear_with_key("x", "rack-1", 1, hello_of("one"));
  hear_with_key("z", "rack-2", 3, hello_of("two"));
  BOOST_TEST(told<Rejected>(hear_with_key("z", "rack-2", 1, Ready{})).size() == 1u);
  BOOST_TEST(!run.record().agents[0].ready.has_value());
}

BOOST_AUTO_TEST_CASE(a_revoked_key_is_lost_and_not_believed_any_more) {
  hear_with_key("x", "rack-1", 1, hello_of("one"));
  hear_with_key("z", "rack-2", 3, hello_of("two"));
  hear_with_key("x", "rack-1", 1, Ready{});
  hear_with_key("z", "rack-2", 3, Ready{});
  now += 3s;
  BOOST_TEST(told<StopLoad>(note(run.on_revoked("rack-1", now))) == Peers{"z"},
             boost::test_tools::per_element());
  BOOST_TEST(told<Rejected>(hear_with_key("x", "rack-1", 1, batch(1, 5))).size() == 1u);
  BOOST_TEST(issued() == 0u);
}

BOOST_AUTO_TEST_CASE(a_process_of_another_machine_is_not_taken_for_a_local_one) {
  restart(fresh_record(), {.agents = 2, .host = "here"});
  Hello far = hello_of("a", 100);
  far.host = "there";
  Hello near = hello_of("b", 100);
  near.host = "here";
  hear("a", far);
  hear("b", near);
  hear("a", Ready{});
  hear("b", Ready{});
  now += 3s;
  note(run.on_process_ended(100, "killed", now));
  BOOST_TEST(!run.record().agents[0].lost.has_value());
  BOOST_TEST(run.record().agents[1].lost.has_value());
}

BOOST_AUTO_TEST_CASE(strangers_that_babble_are_counted_and_answered_so_often_only) {
  std::size_t answers = 0;
  for (int i = 0; i < 100'000; ++i)
    answers += note(run.on_protocol_error("z" + std::to_string(i), "noise", now)).say.size();
  BOOST_TEST(run.record().protocol_errors == 100'000u);
  BOOST_TEST(answers == 50u);
}

BOOST_AUTO_TEST_CASE(strangers_that_greet_in_vain_are_answered_so_often_only) {
  const auto rejections = [&](const std::string& version) {
    std::size_t count = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      Hello hello = hello_of("z" + std::to_string(i));
      hello.tool_version = version;
      const auto out = note(run.on_message("z", "", 1000 + i, "", hello, now));
      count += told<Rejected>(out).size();
    }
    return count;
  };
  BOOST_TEST(rejections("0.0.1") == 50u);
  now += 1s;
  begin();
  now += 1s;
  BOOST_TEST(rejections("0.1.0") == 50u);  // the run is under way
  now += 1s;
  std::size_t count = 0;
  for (std::uint64_t i = 0; i < 1000; ++i)
    count += note(run.on_message("z", "", 5000 + i, "run-1", Heartbeat{}, now)).say.size();
  BOOST_TEST(count == 50u);
}

BOOST_AUTO_TEST_CASE(whoever_may_take_part_is_welcomed_however_many_they_are) {
  restart(fresh_record(), {.agents = 1000});
  std::size_t welcome = 0;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const std::string name = "a" + std::to_string(i);
    welcome +=
        told<BatchAcknowledged>(note(run.on_message(name, "", 1000 + i, "", hello_of(name), now)))
            .size();
  }
  BOOST_TEST(welcome == 500u);
}

BOOST_AUTO_TEST_SUITE_END()
