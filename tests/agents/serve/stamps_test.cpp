// The instants that a server tells of its own answers, to those who ask for them.

#include <boost/test/unit_test.hpp>

#include "tests/agents/serve/service_fixture.hpp"

using namespace squall::tests;

namespace {

constexpr const char* streamed =
    R"(, "max_tokens": 4, "stream": true, "stream_options": {"include_usage": true})";

struct StampFixture : ServiceFixture {
  StampFixture() {
    options.boot = "boot-1";
    now = std::chrono::steady_clock::time_point(100ms);
  }
  /// Received at 100 ms, admitted in a step from 200 ms on, tokens at 300, 310, 320, 330 ms.
  std::vector<json> stream() {
    const auto client = complete(streamed);
    const auto id = latest;
    StepEvents events;
    events.admitted.push_back({id, 0});
    const std::chrono::steady_clock::time_point begun(200ms);
    service().on_report({.begun = begun, .at = begun + 90ms, .events = std::move(events)});
    now = begun + 90ms;
    tokens(id, "x\xC3\xA9z", true);
    return client->events();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(each_piece_of_text_tells_when_its_last_token_was_made, StampFixture) {
  wants_stamps = true;
  const auto events = stream();
  BOOST_TEST(events.size() == 5u);
  BOOST_TEST(events[0]["squall"]["t"] == 300'000'000);
  BOOST_TEST(events[1]["choices"][0]["text"] == "\xC3\xA9");
  BOOST_TEST(events[1]["squall"]["t"] == 320'000'000);  // two tokens, one character
  BOOST_TEST(events[2]["squall"]["t"] == 330'000'000);
  for (const auto& event : {events[0], events[1], events[2], events[4]})
    BOOST_TEST(event["squall"]["boot"] == "boot-1");
  BOOST_TEST(!events[3].contains("squall"));  // the reason to finish is no text
}

BOOST_FIXTURE_TEST_CASE(the_usage_tells_when_the_request_came_and_was_admitted, StampFixture) {
  wants_stamps = true;
  const json stamps = stream().at(4)["squall"];
  BOOST_TEST(stamps["received"] == 100'000'000);
  BOOST_TEST(stamps["admitted"] == 200'000'000);
  BOOST_TEST(stamps["first"] == 300'000'000);
}

BOOST_FIXTURE_TEST_CASE(who_does_not_ask_for_stamps_gets_none, StampFixture) {
  for (const auto& event : stream()) BOOST_TEST(!event.contains("squall"));
}

BOOST_FIXTURE_TEST_CASE(a_chat_tells_stamps_but_not_with_its_role, StampFixture) {
  wants_stamps = true;
  options.encode_chat = [](std::span<const ChatMessage>) { return std::vector<TokenId>{1}; };
  const auto client = chat(R"(, "max_tokens": 1, "stream": true)");
  admit(latest);
  tokens(latest, "x", true);
  const auto events = client->events();
  BOOST_TEST(!events.at(0).contains("squall"));
  BOOST_TEST(events.at(1)["squall"]["t"] == 110'000'000);
}

BOOST_FIXTURE_TEST_CASE(a_machine_that_does_not_name_its_boot_tells_no_stamps, StampFixture) {
  options.boot.clear();
  wants_stamps = true;
  for (const auto& event : stream()) BOOST_TEST(!event.contains("squall"));
}
