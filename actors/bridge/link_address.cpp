#include "actors/bridge/link_address.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <regex>

#include "actors/bridge/link.hpp"

namespace squall::actors {

namespace {

struct Parts {
  std::string host, port;
  bool bracketed = false;
};

Parts parts_of(const std::string& address) {
  static const std::regex form(R"(tcp://(\[[0-9A-Fa-f:.]+\]|[^:/\[\]@; ]+):(\*|\d{1,5}))");
  std::smatch match;
  if (address.size() > 300 || !std::regex_match(address, match, form))
    throw LinkError("'" + address.substr(0, 300) +
                    "' is not an address; write tcp://127.0.0.1:PORT, or another machine's "
                    "address in the place of 127.0.0.1");
  Parts parts{match[1], match[2]};
  parts.bracketed = parts.host.front() == '[';
  if (parts.bracketed) parts.host = parts.host.substr(1, parts.host.size() - 2);
  if (parts.host == "localhost") parts.host = "127.0.0.1";
  if (parts.port != "*" && (std::stoi(parts.port) < 1 || std::stoi(parts.port) > 65535))
    throw LinkError("there is no port " + parts.port + "; ports are 1 to 65535");
  return parts;
}

/// Whether the host is a number, and then whether it is loopback.
bool is_number(const Parts& parts, const std::string& address, bool& is_loopback) {
  if (parts.bracketed) {
    in6_addr number{};
    if (inet_pton(AF_INET6, parts.host.c_str(), &number) != 1)
      throw LinkError("'" + address + "' is not an address: [" + parts.host +
                      "] is no IPv6 address; for this machine write tcp://[::1]:PORT");
    is_loopback = IN6_IS_ADDR_LOOPBACK(&number) != 0;
    return true;
  }
  in_addr number{};
  if (inet_pton(AF_INET, parts.host.c_str(), &number) != 1) return false;
  is_loopback = ntohl(number.s_addr) >> 24 == 127;
  return true;
}

LinkAddress assembled(const Parts& parts, bool is_loopback) {
  const std::string host = parts.bracketed ? "[" + parts.host + "]" : parts.host;
  return {"tcp://" + host + ":" + parts.port, is_loopback, parts.bracketed};
}

}  // namespace

LinkAddress listening_address(const std::string& address) {
  const Parts parts = parts_of(address);
  bool is_loopback = false;
  if (parts.host != "*" && !is_number(parts, address, is_loopback) &&
      if_nametoindex(parts.host.c_str()) == 0)
    throw LinkError("cannot listen at " + address + ": '" + parts.host +
                    "' is neither an address nor an interface of this machine; write its number, "
                    "or tcp://*:PORT for all interfaces");
  return assembled(parts, is_loopback);
}

LinkAddress connecting_address(const std::string& address) {
  const Parts parts = parts_of(address);
  if (parts.port == "*")
    throw LinkError(address + " names no port; write the one that the coordinator listens at");
  if (parts.host == "*" || parts.host == "0.0.0.0")
    throw LinkError(address + " names no machine; write the coordinator's name or address");
  bool is_loopback = false;
  static const std::regex name(R"([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)");
  // What ends in a number is an address that went wrong, not a name.
  static const std::regex nearly_number(R"(([0-9]+\.)*[0-9]+)");
  if (!is_number(parts, address, is_loopback) &&
      (!std::regex_match(parts.host, name) || std::regex_match(parts.host, nearly_number)))
    throw LinkError("'" + address + "' is not an address: '" + parts.host +
                    "' is neither a machine's name nor its number");
  return assembled(parts, is_loopback);
}

std::string needs_keys_to_listen(const std::string& address) {
  return address +
         " is not a loopback address, so other machines can reach it, and without keys anybody "
         "there could take part and read along. Make keys (squall keys make --coordinator, squall "
         "keys make NAME for each agent) and add --keys FOLDER; or listen at tcp://127.0.0.1:PORT; "
         "or add --insecure if everybody on that network may be trusted";
}

std::string needs_keys_to_connect(const std::string& address) {
  return address +
         " is not a loopback address, and without keys nobody knows who answers there or reads "
         "along. Add --keys FILE (this agent's pair) and --coordinator-key; or connect to "
         "tcp://127.0.0.1:PORT; or add --insecure if everybody on that network may be trusted";
}

}  // namespace squall::actors
