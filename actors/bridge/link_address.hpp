#pragma once
// Addresses of coordinators, "tcp://HOST:PORT": what they may be, and whether only this machine can
// be meant. Pure text; nothing is looked up.

#include <string>

namespace squall::actors {

struct LinkAddress {
  std::string text;  // as ZeroMQ wants it
  bool is_loopback = false;
  bool is_ipv6 = false;
};

/// Where to listen: HOST is an IPv4 address, an IPv6 address in brackets, an interface's name, '*'
/// for all of them, or localhost; PORT may be '*' for a free one. Throws LinkError.
LinkAddress listening_address(const std::string& address);

/// Where somebody listens: an address, or a name that is looked up at each connection. Throws
/// LinkError.
LinkAddress connecting_address(const std::string& address);

/// Of an address beyond loopback without keys: what to do. For the message of a LinkError.
std::string needs_keys_to_listen(const std::string& address);
std::string needs_keys_to_connect(const std::string& address);

}  // namespace squall::actors
