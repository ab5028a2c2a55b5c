#pragma once
// Browsers, as far as tests of the dashboard's server need them.

#include <memory>
#include <string>

#include "tests/fixtures/http_client.hpp"

namespace squall::tests {

/// The whole answer, head and body, to a request for `target`.
inline std::string fetched(int port, const std::string& target,
                           const std::string& host = "127.0.0.1", const std::string& fields = "",
                           const std::string& method = "GET") {
  HttpClient client(port);
  client.send(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n");
  client.read_to_end();
  return client.received();
}

inline std::string body_of(const std::string& answer) {
  const auto end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

inline int status_of(const std::string& answer) {
  return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0;
}

/// One that follows the stream of events.
inline std::unique_ptr<HttpClient> viewer_at(int port, const std::string& target = "/events") {
  auto client = std::make_unique<HttpClient>(port);
  client->send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return client;
}

}  // namespace squall::tests
