#pragma once
// ZeroMQ's context, sockets and received parts as values that clean up after themselves.
//
// A socket belongs to one thread at a time. Contexts outlive their sockets.

#include <cstddef>
#include <cstdint>
#include <string>

namespace squall::actors {

/// Its end waits for what is queued in its sockets, as long as their linger at most.
class ZmqContext {
 public:
  ZmqContext();
  ~ZmqContext();
  ZmqContext(const ZmqContext&) = delete;
  ZmqContext& operator=(const ZmqContext&) = delete;
  void* get() const { return context_; }

 private:
  void* context_;
};

class ZmqSocket {
 public:
  /// `type` as in zmq.h. Throws LinkError when there are no descriptors left.
  ZmqSocket(const ZmqContext& context, int type);
  ~ZmqSocket();
  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;
  void* get() const { return socket_; }

  /// Options and values are our own: one that is not taken is a bug.
  void set(int option, int value);
  void set(int option, std::int64_t value);
  void set(int option, const std::string& value);
  /// Bound or connected last: "tcp://127.0.0.1:40123".
  std::string last_endpoint() const;
  /// Sends the whole or nothing, and never waits.
  bool send(const void* data, std::size_t size, bool more);

 private:
  void* socket_;
};

/// A received part.
class ZmqPart {
 public:
  ZmqPart();
  ~ZmqPart();
  ZmqPart(const ZmqPart&) = delete;
  ZmqPart& operator=(const ZmqPart&) = delete;

  /// False when nothing is there; never waits. May be called again, for the next one.
  bool receive(const ZmqSocket& socket);
  bool more() const;
  const std::byte* begin() const;
  const std::byte* end() const { return begin() + size(); }
  std::size_t size() const;
  std::string text() const { return {reinterpret_cast<const char*>(begin()), size()}; }
  /// What the ZAP handler said about the sender; null when nothing.
  const char* user_id() const;

 private:
  alignas(8) unsigned char message_[64];  // zmq_msg_t, whose header is not for everybody
};

}  // namespace squall::actors
