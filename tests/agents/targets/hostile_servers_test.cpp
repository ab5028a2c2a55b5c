// Servers that refuse, break off, lie or never end: each is counted in its class, none crashes or
// hangs the target, and the next good request on the same target is answered.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <map>

#include "scenarios/load/random.hpp"
#include "tests/agents/targets/openai_settings.hpp"
#include "tests/fixtures/mock_server/mock_server.hpp"

using namespace squall;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 4s;  // for the first token, and between tokens
constexpr auto limit = 5s;     // of a whole request

/// How a request ends to which the mock server behaves as the name says.
const std::map<std::string, std::string> expected_outcomes{
    // ---- odd, but right
    {"paced", "completed"},
    {"role_first", "completed"},
    {"reasoning", "completed"},
    {"no_usage", "completed"},
    {"byte_by_byte", "completed"},
    {"at_once", "completed"},
    {"odd_dialect", "completed"},
    {"until_close", "completed"},
    {"says_close", "completed"},
    {"closes", "completed"},
    {"closes_idle", "completed"},
    {"informs_first", "completed"},
    {"unasked_bytes", "completed"},
    // ---- wrong where it does not matter
    {"lying_usage", "completed"},
    {"lying_stamps", "completed"},
    {"future_stamps", "completed"},
    // ---- refusing
    {"status_400", "failed: HTTP 400"},
    {"status_401", "failed: HTTP 401"},
    {"status_404", "failed: HTTP 404"},
    {"status_429", "failed: HTTP 429"},
    {"status_429_date", "failed: HTTP 429"},
    {"status_500", "failed: HTTP 500"},
    {"status_503", "failed: HTTP 503"},
    {"endless_error", "failed: HTTP 500"},
    {"redirect", "failed: HTTP 307: redirects are not followed"},
    {"no_content", "failed: HTTP 204"},
    {"not_streamed", "failed: not an event stream"},
    {"wrong_type", "failed: not an event stream"},
    {"error_object", "failed: not an event stream"},
    {"short_body", "failed: not an event stream"},
    {"endless_object", "failed: not an event stream"},
    {"compressed", "failed: compressed answer"},
    {"error_event", "failed: error in the stream: server_error"},
    // ---- breaking off
    {"reset", "failed: connection reset"},
    {"reset_at_once", "failed: connection reset"},
    {"close_at_once", "failed: closed without an answer"},
    {"half_event", "failed: answer ended early"},
    {"half_chunk", "failed: answer ended early"},
    {"ends_early", "failed: answer ended early"},
    {"no_done", "failed: answer ended early"},
    {"empty_stream", "failed: answer ended early"},
    // ---- never ending
    {"silent", "timed out"},
    {"falls_silent", "timed out"},
    {"slow_headers", "timed out"},
    {"endless_text", "timed out"},
    {"endless_comments", "timed out"},
    {"endless_roles", "timed out"},
    {"endless_headers", "failed: headers too large"},
    {"endless_header_line", "failed: headers too large"},
    {"endless_status_line", "failed: headers too large"},
    {"endless_trailers", "failed: headers too large"},
    {"endless_event", "failed: event too large"},
    {"huge_event", "failed: event too large"},
    {"endless_chunk_extension", "failed: malformed HTTP response"},
    // ---- nonsense
    {"invalid_utf8", "failed: invalid UTF-8 in event"},
    {"invalid_json", "failed: invalid JSON in event"},
    {"wrong_shapes", "failed: invalid JSON in event"},
    {"deep_json", "failed: invalid JSON in event"},
    {"nul_bytes", "failed: invalid JSON in event"},
    {"not_http", "failed: malformed HTTP response"},
    {"bad_status_line", "failed: malformed HTTP response"},
    {"bad_header", "failed: malformed HTTP response"},
    {"bad_chunk_size", "failed: malformed HTTP response"},
    {"huge_chunk_size", "failed: malformed HTTP response"},
    {"bad_chunk_end", "failed: malformed HTTP response"},
    {"two_lengths", "failed: malformed HTTP response"},
    {"bad_length", "failed: malformed HTTP response"},
    // ---- an answer that says nothing
    {"only_done", "completed"},
    {"only_roles", "completed"},
};

scenarios::Scenario patient_scenario(const std::string& url) {
  auto scenario = openai_scenario(url);
  scenario.target.first_token_timeout = patience;
  scenario.target.token_gap_timeout = patience;
  return scenario;
}

std::vector<std::string> all_behaviours() {
  std::vector<std::string> names;
  for (const auto* behaviours : {&good_behaviours(), &refusing_behaviours(), &hostile_behaviours()})
    for (const auto& [name, behave] : *behaviours) names.push_back(name);
  return names;
}

bool ends_soon(const std::string& name) { return expected_outcomes.at(name) != "timed out"; }

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_behaviour_is_counted_in_its_class_whatever_else_goes_on) {
  const MockServer server;
  TargetDriver driver(openai_target(patient_scenario(server.url())));
  std::map<std::string, std::uint64_t> asked;
  std::vector<std::uint64_t> good;
  for (const std::string& name : all_behaviours()) {
    BOOST_REQUIRE_MESSAGE(expected_outcomes.contains(name), "what is expected of " << name << "?");
    asked[name] = driver.submit("@" + name, {.limit = limit});
    good.push_back(driver.submit("@paced,gap=5ms"));
  }
  BOOST_TEST(asked.size() == expected_outcomes.size());
  BOOST_REQUIRE(driver.wait_for_all(60s));
  for (const auto& [name, id] : asked)
    BOOST_TEST(in_words(driver.timeline(id).outcome) == expected_outcomes.at(name), name);
  for (const auto id : good) BOOST_TEST(driver.timeline(id).answer == " 0 1 2 3");
  BOOST_TEST(driver.ended_twice() == 0u);
}

BOOST_AUTO_TEST_CASE(after_each_hostile_answer_the_next_good_request_is_answered) {
  const MockServer server;
  TargetDriver driver(openai_target(patient_scenario(server.url())));
  for (const std::string& name : all_behaviours()) {
    if (!ends_soon(name)) continue;
    BOOST_TEST(in_words(driver.ask("@" + name).outcome) == expected_outcomes.at(name), name);
    const auto next = driver.ask("@paced");
    BOOST_TEST(in_words(next.outcome) == "completed", "after " << name);
    BOOST_TEST(next.answer == " 0 1 2 3", "after " << name);
  }
}

BOOST_AUTO_TEST_CASE(turns_of_many_hostile_and_good_answers_leave_no_socket_behind) {
  const MockServer server;
  std::vector<std::string> names = all_behaviours();
  std::erase_if(names, [](const std::string& name) {
    return !ends_soon(name) || name == "huge_event" || name == "endless_error";  // take long
  });
  scenarios::Random random(11);
  const std::size_t before = open_descriptors();
  {
    TargetDriver driver(openai_target(patient_scenario(server.url())));
    for (int turn = 0; turn < 4; ++turn) {
      std::map<std::uint64_t, std::string> asked;
      for (int i = 0; i < 100; ++i) {
        const std::string& name = names[random.next() % names.size()];
        asked[driver.submit("@" + name)] = name;
        asked[driver.submit("@paced")] = "paced";
      }
      BOOST_REQUIRE(driver.wait_for_all(30s));
      for (const auto& [id, name] : asked)
        BOOST_TEST(in_words(driver.timeline(id).outcome) == expected_outcomes.at(name), name);
    }
  }
  const auto until = std::chrono::steady_clock::now() + 10s;  // the server's ends close a bit later
  while (open_descriptors() > before && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(5ms);
  BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(failures_tell_whether_they_may_pass_and_how_long_the_server_asked_to_wait) {
  const MockServer server;
  TargetDriver driver(openai_target(patient_scenario(server.url())));
  const auto failure = [&](const std::string& name) {
    const auto outcome = driver.ask("@" + name).outcome;
    const auto* failed = std::get_if<actors::Failed>(&outcome);
    BOOST_REQUIRE_MESSAGE(failed != nullptr, name << ": " << in_words(outcome));
    return *failed;
  };
  for (const char* name : {"status_429", "status_500", "status_503", "reset", "close_at_once",
                           "half_event", "ends_early"})
    BOOST_TEST(failure(name).may_pass, name);
  for (const char* name : {"status_400", "status_401", "status_404", "wrong_type", "not_http"})
    BOOST_TEST(!failure(name).may_pass, name);
  BOOST_TEST((failure("status_429").retry_after == 3s));
  BOOST_TEST((failure("status_503").retry_after == 1s));
  BOOST_TEST((failure("status_429_date").retry_after > 1min));
  BOOST_TEST((failure("status_500").retry_after == 0s));
}

BOOST_AUTO_TEST_CASE(only_text_is_stamped_and_reasoning_is_told_apart) {
  const MockServer server;
  TargetDriver driver(openai_target(patient_scenario(server.url())));
  const auto role_first = driver.ask("@role_first");
  BOOST_TEST(role_first.content.size() == 4u);
  BOOST_TEST((role_first.content.at(0) - role_first.first_chunk >= 10ms));  // roles are no content
  const auto reasoning = driver.ask("@reasoning");
  BOOST_TEST(reasoning.content.size() == 7u);
  BOOST_TEST((reasoning.first_output == reasoning.content.at(3)));
  BOOST_TEST(reasoning.answer == " 0 1 2 3");
}

BOOST_AUTO_TEST_CASE(the_servers_count_of_tokens_goes_before_that_of_chunks) {
  const MockServer server;
  TargetDriver driver(openai_target(patient_scenario(server.url())));
  const auto several = driver.ask("@paced,tokens=4", {.answer_tokens = 8});
  BOOST_TEST(several.content.size() == 2u);
  BOOST_TEST(several.output_tokens == 8u);
  BOOST_TEST(several.tokens_disputed);
  const auto unsaid = driver.ask("@no_usage", {.answer_tokens = 8});
  BOOST_TEST(unsaid.output_tokens == 8u);
  BOOST_TEST(!unsaid.tokens_disputed);
}

BOOST_AUTO_TEST_CASE(stamps_that_cannot_be_are_not_passed_on) {
  const MockServer server;
  TargetDriver driver(openai_target(patient_scenario(server.url())));
  BOOST_TEST(driver.ask("@paced").server_content.size() == 4u);
  BOOST_TEST(driver.ask("@lying_stamps").server_content.empty());
  BOOST_TEST(driver.ask("@future_stamps").server_content.empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_streamed_is_read_as_a_whole_and_judged) {
  const MockServer server;
  auto scenario = patient_scenario(server.url());
  scenario.target.openai.stream = false;
  TargetDriver driver(openai_target(scenario));
  const auto whole = driver.ask("@paced,gap=10ms");
  BOOST_TEST(in_words(whole.outcome) == "completed");
  BOOST_TEST(whole.answer == " 0 1 2 3");
  BOOST_TEST(whole.output_tokens == 4u);
  const std::map<std::string, std::string> expected{
      {"short_body", "failed: answer ended early"},
      {"error_object", "failed: error in the answer: server_error"},
      {"wrong_type", "failed: invalid JSON in answer"},
      {"reset", "failed: an event stream that was not asked for"},
      {"status_500", "failed: HTTP 500"}};
  for (const auto& [name, outcome] : expected) {
    BOOST_TEST(in_words(driver.ask("@" + name).outcome) == outcome, name);
    BOOST_TEST(in_words(driver.ask("@paced").outcome) == "completed", "after " << name);
  }
}
