#pragma once
// One answer to one GET over HTTP or HTTPS, as it comes in: the only place that knows libcurl.
//
// Certificates are verified; proxies and trusted authorities come from the environment as curl has
// them (https_proxy, no_proxy, SSL_CERT_FILE …); only http:// and https:// are spoken, and an
// https:// address never leads back to http://. Nothing is tried twice here.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace squall::agents {

struct HttpLimits {
  std::chrono::milliseconds connect{15'000};
  std::uint64_t slowest = 1024;  // bytes per second; slower for `patience` is a broken connection
  std::chrono::seconds patience{30};
  unsigned redirects = 8;
};

struct HttpOrder {
  std::string url;
  std::uint64_t from = 0;  // byte to begin with
  std::string if_range{};  // validator of the bytes before; others make the answer begin at 0
  HttpLimits limits{};
  /// Whether a host may be asked: of the address, and of each that it leads to. None: any.
  std::function<bool(const std::string& host)> may_ask{};
};

/// What stands before the answer's bytes; of the last redirect.
struct HttpHead {
  long status = 0;                           // 0: no answer came
  std::optional<std::uint64_t> length;       // of the bytes that follow
  std::optional<std::uint64_t> range_from;   // Content-Range: the first byte
  std::optional<std::uint64_t> range_total;  // and the length of the whole file
  std::string etag, last_modified;
  std::optional<std::chrono::seconds> retry_after;
};

/// Whoever says no ends the transfer. What these throw comes out of http_get.
class HttpReceiver {
 public:
  virtual ~HttpReceiver() = default;
  virtual bool on_head(const HttpHead& head) = 0;  // once, before the bytes
  virtual bool on_bytes(std::span<const std::byte> bytes) = 0;
  virtual bool go_on() = 0;  // asked about once a second, also while nothing arrives
};

struct HttpResult {
  bool whole = false;       // an answer came to its end
  bool stopped = false;     // the receiver said no
  std::string error;        // why it is not whole; empty when the receiver said no
  bool may_recover = true;  // whether the same again could end otherwise
  HttpHead head;
};

HttpResult http_get(const HttpOrder& order, HttpReceiver& receiver);

/// The address without user, password, query and fragment, which may be secrets.
std::string without_secrets(const std::string& url);

}  // namespace squall::agents
