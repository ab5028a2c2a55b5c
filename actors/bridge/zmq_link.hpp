#pragma once
// The real link: ZeroMQ on TCP, ROUTER at the coordinator, DEALER at each agent.
//
// One thread owns the socket. send() may be called from any thread and never blocks. Frames are
// single-part; anything else is dropped and counted. Beyond loopback, connections are encrypted and
// both sides know each other's key, unless somebody insists. Settings and their reasons:
// docs/protocol.md.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/bridge/curve_keys.hpp"
#include "actors/bridge/link.hpp"

namespace squall::actors {

class ZmqLinkThread;
struct RouterSecurity;
struct DealerSecurity;

class ZmqLink : public Link {
 public:
  ~ZmqLink() override;  // gives queued frames half a second to leave

  void start(OnFrame on_frame) override;
  void send(const PeerId& peer, Bytes frame) override;
  void reconnect() override;
  std::vector<std::string> revoked_since() override;
  LinkCounters counters() const override;
  /// Where peers connect: "tcp://127.0.0.1:40123".
  const std::string& endpoint() const;
  /// An agent's: in words, why there is no connection, and what to do; empty while there is one.
  std::string last_trouble() const;

 private:
  friend std::unique_ptr<ZmqLink> bind_router(const std::string&, const RouterSecurity&);
  friend std::unique_ptr<ZmqLink> connect_dealer(const std::string&, const DealerSecurity&);
  explicit ZmqLink(std::unique_ptr<ZmqLinkThread> thread);
  std::unique_ptr<ZmqLinkThread> thread_;
};

struct RouterSecurity {
  std::filesystem::path keys;            // folder (curve_keys.hpp); empty: no keys
  bool allow_plain_anywhere = false;     // --insecure: plain connections beyond loopback
  std::vector<KnownKey> also_trusted{};  // beside the folder's, such as local agents' of this run
};
struct DealerSecurity {
  std::optional<KeyPair> own;      // none: plain
  std::string coordinator_public;  // Z85; with `own` only
  bool allow_plain_anywhere = false;
};

/// Listens at "tcp://HOST:PORT" (link_address.hpp); port '*' picks a free one. With keys, a probe
/// with a made-up key must have been refused before anything else can connect. Throws LinkError,
/// for instance when the port is in use, and for a plain address beyond loopback; KeyError.
std::unique_ptr<ZmqLink> bind_router(const std::string& address,
                                     const RouterSecurity& security = {});

/// Connects to a coordinator, and again whenever the connection is lost. Throws LinkError for an
/// address that cannot be one, and KeyError for keys that are none; a coordinator that is not there
/// is not an error yet, but last_trouble() tells of it.
std::unique_ptr<ZmqLink> connect_dealer(const std::string& address,
                                        const DealerSecurity& security = {});

}  // namespace squall::actors
