#include "agents/targets/openai/http/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <sys/socket.h>

namespace squall::agents {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

IoResult result_of(ssize_t count, IoResult::State would_block) {
  if (count > 0) return {IoResult::State::done, static_cast<std::size_t>(count)};
  if (count == 0) return {IoResult::State::closed};
  switch (errno) {
    case EAGAIN:
    case EINTR:
      return {would_block};
    case ECONNRESET:
    case EPIPE:
      return {IoResult::State::failed, 0, "connection reset"};
    case ETIMEDOUT:
      return {IoResult::State::failed, 0, "connection timed out"};
    default:
      return {IoResult::State::failed, 0, "connection broken"};
  }
}

}  // namespace

IoResult Connection::read_some(std::span<char> into) {
  if (tls_) return tls_->read_some(into);
  const ssize_t count = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
  return result_of(count, IoResult::State::wait_read);
}

IoResult Connection::write_some(std::string_view bytes) {
  if (tls_) return tls_->write_some(bytes);
  const ssize_t count =
      ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return result_of(count, IoResult::State::wait_write);
}

asio::awaitable<void> Connection::wait(IoResult::State state) {
  const auto what =
      state == IoResult::State::wait_write ? tcp::socket::wait_write : tcp::socket::wait_read;
  // What TLS has decrypted already wakes no socket.
  const bool can_read = tls_ && tls_->has_unread() && state == IoResult::State::wait_read;
  if (aborted_ || can_read) co_return;
  co_await socket_.async_wait(what, asio::as_tuple(asio::use_awaitable));
}

void Connection::abort() {
  aborted_ = true;
  tls_.reset();
  error_code ignored;
  socket_.close(ignored);
}

bool Connection::is_quiet() const {
  if (aborted_ || (tls_ && tls_->has_unread())) return false;
  char byte = 0;
  const int socket = const_cast<tcp::socket&>(socket_).native_handle();
  const ssize_t count = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  // Over TLS a server may send tickets at any time; a retry on a new connection mends the rest.
  if (count > 0) return tls_.has_value();
  return count < 0 && (errno == EAGAIN || errno == EINTR);
}

}  // namespace squall::agents
