#pragma once
// One connection to the server, plain or TLS: reads and writes what is possible now, and waits
// until more is. And how connections come to be: names, addresses, the proxy's tunnel, the
// handshake. One thread: that of the I/O context.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/metrics/request_timeline.hpp"
#include "agents/targets/openai/http/server_url.hpp"
#include "agents/targets/openai/http/tls_client.hpp"

namespace squall::agents {

/// None: it went well.
using Trouble = std::optional<actors::Failed>;

class Connection {
 public:
  explicit Connection(boost::asio::io_context& context) : socket_(context) {}
  ~Connection() { abort(); }

  /// Neither waits: State::wait_… says what to wait for.
  IoResult read_some(std::span<char> into);
  IoResult write_some(std::string_view bytes);
  /// Until it may be worth trying again, or abort().
  boost::asio::awaitable<void> wait(IoResult::State state);

  /// Closes at once; whoever waits is woken.
  void abort();
  bool aborted() const { return aborted_; }

  /// An idle connection says nothing; one that does, or that the server closed, is of no use.
  bool is_quiet() const;

 private:
  friend class Dialer;

  boost::asio::ip::tcp::socket socket_;
  std::optional<TlsClient::Session> tls_;
  bool aborted_ = false;
};

class Dialer {
 public:
  struct Options {
    ServerUrl server;
    std::optional<Proxy> proxy;
    std::chrono::nanoseconds timeout{std::chrono::seconds(5)};  // shared by a name's addresses
    std::string ca_file;                                        // empty: the system's
  };
  /// Throws std::invalid_argument for a ca_file that cannot be used.
  Dialer(boost::asio::io_context& context, Options options);

  std::shared_ptr<Connection> new_connection() { return std::make_shared<Connection>(context_); }

  /// Looks the name up, so that the first request need not wait for it.
  boost::asio::awaitable<void> prepare();

  /// Makes it one that requests may go over. Names are looked up once, and again after a failure.
  /// The caller limits the time, by abort().
  boost::asio::awaitable<Trouble> dial(std::shared_ptr<Connection> connection);

 private:
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;

  boost::asio::awaitable<Trouble> resolve();
  boost::asio::awaitable<Trouble> connect_to_any(Connection& connection);
  boost::asio::awaitable<Trouble> connect(Connection& connection,
                                          boost::asio::ip::tcp::endpoint endpoint,
                                          std::chrono::nanoseconds limit);
  boost::asio::awaitable<Trouble> tunnel(Connection& connection);
  boost::asio::awaitable<Trouble> handshake(Connection& connection);

  boost::asio::io_context& context_;
  Options options_;
  std::optional<TlsClient> tls_;
  Endpoints endpoints_;  // what answered last comes first
  bool stale_ = true;    // look the name up before the next connection
  bool resolving_ = false;
  boost::asio::steady_timer resolved_;  // never fires; cancelled when the first look-up is over
};

}  // namespace squall::agents
