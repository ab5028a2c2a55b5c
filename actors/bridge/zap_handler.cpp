#include "actors/bridge/zap_handler.hpp"

#include <array>
#include <utility>
#include <zmq.h>

#include "actors/bridge/link.hpp"

namespace squall::actors {

namespace {

// The parts of a request, in order; those of CURVE have one credential, the peer's public key.
enum Part { version, request_id, domain, address, routing_id, mechanism, credential, parts };

constexpr std::size_t key_bytes = 32;
constexpr std::size_t parts_limit = 64;  // whatever comes after them is read and forgotten

}  // namespace

ZapHandler::ZapHandler(const ZmqContext& context, std::string for_domain, TrustedKeys& trusted)
    : socket_(context, ZMQ_REP), domain_(std::move(for_domain)), trusted_(trusted) {
  socket_.set(ZMQ_LINGER, 0);
  if (zmq_bind(socket_.get(), "inproc://zeromq.zap.01") != 0)
    throw LinkError(std::string("cannot check keys: ") + zmq_strerror(zmq_errno()));
}

void ZapHandler::answer_waiting() {
  ZmqPart part;
  while (part.receive(socket_)) {
    std::vector<std::string> request{part.text()};
    while (part.more() && part.receive(socket_))
      if (request.size() < parts_limit) request.push_back(part.text());
    trusted_.look_at_folders();
    const std::string key = key_of(request);
    const bool welcome = !key.empty() && trusted_.name_of(key) != nullptr;
    if (!welcome) ++refused_;
    reply(request.size() > request_id ? request[request_id] : std::string(), key, welcome);
  }
}

/// The peer's key as text; empty when the request is not one that we could grant.
std::string ZapHandler::key_of(const std::vector<std::string>& request) {
  if (request.size() != parts || request[version] != "1.0" || request[domain] != domain_ ||
      request[mechanism] != "CURVE" || request[credential].size() != key_bytes)
    return {};
  std::array<char, 41> text{};
  zmq_z85_encode(text.data(), reinterpret_cast<const std::uint8_t*>(request[credential].data()),
                 key_bytes);
  return text.data();
}

void ZapHandler::reply(const std::string& id, const std::string& key, bool welcome) {
  const std::array<std::string, 6> answer{"1.0",
                                          id,
                                          welcome ? "200" : "400",
                                          welcome ? "OK" : "unknown or revoked key",
                                          welcome ? key : std::string(),
                                          std::string()};
  for (std::size_t i = 0; i < answer.size(); ++i)
    socket_.send(answer[i].data(), answer[i].size(), i + 1 < answer.size());
}

}  // namespace squall::actors
