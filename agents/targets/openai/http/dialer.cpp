// How connections come to be: names, addresses, the proxy's tunnel, the handshake.

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "agents/targets/openai/http/connection.hpp"
#include "agents/targets/openai/http/response_parser.hpp"

namespace squall::agents {

namespace asio = boost::asio;
using actors::Failed;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

Failed failure_of(const error_code& error) {
  if (error == asio::error::connection_refused) return {"connection refused", true};
  if (error == asio::error::connection_reset) return {"connection reset", true};
  if (error == asio::error::timed_out) return {"no connection in time", true};
  if (error == asio::error::network_unreachable || error == asio::error::host_unreachable)
    return {"host unreachable", true};
  if (error == boost::system::errc::address_not_available)
    return {"this machine has no free port left", true};
  if (error == asio::error::no_descriptors) return {"too many open connections on this machine"};
  return {"connection failed", true};
}

/// Whoever aborted knows why.
Failed aborted() { return {"connection given up", true}; }

Failed failure_of_name(const error_code& error) {
  const bool may_pass = error == asio::error::host_not_found_try_again;
  return {"host name not found", may_pass};
}

/// Ends what a socket waits for after this time.
class Limit {
 public:
  Limit(tcp::socket& socket, std::chrono::nanoseconds time)
      : timer_(socket.get_executor(),
               std::chrono::duration_cast<asio::steady_timer::duration>(time)) {
    // The handler may be called after the end of this.
    timer_.async_wait([&socket, state = state_](error_code error) {
      if (error || state->over) return;
      state->passed = true;
      socket.close(error);
    });
  }
  ~Limit() { state_->over = true; }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

  bool passed() const { return state_->passed; }

 private:
  struct State {
    bool passed = false, over = false;
  };
  asio::steady_timer timer_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace

Dialer::Dialer(asio::io_context& context, Options options)
    : context_(context),
      options_(std::move(options)),
      resolved_(context, asio::steady_timer::time_point::max()) {
  if (options_.server.tls) tls_.emplace(options_.server.host, options_.ca_file);
}

asio::awaitable<void> Dialer::prepare() {
  if (stale_ && !resolving_) co_await resolve();
}

asio::awaitable<Trouble> Dialer::dial(std::shared_ptr<Connection> connection) {
  if (stale_ && !resolving_) {
    Trouble trouble = co_await resolve();
    if (trouble && endpoints_.empty()) co_return trouble;
  } else if (endpoints_.empty()) {
    co_await resolved_.async_wait(as_result);
    if (endpoints_.empty()) co_return Failed{"host name not found", true};
  }
  if (connection->aborted()) co_return aborted();
  Trouble trouble = co_await connect_to_any(*connection);
  if (!trouble && options_.proxy && options_.server.tls) trouble = co_await tunnel(*connection);
  if (!trouble && tls_) trouble = co_await handshake(*connection);
  if (trouble) connection->abort();
  co_return trouble;
}

asio::awaitable<Trouble> Dialer::resolve() {
  const std::string& host = options_.proxy ? options_.proxy->host : options_.server.host;
  const std::uint16_t port = options_.proxy ? options_.proxy->port : options_.server.port;
  error_code error;
  if (const auto address = asio::ip::make_address(host, error); !error) {
    endpoints_.assign(1, tcp::endpoint(address, port));
    stale_ = false;
    co_return std::nullopt;
  }
  resolving_ = true;
  tcp::resolver resolver(context_);
  auto [failure, found] = co_await resolver.async_resolve(host, std::to_string(port), as_result);
  resolving_ = false;
  resolved_.cancel();
  if (failure) co_return failure_of_name(failure);
  endpoints_.clear();
  for (const auto& entry : found) endpoints_.push_back(entry.endpoint());
  stale_ = false;
  co_return std::nullopt;
}

/// One address after the other, each with its share of the time; the one that answered is first
/// next time.
asio::awaitable<Trouble> Dialer::connect_to_any(Connection& connection) {
  const Endpoints endpoints = endpoints_;  // others may look the name up meanwhile
  const auto share = options_.timeout / static_cast<std::int64_t>(endpoints.size());
  Trouble trouble;
  for (const auto& endpoint : endpoints) {
    const bool last = &endpoint == &endpoints.back();  // has all the time that is left
    trouble = co_await connect(connection, endpoint, last ? options_.timeout : share);
    if (connection.aborted()) co_return aborted();
    if (trouble) continue;
    if (endpoint != endpoints.front()) {
      std::erase(endpoints_, endpoint);
      endpoints_.insert(endpoints_.begin(), endpoint);
    }
    co_return std::nullopt;
  }
  stale_ = true;
  co_return trouble;
}

asio::awaitable<Trouble> Dialer::connect(Connection& connection, tcp::endpoint endpoint,
                                         std::chrono::nanoseconds limit) {
  error_code error;
  connection.socket_.close(error);
  connection.socket_.open(endpoint.protocol(), error);
  if (error) co_return failure_of(error);
  const Limit in_time(connection.socket_, limit);
  const auto [failure] = co_await connection.socket_.async_connect(endpoint, as_result);
  if (connection.aborted()) co_return aborted();
  if (in_time.passed()) co_return Failed{"no connection in time", true};
  if (failure) co_return failure_of(failure);
  connection.socket_.set_option(tcp::no_delay(true), error);
  co_return std::nullopt;
}

/// Asks an HTTP proxy to pass bytes on (RFC 9110, 9.3.6).
asio::awaitable<Trouble> Dialer::tunnel(Connection& connection) {
  const std::string where = options_.server.host_and_port();
  std::string request = "CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n";
  if (!options_.proxy->authorization.empty())
    request += "Proxy-Authorization: " + options_.proxy->authorization + "\r\n";
  request += "\r\n";
  for (std::string_view rest = request; !rest.empty();) {
    const IoResult written = connection.write_some(rest);
    if (written.state == IoResult::State::failed) co_return Failed{"proxy: connection reset", true};
    rest.remove_prefix(written.count);
    if (!rest.empty()) co_await connection.wait(IoResult::State::wait_write);
    if (connection.aborted()) co_return aborted();
  }
  ResponseParser parser;
  // Byte by byte: what follows the head belongs to the server, not to the proxy.
  for (std::array<char, 1> byte{};;) {
    const IoResult read = connection.read_some(byte);
    if (read.state == IoResult::State::wait_read) co_await connection.wait(read.state);
    if (connection.aborted()) co_return aborted();
    if (read.state == IoResult::State::wait_read) continue;
    if (read.state != IoResult::State::done) co_return Failed{"proxy: connection reset", true};
    std::string_view bytes(byte.data(), 1), body;
    const auto step = parser.next(bytes, body);
    if (step == ResponseParser::Step::failed) co_return Failed{"proxy: not an HTTP proxy"};
    if (step != ResponseParser::Step::head) continue;
    const unsigned status = parser.head().status;
    if (status < 300) co_return std::nullopt;
    co_return Failed{"proxy: HTTP " + std::to_string(status), status >= 500};
  }
}

asio::awaitable<Trouble> Dialer::handshake(Connection& connection) {
  connection.tls_.emplace(*tls_, connection.socket_.native_handle());
  for (;;) {
    const IoResult result = connection.tls_->handshake();
    if (result.state == IoResult::State::done) co_return std::nullopt;
    if (result.state == IoResult::State::failed)
      co_return Failed{result.failure, std::string_view(result.failure) == "connection reset"};
    if (result.state == IoResult::State::closed) co_return Failed{"connection reset", true};
    co_await connection.wait(result.state);
    if (connection.aborted()) co_return aborted();
  }
}

}  // namespace squall::agents
