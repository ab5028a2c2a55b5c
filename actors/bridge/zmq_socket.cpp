#include "actors/bridge/zmq_socket.hpp"

#include <array>
#include <cassert>
#include <zmq.h>

#include "actors/bridge/link.hpp"

namespace squall::actors {

ZmqContext::ZmqContext() : context_(zmq_ctx_new()) {
  if (context_ == nullptr) throw LinkError("cannot begin with ZeroMQ: out of memory");
}

ZmqContext::~ZmqContext() {
  while (zmq_ctx_term(context_) != 0 && zmq_errno() == EINTR) {
  }
}

ZmqSocket::ZmqSocket(const ZmqContext& context, int type)
    : socket_(zmq_socket(context.get(), type)) {
  if (socket_ == nullptr)
    throw LinkError(std::string("cannot open a socket: ") + zmq_strerror(zmq_errno()) +
                    "; see `ulimit -n`");
}

ZmqSocket::~ZmqSocket() { zmq_close(socket_); }

void ZmqSocket::set(int option, int value) {
  [[maybe_unused]] const int result = zmq_setsockopt(socket_, option, &value, sizeof value);
  assert(result == 0);
}

void ZmqSocket::set(int option, std::int64_t value) {
  [[maybe_unused]] const int result = zmq_setsockopt(socket_, option, &value, sizeof value);
  assert(result == 0);
}

void ZmqSocket::set(int option, const std::string& value) {
  [[maybe_unused]] const int result = zmq_setsockopt(socket_, option, value.data(), value.size());
  assert(result == 0);
}

std::string ZmqSocket::last_endpoint() const {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text.data(), &size);
  return text.data();
}

bool ZmqSocket::send(const void* data, std::size_t size, bool more) {
  return zmq_send(socket_, data, size, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) >= 0;
}

static_assert(sizeof(zmq_msg_t) == 64);

namespace {
zmq_msg_t* message(const unsigned char* bytes) {
  return reinterpret_cast<zmq_msg_t*>(const_cast<unsigned char*>(bytes));
}
}  // namespace

ZmqPart::ZmqPart() { zmq_msg_init(message(message_)); }
ZmqPart::~ZmqPart() { zmq_msg_close(message(message_)); }

bool ZmqPart::receive(const ZmqSocket& socket) {
  return zmq_msg_recv(message(message_), socket.get(), ZMQ_DONTWAIT) >= 0;
}
bool ZmqPart::more() const { return zmq_msg_more(message(message_)) != 0; }
const std::byte* ZmqPart::begin() const {
  return static_cast<const std::byte*>(zmq_msg_data(message(message_)));
}
std::size_t ZmqPart::size() const { return zmq_msg_size(message(message_)); }
const char* ZmqPart::user_id() const { return zmq_msg_gets(message(message_), "User-Id"); }

}  // namespace squall::actors
