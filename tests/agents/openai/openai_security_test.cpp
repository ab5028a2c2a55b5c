// Keys that nobody sees, certificates that must be right, proxies, and what is found out before a
// run.

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>

#include "agents/targets/openai/server_check.hpp"
#include "scenarios/text/utf8.hpp"
#include "tests/agents/openai/asking.hpp"
#include "tests/agents/openai/scripted_server.hpp"
#include "tests/agents/openai/self_made_certificate.hpp"

using namespace squall;
using namespace squall::fixtures;
using namespace std::chrono_literals;

namespace {

/// OpenSSL's servers write to clients that have left.
const auto no_broken_pipes = std::signal(SIGPIPE, SIG_IGN);

const std::string key = "sk-very-secret-0123456789";

/// Why a target cannot be made; empty: it can.
std::string refusal(const scenarios::Scenario& scenario, const Asking::Variables& variables = {}) {
  try {
    const Asking asking(scenario, variables);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}
bool says(const std::string& text, const std::string& part) {
  BOOST_TEST_CONTEXT(text) BOOST_TEST((text.find(part) != std::string::npos), part);
  return true;
}
bool shows_key(const std::string& text) { return text.find("sk-very") != std::string::npos; }

/// Says this to whatever is asked.
ScriptedServer::Script always(const std::string& status, const std::string& body,
                              const std::string& more = {}) {
  return [=](Visit& visit) {
    while (visit.read_request()) visit.answer(status, "application/json", body, more);
  };
}
ScriptedServer::Script answering() {
  return with_models_and_keep_alive(
      [](Visit& visit, const std::string&) { visit.stream_answer(3); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_server_that_repeats_the_key_does_not_make_us_show_it) {
  ScriptedServer server(always("401 Unauthorized", "Incorrect API key: " + key));
  const auto scenario = scenario_for(local_url(server.port()));
  const std::string why = refusal(scenario, {{"OPENAI_API_KEY", key}});
  says(why, "HTTP 401");
  says(why, "does not take the API key from the variable OPENAI_API_KEY");
  BOOST_TEST(!shows_key(why));
  says(refusal(scenario), "it wants an API key; put it into the variable OPENAI_API_KEY");

  ScriptedServer busy(always("503 Busy", "no room for " + key));
  const std::string not_ready =
      refusal(scenario_for(local_url(busy.port())), {{"OPENAI_API_KEY", key}});
  says(not_ready, "not ready: no room for (key)");
}

BOOST_AUTO_TEST_CASE(notes_of_a_run_do_not_show_the_key) {
  ScriptedServer server(with_models([](Visit& visit, const std::string&) {
    visit.answer("400 Bad", "text/plain", "bad key " + key + " or sk-ve********89 given");
  }));
  Asking asking(scenario_for(local_url(server.port())), {{"OPENAI_API_KEY", key}});
  const RequestTimeline timeline = asking.ask();
  BOOST_TEST(outcome_of(timeline) == "HTTP 400");
  const auto notes = asking.notes();
  BOOST_REQUIRE(notes.size() == 1u);
  says(notes[0], "bad key (key) or (key) given");
  const auto& description = asking.target().description();
  for (const std::string& text : {description.origin, description.token_counts})
    BOOST_TEST(!shows_key(text));
}

BOOST_AUTO_TEST_CASE(outcomes_redirects_and_models_do_not_show_the_key_either) {
  const Asking::Variables variables{{"OPENAI_API_KEY", key}};
  ScriptedServer blaming(with_models([](Visit& visit, const std::string&) {
    visit.begin_stream();
    visit.send_chunk("data: {\"error\":{\"type\":\"" + key + "\"}}\n\n");
    visit.end_stream();
  }));
  Asking asking(scenario_for(local_url(blaming.port())), variables);
  says(outcome_of(asking.ask()), "(key)");

  ScriptedServer redirecting(with_models([](Visit& visit, const std::string&) {
    visit.answer("302 Found", "text/plain", "", "Location: /for/" + key + "\r\n");
  }));
  Asking redirected(scenario_for(local_url(redirecting.port())), variables);
  redirected.ask();
  BOOST_REQUIRE(redirected.notes().size() == 1u);
  says(redirected.notes()[0], "redirects to /for/(key),");

  ScriptedServer elsewhere(always("302 Found", "", "Location: /for/" + key + "\r\n"));
  says(refusal(scenario_for(local_url(elsewhere.port())), variables), "redirects to /for/(key),");

  const std::string list = R"({"data":[{"id":"m-)" + key + R"("},{"id":"other"}]})";
  ScriptedServer listing(always("200 OK", list));
  const std::string several = refusal(scenario_for(local_url(listing.port())), variables);
  says(several, "'m-(key)', 'other'");
}

BOOST_AUTO_TEST_CASE(a_key_at_the_end_of_what_is_shown_is_taken_out_before_that_is_cut) {
  ScriptedServer server(with_models([](Visit& visit, const std::string&) {
    visit.answer("400 Bad", "text/plain", std::string(290, 'x') + " " + key);
  }));
  Asking asking(scenario_for(local_url(server.port())), {{"OPENAI_API_KEY", key}});
  asking.ask();
  BOOST_REQUIRE(asking.notes().size() == 1u);
  BOOST_TEST(!shows_key(asking.notes()[0]));
}

BOOST_AUTO_TEST_CASE(what_a_server_says_is_shown_in_its_own_letters_on_one_line) {
  std::string words = "n\u00e3o \u00e9\nposs\u00edvel ";
  for (int i = 0; i < 400; ++i) words += "\u4e2d";
  ScriptedServer server(with_models([&](Visit& visit, const std::string&) {
    visit.answer("400 Bad", "text/plain; charset=utf-8", words + "\x1b[2J");
  }));
  Asking asking(scenario_for(local_url(server.port())));
  asking.ask();
  BOOST_REQUIRE(asking.notes().size() == 1u);
  const std::string note = asking.notes()[0];
  says(note, "n\u00e3o \u00e9 poss\u00edvel \u4e2d\u4e2d");
  BOOST_TEST(scenarios::is_utf8(note));
  BOOST_TEST(note.ends_with("\u4e2d..."));
}

BOOST_AUTO_TEST_CASE(a_key_that_is_part_of_what_stands_instead_is_taken_out_too) {
  BOOST_TEST(agents::ApiKey("key").removed_from("my key is key") == "my (key) is (key)");
  BOOST_TEST(agents::ApiKey("").removed_from("none") == "none");
}

BOOST_AUTO_TEST_CASE(a_key_may_come_from_a_file_and_must_be_one_word) {
  const auto file =
      std::filesystem::temp_directory_path() / ("squall_test_key_" + std::to_string(::getpid()));
  std::ofstream(file) << key << "\n";
  scenarios::OpenAiSettings settings;
  settings.api_key_file = file.string();
  const auto none = [](const char*) { return std::string(); };
  BOOST_TEST((agents::find_api_key(settings, "", none).secret() == key));
  std::ofstream(file) << key << "\nand more\n";
  try {
    agents::find_api_key(settings, "", none);
    BOOST_TEST(false);
  } catch (const std::invalid_argument& error) {
    says(error.what(), "must be one word");
    BOOST_TEST(!shows_key(error.what()));
  }
  std::ofstream(file) << "\n";
  BOOST_CHECK_THROW(agents::find_api_key(settings, "", none), std::invalid_argument);
  std::filesystem::remove(file);
  BOOST_CHECK_THROW(agents::find_api_key(settings, "", none), std::invalid_argument);
  settings.api_key_file.clear();
  const auto injecting = [](const char*) { return key + "\r\nX-Evil: 1"; };
  BOOST_CHECK_THROW(agents::find_api_key(settings, "", injecting), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_certificate_that_is_trusted_and_has_the_name_is_taken) {
  const SelfMadeCertificate certificate("DNS:localhost,IP:127.0.0.1");
  ScriptedServer server(answering(), certificate.server());
  auto scenario = scenario_for(local_url(server.port(), "https"));
  scenario.target.openai.ca_file = certificate.file();
  Asking asking(scenario);
  BOOST_TEST(outcome_of(asking.ask()) == "completed");
  BOOST_TEST(outcome_of(asking.ask()) == "completed");

  scenario.target.openai.url = "https://localhost:" + std::to_string(server.port()) + "/v1";
  BOOST_TEST(outcome_of(Asking(scenario).ask()) == "completed");
}

BOOST_AUTO_TEST_CASE(a_long_answer_over_tls_is_whole) {
  const SelfMadeCertificate certificate("IP:127.0.0.1");
  ScriptedServer server(with_models_and_keep_alive([](Visit& visit, const std::string&) {
                          std::string events;
                          for (int i = 0; i < 3000; ++i)
                            events += "data: {\"choices\":[{\"delta\":{\"content\":\"abc\"}}]}\n\n";
                          visit.begin_stream();
                          visit.send_chunk(events);
                          visit.send_event("[DONE]");
                          visit.end_stream();
                        }),
                        certificate.server());
  auto scenario = scenario_for(local_url(server.port(), "https"));
  scenario.target.openai.ca_file = certificate.file();
  Asking asking(scenario);
  BOOST_TEST(asking.ask().content.size() == 3000u);
}

BOOST_AUTO_TEST_CASE(sessions_are_taken_up_again) {
  const SelfMadeCertificate certificate("IP:127.0.0.1");
  std::atomic<int> resumed = 0;
  SSL_CTX_set_app_data(certificate.server(), &resumed);
  SSL_CTX_set_info_callback(certificate.server(), [](const SSL* ssl, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_DONE) != 0 && SSL_session_reused(const_cast<SSL*>(ssl)) == 1)
      ++*static_cast<std::atomic<int>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  });
  ScriptedServer server(with_models([](Visit& visit, const std::string&) {
                          visit.stream_answer(1);  // and leaves: the next is a new connection
                        }),
                        certificate.server());
  auto scenario = scenario_for(local_url(server.port(), "https"));
  scenario.target.openai.ca_file = certificate.file();
  Asking asking(scenario);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(outcome_of(asking.ask()) == "completed");
    std::this_thread::sleep_for(20ms);
  }
  BOOST_TEST(resumed >= 1);
}

BOOST_AUTO_TEST_CASE(wrong_certificates_are_refused_and_no_key_is_sent) {
  std::atomic<int> requests = 0;
  const auto count = [&](Visit& visit) {
    if (visit.read_request()) ++requests;
  };
  const SelfMadeCertificate other_name("DNS:other.test");
  const SelfMadeCertificate expired("IP:127.0.0.1", -1);
  const SelfMadeCertificate good("IP:127.0.0.1");
  ScriptedServer named(count, other_name.server());
  ScriptedServer old(count, expired.server());
  ScriptedServer unknown(count, good.server());
  ScriptedServer plain(count);
  const auto why = [&](int port, const std::string& ca_file) {
    auto scenario = scenario_for(local_url(port, "https"));
    scenario.target.openai.ca_file = ca_file;
    return refusal(scenario, {{"OPENAI_API_KEY", key}});
  };
  says(why(named.port(), other_name.file()), "TLS: certificate does not match host");
  says(why(old.port(), expired.file()), "TLS: certificate has expired");
  says(why(unknown.port(), ""), "TLS: certificate is not trusted");
  says(why(unknown.port(), other_name.file()), "TLS: certificate is not trusted");
  says(why(unknown.port(), "/no/such/file"), "ca_file");
  BOOST_TEST(requests == 0);
  ScriptedServer talking([](Visit& visit) { visit.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  says(why(talking.port(), ""), "TLS: the server does not speak it");
}

BOOST_AUTO_TEST_CASE(a_proxy_is_asked_for_the_whole_url) {
  std::vector<std::string> seen;
  ScriptedServer proxy([&](Visit& visit) {
    while (const auto request = visit.read_request()) {
      seen.push_back(*request);
      if (request->starts_with("GET"))
        visit.answer("200 OK", "application/json", R"({"data":[{"id":"m"}]})");
      else
        visit.stream_answer(2);
    }
  });
  const std::string address = "http://user:pass%20word@127.0.0.1:" + std::to_string(proxy.port());
  {
    Asking asking(scenario_for("http://server.test/v1"), {{"http_proxy", address}});
    BOOST_TEST(outcome_of(asking.ask()) == "completed");
  }
  BOOST_REQUIRE(seen.size() == 2u);
  BOOST_TEST(seen[0].starts_with("GET http://server.test/v1/models HTTP/1.1\r\nHost: server.test"));
  BOOST_TEST(seen[1].starts_with("POST http://server.test/v1/chat/completions HTTP/1.1\r\n"));
  says(seen[1], "\r\nProxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n");
  BOOST_TEST(seen[1].find("X-Squall-Stamps") == std::string::npos);  // owned by somebody else
}

BOOST_AUTO_TEST_CASE(tls_goes_through_a_proxys_tunnel) {
  const SelfMadeCertificate certificate("DNS:server.test");
  ScriptedServer server(answering(), certificate.server());
  std::string seen;
  ScriptedServer proxy([&](Visit& visit) {
    seen = visit.read_request().value_or("");
    visit.send("HTTP/1.1 200 Connected\r\n\r\n");
    const int there = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(server.port()));
    BOOST_TEST(::connect(there, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const auto pass_on = [](int from, int to) {
      char bytes[4096];
      for (ssize_t count; (count = ::recv(from, bytes, sizeof bytes, 0)) > 0;)
        ::send(to, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
      ::shutdown(to, SHUT_WR);
    };
    std::thread back(pass_on, there, visit.socket());
    pass_on(visit.socket(), there);
    ::shutdown(there, SHUT_RDWR);
    back.join();
    ::close(there);
  });
  auto scenario = scenario_for("https://server.test/v1");
  scenario.target.openai.ca_file = certificate.file();
  {
    Asking asking(scenario, {{"https_proxy", "http://127.0.0.1:" + std::to_string(proxy.port())},
                             {"OPENAI_API_KEY", key}});
    BOOST_TEST(outcome_of(asking.ask()) == "completed");
  }
  BOOST_TEST(seen == "CONNECT server.test:443 HTTP/1.1\r\nHost: server.test:443\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(a_proxy_that_refuses_is_named) {
  ScriptedServer proxy([](Visit& visit) {
    visit.read_request();
    visit.answer("407 Proxy Authentication Required", "text/plain", "");
  });
  const std::string address = "127.0.0.1:" + std::to_string(proxy.port());
  says(refusal(scenario_for("https://server.test/v1"), {{"https_proxy", address}}),
       "proxy: HTTP 407");
  says(refusal(scenario_for("http://server.test/v1"), {{"http_proxy", address}}),
       "HTTP 407: the proxy wants a user name and password");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_before_the_run_is_said_with_what_to_do) {
  int closed_port = 0;
  {
    ScriptedServer gone([](Visit&) {});
    closed_port = gone.port();
  }
  says(refusal(scenario_for(local_url(closed_port))), "connection refused; is it running");
  says(refusal(scenario_for("http://no-such-host.invalid/v1")), "host name not found");
  ScriptedServer moved(always("308 Moved", "", "Location: https://elsewhere/v1\r\n"));
  says(refusal(scenario_for(local_url(moved.port()))), "redirects to https://elsewhere/v1");
  ScriptedServer two(always("200 OK", R"({"data":[{"id":"a"},{"id":"b"}]})"));
  auto scenario = scenario_for(local_url(two.port()));
  says(refusal(scenario), "has several models; choose one as target.model: 'a', 'b'");
  scenario.target.model = "b";
  {
    Asking asking(scenario);
    BOOST_TEST(asking.target().description().model_name == "b");
    BOOST_TEST(asking.target().description().warnings.empty());
  }
  scenario.target.model = "c";
  {
    Asking asking(scenario);
    BOOST_REQUIRE(asking.target().description().warnings.size() == 1u);
    says(asking.target().description().warnings[0], "does not list the model 'c'; it has 'a', 'b'");
  }
  ScriptedServer none(always("404 Not Found", "{}"));
  Asking asking(scenario_for(local_url(none.port())));
  BOOST_REQUIRE(asking.target().description().warnings.size() == 1u);
  says(asking.target().description().warnings[0], "url may lack '/v1'");
}
