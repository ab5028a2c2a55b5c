// squall-serve as clients meet it: a real process, real sockets.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "tests/agents/engine/expected_outputs.hpp"
#include "tests/fixtures/serve_process.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::filesystem::path programs = SQUALL_PROGRAMS;
constexpr const char* completions = "/v1/completions";

std::string greedy(int max_tokens, const std::string& more = {}) {
  return R"({"prompt": "w10 w11 w12", "temperature": 0, "ignore_eos": true, "max_tokens": )" +
         std::to_string(max_tokens) + more + "}";
}

struct Streamed {
  std::string text;
  json usage;
  std::size_t chunks = 0;
  bool done = false;
};

Streamed read_stream(const std::string& body) {
  Streamed streamed;
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("data: ")) continue;
    streamed.done = line == "data: [DONE]";
    if (streamed.done) continue;
    const json event = json::parse(line.substr(6));
    ++streamed.chunks;
    if (event.contains("usage") && !event["usage"].is_null()) streamed.usage = event["usage"];
    for (const auto& choice : event["choices"]) streamed.text += choice["text"];
  }
  return streamed;
}

json error_of(const HttpAnswer& answer) { return json::parse(answer.body).at("error"); }

struct Options {
  std::vector<std::string> words = {};
  std::vector<std::string> environment = {};
  std::string model = "synthetic:llama-15m/q8_0";
};

struct Fixture {
  explicit Fixture(Options options = {})
      : server(programs, options.model, options.words, options.environment) {
    BOOST_REQUIRE(server.port() > 0);
  }
  std::string complete(const std::string& body) {
    HttpClient client(server.port());
    const auto answer = client.post(completions, body);
    BOOST_TEST(answer.status == 200);
    return json::parse(answer.body)["choices"][0]["text"];
  }
  bool idle() {
    return server.metric_becomes("squall_requests_running", 0) &&
           server.metric_becomes("squall_requests_waiting", 0);
  }
  ServeProcess server;
};

/// Answers slowly enough to be met while they are under way.
constexpr const char* slow_model = "synthetic:llama-135m/q8_0";
struct SlowFixture : Fixture {
  SlowFixture() : Fixture({.model = slow_model}) {}
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(one_connection_serves_one_request_after_the_other, Fixture) {
  HttpClient client(server.port());
  BOOST_TEST(client.get("/health").body == R"({"status":"ok"})");
  const std::string model = json::parse(client.get("/v1/models").body)["data"][0]["id"];
  BOOST_TEST(model == "synthetic:llama-15m/q8_0");
  const auto whole = client.post(completions, greedy(8));
  BOOST_TEST(whole.status == 200);
  BOOST_TEST(json::parse(whole.body)["usage"]["completion_tokens"] == 8);
  const auto streamed = client.post(
      completions, greedy(8, R"(, "stream": true, "stream_options": {"include_usage": true})"));
  const auto stream = read_stream(streamed.body);
  BOOST_TEST(stream.done);
  BOOST_TEST(stream.text == json::parse(whole.body)["choices"][0]["text"]);
  BOOST_TEST(stream.usage == json::parse(whole.body)["usage"]);
  const auto chat = client.post(
      "/v1/chat/completions",
      R"({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 3, "ignore_eos": true})");
  BOOST_TEST(json::parse(chat.body)["usage"]["completion_tokens"] == 3);
  // Two requests at once: answered in their order.
  client.send("GET /health HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.1\r\n\r\n");
  BOOST_TEST(client.read_answer().status == 200);
  BOOST_TEST(client.read_answer().status == 404);
}

BOOST_FIXTURE_TEST_CASE(a_stop_string_ends_streams_and_whole_answers_alike, Fixture) {
  const std::string text = complete(greedy(12));
  const std::string stop = text.substr(text.find(" w", 20), 6);  // spans tokens or not
  const std::string expected = text.substr(0, text.find(stop));
  const std::string with_stop = R"(, "stop": ")" + stop + "\"";
  BOOST_TEST(complete(greedy(12, with_stop)) == expected);
  HttpClient client(server.port());
  const auto streamed = client.post(completions, greedy(12, with_stop + R"(, "stream": true)"));
  BOOST_TEST(read_stream(streamed.body).text == expected);
  BOOST_TEST(idle());
}

BOOST_FIXTURE_TEST_CASE(sixty_four_streams_at_once_are_each_as_if_alone, Fixture) {
  const std::string alone = complete(greedy(24));
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 64; ++i)
    clients.emplace_back([&] {
      HttpClient client(server.port());
      const auto answer =
          client.post(completions,
                      greedy(24, R"(, "stream": true, "stream_options": {"include_usage": true})"));
      const auto stream = read_stream(answer.body);
      if (answer.status == 200 && stream.done && stream.text == alone &&
          stream.usage["completion_tokens"] == 24)
        ++right;
    });
  for (auto& client : clients) client.join();
  BOOST_TEST(right == 64);
  BOOST_TEST(server.metric("squall_requests_total{route=\"/v1/completions\",status=\"200\"}") ==
             65);
  BOOST_TEST(idle());
}

BOOST_FIXTURE_TEST_CASE(clients_that_leave_free_the_engine, SlowFixture) {
  constexpr int leaving = 8;
  for (const char* stream : {", \"stream\": true", ""}) {
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < leaving; ++i) {
      clients.push_back(std::make_unique<HttpClient>(server.port()));
      clients.back()->send_request("POST", completions, greedy(1000, stream));
    }
    BOOST_TEST(server.metric_becomes("squall_requests_running", leaving));
    if (*stream != '\0') BOOST_TEST(clients.front()->read_until("data: "));
    for (auto& client : clients) client->leave();
    BOOST_TEST(idle());
  }
  BOOST_TEST(server.metric("squall_requests_total{route=\"/v1/completions\",status=\"499\"}") ==
             2 * leaving);
  BOOST_TEST(server.metric("squall_generated_tokens_total") < 2.0 * leaving * 1000);
}

BOOST_FIXTURE_TEST_CASE(mistakes_have_their_status_and_say_what_to_do, Fixture) {
  HttpClient client(server.port());
  const auto broken = client.post(completions, R"({"prompt": "a",})");
  BOOST_TEST(broken.status == 400);
  BOOST_TEST(error_of(broken)["message"].get<std::string>().find("line 1, column 16") !=
             std::string::npos);
  const auto model = client.post(completions, R"({"model": "gpt-4", "prompt": "a"})");
  BOOST_TEST(model.status == 404);
  BOOST_TEST(error_of(model)["code"] == "model_not_found");
  BOOST_TEST(client.get(completions).status == 405);
  BOOST_TEST(client.post("/v1/embeddings", "{}").status == 404);
  BOOST_TEST(client.post(completions, R"({"prompt": "a", "n": 2})").status == 400);
  BOOST_TEST(client.post(completions, greedy(5000)).status == 400);
  // The connection has survived all that.
  BOOST_TEST(client.get("/health").status == 200);
}

BOOST_AUTO_TEST_CASE(bodies_and_headers_above_the_limits_are_refused_before_they_are_read) {
  Fixture fixture({.words = {"--max-body", "4KiB"}});
  const std::string head = "POST /v1/completions HTTP/1.1\r\n";
  HttpClient declared(fixture.server.port());
  declared.send(head + "Content-Length: 4097\r\n\r\n");
  const auto answer = declared.read_answer();
  BOOST_TEST(answer.status == 413);
  BOOST_TEST(error_of(answer)["message"].get<std::string>().find("4096 bytes") !=
             std::string::npos);
  // A client that only reads once it has sent everything still hears why.
  HttpClient sending(fixture.server.port());
  BOOST_TEST(sending.post(completions, std::string(1000000, ' ')).status == 413);
  HttpClient chunked(fixture.server.port());
  chunked.send(head + "Transfer-Encoding: chunked\r\n\r\n2000\r\n" + std::string(0x2000, ' '));
  BOOST_TEST(chunked.read_answer().status == 413);
  HttpClient expecting(fixture.server.port());
  expecting.send(head + "Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n");
  BOOST_TEST(expecting.read_answer().status == 413);
  HttpClient polite(fixture.server.port());
  polite.send(head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  BOOST_TEST(polite.read_answer().status == 100);
  polite.send("{}");
  BOOST_TEST(polite.read_answer().status == 400);
  HttpClient wordy(fixture.server.port());
  wordy.send("GET /health HTTP/1.1\r\nX: " + std::string(20000, 'x'));
  BOOST_TEST(wordy.read_answer().status == 431);
  HttpClient other(fixture.server.port());
  other.send("this is not HTTP\r\n\r\n");
  BOOST_TEST(other.read_answer().status == 400);
  BOOST_TEST(other.read_to_end());
}

BOOST_AUTO_TEST_CASE(clients_that_dawdle_are_not_waited_for) {
  Fixture fixture({.words = {"--header-timeout", "300ms", "--body-timeout", "300ms",
                             "--idle-timeout", "300ms"}});
  HttpClient header(fixture.server.port());
  header.send("GET /health HT");
  HttpClient body(fixture.server.port());
  body.send("POST /v1/completions HTTP/1.1\r\nContent-Length: 50\r\n\r\n{");
  HttpClient silent(fixture.server.port());
  const auto late = header.read_answer();
  BOOST_TEST(late.status == 408);
  BOOST_TEST(error_of(late)["message"].get<std::string>().find("header") != std::string::npos);
  BOOST_TEST(body.read_answer().status == 408);
  BOOST_TEST(silent.read_to_end());
  BOOST_TEST(silent.received() == "");
}

BOOST_AUTO_TEST_CASE(connections_and_waiting_requests_have_limits) {
  Fixture fixture({.words = {"--max-connections", "8", "--max-batch", "1", "--max-waiting", "2"},
                   .model = slow_model});
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<HttpClient>(fixture.server.port()));
    clients.back()->send_request("POST", completions, greedy(1000));
    BOOST_TEST(fixture.server.metric_becomes("squall_requests_running", 1));
    BOOST_TEST(fixture.server.metric_becomes("squall_requests_waiting", i));
  }
  {
    HttpClient fourth(fixture.server.port());
    const auto answer = fourth.post(completions, greedy(1));
    BOOST_TEST(answer.status == 429);
    BOOST_TEST(answer.head.find("Retry-After: 1\r\n") != std::string::npos);
  }
  BOOST_TEST(fixture.server.metric_becomes("squall_connections", 4));  // three, and the asker
  while (clients.size() < 8) {
    clients.push_back(std::make_unique<HttpClient>(fixture.server.port()));
    BOOST_TEST(clients.back()->get("/health").status == 200);
  }
  HttpClient ninth(fixture.server.port());
  const auto answer = ninth.read_answer();
  BOOST_TEST(answer.status == 503);
  BOOST_TEST(error_of(answer)["message"].get<std::string>().find("8 connections") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_key_from_the_environment_is_asked_for) {
  Fixture fixture({.environment = {"SQUALL_SERVE_API_KEY=secret"}});
  HttpClient client(fixture.server.port());
  BOOST_TEST(client.post(completions, greedy(1)).status == 401);
  BOOST_TEST(client.post(completions, greedy(1), "Authorization: Bearer wrong!\r\n").status == 401);
  BOOST_TEST(client.post(completions, greedy(1), "Authorization: Bearer secret\r\n").status == 200);
}

BOOST_FIXTURE_TEST_CASE(a_drain_finishes_what_runs_and_then_ends, SlowFixture) {
  HttpClient running(server.port());
  running.send_request("POST", completions, greedy(100, R"(, "stream": true)"));
  BOOST_TEST(running.read_until("data: "));
  HttpClient kept(server.port());
  BOOST_TEST(kept.get("/health").status == 200);
  server.process().signal(SIGTERM);
  HttpAnswer health = kept.get("/health");
  if (health.status == 200) health = HttpClient(server.port()).get("/health");  // sent just before
  BOOST_TEST(health.status == 503);
  BOOST_TEST(health.body == R"({"status":"draining"})");
  const auto fresh = HttpClient(server.port()).post(completions, greedy(1));
  BOOST_TEST(fresh.status == 503);
  BOOST_TEST(error_of(fresh)["code"] == "draining");
  BOOST_TEST(running.read_until("data: [DONE]"));
  BOOST_TEST(server.process().wait(60s) == 0);
  BOOST_TEST(!HttpClient(server.port()).connected());
}

BOOST_AUTO_TEST_CASE(a_drain_has_an_end_even_if_requests_have_not) {
  Fixture fixture({.words = {"--drain-timeout", "100ms"}, .model = slow_model});
  HttpClient running(fixture.server.port());
  running.send_request("POST", completions, greedy(1000, R"(, "stream": true)"));
  BOOST_TEST(running.read_until("data: "));
  fixture.server.process().signal(SIGINT);
  BOOST_TEST(running.read_to_end());
  BOOST_TEST(running.received().find("the server is shutting down") != std::string::npos);
  BOOST_TEST(fixture.server.process().wait(60s) == 0);
  BOOST_TEST(fixture.server.process().err().find("--drain-timeout is over") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_second_signal_ends_at_once, SlowFixture) {
  HttpClient running(server.port());
  running.send_request("POST", completions, greedy(1000, R"(, "stream": true)"));
  BOOST_TEST(running.read_until("data: "));
  server.process().signal(SIGTERM);
  BOOST_TEST(server.metric_becomes("squall_requests_running", 1));
  server.process().signal(SIGTERM);
  BOOST_TEST(server.process().wait(60s) == 130);
}

BOOST_FIXTURE_TEST_CASE(an_idle_server_uses_no_processor, Fixture) {
  complete(greedy(8));
  HttpClient kept(server.port());
  BOOST_TEST(kept.get("/health").status == 200);
  std::this_thread::sleep_for(200ms);  // threads that spin before they sleep are asleep now
  const long before = server.cpu_ticks();
  std::this_thread::sleep_for(1s);
  BOOST_TEST(server.cpu_ticks() - before <= 1);
}

BOOST_FIXTURE_TEST_CASE(memory_stays_flat_over_two_thousand_requests, Fixture) {
  const auto serve = [&](int requests) {
    std::vector<std::thread> clients;
    for (int thread = 0; thread < 4; ++thread)
      clients.emplace_back([&, thread] {
        auto client = std::make_unique<HttpClient>(server.port());
        for (int i = 0; i < requests / 4; ++i) {
          if (i % 10 == 0) client = std::make_unique<HttpClient>(server.port());
          client->send_request("POST", completions,
                               greedy(2, i % 2 == 0 ? R"(, "stream": true)" : ""));
          if (i % 25 == thread) {
            client->leave();  // before the answer
            client = std::make_unique<HttpClient>(server.port());
          } else if (client->read_answer().status != 200) {
            return;
          }
        }
      });
    for (auto& client : clients) client.join();
    BOOST_TEST(idle());
  };
  serve(400);
  const std::size_t warm = server.resident_bytes();
  BOOST_TEST(warm > 0u);
  serve(2000);
  const std::size_t after = server.resident_bytes();
  BOOST_TEST_MESSAGE("resident: " << warm / 1024 << " KiB, after 2,000 requests " << after / 1024);
  BOOST_TEST(after < warm + (4u << 20));
  BOOST_TEST(server.metric("squall_connections") == 1);  // the asker's own
  double answered = 0;
  for (const char* status : {"200", "499"})
    answered += server.metric("squall_requests_total{route=\"/v1/completions\",status=\"" +
                              std::string(status) + "\"}");
  BOOST_TEST(answered == 2400);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_served_is_told_with_exit_code_2) {
  Fixture fixture;
  const auto said = [](std::vector<std::string> words) {
    words.insert(words.begin(), (programs / "squall").string());
    Process process(words);
    BOOST_TEST(process.wait(30s) == 2);
    return process.err();
  };
  const std::string port = std::to_string(fixture.server.port());
  const std::string model = "synthetic:llama-15m/q8_0";
  BOOST_TEST(said({"serve", model, "--listen", "127.0.0.1:" + port}).find("choose another port") !=
             std::string::npos);
  BOOST_TEST(said({"serve", model, "--listen", "8080"}).find("127.0.0.1:8080") !=
             std::string::npos);
  BOOST_TEST(said({"serve", "nowhere.gguf", "--listen", "127.0.0.1:0"}).find("nowhere.gguf") !=
             std::string::npos);
  BOOST_TEST(said({"serve", model, "--listen", "127.0.0.1:0", "--chat-template", "vicuna"})
                 .find("choose chatml") != std::string::npos);
  BOOST_TEST(said({"serve", model, "--listen", "127.0.0.1:0", "--context", "1000000"})
                 .find("takes 2 to") != std::string::npos);
  BOOST_TEST(said({"serve", model, "--listen", "127.0.0.1:0", "--api-key-file", "/nowhere"})
                 .find("cannot read a key") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_real_model_tells_its_story,
                     *boost::unit_test::precondition(squall::agents::models_are_at_hand)) {
  const auto models = std::filesystem::absolute(squall::agents::test_models());
  const std::string name = "stories260k-f32";
  const json recorded = json::parse(read_file(models / "expected" / (name + ".json")))["greedy"][0];
  Fixture fixture({.words = {"--chat-template", "zephyr"},
                   .model = (models / "gguf" / (name + ".gguf")).string()});
  HttpClient client(fixture.server.port());
  json request{{"model", name}, {"prompt", recorded["prompt"]}, {"temperature", 0}};
  request["max_tokens"] = 48;
  const json whole = json::parse(client.post(completions, request.dump()).body);
  const std::string text = whole["choices"][0]["text"];
  BOOST_TEST(!text.empty());
  BOOST_TEST(recorded["text"].get<std::string>().starts_with(text));
  BOOST_TEST(whole["usage"]["completion_tokens"] == 48);
  request["stream"] = true;
  BOOST_TEST(read_stream(client.post(completions, request.dump()).body).text == text);
  request["prompt"] = recorded["prompt_ids"];
  request["stop"] = {"nowhere to be found", ". She"};
  const auto stopped = read_stream(client.post(completions, request.dump()).body);
  BOOST_TEST(stopped.text == text.substr(0, text.find(". She")));
  const auto chat = client.post(
      "/v1/chat/completions",
      R"({"messages": [{"role": "user", "content": "A story!"}], "temperature": 0, "max_tokens": 8})");
  BOOST_TEST(chat.status == 200);
  BOOST_TEST(
      !json::parse(chat.body)["choices"][0]["message"]["content"].get<std::string>().empty());
}
