#pragma once
// An ApiService over an engine that does what a test says, and clients that keep what they read.

#include <boost/test/unit_test.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agents/serve/api_service.hpp"
#include "tests/agents/serve/byte_model.hpp"

namespace squall::tests {

using namespace agents;
using namespace std::chrono_literals;
using nlohmann::json;

/// Keeps what a client would read.
struct Client final : ReplyWriter {
  void reply(HttpReply whole) override {
    BOOST_TEST(!ended);
    got = std::move(whole);
    ended = true;
  }
  void begin_stream(std::string_view content_type) override {
    got.status = 200;
    got.content_type = content_type;
    streaming = true;
  }
  void send(std::string_view text) override {
    BOOST_TEST((streaming && !ended));
    got.body += text;
  }
  void end_stream() override {
    BOOST_TEST((streaming && !ended));
    ended = true;
  }

  json body() const { return json::parse(got.body); }
  json error() const { return body().at("error"); }
  /// The JSON of each event, without the closing "[DONE]", which must be there.
  std::vector<json> events() const {
    std::vector<json> result;
    std::string_view rest = got.body;
    while (rest.starts_with("data: ") && !rest.starts_with("data: [DONE]")) {
      const std::size_t end = rest.find("\n\n");
      result.push_back(json::parse(rest.substr(6, end - 6)));
      rest.remove_prefix(end + 2);
    }
    BOOST_TEST(rest == "data: [DONE]\n\n");
    return result;
  }

  HttpReply got;
  bool streaming = false;
  bool ended = false;
};

struct ServiceFixture {
  RecordingEngine engine;
  ServiceOptions options{
      .model_name = "bytes", .context = 100, .max_waiting = 3, .started_unix = 5};
  std::optional<ApiService> made;
  std::uint64_t latest = 0;  // the answer that was asked for last
  std::chrono::steady_clock::time_point now{};
  bool wants_stamps = false;

  ApiService& service() {
    if (!made) made.emplace(byte_model(), engine, options);
    return *made;
  }
  std::shared_ptr<Client> ask(const std::string& method, const std::string& target,
                              const std::string& body = {}, const std::string& type = {},
                              const std::string& authorization = {}) {
    auto client = std::make_shared<Client>();
    latest = service().handle({method, target, type, authorization, body, now, 1234, wants_stamps},
                              client);
    return client;
  }
  std::shared_ptr<Client> complete(const std::string& fields) {
    return ask("POST", "/v1/completions", R"({"prompt": "ab")" + fields + "}");
  }
  std::shared_ptr<Client> chat(const std::string& fields) {
    return ask("POST", "/v1/chat/completions",
               R"({"messages": [{"role": "user", "content": "hey"}])" + fields + "}");
  }
  void admit(std::uint64_t id, std::uint32_t reused = 0) {
    StepEvents events;
    events.admitted.push_back({id, reused});
    service().on_report({.at = now, .events = std::move(events)});
  }
  void token(std::uint64_t id, TokenId token, bool last) {
    StepEvents events;
    events.tokens.push_back({id, token, last});
    service().on_report({.at = now, .events = std::move(events)});
  }
  void refuse(std::uint64_t id, const std::string& reason) {
    StepEvents events;
    events.refused.push_back({id, reason});
    service().on_report({.at = now, .events = std::move(events)});
  }
  void tokens(std::uint64_t id, const std::string& text, bool last = false) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      now += 10ms;
      token(id, static_cast<unsigned char>(text[i]), last && i + 1 == text.size());
    }
  }
  void end(std::uint64_t id) { token(id, 256, true); }
  std::string metrics() { return ask("GET", "/metrics")->got.body; }
  bool metrics_say(const std::string& line) {
    return metrics().find("\n" + line + "\n") != std::string::npos;
  }
};

}  // namespace squall::tests
