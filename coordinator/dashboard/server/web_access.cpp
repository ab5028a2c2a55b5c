#include "coordinator/dashboard/server/web_access.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sys/random.h>

namespace squall::coordinator {

namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& option) {
  throw WebError(option +
                 " takes an address such as 127.0.0.1:8080, 0.0.0.0:8080, [::1]:8080 or a port; "
                 "got '" +
                 text + "'");
}

bool is_numeric(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored{};
  return inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

bool is_loopback(const std::string& host) { return host.starts_with("127.") || host == "::1"; }

std::string in_small_letters(std::string text) {
  for (char& letter : text)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

/// "name", "name:80", "[::1]:80" without port and brackets.
std::string host_name(const std::string& field) {
  if (field.starts_with('[')) return field.substr(1, std::min(field.find(']'), field.size()) - 1);
  return in_small_letters(field.substr(0, field.find(':')));
}

bool by_loopback_name(const std::string& field) {
  const std::string name = host_name(field);
  return name == "localhost" || (is_numeric(name) && is_loopback(name));
}

}  // namespace

bool WebAddress::loopback() const { return is_loopback(host); }

bool WebAddress::everywhere() const { return host == "0.0.0.0" || host == "::"; }

std::string WebAddress::text() const {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

WebAddress web_address(const std::string& text, const std::string& option) {
  WebAddress address;
  if (text.empty()) return address;
  const bool only_port =
      std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  const bool has_port =
      colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  std::string port;
  if (only_port) {
    port = text;
  } else {
    address.host = text.substr(0, has_port ? colon : text.size());
    if (address.host.starts_with('[') && address.host.ends_with(']'))
      address.host = address.host.substr(1, address.host.size() - 2);
    if (address.host == "localhost") address.host = "127.0.0.1";
    if (!is_numeric(address.host)) refuse(text, option);
    if (!has_port) return address;
    port = text.substr(colon + 1);
  }
  const char* const last = port.data() + port.size();
  const auto [end, wrong] = std::from_chars(port.data(), last, address.port);
  if (wrong != std::errc{} || end != last) refuse(text, option);
  return address;
}

std::string new_token() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw WebError(std::string("the system's random generator gives no token: ") +
                   std::strerror(errno));
  std::string text;
  for (const unsigned char byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

bool same_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const char there = i < given.size() ? given[i] : '\0';
    difference |= static_cast<unsigned char>(there) ^ static_cast<unsigned char>(secret[i]);
  }
  return difference == 0;
}

std::optional<HttpRefusal> WebAccess::refusal(const HttpRequest& request) const {
  if (token_.empty()) {
    if (by_loopback_name(request.host)) return std::nullopt;
    return HttpRefusal{421, "this page is for this machine alone; ask for it as 127.0.0.1"};
  }
  constexpr std::string_view scheme = "Bearer ";
  std::string given = query_value(request.query, "token").value_or("");
  if (request.authorization.starts_with(scheme))
    given = request.authorization.substr(scheme.size());
  if (same_secret(given, token_)) return std::nullopt;
  return HttpRefusal{401, "the address of this page ends in ?token=…, as squall run printed it"};
}

}  // namespace squall::coordinator
