#pragma once
// Where a server is: the parts of its URL, and which proxy the environment puts before it.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace squall::agents {

struct ServerUrl {
  bool tls = false;
  std::string host;  // an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string path;  // "/v1": empty or with a slash in front, none at the end

  /// "host:port", the port only where it is not the usual one: as the Host header has it.
  std::string authority() const;
  std::string host_and_port() const;  // always both
  std::string origin() const;         // "https://host"

  friend bool operator==(const ServerUrl&, const ServerUrl&) = default;
};

/// Throws std::invalid_argument with what to mend; it never repeats a password.
ServerUrl parse_server_url(std::string_view url);

struct Proxy {
  std::string host;
  std::uint16_t port = 0;
  std::string authorization;  // "Basic …", or empty; a secret

  friend bool operator==(const Proxy&, const Proxy&) = default;
};

/// The value of a variable of the environment; empty: it has none.
using Environment = std::function<std::string(const char* name)>;

/// By http_proxy, https_proxy, all_proxy and no_proxy (or in capitals, but for HTTP_PROXY, which a
/// web client can set in a CGI program). This machine itself is never asked through a proxy.
/// Throws std::invalid_argument.
std::optional<Proxy> proxy_for(const ServerUrl& server, const Environment& environment);

}  // namespace squall::agents
