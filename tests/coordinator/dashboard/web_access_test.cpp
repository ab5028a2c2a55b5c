#include "coordinator/dashboard/server/web_access.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

namespace {

using namespace squall::coordinator;

HttpRequest asked(const std::string& host, const std::string& query = "") {
  return {.method = "GET", .path = "/", .query = query, .host = host, .authorization = ""};
}

unsigned status_for(const WebAccess& access, const HttpRequest& request) {
  const auto refusal = access.refusal(request);
  return refusal ? refusal->status : 200;
}

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_means_this_machine_and_a_free_port) {
  const WebAddress address = web_address("", "--dashboard");
  BOOST_TEST(address.text() == "127.0.0.1:0");
  BOOST_TEST(address.loopback());
}

BOOST_AUTO_TEST_CASE(addresses_are_read_in_all_their_forms) {
  BOOST_TEST(web_address("8080", "").text() == "127.0.0.1:8080");
  BOOST_TEST(web_address("localhost:8080", "").text() == "127.0.0.1:8080");
  BOOST_TEST(web_address("0.0.0.0", "").text() == "0.0.0.0:0");
  BOOST_TEST(web_address("10.1.2.3:65535", "").text() == "10.1.2.3:65535");
  BOOST_TEST(web_address("[::1]:81", "").text() == "[::1]:81");
  BOOST_TEST(web_address("[::1]:81", "").loopback());
  BOOST_TEST(web_address("[::]:81", "").everywhere());
  BOOST_TEST(!web_address("0.0.0.0:1", "").loopback());
  BOOST_TEST(!web_address("[::]:1", "").loopback());
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_told_with_the_option_and_the_forms) {
  for (const char* text : {"example.org:80", "1.2.3.4:65536", "1.2.3.4:", "127.0.0.1:8o", "my.toml",
                           "1.2.3:80", "70000", ":80", "[::1", "127.0.0.1:-1"})
    BOOST_CHECK_EXCEPTION(web_address(text, "--dashboard"), WebError, [&](const WebError& error) {
      const std::string message = error.what();
      return message.starts_with("--dashboard takes an address such as 127.0.0.1:8080") &&
             message.ends_with("got '" + std::string(text) + "'");
    });
}

BOOST_AUTO_TEST_CASE(tokens_are_long_and_never_the_same) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string token = new_token();
    BOOST_TEST(token.size() == 32u);
    BOOST_TEST(token.find_first_not_of("0123456789abcdef") == std::string::npos);
    BOOST_TEST(seen.insert(token).second);
  }
}

BOOST_AUTO_TEST_CASE(secrets_are_the_same_only_as_a_whole) {
  BOOST_TEST(same_secret("abc", "abc"));
  for (const char* given : {"", "a", "ab", "abd", "xbc", "abcd", "abcabc"})
    BOOST_TEST(!same_secret(given, "abc"), given);
}

BOOST_AUTO_TEST_CASE(without_a_token_only_loopback_names_are_answered) {
  const WebAccess access("");
  for (const char* host : {"127.0.0.1:8080", "127.0.0.1", "localhost:1", "LocalHost", "[::1]:80",
                           "[::1]", "127.8.9.10:5"})
    BOOST_TEST(status_for(access, asked(host)) == 200u, host);
  // Names that an attacker's own server could have made point here.
  for (const char* host : {"evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example",
                           "10.0.0.1:80", "", "[::2]:80", "[", "[]"})
    BOOST_TEST(status_for(access, asked(host)) == 421u, host);
}

BOOST_AUTO_TEST_CASE(with_a_token_it_alone_counts_whatever_the_name) {
  const WebAccess access("0123456789abcdef");
  BOOST_TEST(status_for(access, asked("any.name:80", "token=0123456789abcdef")) == 200u);
  BOOST_TEST(status_for(access, asked("any.name:80", "from=1&token=0123456789abcdef")) == 200u);
  for (const char* query : {"", "token=", "token=0123456789abcdee", "token=0123456789abcde",
                            "token=0123456789abcdef0", "tokens=0123456789abcdef", "token"})
    BOOST_TEST(status_for(access, asked("127.0.0.1", query)) == 401u, query);
}

BOOST_AUTO_TEST_CASE(the_token_may_come_as_prometheus_sends_it) {
  const WebAccess access("0123456789abcdef");
  HttpRequest request = asked("10.0.0.1");
  request.authorization = "Bearer 0123456789abcdef";
  BOOST_TEST(status_for(access, request) == 200u);
  for (const char* wrong : {"Bearer 0123456789abcdee", "Basic 0123456789abcdef", "0123456789abcdef",
                            "Bearer ", "Bearer"}) {
    request.authorization = wrong;
    BOOST_TEST(status_for(access, request) == 401u, wrong);
  }
}
