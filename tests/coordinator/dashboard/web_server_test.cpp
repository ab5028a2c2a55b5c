#include "coordinator/dashboard/server/web_server.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/coordinator/dashboard/web_clients.hpp"

namespace {

using namespace squall::coordinator;
using namespace squall::tests;
using namespace std::chrono_literals;

WebReply reply_to(const HttpRequest& request) {
  if (request.path == "/stream")
    return {.type = "text/event-stream", .body = "data: first\n\n", .stream = true};
  return {.body = "you asked for " + request.path};
}

/// Whether it comes true within a time that no machine needs.
bool soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 5000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

struct Fixture {
  WebLimits limits{.connections = 8, .streams = 3};
  WebServer server{WebAddress{}, limits, reply_to};
  int port = server.address().port;

  void broadcast(const std::string& text) {
    server.post([this, text] { server.broadcast(text); });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_free_port_is_taken_and_told, Fixture) {
  BOOST_TEST(port > 0);
  BOOST_TEST(server.address().text() == "127.0.0.1:" + std::to_string(port));
  BOOST_TEST(body_of(fetched(port, "/there")) == "you asked for /there");
}

BOOST_FIXTURE_TEST_CASE(a_port_that_is_taken_is_told_with_the_remedy, Fixture) {
  BOOST_CHECK_EXCEPTION(
      WebServer(server.address(), {}, reply_to), WebError, [](const WebError& error) {
        const std::string message = error.what();
        return message.find("choose another port, 0 picks a free one") != std::string::npos;
      });
}

BOOST_FIXTURE_TEST_CASE(viewers_get_what_is_broadcast_until_the_end, Fixture) {
  const auto one = viewer_at(port, "/stream"), two = viewer_at(port, "/stream");
  BOOST_TEST(one->read_until("data: first\n\n"));
  BOOST_TEST(two->read_until("data: first\n\n"));
  BOOST_TEST(soon([&] { return server.streams() == 2; }));
  broadcast("data: second\n\n");
  BOOST_TEST(one->read_until("data: second\n\n"));
  broadcast("data: last\n\n");
  server.end_streams(10s);
  BOOST_TEST(one->read_to_end());
  BOOST_TEST(one->received().ends_with("data: second\n\ndata: last\n\n"));
  BOOST_TEST(two->read_to_end());
  BOOST_TEST(two->received().ends_with("data: second\n\ndata: last\n\n"));
  BOOST_TEST(body_of(fetched(port, "/still")) == "you asked for /still");
}

BOOST_FIXTURE_TEST_CASE(a_viewer_that_leaves_is_forgotten, Fixture) {
  auto one = viewer_at(port, "/stream");
  BOOST_TEST(one->read_until("data: first\n\n"));
  BOOST_TEST(soon([&] { return server.streams() == 1; }));
  one.reset();
  BOOST_TEST(soon([&] { return server.streams() == 0; }));
}

BOOST_FIXTURE_TEST_CASE(more_streams_than_the_limit_are_turned_away, Fixture) {
  std::vector<std::unique_ptr<HttpClient>> viewers;
  for (int i = 0; i < 3; ++i) {
    viewers.push_back(viewer_at(port, "/stream"));
    BOOST_TEST(viewers.back()->read_until("data: first\n\n"));
  }
  BOOST_TEST(status_of(fetched(port, "/stream")) == 503);
  BOOST_TEST(status_of(fetched(port, "/metrics")) == 200);  // others get through
  viewers.pop_back();
  BOOST_TEST(soon([&] { return server.streams() == 2; }));
  viewers.push_back(viewer_at(port, "/stream"));
  BOOST_TEST(viewers.back()->read_until("data: first\n\n"));
}

BOOST_FIXTURE_TEST_CASE(more_connections_than_the_limit_are_turned_away, Fixture) {
  std::vector<std::unique_ptr<HttpClient>> idle;
  for (int i = 0; i < 8; ++i) idle.push_back(std::make_unique<HttpClient>(port));
  // They are accepted in order, so whoever comes now is beyond the limit.
  BOOST_TEST(status_of(fetched(port, "/")) == 503);
  idle.clear();
  BOOST_TEST(soon([&] { return status_of(fetched(port, "/")) == 200; }));
}

BOOST_AUTO_TEST_CASE(whoever_says_nothing_is_let_go) {
  WebServer server(WebAddress{}, {.header_timeout = 50ms}, reply_to);
  HttpClient silent(server.address().port);
  silent.send("GET / HTTP/1.1\r\n");
  BOOST_TEST(silent.read_to_end());
  BOOST_TEST(silent.received().empty());
}

BOOST_FIXTURE_TEST_CASE(a_header_that_is_too_long_is_answered_and_not_just_cut_off, Fixture) {
  const std::string answer =
      fetched(port, "/", "127.0.0.1", "X-Long: " + std::string(100'000, 'x') + "\r\n");
  BOOST_TEST(status_of(answer) == 431);
}

BOOST_AUTO_TEST_CASE(a_slow_reader_is_cut_off_and_the_others_hear_everything) {
  WebServer server(WebAddress{}, {.unread_bytes = 8 << 20}, reply_to);
  const int port = server.address().port;
  const auto slow = viewer_at(port, "/stream"), quick = viewer_at(port, "/stream");
  BOOST_TEST(slow->read_until("data: first\n\n"));
  BOOST_TEST(quick->read_until("data: first\n\n"));
  BOOST_TEST(soon([&] { return server.streams() == 2; }));
  std::thread reader([&] { quick->read_to_end(); });
  // More than what the kernel keeps for a connection, and then some.
  const std::string piece(256 << 10, 'x');
  int sent = 0;
  for (; sent < 400 && server.streams() == 2; ++sent) {
    const std::string text = "data: " + piece + std::to_string(sent) + "\n\n";
    server.post([&server, text] { server.broadcast(text); });
    std::this_thread::sleep_for(5ms);
  }
  BOOST_TEST(server.streams() == 1u);
  server.end_streams(10s);
  reader.join();
  BOOST_TEST(sent > 20);
  std::size_t at = 0;
  for (int i = 0; i < sent && at != std::string::npos; ++i)
    at = quick->received().find("x" + std::to_string(i) + "\n\n", at);
  BOOST_TEST(at != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_end_waits_for_nobody_who_does_not_read) {
  WebServer server(WebAddress{}, {.unread_bytes = 64 << 20}, reply_to);
  const auto slow = viewer_at(server.address().port, "/stream");
  BOOST_TEST(slow->read_until("data: first\n\n"));
  server.post([&server] { server.broadcast(std::string(32 << 20, 'x')); });
  const auto before = std::chrono::steady_clock::now();
  server.end_streams(100ms);
  const auto waited = std::chrono::steady_clock::now() - before;
  BOOST_TEST((waited >= 100ms));  // there was something to wait for
  BOOST_TEST((waited < 10s));
}

BOOST_FIXTURE_TEST_CASE(a_task_that_fails_harms_nobody, Fixture) {
  const auto viewer = viewer_at(port, "/stream");
  BOOST_TEST(viewer->read_until("data: first\n\n"));
  server.post([] { throw std::runtime_error("no picture"); });
  broadcast("data: after\n\n");
  BOOST_TEST(viewer->read_until("data: after\n\n"));
}

BOOST_AUTO_TEST_CASE(children_do_not_inherit_the_port) {
  WebAddress address;
  {
    WebServer server(WebAddress{}, {}, reply_to);
    address = server.address();
    // A child that outlives the server, as an agent may outlive its coordinator.
    BOOST_REQUIRE(std::system("sleep 5 &") == 0);
  }
  BOOST_CHECK_NO_THROW(WebServer(address, {}, reply_to));
}
