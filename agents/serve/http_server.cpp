#include "agents/serve/http_server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <csignal>
#include <utility>

#include "agents/serve/http_connection.hpp"

namespace squall::agents {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Connections above the limit that are told so at the same time; others are closed at once.
constexpr std::size_t turned_away_at_once = 64;
/// When descriptors run out, accepting pauses rather than spins.
constexpr std::chrono::milliseconds accept_pause{50};
/// What is left of the answers that were cut off gets this long to leave.
constexpr std::chrono::milliseconds cut_off_time{1000};

[[noreturn]] void refuse_address(const std::string& listen, const std::string& why) {
  throw ListenError("cannot listen on '" + listen + "': " + why);
}

tcp::endpoint endpoint_of(const std::string& listen) {
  constexpr const char* form =
      "an address is needed as 127.0.0.1:8080, localhost:8080, 0.0.0.0:8080 or [::1]:8080";
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos) refuse_address(listen, form);
  std::string host = listen.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const char* last = listen.data() + listen.size();
  const auto [end, wrong] = std::from_chars(listen.data() + colon + 1, last, port);
  if (wrong != std::errc{} || end != last) refuse_address(listen, form);
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) refuse_address(listen, form);
  return {address, port};
}

tcp::acceptor listening(asio::io_context& context, const std::string& listen) {
  const tcp::endpoint endpoint = endpoint_of(listen);
  tcp::acceptor acceptor(context);
  try {
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
  } catch (const boost::system::system_error& error) {
    const bool taken = error.code() == asio::error::address_in_use;
    refuse_address(listen, error.code().message() +
                               (taken ? "; stop what listens there or choose another port, 0 "
                                        "picks a free one"
                                      : "; choose another address"));
  }
  return acceptor;
}

}  // namespace

struct HttpServer::Impl {
  Impl(const std::string& listen, ServerLimits wanted)
      : limits(wanted), acceptor(listening(context, listen)), timer(context), signals(context) {}

  asio::awaitable<void> accept_connections();
  void take(tcp::socket socket);
  void await_signal();
  void begin_drain();
  void await_time(std::chrono::milliseconds time, void (Impl::*then)());
  void cut_off();
  void stop() { context.stop(); }
  void stop_if_drained();

  const ServerLimits limits;
  ConnectionsState connections{.limits = limits};  // outlives the context's coroutines
  asio::io_context context{1};
  asio::thread_pool aside{1};
  tcp::acceptor acceptor;
  asio::steady_timer timer;
  asio::signal_set signals;
  std::chrono::milliseconds drain_timeout{0};
  End end;
};

asio::awaitable<void> HttpServer::Impl::accept_connections() {
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (!error) {
      take(std::move(socket));
    } else {
      asio::steady_timer pause(context, accept_pause);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }
}

void HttpServer::Impl::take(tcp::socket socket) {
  const bool room = connections.open < limits.connections;
  if (!room && connections.open >= limits.connections + turned_away_at_once) return;
  auto connection = std::make_shared<HttpConnection>(std::move(socket), connections);
  asio::co_spawn(
      context,
      [this, connection, room]() -> asio::awaitable<void> {
        connections.handler->connections_changed(connections.open);
        if (room) {
          co_await connection->serve();
        } else {
          co_await connection->turn_away();
        }
        connections.handler->connections_changed(connections.open - 1);
      },
      asio::detached);
}

void HttpServer::Impl::await_signal() {
  signals.async_wait([this](error_code error, int) {
    if (error) return;
    if (connections.draining) {
      end.hurried = true;
      return cut_off();
    }
    begin_drain();
    await_signal();
  });
}

/// The port stays open, so that whoever asks for /health hears of the drain; new work is refused.
void HttpServer::Impl::begin_drain() {
  connections.draining = true;
  connections.handler->begin_drain();
  await_time(drain_timeout, &Impl::cut_off);
  stop_if_drained();
}

void HttpServer::Impl::cut_off() {
  if (std::exchange(end.cut_off, true)) return stop();
  connections.handler->cut_off();
  await_time(cut_off_time, &Impl::stop);
  stop_if_drained();
}

void HttpServer::Impl::await_time(std::chrono::milliseconds time, void (Impl::*then)()) {
  timer.expires_after(time);
  timer.async_wait([this, then](error_code error) {
    if (!error) (this->*then)();
  });
}

void HttpServer::Impl::stop_if_drained() {
  if (connections.draining && connections.answering == 0) stop();
}

HttpServer::HttpServer(const std::string& listen, ServerLimits limits)
    : impl_(std::make_unique<Impl>(listen, limits)) {}

HttpServer::~HttpServer() = default;

std::string HttpServer::address() const {
  const tcp::endpoint endpoint = impl_->acceptor.local_endpoint();
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

bool HttpServer::loopback_only() const {
  return impl_->acceptor.local_endpoint().address().is_loopback();
}

HttpServer::End HttpServer::run(HttpHandler& handler, std::chrono::milliseconds drain_timeout) {
  impl_->drain_timeout = drain_timeout;
  impl_->connections.handler = &handler;
  impl_->connections.on_answered = [this] { impl_->stop_if_drained(); };
  impl_->signals.add(SIGINT);
  impl_->signals.add(SIGTERM);
  impl_->await_signal();
  asio::co_spawn(impl_->context, impl_->accept_connections(), asio::detached);
  impl_->context.run();
  impl_->aside.stop();
  impl_->aside.join();
  return impl_->end;
}

void HttpServer::run_aside(std::function<void()> task, std::function<void()> then) {
  asio::post(impl_->aside, [this, task = std::move(task), then = std::move(then)] {
    task();
    post(then);
  });
}

void HttpServer::post(std::function<void()> task) { asio::post(impl_->context, std::move(task)); }

}  // namespace squall::agents
