// Servers that cannot be reached, or not safely: gone, mute, of another protocol, with certificates
// that prove nothing. And the same servers when they are well again.

#include <boost/test/unit_test.hpp>
#include <stdexcept>

#include "tests/agents/targets/openai_settings.hpp"
#include "tests/fixtures/mock_server/mock_server.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall;
using namespace squall::tests;
using namespace std::chrono_literals;
using OnAccept = MockServerOptions::OnAccept;

namespace {

/// A server that may be replaced by another on the same port.
struct Fixture {
  std::optional<MockServer> server{std::in_place};
  const std::uint16_t port = server->port();

  void replace(MockServerOptions options = {}) {
    server.reset();
    options.port = port;
    server.emplace(options);
  }
};

/// The same with TLS, and the authority that clients trust.
struct TlsFixture {
  TemporaryFolder folder;
  CertificateAuthority authority;
  std::optional<MockServer> server{std::in_place, MockServerOptions{.identity = authority.issue()}};
  const std::uint16_t port = server->port();

  scenarios::Scenario scenario(const std::string& host = "127.0.0.1") const {
    auto made = openai_scenario(server->url(host));
    made.target.openai.ca_file = folder.write("ca.pem", authority.certificate_pem()).string();
    return made;
  }
  void replace(Identity identity) {
    server.reset();
    server.emplace(MockServerOptions{.port = port, .identity = std::move(identity)});
  }
  /// What the target says where it is not made at all.
  std::string refusal(const scenarios::Scenario& wanted) const {
    try {
      TargetDriver driver(openai_target(wanted));
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_server_that_is_gone_refuses_and_one_that_is_back_answers, Fixture) {
  TargetDriver driver(openai_target(openai_scenario(server->url())));
  BOOST_TEST(in_words(driver.ask("@paced").outcome) == "completed");
  server.reset();
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(in_words(driver.ask("@paced").outcome) == "failed: connection refused");
  replace();
  BOOST_TEST(in_words(driver.ask("@paced").outcome) == "completed");
}

BOOST_FIXTURE_TEST_CASE(streams_under_way_fail_when_their_server_dies, Fixture) {
  TargetDriver driver(openai_target(openai_scenario(server->url())));
  std::vector<std::uint64_t> asked;
  for (int i = 0; i < 20; ++i) asked.push_back(driver.submit("@paced,chunks=1000,gap=50ms"));
  while (server->counts().pieces < 20) std::this_thread::sleep_for(1ms);
  server.reset();
  BOOST_REQUIRE(driver.wait_for_all(10s));
  for (const auto id : asked) {
    const std::string outcome = in_words(driver.timeline(id).outcome);
    BOOST_TEST((outcome == "failed: answer ended early" || outcome == "failed: connection reset"),
               outcome);
    BOOST_TEST(!driver.timeline(id).content.empty());
  }
}

BOOST_FIXTURE_TEST_CASE(servers_that_take_connections_but_no_requests_are_told_apart, Fixture) {
  auto scenario = openai_scenario(server->url());
  scenario.target.first_token_timeout = 500ms;
  TargetDriver driver(openai_target(scenario));
  const std::vector<std::pair<OnAccept, std::string>> expected{
      {OnAccept::close, "failed: closed without an answer"},
      {OnAccept::reset, "failed: connection reset"},
      {OnAccept::greet, "failed: malformed HTTP response"},
      {OnAccept::say_nothing, "timed out"}};
  for (const auto& [on_accept, outcome] : expected) {
    replace({.on_accept = on_accept});
    BOOST_TEST(in_words(driver.ask("@paced").outcome) == outcome);
  }
  replace();
  const auto good = driver.ask("@paced");
  BOOST_TEST((in_words(good.outcome) == "completed" || in_words(good.outcome) == "timed out"));
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_there_is_told_before_the_run) {
  const auto url = "http://127.0.0.1:" + std::to_string(closed_port()) + "/v1";
  BOOST_CHECK_EXCEPTION(TargetDriver(openai_target(openai_scenario(url))), std::invalid_argument,
                        [](const std::invalid_argument& error) {
                          return contains(error.what(), "connection refused");
                        });
}

BOOST_FIXTURE_TEST_CASE(over_tls_all_is_as_without, TlsFixture) {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    TargetDriver driver(openai_target(scenario(host)));
    const auto before = server->counts().connections;
    for (int i = 0; i < 5; ++i) BOOST_TEST(driver.ask("@paced").answer == " 0 1 2 3", host);
    BOOST_TEST(server->counts().connections == before + 1);
    for (const char* hostile : {"reset", "half_event", "endless_headers", "byte_by_byte"}) {
      driver.ask(std::string("@") + hostile);
      BOOST_TEST(in_words(driver.ask("@paced").outcome) == "completed", hostile);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(certificates_that_prove_nothing_are_refused_before_the_run, TlsFixture) {
  const auto wanted = scenario();
  replace(authority.issue({.alternative_names = "DNS:elsewhere.test"}));
  BOOST_TEST(contains(refusal(wanted), "does not match host"));
  replace(authority.issue({.expired = true}));
  BOOST_TEST(contains(refusal(wanted), "expired"));
  for (const char* name : {"Another authority", "Test authority"}) {  // the latter is forged
    replace(CertificateAuthority(name).issue());
    BOOST_TEST(contains(refusal(wanted), "not trusted"), name);
  }
  replace({});  // no TLS at all
  BOOST_TEST(contains(refusal(wanted), "TLS"));
  replace(authority.issue());
  BOOST_TEST(refusal(wanted) == "");
}

BOOST_FIXTURE_TEST_CASE(certificates_that_change_during_a_run_fail_its_requests, TlsFixture) {
  TargetDriver driver(openai_target(scenario()));
  BOOST_TEST(in_words(driver.ask("@paced").outcome) == "completed");
  replace(authority.issue({.alternative_names = "DNS:elsewhere.test"}));
  BOOST_TEST(in_words(driver.ask("@paced").outcome) ==
             "failed: TLS: certificate does not match host");
  replace(authority.issue({.expired = true}));
  BOOST_TEST(in_words(driver.ask("@paced").outcome) == "failed: TLS: certificate has expired");
  replace(CertificateAuthority("Test authority").issue());
  BOOST_TEST(in_words(driver.ask("@paced").outcome) == "failed: TLS: certificate is not trusted");
  replace({});
  BOOST_TEST(in_words(driver.ask("@paced").outcome).starts_with("failed: TLS: "));
  replace(authority.issue());
  BOOST_TEST(in_words(driver.ask("@paced").outcome) == "completed");
}

BOOST_FIXTURE_TEST_CASE(a_server_that_never_shakes_hands_ends_with_the_time_to_connect,
                        TlsFixture) {
  auto hasty = scenario();
  hasty.target.openai.connect_timeout = 400ms;
  TargetDriver driver(openai_target(hasty));
  server.reset();
  server.emplace(MockServerOptions{.port = port, .on_accept = OnAccept::say_nothing});
  const auto begun = std::chrono::steady_clock::now();
  const std::string outcome = in_words(driver.ask("@paced").outcome);
  BOOST_TEST(outcome.starts_with("failed: no connection"), outcome);
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 10s));
}

BOOST_FIXTURE_TEST_CASE(whose_first_token_is_not_awaited_longer_times_out_while_it_connects,
                        TlsFixture) {
  auto hasty = scenario();
  hasty.target.openai.connect_timeout = 1min;
  hasty.target.first_token_timeout = 400ms;
  TargetDriver driver(openai_target(hasty));
  server.reset();
  server.emplace(MockServerOptions{.port = port, .on_accept = OnAccept::say_nothing});
  BOOST_TEST(in_words(driver.ask("@paced").outcome) == "timed out");
  BOOST_TEST(driver.happened("no first token within 0.4 s"));
}

BOOST_FIXTURE_TEST_CASE(tls_where_plain_text_is_spoken_is_no_answer, TlsFixture) {
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/v1";
  BOOST_TEST(!refusal(openai_scenario(url)).empty());
}
