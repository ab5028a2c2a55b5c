#include "agents/targets/openai/http/server_url.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>
#include <stdexcept>

#include "scenarios/text/words.hpp"

namespace squall::agents {

namespace ip = boost::asio::ip;
using boost::system::error_code;

using scenarios::lower;
using scenarios::trimmed;

namespace {

constexpr std::string_view forms = "such as http://127.0.0.1:8000/v1 or https://host/v1";

[[noreturn]] void refuse(std::string_view why) {
  throw std::invalid_argument(std::string(why) + "; a URL is needed " + std::string(forms));
}

std::uint16_t port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0)
    refuse("the URL's port is not a number from 1 to 65535");
  return port;
}

bool is_host_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

void read_authority(std::string_view authority, ServerUrl& url) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) refuse("the URL's address has no closing bracket");
    url.host = lower(authority.substr(1, close - 1));
    error_code error;
    ip::make_address_v6(url.host, error);
    if (error) refuse("what the URL has in brackets is not an IPv6 address");
    port = authority.substr(close + 1);
    if (!port.empty() && port.front() != ':') refuse("the URL has something after its address");
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    url.host = lower(authority.substr(0, colon));
    if (url.host.empty() || !std::ranges::all_of(url.host, is_host_letter))
      refuse("the URL's host is missing or has letters that no host has");
    port = authority.substr(colon);
  }
  url.port = port.empty() ? (url.tls ? 443 : 80) : port_of(port.substr(1));
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k > bytes.size() ? '=' : letters[three >> (18 - 6 * k) & 63];
  }
  return text;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i] + 3, code, 16).ptr == &text[i] + 3) {
      decoded += static_cast<char>(code);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

Proxy parse_proxy(std::string_view text) {
  Proxy proxy;
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    if (lower(text.substr(0, scheme)) != "http")
      throw std::invalid_argument(
          "the proxy that the environment names is not an http:// one, the only kind supported");
    text.remove_prefix(scheme + 3);
  }
  text = text.substr(0, text.find('/'));
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    proxy.authorization = "Basic " + base64(percent_decoded(text.substr(0, at)));
    text.remove_prefix(at + 1);
  }
  ServerUrl url;
  try {
    read_authority(text, url);
  } catch (const std::invalid_argument&) {
    throw std::invalid_argument(
        "the proxy that the environment names (http_proxy, https_proxy, all_proxy) has no valid "
        "host and port");
  }
  proxy.host = url.host;
  proxy.port = url.port;
  return proxy;
}

bool is_this_machine(const std::string& host) {
  error_code error;
  const auto address = ip::make_address(host, error);
  return error ? host == "localhost" || host.ends_with(".localhost") : address.is_loopback();
}

bool address_matches(const ip::address& address, const std::string& entry) {
  error_code error;
  if (const auto exact = ip::make_address(entry, error); !error) return exact == address;
  if (address.is_v4()) {
    const auto network = ip::make_network_v4(entry, error);
    return !error && network.canonical() ==
                         ip::network_v4(address.to_v4(), network.prefix_length()).canonical();
  }
  const auto network = ip::make_network_v6(entry, error);
  return !error && network.canonical() ==
                       ip::network_v6(address.to_v6(), network.prefix_length()).canonical();
}

/// One entry of no_proxy: "*", "host", ".domain", "host:port", an address, "10.0.0.0/8".
bool entry_matches(std::string entry, const ServerUrl& server) {
  if (entry.empty()) return false;
  if (entry == "*") return true;
  error_code error;
  if (const auto address = ip::make_address(server.host, error); !error)
    return address_matches(address, entry) ||
           entry == server.host + ":" + std::to_string(server.port);
  if (const auto colon = entry.rfind(':'); colon != std::string::npos) {
    if (entry.substr(colon + 1) != std::to_string(server.port)) return false;
    entry.resize(colon);
  }
  if (entry.starts_with("*.")) entry.erase(0, 1);
  if (entry.starts_with('.')) entry.erase(0, 1);
  return server.host == entry || server.host.ends_with("." + entry);
}

}  // namespace

std::string ServerUrl::host_and_port() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string ServerUrl::authority() const {
  const std::string both = host_and_port();
  return port == (tls ? 443 : 80) ? both.substr(0, both.rfind(':')) : both;
}

std::string ServerUrl::origin() const { return (tls ? "https://" : "http://") + authority(); }

ServerUrl parse_server_url(std::string_view url) {
  ServerUrl parsed;
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) refuse("the URL does not begin with http:// or https://");
  const std::string name = lower(url.substr(0, scheme));
  if (name != "http" && name != "https") refuse("the URL is neither http:// nor https://");
  parsed.tls = name == "https";
  url.remove_prefix(scheme + 3);
  const auto slash = std::min(url.find_first_of("/?#"), url.size());
  if (url.substr(0, slash).find('@') != std::string_view::npos)
    refuse(
        "the URL has a user name or password, which would show in reports; put the key into the "
        "environment (api_key_variable) or a file (api_key_file)");
  read_authority(url.substr(0, slash), parsed);
  std::string_view path = url.substr(slash);
  if (path.find_first_of("?#") != std::string_view::npos)
    refuse("the URL of an API has no '?' and no '#'");
  const auto prints = [](char c) { return c > ' ' && c < '\x7F'; };
  if (!std::ranges::all_of(path, prints)) refuse("the URL's path has letters that are not ASCII");
  while (path.ends_with('/')) path.remove_suffix(1);
  parsed.path = path;
  return parsed;
}

std::optional<Proxy> proxy_for(const ServerUrl& server, const Environment& environment) {
  if (is_this_machine(server.host)) return std::nullopt;
  const auto first_of = [&](std::initializer_list<const char*> names) {
    for (const char* const name : names)
      if (std::string value = environment(name); !value.empty()) return value;
    return std::string();
  };
  const std::string excepted = first_of({"no_proxy", "NO_PROXY"});
  for (std::string_view rest = excepted; !rest.empty();) {
    const auto comma = std::min(rest.find(','), rest.size());
    if (entry_matches(lower(trimmed(rest.substr(0, comma), " \t")), server)) return std::nullopt;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  const std::string proxy = server.tls
                                ? first_of({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
                                : first_of({"http_proxy", "all_proxy", "ALL_PROXY"});
  if (proxy.empty()) return std::nullopt;
  return parse_proxy(proxy);
}

}  // namespace squall::agents
