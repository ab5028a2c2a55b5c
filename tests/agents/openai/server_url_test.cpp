// URLs, proxies of the environment, the pool's turns, and how long a server asks to wait.

#include "agents/targets/openai/http/server_url.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <stdexcept>

#include "agents/targets/openai/exchange.hpp"
#include "agents/targets/openai/http/connection_pool.hpp"

using namespace squall::agents;
using namespace std::chrono_literals;

namespace {

std::string refusal(const std::string& url) {
  try {
    parse_server_url(url);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

std::string proxy_of(const std::string& url, const std::map<std::string, std::string>& variables) {
  const auto proxy = proxy_for(parse_server_url(url), [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  });
  return proxy ? proxy->host + ":" + std::to_string(proxy->port) : "none";
}

struct Wire {
  int number;
  bool alive = true;
};
using Pool = ConnectionPool<Wire, int>;
const auto is_alive = [](const Wire& wire) { return wire.alive; };

}  // namespace

BOOST_AUTO_TEST_CASE(a_url_has_its_parts) {
  BOOST_TEST(
      (parse_server_url("http://127.0.0.1:8000/v1") == ServerUrl{false, "127.0.0.1", 8000, "/v1"}));
  BOOST_TEST((parse_server_url("HTTPS://API.Example.com/v1/") ==
              ServerUrl{true, "api.example.com", 443, "/v1"}));
  BOOST_TEST((parse_server_url("http://[::1]:80") == ServerUrl{false, "::1", 80, ""}));
  BOOST_TEST(parse_server_url("http://[::1]:81/v1").authority() == "[::1]:81");
  BOOST_TEST(parse_server_url("https://host:443").authority() == "host");
  BOOST_TEST(parse_server_url("https://host:444/v1").origin() == "https://host:444");
}

BOOST_AUTO_TEST_CASE(a_wrong_url_is_refused_with_what_a_url_looks_like) {
  for (const char* url :
       {"", "host", "ftp://host", "http://", "http://:80", "http://host:0", "http://host:65536",
        "http://host:x", "http://host:", "http://[::1", "http://[zz]", "http://[::1]x",
        "http://a b", "http://host/v 1", "http://host/v1?x=1", "http://host\r\nX: y/"})
    BOOST_TEST((refusal(url).find("http://127.0.0.1:8000/v1") != std::string::npos ||
                std::string(url) == "http://host:"),
               url);
  const std::string why = refusal("https://me:secret@host/v1");
  BOOST_TEST(why.find("api_key_file") != std::string::npos);
  BOOST_TEST(why.find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_environment_chooses_the_proxy) {
  BOOST_TEST(proxy_of("http://host/", {}) == "none");
  BOOST_TEST(proxy_of("http://host/", {{"http_proxy", "http://p:3128/"}}) == "p:3128");
  BOOST_TEST(proxy_of("http://host/", {{"HTTP_PROXY", "http://p:3128/"}}) == "none");
  BOOST_TEST(proxy_of("https://host/", {{"http_proxy", "p:1"}}) == "none");
  BOOST_TEST(proxy_of("https://host/", {{"HTTPS_PROXY", "p:1"}}) == "p:1");
  BOOST_TEST(proxy_of("https://host/", {{"https_proxy", "p:1"}, {"all_proxy", "q:2"}}) == "p:1");
  BOOST_TEST(proxy_of("http://host/", {{"ALL_PROXY", "q:2"}}) == "q:2");
  BOOST_TEST(proxy_of("http://host/", {{"http_proxy", "http://p"}}) == "p:80");
  for (const char* self : {"http://127.0.0.1/", "http://localhost/", "http://[::1]/"})
    BOOST_TEST(proxy_of(self, {{"http_proxy", "p:1"}}) == "none");
  BOOST_CHECK_THROW(proxy_of("http://host/", {{"http_proxy", "socks5://p:1"}}),
                    std::invalid_argument);
  BOOST_CHECK_THROW(proxy_of("http://host/", {{"http_proxy", "p:port"}}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_proxys_password_is_sent_but_never_shown) {
  const auto proxy =
      proxy_for(parse_server_url("http://host/"), [](const char*) { return std::string(); });
  BOOST_TEST(!proxy.has_value());
  const auto with = proxy_for(parse_server_url("http://host/"), [](const char* name) {
    return std::string(std::string_view(name) == "http_proxy" ? "http://a:b%3Ac@p:1" : "");
  });
  BOOST_TEST(with->authorization == "Basic YTpiOmM=");
  try {
    proxy_of("http://host/", {{"http_proxy", "http://a:secret@p:x"}});
    BOOST_TEST(false);
  } catch (const std::invalid_argument& error) {
    BOOST_TEST(std::string(error.what()).find("secret") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(exceptions_from_the_proxy_are_names_domains_addresses_and_networks) {
  const auto excepted = [](const std::string& url, const std::string& list) {
    return proxy_of(url, {{"http_proxy", "p:1"}, {"no_proxy", list}}) == "none";
  };
  BOOST_TEST(excepted("http://a.b.c/", "x, b.c"));
  BOOST_TEST(excepted("http://a.b.c/", ".b.c"));
  BOOST_TEST(excepted("http://a.b.c/", "*.B.C"));
  BOOST_TEST(!excepted("http://ab.c/", "b.c"));
  BOOST_TEST(excepted("http://a:81/", "a:81"));
  BOOST_TEST(!excepted("http://a:82/", "a:81"));
  BOOST_TEST(excepted("http://a/", "*"));
  BOOST_TEST(!excepted("http://a/", ",,"));
  BOOST_TEST(excepted("http://10.1.2.3/", "10.0.0.0/8"));
  BOOST_TEST(!excepted("http://11.1.2.3/", "10.0.0.0/8"));
  BOOST_TEST(excepted("http://10.1.2.3/", "10.1.2.3"));
  BOOST_TEST(excepted("http://[fd00::1]/", "fd00::/16"));
  BOOST_TEST(!excepted("http://10.1.2.3/", "2.3"));
}

BOOST_AUTO_TEST_CASE(the_newest_idle_connection_comes_first_and_dead_ones_never) {
  Pool pool(0);
  for (int i = 0; i < 3; ++i) BOOST_TEST(!pool.ask(i, is_alive)->connection);
  const auto dead = std::make_shared<Wire>(Wire{1, false});
  for (auto& wire : {std::make_shared<Wire>(Wire{0}), std::make_shared<Wire>(Wire{2}), dead})
    BOOST_TEST(!pool.give_back(wire).has_value());
  BOOST_TEST(pool.in_use() == 0u);
  BOOST_TEST(pool.ask(1, is_alive)->connection->number == 2);
  BOOST_TEST(pool.ask(1, is_alive)->connection->number == 0);
  BOOST_TEST(!pool.ask(1, is_alive)->connection);
  BOOST_TEST(pool.idle() == 0u);
}

BOOST_AUTO_TEST_CASE(whoever_waits_gets_the_next_connection_in_turn) {
  Pool pool(2);
  BOOST_TEST(pool.ask(1, is_alive).has_value());
  BOOST_TEST(pool.ask(2, is_alive).has_value());
  for (const int waiting : {3, 4, 5}) BOOST_TEST(!pool.ask(waiting, is_alive).has_value());
  BOOST_TEST(pool.leave(4));
  BOOST_TEST(!pool.leave(4));
  const auto third = pool.give_back(std::make_shared<Wire>(Wire{7}));
  BOOST_TEST(third->asker == 3);
  BOOST_TEST(third->grant.connection->number == 7);
  const auto fifth = pool.give_back(nullptr);
  BOOST_TEST(fifth->asker == 5);
  BOOST_TEST(!fifth->grant.connection);
  BOOST_TEST(pool.in_use() == 2u);
  BOOST_TEST(!pool.give_back(nullptr).has_value());
  BOOST_TEST(pool.in_use() == 1u);
  BOOST_TEST(pool.ask(6, is_alive).has_value());
  for (const int waiting : {7, 8}) BOOST_TEST(!pool.ask(waiting, is_alive).has_value());
  pool.forget_waiting();
  BOOST_TEST(!pool.leave(7));
  BOOST_TEST(!pool.give_back(nullptr).has_value());  // nobody's turn
}

BOOST_AUTO_TEST_CASE(retry_after_is_seconds_or_a_date) {
  BOOST_TEST((retry_after("0", 0) == 0s));
  BOOST_TEST((retry_after("7", 0) == 7s));
  BOOST_TEST((retry_after("99999999999999999999", 0) == 1h));
  BOOST_TEST((retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 90) == 10s));
  BOOST_TEST((retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 200) == 0s));
  for (const char* nonsense : {"", "soon", "-5", "1.5", "Thu, 01 Jan"})
    BOOST_TEST((retry_after(nonsense, 0) == 0s));
}
