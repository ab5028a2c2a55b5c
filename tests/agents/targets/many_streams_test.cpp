// Hundreds of streams at once on one target: every piece is there, in order, stamped, and none
// twice. (Thousands, with figures: squall-bench-streams.)

#include <boost/test/unit_test.hpp>

#include "tests/agents/targets/openai_settings.hpp"
#include "tests/fixtures/mock_server/answer_text.hpp"
#include "tests/fixtures/mock_server/mock_server.hpp"

using namespace squall;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t streams = 300;
constexpr std::uint32_t pieces = 30;

/// Complete, in order, and each instant before the next.
void check(const actors::RequestTimeline& timeline) {
  BOOST_TEST(in_words(timeline.outcome) == "completed");
  BOOST_TEST(timeline.answer == whole_text(pieces));
  BOOST_TEST(timeline.output_tokens == pieces);
  BOOST_REQUIRE(timeline.content.size() == pieces);
  BOOST_REQUIRE(timeline.server_content.size() == pieces);
  BOOST_TEST((timeline.scheduled <= timeline.dispatched));
  BOOST_TEST((timeline.dispatched <= timeline.sent));
  BOOST_TEST((timeline.sent <= timeline.first_chunk));
  BOOST_TEST((timeline.first_chunk <= timeline.content.front()));
  BOOST_TEST((timeline.content.back() <= timeline.ended));
  for (std::size_t i = 0; i < pieces; ++i) {
    BOOST_TEST((timeline.server_content[i] <= timeline.content[i]));  // both by this clock
    if (i > 0) BOOST_TEST((timeline.content[i - 1] <= timeline.content[i]));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_many_streams_at_once_every_piece_is_stamped) {
  const MockServer server;
  TargetDriver driver(openai_target(openai_scenario(server.url())));
  for (std::size_t i = 0; i < streams; ++i)
    driver.submit("@paced,first=500ms,gap=20ms", {.answer_tokens = pieces, .limit = 60s});
  BOOST_REQUIRE(driver.wait_for_all(60s));
  for (std::uint64_t id = 1; id <= streams; ++id) check(driver.timeline(id));
  const auto counts = server.counts();
  BOOST_TEST(counts.pieces == streams * pieces);
  BOOST_TEST(counts.requests == streams + 1);  // the target asks for the models first
  BOOST_TEST(counts.open_most == streams);     // really at once
  BOOST_TEST(driver.ended_twice() == 0u);
}

BOOST_AUTO_TEST_CASE(connections_are_used_again) {
  const MockServer server;
  TargetDriver driver(openai_target(openai_scenario(server.url())));
  for (int i = 0; i < 50; ++i) BOOST_TEST(in_words(driver.ask("@paced").outcome) == "completed");
  BOOST_TEST(server.counts().connections == 2u);  // one to ask for the models
}

BOOST_AUTO_TEST_CASE(a_limit_of_connections_is_kept_and_all_are_answered_in_turn) {
  const MockServer server;
  auto scenario = openai_scenario(server.url());
  scenario.target.openai.max_connections = 3;
  TargetDriver driver(openai_target(scenario));
  for (int i = 0; i < 30; ++i) driver.submit("@paced,gap=2ms");
  BOOST_REQUIRE(driver.wait_for_all(30s));
  for (std::uint64_t id = 1; id <= 30; ++id)
    BOOST_TEST(in_words(driver.timeline(id).outcome) == "completed");
  BOOST_TEST(server.counts().connections == 4u);  // one to ask for the models
}

BOOST_AUTO_TEST_CASE(abandoned_streams_end_at_once_and_leave_the_server) {
  const MockServer server;
  TargetDriver driver(openai_target(openai_scenario(server.url())));
  for (int i = 0; i < 20; ++i) driver.submit("@paced,gap=100ms", {.answer_tokens = 1000});
  while (server.counts().pieces < 20) std::this_thread::sleep_for(1ms);
  driver.target().abandon(actors::OpenAtEnd{});
  BOOST_REQUIRE(driver.wait_for_all(10s));
  for (std::uint64_t id = 1; id <= 20; ++id) {
    BOOST_TEST(in_words(driver.timeline(id).outcome) == "open at end");
    BOOST_TEST(driver.timeline(id).content.size() == driver.timeline(id).output_tokens);
  }
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (server.counts().answering > 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(1ms);
  BOOST_TEST(server.counts().answering == 0u);
}
