#pragma once
// One HTTP request without a body, read from what has arrived of it, within a limit of size.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace squall::coordinator {

struct HttpRequest {
  std::string method;         // "GET"
  std::string path;           // "/metrics"
  std::string query;          // what follows '?', as it was sent
  std::string host;           // as in the Host field: "127.0.0.1:8080"
  std::string authorization;  // "Bearer …"; empty: not given
};

/// What is answered in place of what was asked for.
struct HttpRefusal {
  unsigned status = 400;
  std::string why;
};

/// None of the two: more has to arrive.
using RequestSoFar = std::variant<std::monostate, HttpRequest, HttpRefusal>;

/// `bytes` is everything that arrived. Beyond `header_limit` bytes without an end it is refused.
RequestSoFar read_http_request(std::string_view bytes, std::size_t header_limit);

/// The value of a field in a query: "b" of "x" in "x=b&y=c". Nothing is decoded: what is asked for
/// consists of letters and digits.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

}  // namespace squall::coordinator
