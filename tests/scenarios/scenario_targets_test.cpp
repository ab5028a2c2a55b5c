// scenarios/schema/sections/target_section: every kind of target, and what stands before it.

#include <boost/test/unit_test.hpp>
#include <string>

#include "scenarios/schema/scenario_parser.hpp"

using namespace squall::scenarios;
using namespace std::chrono_literals;

namespace {

using Shape = Distribution::Shape;

std::string file_with(const std::string& target) {
  return "name = 'x'\n[users]\n[target]\n" + target + "\n";
}

TargetSettings target_of(const std::string& target) {
  return parse_scenario(file_with(target), "test.toml").target;
}

// The file has this one mistake; the first line of `target` is line 4.
void expect(const std::string& target, unsigned line, unsigned column, const std::string& message) {
  BOOST_TEST_CONTEXT(target) {
    try {
      parse_scenario(file_with(target), "test.toml");
      BOOST_ERROR("it was accepted");
    } catch (const ScenarioError& error) {
      BOOST_REQUIRE(error.mistakes().size() == 1);
      BOOST_TEST(error.mistakes()[0].message == message);
      BOOST_TEST(error.mistakes()[0].line == line);
      BOOST_TEST(error.mistakes()[0].column == column);
    }
  }
}

constexpr const char* server = "kind = 'openai'\nmodel = 'm'\nurl = 'https://a.example/v1'\n";

void expect_server(const std::string& line, unsigned column, const std::string& message) {
  expect(server + line, 7, column, message);
}
void expect_url(const std::string& url, const std::string& message) {
  expect("kind = 'openai'\nmodel = 'm'\nurl = '" + url + "'", 6, 7, message);
}
void expect_simulated(const std::string& line, unsigned column, const std::string& message) {
  expect("kind = 'simulated'\n" + line, 5, column, message);
}
void expect_engine(const std::string& line, unsigned column, const std::string& message) {
  expect("model = 'm'\n" + line, 5, column, message);
}

const std::string password_message =
    "'url' must not hold a user name or password (the part before '@'): scenarios are stored and "
    "shown; put a key into the environment variable that 'api_key_variable' names";

}  // namespace

BOOST_AUTO_TEST_CASE(every_key_of_a_server_arrives_in_its_field) {
  const TargetSettings target = target_of(R"(
kind = "openai"
url = "https://models.example:8443/v1/"
model = "small"
api = "completions"
stream = false
ignore_end_token = false
api_key_file = "key.txt"
headers = { X-Team = "search", X-Trace = "on" }
ca_file = "authorities.pem"
tokenizer = "small.gguf"
max_connections = 100
connect_timeout = "2s"
first_token_timeout = "3s"
token_gap_timeout = "500ms"
timeout = "10s"
temperature = 0.5
top_k = 7
)");
  BOOST_TEST((target.kind == TargetKind::openai));
  BOOST_TEST(target.openai.url == "https://models.example:8443/v1");  // routes are appended
  BOOST_TEST(target.model == "small");
  BOOST_TEST((target.openai.api == OpenAiSettings::Api::completions));
  BOOST_TEST(!target.openai.stream);
  BOOST_TEST(!target.openai.ignore_end_token);
  BOOST_TEST(target.stop_at_end_token);
  BOOST_TEST(target.openai.api_key_file == "key.txt");
  BOOST_REQUIRE(target.openai.headers.size() == 2u);
  BOOST_TEST(target.openai.headers[0].first == "X-Team");
  BOOST_TEST(target.openai.headers[0].second == "search");
  BOOST_TEST(target.openai.ca_file == "authorities.pem");
  BOOST_TEST(target.openai.tokenizer == "small.gguf");
  BOOST_TEST(target.openai.max_connections == 100u);
  BOOST_TEST((target.openai.connect_timeout == 2s));
  BOOST_TEST((target.first_token_timeout == 3s));
  BOOST_TEST((target.token_gap_timeout == 500ms));
  BOOST_TEST((target.timeout == 10s));
  BOOST_TEST(target.temperature == 0.5);
  BOOST_TEST(target.top_k == 7u);
}

BOOST_AUTO_TEST_CASE(a_server_needs_an_address_and_a_model_and_has_defaults) {
  const TargetSettings target = target_of(server);
  BOOST_TEST((target.openai.api == OpenAiSettings::Api::chat));
  BOOST_TEST(target.openai.stream);
  BOOST_TEST(target.openai.ignore_end_token);
  BOOST_TEST(!target.stop_at_end_token);
  BOOST_TEST(target.openai.api_key_variable == "OPENAI_API_KEY");
  BOOST_TEST((target.openai.connect_timeout == 5s));
  BOOST_TEST(target.retries.attempts == 1u);
  BOOST_TEST(target.breaker.failures == 0u);
  BOOST_TEST((target.cache.time_to_live == 0s));
  expect("kind = 'openai'\nmodel = 'm'", 3, 1,
         "[target] lacks 'url'; add url = \"http://127.0.0.1:8080/v1\"");
  BOOST_TEST(target_of("kind = 'openai'\nurl = 'http://a'").model == "");  // the only one it has
}

BOOST_AUTO_TEST_CASE(addresses_of_servers_are_checked) {
  for (const char* url : {"http://127.0.0.1:8080/v1", "https://a-b.example", "http://[::1]:80/v1",
                          "http://host_name:65535", "https://a.example/x@y/v1"}) {
    BOOST_TEST(
        target_of(std::string("kind = 'openai'\nmodel = 'm'\nurl = '") + url + "'").openai.url ==
        url);
  }
  const std::string as_in = "; write one as in url = \"http://127.0.0.1:8080/v1\"";
  expect_url("127.0.0.1:8080",
             "'url' must begin with http:// or https://: '127.0.0.1:8080'" + as_in);
  expect_url("ftp://a/v1", "'url' must begin with http:// or https://: 'ftp://a/v1'" + as_in);
  for (const char* url : {"http://", "http:///v1", "http://a:0", "http://a:65536", "http://a:8o",
                          "http://a:", "http://[::1", "http://[]", "http://a b", "http://ä"}) {
    expect_url(url,
               "'url' has no valid host and port after '//': '" + std::string(url) + "'" + as_in);
  }
  for (const char* url : {"http://a/v1?key=1", "http://a/v1#x", "http://a/v 1"}) {
    expect_url(url,
               "'url' must be a plain address without '?', '#', blanks or other than ASCII "
               "letters: '" +
                   std::string(url) + "'" + as_in);
  }
}

BOOST_AUTO_TEST_CASE(secrets_are_refused_and_never_repeated) {
  expect_url("https://user:pass@a.example/v1", password_message);
  expect_url("http://token@a.example", password_message);
  expect_server("api_key_variable = 'sk-123'", 20,
                "'api_key_variable' is the name of an environment variable such as "
                "\"OPENAI_API_KEY\", never the key itself");
  expect(server + std::string("api_key_variable = 'KEY'\napi_key_file = 'key.txt'"), 8, 1,
         "[target] takes 'api_key_variable' or 'api_key_file', not both; remove one of "
         "them");
  for (const char* name : {"Authorization", "x-api-key", "API-Key", "Cookie"}) {
    expect_server("headers = { " + std::string(name) + " = 'sk-123' }", 13,
                  "header '" + std::string(name) +
                      "' would hold a secret, and scenarios are stored and shown; put the key into "
                      "the environment variable that 'api_key_variable' names, or into "
                      "'api_key_file'");
  }
  for (const std::string target : {"kind = 'openai'\nmodel = 'm'\nurl = 'htp://user:pass@a/v1'",
                                   "kind = 'openai'\nmodel = 'm'\nurl = 'http://user:pass@a/v1?x'",
                                   "kind = 'openai'\nmodel = 'm'\nurl = 'user:pass@a'"}) {
    try {
      target_of(target);
      BOOST_ERROR("it was accepted: " << target);
    } catch (const ScenarioError& error) {
      BOOST_TEST(std::string(error.what()).find("pass@") == std::string::npos, error.what());
    }
  }
}

BOOST_AUTO_TEST_CASE(headers_have_names_and_one_line) {
  expect_server("headers = 'X: y'", 11,
                "'headers': expected a table such as { X-Team = \"search\" }, found a string");
  expect_server("headers = { Host = 'a' }", 13,
                "header 'Host' is written by the target itself; remove it");
  expect_server("headers = { 'X y' = 'a' }", 13,
                "header 'X y' is no name of a header; it has letters, digits and '-' only");
  expect_server("headers = { X = 3 }", 13, "'X': expected a string, found an integer");
  expect_server("headers = { X = \"a\\r\\nb\" }", 13,
                "header 'X' must be one line of at most 4000 ASCII characters");
  expect_server("headers = { X-A = 'a', x-a = 'b' }", 24,
                "header 'x-a' stands here twice: capital letters make no other name; remove one");
  expect("kind = 'openai'\nmodel = 'm'\nurl = 'http://a'\nca_file = 'a.pem'", 7, 1,
         "'ca_file' is for https:// addresses, and 'url' is none; remove it, or write https://");
  expect_server("api = 'chats'", 7, "unknown api 'chats'; did you mean 'chat'?");
}

BOOST_AUTO_TEST_CASE(keys_of_another_kind_are_refused_with_the_reason) {
  expect_engine("url = 'http://a'", 1,
                "'url' is for targets of kind \"openai\", and this one is of kind \"engine\"; "
                "remove it, or change 'kind'");
  expect_engine("servers = 3", 1,
                "'servers' is for targets of kind \"simulated\", and this one is of kind "
                "\"engine\"; remove it, or change 'kind'");
  expect_server("max_batch = 3", 1,
                "'max_batch' is for targets of kind \"engine\", and this one is of kind "
                "\"openai\"; remove it, or change 'kind'");
  expect_server("stop_at_end_token = true", 1,
                "'stop_at_end_token' is for targets of kind \"engine\", and this one is of kind "
                "\"openai\"; remove it, or change 'kind'");
  expect_simulated("model = 'm'", 1,
                   "'model' is for targets of kind \"engine\" or \"openai\", and this one is of "
                   "kind \"simulated\"; remove it, or change 'kind'");
  expect_simulated("temperature = 1", 1,
                   "'temperature' is for targets of kind \"engine\" or \"openai\", and this one is "
                   "of kind \"simulated\"; remove it, or change 'kind'");
}

BOOST_AUTO_TEST_CASE(every_key_of_a_simulated_target_arrives_in_its_field) {
  const TargetSettings target = target_of(R"(
kind = "simulated"
first_token = { distribution = "bimodal", values = ["50ms", "500ms"], weights = [9, 1], deviation = "5ms" }
token_gap = { distribution = "empirical", values = ["10ms", "20ms"] }
servers = 4
error_rate = 0.25
refuse_rate = 0.5
freezes = [{ at = "5s", length = "6s" }, { at = "20s", length = "1ms" }]
slow_agent = 0
slow_factor = 2.5
)");
  BOOST_TEST((target.kind == TargetKind::simulated));
  const SimulatedSettings& simulated = target.simulated;
  BOOST_TEST((simulated.first_token ==
              Distribution{Shape::bimodal, 0, 0.005, 0, 3600, {{0.05, 9}, {0.5, 1}}}));
  BOOST_TEST((simulated.token_gap == Distribution::empirical({{0.01, 1}, {0.02, 1}})));
  BOOST_TEST(simulated.servers == 4u);
  BOOST_TEST(simulated.error_rate == 0.25);
  BOOST_TEST(simulated.refuse_rate == 0.5);
  BOOST_REQUIRE(simulated.freezes.size() == 2u);
  BOOST_TEST((simulated.freezes[0].at == 5s));
  BOOST_TEST((simulated.freezes[0].length == 6s));
  BOOST_TEST((simulated.freezes[1].length == 1ms));
  BOOST_TEST(simulated.slow_agent == 0);
  BOOST_TEST(simulated.slow_factor == 2.5);
  const SimulatedSettings defaults = target_of("kind = 'simulated'").simulated;
  BOOST_TEST((defaults.first_token == Distribution::constant(0.05)));
  BOOST_TEST(defaults.slow_agent == -1);
}

BOOST_AUTO_TEST_CASE(mistakes_of_simulated_targets_say_the_remedy) {
  expect_simulated("error_rate = 1.5", 14, "'error_rate' must be 0 to 1; got 1.5");
  expect_simulated("servers = -1", 11, "'servers' must be 0 to 1000000; got -1");
  expect_simulated("slow_agent = 2", 1,
                   "'slow_agent' (its index, from 0) and 'slow_factor' (how many times slower) go "
                   "together; add the other, or remove both");
  expect_simulated("slow_factor = 2", 1,
                   "'slow_agent' (its index, from 0) and 'slow_factor' (how many times slower) go "
                   "together; add the other, or remove both");
  const std::string wanted = "an array of tables such as [{ at = \"5s\", length = \"6s\" }]";
  expect_simulated("freezes = '6s'", 11, "'freezes': expected " + wanted + ", found a string");
  expect_simulated("freezes = ['6s']", 12,
                   "'freezes': expected a table, found a string; it is " + wanted);
  expect_simulated("freezes = []", 11, "'freezes' must not be empty; it is " + wanted);
  expect_simulated("freezes = [{ at = '5s' }]", 12, "a freeze lacks 'length'; add length = \"6s\"");
  expect_simulated("freezes = [{ at = '5s', lenght = '1s', length = '1s' }]", 25,
                   "unknown key 'lenght' in a freeze; did you mean 'length'?");
}

BOOST_AUTO_TEST_CASE(values_and_weights_of_distributions_are_checked) {
  const auto gap = [](const std::string& table, unsigned column, const std::string& message) {
    expect_simulated("token_gap = {" + table + "}", column, message);
  };
  gap("distribution = 'bimodal', values = ['1ms']", 49,
      "'values' of a bimodal distribution are two, one a mode; got 1");
  gap("distribution = 'empirical', values = []", 51,
      "'values' must be an array of 1 to 1000 values; it has 0");
  gap("distribution = 'empirical', values = '1ms'", 51,
      "'values': expected an array of 1 to 1000 values, found a string");
  gap("distribution = 'empirical', values = ['1ms', 2]", 59,
      "'values': expected a duration such as \"300ms\", found an integer; write \"2s\" or \"2ms\"");
  gap("distribution = 'empirical', values = ['1ms'], weights = [1, 2]", 70,
      "'weights' must be as many as 'values': 1; got 2");
  gap("distribution = 'empirical', values = ['1ms'], weights = [0]", 71,
      "'weights' must be above 0 and at most 1000000000; got 0");
  gap("distribution = 'empirical', weights = [1]", 13,
      "'token_gap' lacks 'values'; add values = …, which empirical needs");
  gap("distribution = 'bimodal', values = ['1ms', '2h']", 49,
      "'values' must lie within 'min' (default 0s) and 'max' (default 3600s)");
}

BOOST_AUTO_TEST_CASE(what_stands_before_a_target_is_read) {
  const TargetSettings target = target_of(R"(kind = "simulated"
[target.retries]
attempts = 4
first_pause = "100ms"
factor = 3.0
longest_pause = "1s"
jitter = 0.25
[target.breaker]
failures = 5
open_for = "3s"
probes = 2
[target.cache]
time_to_live = "1m"
memory = "2MiB"
)");
  BOOST_TEST(target.retries.attempts == 4u);
  BOOST_TEST((target.retries.first_pause == 100ms));
  BOOST_TEST(target.retries.factor == 3.0);
  BOOST_TEST((target.retries.longest_pause == 1s));
  BOOST_TEST(target.retries.jitter == 0.25);
  BOOST_TEST(target.breaker.failures == 5u);
  BOOST_TEST((target.breaker.open_for == 3s));
  BOOST_TEST(target.breaker.probes == 2u);
  BOOST_TEST((target.cache.time_to_live == 60s));
  BOOST_TEST(target.cache.bytes == std::uint64_t{2} << 20);
  // A first pause beyond the default of the longest moves that.
  const Retries slow =
      target_of("model = 'm'\nretries = { attempts = 2, first_pause = '20s' }").retries;
  BOOST_TEST((slow.longest_pause == 20s));
}

BOOST_AUTO_TEST_CASE(mistakes_of_what_stands_before_a_target_say_the_remedy) {
  expect_engine("[target.retries]", 1,
                "[target.retries] lacks 'attempts'; add attempts = 3, the first one included");
  expect("model = 'm'\n[target.breaker]\nfailure = 3\nfailures = 3", 6, 1,
         "unknown key 'failure' in [target.breaker]; did you mean 'failures'?");
}

BOOST_AUTO_TEST_CASE(limits_of_what_stands_before_a_target_are_checked) {
  expect("model = 'm'\n[target.retries]\nattempts = 0", 6, 12,
         "'attempts' must be 1 to 100; got 0");
  expect("model = 'm'\n[target.retries]\nattempts = 2\nfactor = 0.5", 7, 10,
         "'factor' must be 1 to 100; got 0.5");
  expect("model = 'm'\n[target.retries]\nattempts = 2\nfirst_pause = '2s'\nlongest_pause = '1s'", 8,
         17, "'longest_pause' is shorter than 'first_pause'");
  expect("model = 'm'\n[target.cache]\nmemory = '2MiB'", 5, 1,
         "[target.cache] lacks 'time_to_live'; add time_to_live = \"1m\"");
  expect("model = 'm'\n[target.cache]\ntime_to_live = '1m'\nmemory = 2", 7, 10,
         "'memory': expected a size such as \"512MiB\", found an integer; write \"2MiB\"");
  expect("model = 'm'\nretries = 3", 5, 1,
         "'retries': expected a table, opened by the line [target.retries], found an integer");
}
