#include "coordinator/dashboard/server/web_connection.hpp"

#include <boost/test/unit_test.hpp>
#include <random>
#include <stdexcept>

namespace {

using namespace squall::coordinator;
using namespace std::chrono_literals;

const WebInstant start{1h};

HttpRequest request_of(const std::string& bytes) {
  const auto read = read_http_request(bytes, 1000);
  BOOST_REQUIRE(std::holds_alternative<HttpRequest>(read));
  return std::get<HttpRequest>(read);
}

unsigned refused(const std::string& bytes, std::size_t limit = 1000) {
  const auto read = read_http_request(bytes, limit);
  const auto* refusal = std::get_if<HttpRefusal>(&read);
  return refusal == nullptr ? 0 : refusal->status;
}

struct Fixture {
  WebLimits limits;
  WebConnection connection{limits, start};
  WebInstant now = start;
  std::string asked_for;
  WebReply reply{.body = "hello"};

  void receive(std::string_view bytes) {
    connection.received(
        bytes,
        [this](const HttpRequest& request) {
          asked_for = request.path;
          return reply;
        },
        now);
  }
  void ask(const std::string& method = "GET") {
    receive(method + " /x HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  /// What the client reads, all of it.
  std::string read() {
    const std::string text(connection.outbox());
    connection.sent(text.size(), now);
    return text;
  }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_request_is_read_with_what_access_depends_on) {
  const HttpRequest request = request_of(
      "GET /events?token=ab&from=3 HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAuthorization: Bearer xy\r\n"
      "\r\n");
  BOOST_TEST(request.method == "GET");
  BOOST_TEST(request.path == "/events");
  BOOST_TEST(request.host == "127.0.0.1:80");
  BOOST_TEST(request.authorization == "Bearer xy");
  BOOST_TEST(query_value(request.query, "token").value() == "ab");
  BOOST_TEST(query_value(request.query, "from").value() == "3");
  BOOST_TEST(!query_value(request.query, "oken").has_value());
}

BOOST_AUTO_TEST_CASE(half_a_request_waits_for_the_rest) {
  const std::string whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size)
    BOOST_TEST(read_http_request(whole.substr(0, size), 1000).index() == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_no_request_is_refused) {
  BOOST_TEST(refused("\x16\x03\x01") == 400u);  // TLS
  BOOST_TEST(refused("get / HTTP/1.1\r\nHost: a\r\n\r\n") == 400u);
  BOOST_TEST(refused("GET / HTTP/9.9\r\nHost: a\r\n\r\n") == 400u);
  BOOST_TEST(refused("GET /\r\n\r\n") == 400u);
  BOOST_TEST(refused("GET / HTTP/1.1\r\n\r\n") == 400u);                        // no host
  BOOST_TEST(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400u);  // which?
  BOOST_TEST(refused("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n") == 413u);
  BOOST_TEST(refused("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") == 413u);
}

BOOST_AUTO_TEST_CASE(headers_are_as_long_as_the_limit_and_no_longer) {
  const std::string whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  BOOST_TEST(refused(whole, whole.size()) == 0u);
  BOOST_TEST(refused(whole, whole.size() - 1) == 431u);
  BOOST_TEST(refused(std::string(999, 'A'), 1000) == 0u);
  BOOST_TEST(refused(std::string(1000, 'A'), 1000) == 431u);
}

BOOST_AUTO_TEST_CASE(whatever_bytes_come_are_read_or_refused) {
  const std::string whole =
      "GET /events?token=ab HTTP/1.1\r\nHost: a:1\r\nAuthorization: Bearer x\r\n\r\n";
  std::mt19937 random(7);
  std::size_t read = 0, refusals = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = whole;
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % bytes.size();
      const char byte =
          random() % 4 == 0 ? "\r\n :\0?/"[random() % 7] : static_cast<char>(random());
      if (random() % 2 == 0)
        bytes[at] = byte;
      else
        bytes.insert(at, 1, byte);
    }
    const auto outcome = read_http_request(bytes, 1000);
    if (const auto* request = std::get_if<HttpRequest>(&outcome)) {
      ++read;
      // Nothing of it could forge a line of an answer or of a log.
      for (const auto* text : {&request->path, &request->query, &request->host})
        BOOST_TEST(text->find_first_of("\r\n") == std::string::npos);
    } else if (const auto* refusal = std::get_if<HttpRefusal>(&outcome)) {
      ++refusals;
      BOOST_TEST(refusal->status >= 400u);
    }
  }
  BOOST_TEST(read > 1000u);
  BOOST_TEST(refusals > 1000u);
}

BOOST_FIXTURE_TEST_CASE(an_answer_has_its_length_and_forbids_what_it_must, Fixture) {
  ask();
  const std::string text = read();
  BOOST_TEST(asked_for == "/x");
  BOOST_TEST(text.starts_with("HTTP/1.1 200 OK\r\n"));
  BOOST_TEST(contains(text, "\r\nContent-Length: 5\r\n"));
  BOOST_TEST(contains(text, "\r\nX-Content-Type-Options: nosniff\r\n"));
  BOOST_TEST(contains(text, "\r\nReferrer-Policy: no-referrer\r\n"));
  BOOST_TEST(contains(text, "\r\nCache-Control: no-store\r\n"));
  BOOST_TEST(!contains(text, "Access-Control"));
  BOOST_TEST(text.ends_with("\r\n\r\nhello"));
  BOOST_TEST(connection.said_all());
}

BOOST_FIXTURE_TEST_CASE(head_is_answered_without_a_body, Fixture) {
  ask("HEAD");
  const std::string text = read();
  BOOST_TEST(contains(text, "\r\nContent-Length: 5\r\n"));
  BOOST_TEST(text.ends_with("\r\n\r\n"));
}

BOOST_FIXTURE_TEST_CASE(nothing_can_be_changed_here, Fixture) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    Fixture other;
    other.ask(method);
    BOOST_TEST(other.read().starts_with("HTTP/1.1 405 "), method);
    BOOST_TEST(other.asked_for.empty());
  }
}

BOOST_FIXTURE_TEST_CASE(a_handler_that_fails_is_an_answer_of_its_own, Fixture) {
  connection.received(
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      [](const HttpRequest&) -> WebReply { throw std::runtime_error("broken picture"); }, now);
  const std::string text = read();
  BOOST_TEST(text.starts_with("HTTP/1.1 500 "));
  BOOST_TEST(contains(text, "broken picture"));
}

BOOST_FIXTURE_TEST_CASE(whoever_does_not_ask_in_time_is_gone, Fixture) {
  receive("GET / HT");
  BOOST_TEST(!connection.over(start + limits.header_timeout - 1ms));
  BOOST_TEST(connection.over(start + limits.header_timeout));
}

BOOST_FIXTURE_TEST_CASE(whoever_does_not_read_its_answer_in_time_is_gone, Fixture) {
  now += 1s;
  ask();
  BOOST_TEST(!connection.over(now + limits.write_timeout - 1ms));
  connection.sent(3, now + 5s);
  BOOST_TEST(!connection.over(now + limits.write_timeout + 4s));  // it took something
  BOOST_TEST(connection.over(now + limits.write_timeout + 5s));
}

BOOST_FIXTURE_TEST_CASE(after_the_answer_the_client_has_a_moment_to_close, Fixture) {
  ask();
  read();
  BOOST_TEST(!connection.over(now + limits.linger_time - 1ms));
  BOOST_TEST(connection.over(now + limits.linger_time));
  connection.client_ended();
  BOOST_TEST(connection.over(now));
}

BOOST_FIXTURE_TEST_CASE(a_client_that_has_said_all_still_gets_its_answer, Fixture) {
  ask();
  connection.client_ended();
  BOOST_TEST(!connection.over(now));
  BOOST_TEST(read().ends_with("hello"));
}

BOOST_FIXTURE_TEST_CASE(a_stream_goes_on_until_it_is_ended, Fixture) {
  reply = {.type = "text/event-stream", .body = "data: 1\n\n", .stream = true};
  ask();
  std::string text = read();
  BOOST_TEST(contains(text, "Content-Type: text/event-stream\r\n"));
  BOOST_TEST(!contains(text, "Content-Length"));
  BOOST_TEST(connection.streaming());
  BOOST_TEST(!connection.over(now + 24h));  // nothing is waited for
  connection.push("data: 2\n\n", now + 24h);
  now += 24h;
  BOOST_TEST(read() == "data: 2\n\n");
  connection.push("data: 3\n\n", now);
  connection.end_stream(now);
  connection.push("data: 4\n\n", now);
  BOOST_TEST(!connection.streaming());
  BOOST_TEST(!connection.said_all());
  BOOST_TEST(read() == "data: 3\n\n");
  BOOST_TEST(connection.said_all());
}

BOOST_FIXTURE_TEST_CASE(a_stream_that_was_read_ends_at_once, Fixture) {
  reply.stream = true;
  ask();
  read();
  connection.end_stream(now);
  BOOST_TEST(connection.said_all());
}

BOOST_FIXTURE_TEST_CASE(a_slow_reader_of_a_stream_is_cut_off_by_size, Fixture) {
  reply.stream = true;
  ask();
  read();
  const std::string piece(limits.unread_bytes / 4, 'x');
  for (int i = 0; i < 4; ++i) connection.push(piece, now);
  BOOST_TEST(!connection.over(now));
  connection.push("x", now);
  BOOST_TEST(connection.over(now));
}

BOOST_FIXTURE_TEST_CASE(a_slow_reader_of_a_stream_is_cut_off_by_time, Fixture) {
  reply.stream = true;
  ask();
  read();
  connection.push("one", now);
  // More to say is no reason to wait longer.
  connection.push("two", now + limits.write_timeout - 1ms);
  BOOST_TEST(!connection.over(now + limits.write_timeout - 1ms));
  BOOST_TEST(connection.over(now + limits.write_timeout));
}

BOOST_FIXTURE_TEST_CASE(a_viewer_that_leaves_is_gone, Fixture) {
  reply.stream = true;
  ask();
  read();
  connection.client_ended();
  BOOST_TEST(connection.over(now));
}

BOOST_FIXTURE_TEST_CASE(what_follows_a_request_is_let_go_within_bounds, Fixture) {
  ask();
  receive("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(asked_for == "/x");
  read();
  receive(std::string(2 << 20, 'x'));
  BOOST_TEST(connection.over(now));
}
