#pragma once
// Where a page is served, and to whom: on this machine alone to whoever asks by a loopback name, so
// that no foreign page can read it through a name of its own (DNS rebinding); beyond it only to
// whoever has the token.

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "coordinator/dashboard/server/http_request.hpp"

namespace squall::coordinator {

/// What the user has to mend: an address that is none, or that is taken.
struct WebError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct WebAddress {
  std::string host = "127.0.0.1";  // numeric, without brackets
  std::uint16_t port = 0;          // 0: a free one

  bool loopback() const;
  bool everywhere() const;   // all interfaces
  std::string text() const;  // "127.0.0.1:8080", "[::1]:8080"
};

/// "127.0.0.1:8080", "localhost:8080", "[::1]:8080", "0.0.0.0" (a free port), "8080" (this machine
/// alone); empty: this machine, a free port. `option` opens the message of the WebError that is
/// thrown for anything else.
WebAddress web_address(const std::string& text, const std::string& option);

/// 128 bits of the system's generator, as hexadecimal digits. Throws WebError.
std::string new_token();

/// Takes as long wherever they differ.
bool same_secret(std::string_view given, std::string_view secret);

class WebAccess {
 public:
  /// An empty token: whoever asks by a loopback name may see.
  explicit WebAccess(std::string token) : token_(std::move(token)) {}

  const std::string& token() const { return token_; }
  /// The token comes in the URL (?token=…) or as "Authorization: Bearer …".
  std::optional<HttpRefusal> refusal(const HttpRequest& request) const;

 private:
  std::string token_;
};

}  // namespace squall::coordinator
