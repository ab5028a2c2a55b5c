// Single settings changed in a scenario's text.

#include "scenarios/schema/scenario_setting.hpp"

#include <boost/test/unit_test.hpp>

#include "scenarios/schema/scenario_parser.hpp"

using namespace squall::scenarios;

namespace {

const std::string chat = R"(# who asks what
name = "chat # 1"   # not a comment before this
seed = 42
thresholds = ["error_rate < 1%",  # [target]
  "ttft p95 < 2s"]

[target] # model = "no"
kind = "simulated"
first_token = { distribution = "exponential", mean = "10ms" }
token_gap = '1ms'

[users]
count = 8
)";

std::string changed(const std::string& from, const std::string& to) {
  std::string text = chat;
  const auto at = text.find(from);
  BOOST_REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_value_is_replaced_and_everything_else_stays_as_it_was_written) {
  BOOST_TEST(with_setting(chat, "seed=7") == changed("seed = 42", "seed = 7"));
  BOOST_TEST(with_setting(chat, "users.count=16") == changed("count = 8", "count = 16"));
  BOOST_TEST(with_setting(chat, "target.token_gap=1.1ms") == changed("'1ms'", "\"1.1ms\""));
  BOOST_TEST(with_setting(chat, "name=b") == changed("\"chat # 1\"", "\"b\""));
  BOOST_TEST(with_setting(chat, "thresholds=[]") ==
             changed("[\"error_rate < 1%\",  # [target]\n  \"ttft p95 < 2s\"]", "[]"));
}

BOOST_AUTO_TEST_CASE(a_value_inside_an_inline_table_is_reached_by_dots) {
  BOOST_TEST(with_setting(chat, "target.first_token.mean=20ms") == changed("\"10ms\"", "\"20ms\""));
  BOOST_TEST(with_setting(chat, "target.first_token.max=1s") ==
             changed("{ distribution", "{ max = \"1s\", distribution"));
  BOOST_TEST(with_setting("a = {}\n", "a.b=1") == "a = { b = 1 }\n");
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_added_in_its_table) {
  const Scenario more = parse_scenario(with_setting(chat, "target.timeout=9s"), "chat.toml");
  BOOST_TEST(more.target.timeout.count() == 9'000'000'000);
  const Scenario phases = parse_scenario(
      with_settings(chat, {"phases.measure=3s", "phases.drain=1s", "description=a \"b\" \\"}),
      "chat.toml");
  BOOST_TEST(phases.phases.measure.count() == 3'000'000'000);
  BOOST_TEST(phases.phases.drain.count() == 1'000'000'000);
  BOOST_TEST(phases.description == "a \"b\" \\");
}

BOOST_AUTO_TEST_CASE(strings_of_every_kind_are_walked_over) {
  const std::string text =
      "a = \"\"\"x\nb = 1 \\\" \"\"\"\"\nc = '''y\n[t]'''\nd = \"\\\\\"\nb = 2\n";
  BOOST_TEST(with_setting(text, "b=3") ==
             "a = \"\"\"x\nb = 1 \\\" \"\"\"\"\nc = '''y\n[t]'''\nd = \"\\\\\"\nb = 3\n");
}

BOOST_AUTO_TEST_CASE(tables_in_arrays_are_never_taken_for_the_table_of_that_name) {
  const std::string text = "[[t]]\na = 1\n[[t]]\na = 2\n[u]\na = 3\n";
  BOOST_TEST(with_setting(text, "u.a=4") == "[[t]]\na = 1\n[[t]]\na = 2\n[u]\na = 4\n");
  BOOST_TEST(with_setting("x = [ { a = 1 }, 2 ]\na = 5", "a=6") == "x = [ { a = 1 }, 2 ]\na = 6");
}

BOOST_AUTO_TEST_CASE(what_is_no_setting_is_refused_with_an_example) {
  for (const char* wrong : {"", "seed", "seed=", "=1", "a..b=1", "a b=1", "a.=1"})
    BOOST_CHECK_THROW(with_setting(chat, wrong), SettingError);
  BOOST_CHECK_THROW(with_setting("{{{", "a=1"), SettingError);
  BOOST_CHECK_THROW(with_setting("a = \n", "a=1"), SettingError);
}
