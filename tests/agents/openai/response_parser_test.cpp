// The parser of HTTP answers: lengths of all kinds, any pieces, limits, what it refuses.

#include "agents/targets/openai/http/response_parser.hpp"

#include <boost/test/unit_test.hpp>

using squall::agents::ResponseParser;
using Step = ResponseParser::Step;

namespace {

struct Parsed {
  unsigned status = 0;
  std::string type, body, failure, left, retry_after;
  bool keep_alive = false, complete = false;

  friend bool operator==(const Parsed&, const Parsed&) = default;
};

Parsed parse(std::string_view bytes, std::size_t piece, bool closed) {
  ResponseParser parser;
  Parsed parsed;
  Step step = Step::need_more;
  const auto take = [&](std::string_view& given) {
    std::string_view body;
    while ((step = parser.next(given, body)) == Step::head || step == Step::body)
      if (step == Step::body) parsed.body += body;
  };
  while (!bytes.empty() && step == Step::need_more) {
    const std::string copy(bytes.substr(0, piece));
    bytes.remove_prefix(copy.size());
    std::string_view given = copy;
    take(given);
    parsed.left = given;
  }
  parsed.left += bytes;
  if (closed && step == Step::need_more) step = parser.closed();
  parsed.complete = step == Step::end;
  parsed.status = parser.head().status;
  parsed.type = parser.head().content_type;
  parsed.retry_after = parser.head().retry_after;
  parsed.keep_alive = parser.keep_alive();
  if (step == Step::failed) {
    parsed.failure = parser.failure();
    parsed.left.clear();  // how much was looked at is of no interest any more
  }
  return parsed;
}

/// In one piece and byte by byte, which must be the same.
Parsed parse(const std::string& bytes, bool closed = true) {
  const Parsed whole = parse(bytes, std::string::npos, closed);
  BOOST_TEST((whole == parse(bytes, 1, closed)), bytes.substr(0, 80));
  BOOST_TEST((whole == parse(bytes, 7, closed)), bytes.substr(0, 80));
  return whole;
}

const std::string ok = "HTTP/1.1 200 OK\r\n";

}  // namespace

BOOST_AUTO_TEST_CASE(a_body_of_known_length_leaves_the_connection_for_more) {
  const Parsed parsed = parse(
      ok + "Content-Type: Text/Event-Stream; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello");
  BOOST_TEST(parsed.complete);
  BOOST_TEST(parsed.status == 200u);
  BOOST_TEST(parsed.type == "text/event-stream");
  BOOST_TEST(parsed.body == "hello");
  BOOST_TEST(parsed.keep_alive);
}

BOOST_AUTO_TEST_CASE(chunks_are_joined_and_their_extensions_and_trailers_ignored) {
  const Parsed parsed = parse(ok +
                              "Transfer-Encoding: chunked\r\n\r\n"
                              "5\r\nhello\r\n1;name=value\r\n \r\n6\r\nworld!\r\n0\r\n"
                              "Trailer: yes\r\n\r\n");
  BOOST_TEST(parsed.complete);
  BOOST_TEST(parsed.body == "hello world!");
  BOOST_TEST(parsed.keep_alive);
}

BOOST_AUTO_TEST_CASE(a_body_without_length_ends_with_the_connection) {
  const Parsed parsed = parse(ok + "\r\nhello");
  BOOST_TEST(parsed.complete);
  BOOST_TEST(parsed.body == "hello");
  BOOST_TEST(!parsed.keep_alive);
}

BOOST_AUTO_TEST_CASE(what_follows_an_answer_is_left) {
  const Parsed parsed = parse(ok + "Content-Length: 2\r\n\r\nokHTTP", std::string::npos, true);
  BOOST_TEST(parsed.complete);
  BOOST_TEST(parsed.left == "HTTP");
}

BOOST_AUTO_TEST_CASE(interim_answers_are_passed_over) {
  const Parsed parsed =
      parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok +
            "Content-Length: 2\r\n\r\nok");
  BOOST_TEST(parsed.complete);
  BOOST_TEST(parsed.status == 200u);
  BOOST_TEST(parsed.body == "ok");
}

BOOST_AUTO_TEST_CASE(the_server_may_end_the_connection_after_an_answer) {
  BOOST_TEST(!parse(ok + "Connection: foo, Close\r\nContent-Length: 0\r\n\r\n").keep_alive);
  BOOST_TEST(!parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive);
  BOOST_TEST(
      parse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n").keep_alive);
}

BOOST_AUTO_TEST_CASE(no_content_has_no_body) {
  const Parsed parsed = parse("HTTP/1.1 204 No Content\r\n\r\n");
  BOOST_TEST(parsed.complete);
  BOOST_TEST(parsed.keep_alive);
}

BOOST_AUTO_TEST_CASE(retry_after_is_kept) {
  const Parsed parsed =
      parse("HTTP/1.1 429 Too Many\r\nRetry-After:  7 \r\nContent-Length: 0\r\n\r\n");
  BOOST_TEST(parsed.status == 429u);
  BOOST_TEST(parsed.retry_after == "7");
}

BOOST_AUTO_TEST_CASE(an_answer_cut_off_anywhere_has_ended_early) {
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t length = 1; length < chunked.size(); ++length)
    BOOST_TEST(parse(chunked.substr(0, length)).failure == "answer ended early");
  const std::string fixed = ok + "Content-Length: 5\r\n\r\nhello";
  for (std::size_t length = 1; length < fixed.size(); ++length)
    BOOST_TEST(parse(fixed.substr(0, length)).failure == "answer ended early");
}

BOOST_AUTO_TEST_CASE(what_is_not_http_is_refused) {
  for (const std::string& bytes :
       {std::string("SSH-2.0-OpenSSH\r\n"), std::string("HTTP/2 200 OK\r\n\r\n"),
        std::string("HTTP/1.1 20 OK\r\n\r\n"), std::string("HTTP/1.1 2000 OK\r\n\r\n"),
        std::string("HTTP/1.1 101 Upgrade\r\n\r\n"), ok + "no colon\r\n\r\n",
        ok + ": no name\r\n\r\n", ok + "A: b\r\n folded\r\n\r\n", ok + "A : b\r\n\r\n",
        ok + "Content-Length: -1\r\n\r\n", ok + "Content-Length: 5x\r\n\r\n",
        ok + "Content-Length: 99999999999999999999\r\n\r\n", ok + "Content-Length:\r\n\r\n",
        ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        ok + "Transfer-Encoding: chunked\r\n\r\nx\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"})
    BOOST_TEST(parse(bytes).failure == "malformed HTTP response", bytes);
  BOOST_TEST(parse(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n").failure ==
             "unknown transfer encoding");
}

BOOST_AUTO_TEST_CASE(heads_without_end_are_refused) {
  std::string endless = ok;
  while (endless.size() < (40 << 10)) endless += "X-More: and more\r\n";
  BOOST_TEST(parse(endless).failure == "headers too large");
  BOOST_TEST(parse(std::string(40 << 10, 'H')).failure == "headers too large");
  std::string interim;
  while (interim.size() < (40 << 10)) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  BOOST_TEST(parse(interim).failure == "headers too large");
  std::string trailer = ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n";
  while (trailer.size() < (40 << 10)) trailer += "X-More: and more\r\n";
  BOOST_TEST(parse(trailer).failure == "headers too large");
}

BOOST_AUTO_TEST_CASE(a_chunk_size_of_endless_digits_is_refused) {
  BOOST_TEST(parse(ok + "Transfer-Encoding: chunked\r\n\r\n" + std::string(10000, '0')).failure ==
             "malformed HTTP response");
}

BOOST_AUTO_TEST_CASE(two_lengths_at_once_end_the_connection) {
  const Parsed parsed =
      parse(ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
  BOOST_TEST(parsed.complete);
  BOOST_TEST(parsed.body == "ok");
  BOOST_TEST(!parsed.keep_alive);
}
