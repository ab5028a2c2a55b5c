// The target that is a server, against small servers that do right and wrong.

#include "agents/targets/openai/openai_target.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/agents/openai/asking.hpp"
#include "tests/agents/openai/scripted_server.hpp"

using namespace squall;
using namespace squall::fixtures;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

Json body_of(const std::string& request) {
  return Json::parse(request.substr(request.find("\r\n\r\n") + 4));
}

/// What one request comes to if the server answers it with these bytes and then leaves.
RequestTimeline ask_one_who_says(const std::string& bytes, bool reset = false) {
  ScriptedServer server(with_models([&](Visit& visit, const std::string&) {
    visit.send(bytes);
    if (reset) visit.reset();
  }));
  Asking asking(scenario_for(local_url(server.port())));
  return asking.ask();
}
std::string outcome(const std::string& bytes) { return outcome_of(ask_one_who_says(bytes)); }

const std::string event_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const std::string some_content = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_is_stamped_chunk_by_chunk_and_counted) {
  ScriptedServer server(
      with_models_and_keep_alive([](Visit& visit, const std::string&) { visit.stream_answer(5); }));
  Asking asking(scenario_for(local_url(server.port())));
  const auto before = std::chrono::steady_clock::now();
  const RequestTimeline timeline = asking.ask();
  BOOST_TEST(outcome_of(timeline) == "completed");
  BOOST_TEST(timeline.content.size() == 5u);
  BOOST_TEST(timeline.output_tokens == 5u);
  BOOST_TEST(timeline.prompt_tokens == 9u);
  BOOST_TEST(timeline.answer == "w0 w1 w2 w3 w4 ");
  BOOST_TEST(!timeline.tokens_disputed);
  BOOST_TEST(timeline.attempts == 1u);
  BOOST_TEST((before <= timeline.scheduled && timeline.scheduled <= timeline.dispatched));
  BOOST_TEST((timeline.dispatched <= timeline.sent && timeline.sent <= timeline.first_chunk));
  BOOST_TEST((timeline.first_chunk <= timeline.content.front()));
  BOOST_TEST(std::ranges::is_sorted(timeline.content));
  BOOST_TEST((timeline.content.back() <= timeline.ended));
  BOOST_TEST(asking.tokens() == 5u);
  BOOST_TEST(asking.target().description().model_name == "test-model");
  BOOST_TEST(asking.target().description().origin == local_url(server.port()));
}

BOOST_AUTO_TEST_CASE(connections_are_used_again) {
  ScriptedServer server(
      with_models_and_keep_alive([](Visit& visit, const std::string&) { visit.stream_answer(2); }));
  Asking asking(scenario_for(local_url(server.port())));
  const int at_start = server.connections();
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST(outcome_of(asking.ask()) == "completed");
    std::this_thread::sleep_for(20ms);  // the end of the stream may come after its last event
  }
  BOOST_TEST(server.connections() == at_start + 1);
}

BOOST_AUTO_TEST_CASE(a_chat_request_says_what_the_scenario_wants) {
  std::string seen;
  ScriptedServer server(with_models([&](Visit& visit, const std::string& request) {
    seen = request;
    visit.stream_answer(1);
  }));
  auto scenario = scenario_for(local_url(server.port()));
  scenario.target.temperature = 0.5;
  scenario.target.top_k = 40;
  scenario.target.openai.headers = {{"X-Team", "load"}};
  {
    Asking asking(scenario, {{"OPENAI_API_KEY", "secret-key"}});
    asking.ask();
  }
  BOOST_TEST(seen.starts_with("POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:"));
  BOOST_TEST(seen.find("\r\nAuthorization: Bearer secret-key\r\n") != std::string::npos);
  BOOST_TEST(seen.find("\r\nX-Team: load\r\n") != std::string::npos);
  BOOST_TEST(seen.find("\r\nX-Squall-Stamps: 1\r\n") != std::string::npos);
  const Json body = body_of(seen);
  const Json expected{{"model", "test-model"},
                      {"messages", {{{"role", "user"}, {"content", "Say something, number 1."}}}},
                      {"max_tokens", 4},
                      {"stream", true},
                      {"stream_options", {{"include_usage", true}}},
                      {"temperature", 0.5},
                      {"seed", 0},
                      {"top_k", 40},
                      {"ignore_eos", true}};
  BOOST_TEST(body == expected);
}

BOOST_AUTO_TEST_CASE(prompt_tokens_are_counted_here_where_the_server_tells_none) {
  const RequestTimeline timeline = ask_one_who_says(event_head + some_content + "data: [DONE]\n\n");
  BOOST_TEST(outcome_of(timeline) == "completed");
  BOOST_TEST(timeline.prompt_tokens == 77u);  // as the prompts of these tests count
}

BOOST_AUTO_TEST_CASE(a_completion_that_is_not_streamed_is_one_chunk) {
  std::string seen;
  ScriptedServer server(with_models([&](Visit& visit, const std::string& request) {
    seen = request;
    visit.answer("200 OK", "application/json",
                 R"({"choices":[{"text":"all of it","finish_reason":"length"}],)"
                 R"("usage":{"prompt_tokens":3,"completion_tokens":4}})");
  }));
  auto scenario = scenario_for(local_url(server.port()));
  scenario.target.openai.api = scenarios::OpenAiSettings::Api::completions;
  scenario.target.openai.stream = false;
  scenario.target.stop_at_end_token = true;
  Asking asking(scenario);
  const RequestTimeline timeline = asking.ask();
  BOOST_TEST(outcome_of(timeline) == "completed");
  BOOST_TEST(timeline.content.size() == 1u);
  BOOST_TEST(timeline.output_tokens == 4u);
  BOOST_TEST(timeline.answer == "all of it");
  BOOST_TEST(seen.starts_with("POST /v1/completions HTTP/1.1\r\n"));
  BOOST_TEST(seen.find("Authorization") == std::string::npos);
  const Json expected{{"model", "test-model"},
                      {"prompt", "Say something, number 1."},
                      {"max_tokens", 4},
                      {"temperature", 0.0}};
  BOOST_TEST(body_of(seen) == expected);
}

BOOST_AUTO_TEST_CASE(an_idle_connection_that_the_server_closed_is_nobodys_failure) {
  std::atomic<int> answers = 0;
  ScriptedServer server(with_models([&](Visit& visit, const std::string&) {
    ++answers;
    visit.stream_answer(1);
    const auto second = visit.read_request();  // and leaves without a word
    (void)second;
  }));
  Asking asking(scenario_for(local_url(server.port())));
  for (int i = 0; i < 4; ++i) {
    const RequestTimeline timeline = asking.ask();
    BOOST_TEST(outcome_of(timeline) == "completed");
    BOOST_TEST(timeline.attempts == 1u);
    std::this_thread::sleep_for(20ms);
  }
  BOOST_TEST(answers == 4);
}

BOOST_AUTO_TEST_CASE(failures_have_short_stable_classes) {
  BOOST_TEST(outcome("") == "closed without an answer");
  BOOST_TEST(outcome_of(ask_one_who_says("", true)) == "connection reset");
  BOOST_TEST(outcome(event_head) == "answer ended early");
  BOOST_TEST(outcome(event_head + some_content) == "answer ended early");
  BOOST_TEST(outcome(event_head + "data: {\"choices\":[{\"delta\":{\"con") == "answer ended early");
  BOOST_TEST(outcome_of(ask_one_who_says(event_head + some_content, true)) == "connection reset");
  BOOST_TEST(outcome(event_head + "data: {nonsense\n\n") == "invalid JSON in event");
  BOOST_TEST(outcome(event_head + "data: {\"a\":\"\xFF\"}\n\n") == "invalid UTF-8 in event");
  BOOST_TEST(outcome(event_head + "data: {\"error\":{\"type\":\"server_error\"}}\n\n") ==
             "error in the stream: server_error");
  BOOST_TEST(outcome(event_head + "data: " + std::string(5 << 20, 'x')) == "event too large");
  BOOST_TEST(outcome("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>") ==
             "not an event stream");
  BOOST_TEST(outcome("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                     "Content-Encoding: gzip\r\n\r\n") == "compressed answer");
  BOOST_TEST(outcome("HTTP/1.1 200 OK\r\nX-Endless: " + std::string(100000, 'x')) ==
             "headers too large");
  BOOST_TEST(outcome("SSH-2.0-OpenSSH_9\r\n") == "malformed HTTP response");
  BOOST_TEST(
      outcome("HTTP/1.1 302 Found\r\nLocation: http://other/\r\nContent-Length: 0\r\n\r\n") ==
      "HTTP 302: redirects are not followed");
  BOOST_TEST(outcome("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n") == "HTTP 500");
  BOOST_TEST(outcome("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nno mod") == "HTTP 404");
}

BOOST_AUTO_TEST_CASE(a_refusal_tells_whether_and_when_to_try_again) {
  const auto failed = [](const std::string& bytes) {
    return std::get<actors::Failed>(ask_one_who_says(bytes).outcome);
  };
  const auto busy =
      failed("HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nbusy");
  BOOST_TEST(busy.reason == "HTTP 429");
  BOOST_TEST(busy.may_pass);
  BOOST_TEST((busy.retry_after == 3s));
  const auto wrong = failed("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
  BOOST_TEST(!wrong.may_pass);
  BOOST_TEST((wrong.retry_after == 0s));
  BOOST_TEST(failed("").may_pass);
}

BOOST_AUTO_TEST_CASE(a_refusal_keeps_its_connection_and_its_text_is_told_once) {
  ScriptedServer server(with_models_and_keep_alive([](Visit& visit, const std::string&) {
    visit.answer("400 Bad Request", "application/json",
                 R"({"error":{"message":"max_tokens is too large"}})");
  }));
  Asking asking(scenario_for(local_url(server.port())));
  const int at_start = server.connections();
  for (int i = 0; i < 3; ++i) BOOST_TEST(outcome_of(asking.ask()) == "HTTP 400");
  BOOST_TEST(server.connections() == at_start + 1);
  const auto notes = asking.notes();
  BOOST_REQUIRE(notes.size() == 1u);
  BOOST_TEST(notes[0].find("max_tokens is too large") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_byte_at_a_time_is_slow_but_right) {
  ScriptedServer server(with_models([](Visit& visit, const std::string&) {
    const std::string all =
        event_head + some_content + "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n";
    for (const char byte : all) visit.send({&byte, 1});
  }));
  Asking asking(scenario_for(local_url(server.port())));
  const RequestTimeline timeline = asking.ask();
  BOOST_TEST(outcome_of(timeline) == "completed");
  BOOST_TEST(timeline.content.size() == 1u);
}

BOOST_AUTO_TEST_CASE(patience_ends_before_the_first_token_between_tokens_and_in_all) {
  std::atomic<int> chunks = 0;
  ScriptedServer server(with_models([&](Visit& visit, const std::string&) {
    visit.begin_stream();
    for (int i = 0; i < chunks; ++i) visit.send_event(R"({"choices":[{"delta":{"content":"a"}}]})");
    visit.wait_for_leaving();
  }));
  auto scenario = scenario_for(local_url(server.port()));
  scenario.target.first_token_timeout = 100ms;
  {
    Asking asking(scenario);
    const auto timeline = asking.ask();
    BOOST_TEST(outcome_of(timeline) == "timed out");
    BOOST_TEST((timeline.ended - timeline.dispatched >= 100ms));
    BOOST_TEST(asking.notes() == std::vector<std::string>{"no first token within 0.1 s"},
               boost::test_tools::per_element());
  }
  chunks = 2;
  scenario.target.token_gap_timeout = 150ms;
  {
    Asking asking(scenario);
    const auto timeline = asking.ask();
    BOOST_TEST(outcome_of(timeline) == "timed out");
    BOOST_TEST(timeline.content.size() == 2u);
    BOOST_TEST((timeline.ended - timeline.content.back() >= 150ms));
  }
  scenario.target.token_gap_timeout = 0s;
  scenario.target.timeout = 300ms;
  Asking asking(scenario);
  const auto timeline = asking.ask();
  BOOST_TEST(outcome_of(timeline) == "timed out");
  BOOST_TEST((timeline.ended - timeline.scheduled >= 300ms));
}

BOOST_AUTO_TEST_CASE(an_answer_that_never_ends_times_out) {
  ScriptedServer server(with_models([](Visit& visit, const std::string&) {
    visit.begin_stream();
    while (visit.send_event(R"({"choices":[{"delta":{"content":"a"}}]})"))
      std::this_thread::sleep_for(1ms);
  }));
  auto scenario = scenario_for(local_url(server.port()));
  scenario.target.timeout = 400ms;
  Asking asking(scenario);
  const auto timeline = asking.ask();
  BOOST_TEST(outcome_of(timeline) == "timed out");
  BOOST_TEST(timeline.content.size() > 0u);
}

BOOST_AUTO_TEST_CASE(the_end_mark_ends_the_answer_though_the_stream_goes_on) {
  ScriptedServer server(with_models([](Visit& visit, const std::string&) {
    visit.begin_stream();
    visit.send_event(R"({"choices":[{"delta":{"content":"a"}}]})");
    visit.send_event("[DONE]");
    visit.wait_for_leaving();
  }));
  Asking asking(scenario_for(local_url(server.port())));
  const int at_start = server.connections();
  BOOST_TEST(outcome_of(asking.ask()) == "completed");
  BOOST_TEST(outcome_of(asking.ask()) == "completed");
  BOOST_TEST(server.connections() == at_start + 2);  // such a connection is not used again
}

BOOST_AUTO_TEST_CASE(a_connection_with_bytes_that_nobody_asked_for_is_not_used_again) {
  ScriptedServer server(with_models_and_keep_alive([](Visit& visit, const std::string&) {
    visit.stream_answer(1);
    visit.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }));
  Asking asking(scenario_for(local_url(server.port())));
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(outcome_of(asking.ask()) == "completed");
    std::this_thread::sleep_for(20ms);
  }
}

BOOST_AUTO_TEST_CASE(what_is_abandoned_ends_at_once_and_leaves_the_server) {
  std::atomic<int> left = 0;
  ScriptedServer server(with_models([&](Visit& visit, const std::string&) {
    visit.begin_stream();
    visit.wait_for_leaving();
    ++left;
  }));
  Asking asking(scenario_for(local_url(server.port())));
  for (std::uint64_t id = 1; id <= 5; ++id) asking.submit(id);
  std::this_thread::sleep_for(50ms);
  asking.target().abandon(actors::Cancelled{});
  const auto ended = asking.wait_for(5);
  BOOST_TEST(ended.size() == 5u);
  for (const auto& timeline : ended) BOOST_TEST(outcome_of(timeline) == "cancelled");
  for (int i = 0; i < 500 && left < 5; ++i) std::this_thread::sleep_for(10ms);
  BOOST_TEST(left == 5);
}

BOOST_AUTO_TEST_CASE(no_more_connections_than_allowed_and_first_come_first_served) {
  std::atomic<int> at_once = 0, most = 0;
  ScriptedServer server(with_models_and_keep_alive([&](Visit& visit, const std::string&) {
    most = std::max<int>(most, ++at_once);
    std::this_thread::sleep_for(5ms);
    --at_once;
    visit.stream_answer(1);
  }));
  auto scenario = scenario_for(local_url(server.port()));
  scenario.target.openai.max_connections = 2;
  Asking asking(scenario);
  const int at_start = server.connections();
  for (std::uint64_t id = 1; id <= 20; ++id) asking.submit(id);
  auto ended = asking.wait_for(20);
  BOOST_TEST(ended.size() == 20u);
  BOOST_TEST(most <= 2);
  BOOST_TEST(server.connections() <= at_start + 2);
  std::ranges::sort(ended, {}, &RequestTimeline::request);
  for (const auto& timeline : ended) BOOST_TEST(outcome_of(timeline) == "completed");
  BOOST_TEST(std::ranges::is_sorted(ended, {}, &RequestTimeline::dispatched));
}

BOOST_AUTO_TEST_CASE(whoever_waits_for_a_connection_times_out_too) {
  ScriptedServer server(with_models([](Visit& visit, const std::string&) {
    visit.begin_stream();
    visit.wait_for_leaving();
  }));
  auto scenario = scenario_for(local_url(server.port()));
  scenario.target.openai.max_connections = 1;
  scenario.target.timeout = 300ms;
  Asking asking(scenario);
  for (std::uint64_t id = 1; id <= 3; ++id) asking.submit(id);
  const auto ended = asking.wait_for(3);
  BOOST_TEST(ended.size() == 3u);
  for (const auto& timeline : ended) BOOST_TEST(outcome_of(timeline) == "timed out");
}

BOOST_AUTO_TEST_CASE(many_streams_at_once_lose_no_chunk) {
  ScriptedServer server(with_models_and_keep_alive(
      [](Visit& visit, const std::string&) { visit.stream_answer(50); }));
  Asking asking(scenario_for(local_url(server.port())));
  for (std::uint64_t id = 1; id <= 100; ++id) asking.submit(id, 50);
  const auto ended = asking.wait_for(100);
  BOOST_TEST(ended.size() == 100u);
  for (const auto& timeline : ended) {
    BOOST_TEST(outcome_of(timeline) == "completed");
    BOOST_TEST(timeline.content.size() == 50u);
  }
  BOOST_TEST(asking.tokens() == 5000u);
}

BOOST_AUTO_TEST_CASE(a_server_that_has_gone_refuses_and_one_that_came_back_answers) {
  auto server = std::make_unique<ScriptedServer>(
      with_models([](Visit& visit, const std::string&) { visit.stream_answer(1); }));
  Asking asking(scenario_for(local_url(server->port())));
  BOOST_TEST(outcome_of(asking.ask()) == "completed");
  server.reset();
  const RequestTimeline timeline = asking.ask();
  BOOST_TEST(outcome_of(timeline) == "connection refused");
  BOOST_TEST(std::get<actors::Failed>(timeline.outcome).may_pass);
  BOOST_TEST((timeline.dispatched != Instant{}));
}

BOOST_AUTO_TEST_CASE(the_servers_own_stamps_are_kept) {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::getline(file, boot);
  ScriptedServer server(with_models([&](Visit& visit, const std::string&) {
    visit.begin_stream();
    for (int i = 1; i <= 3; ++i)
      visit.send_event(R"({"choices":[{"delta":{"content":"a"}}],"squall":{"t":)" +
                       std::to_string(i) + R"(,"boot":")" + boot + R"("}})");
    visit.send_event("[DONE]");
    visit.end_stream();
  }));
  Asking asking(scenario_for(local_url(server.port())));
  const RequestTimeline timeline = asking.ask();
  BOOST_TEST(timeline.server_content.size() == 3u);
  BOOST_TEST((timeline.server_content.back().time_since_epoch() == 3ns));
}

BOOST_AUTO_TEST_CASE(addresses_of_version_6_work) {
  std::unique_ptr<ScriptedServer> server;
  try {
    server = std::make_unique<ScriptedServer>(
        with_models([](Visit& visit, const std::string&) { visit.stream_answer(1); }), nullptr,
        true);
  } catch (const std::runtime_error&) {
    return;  // this machine has none
  }
  Asking asking(scenario_for("http://[::1]:" + std::to_string(server->port()) + "/v1"));
  BOOST_TEST(outcome_of(asking.ask()) == "completed");
}
