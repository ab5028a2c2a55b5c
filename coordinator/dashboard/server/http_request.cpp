#include "coordinator/dashboard/server/http_request.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

namespace squall::coordinator {

namespace http = boost::beast::http;

namespace {

constexpr std::string_view header_end = "\r\n\r\n";

std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

HttpRefusal too_long(std::size_t limit) {
  return {431,
          "the header is longer than the " + std::to_string(limit) + " bytes that are taken here"};
}

RequestSoFar parse(std::string_view header) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(header.size()) + 1);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(header.data(), header.size()), error);
  if (error && error != http::error::need_more)
    return HttpRefusal{400, "this is not a valid HTTP/1.1 request: " + error.message()};
  if (!parser.is_header_done()) return HttpRefusal{400, "this is not a valid HTTP/1.1 request"};
  const auto& message = parser.get();
  if (parser.chunked() || parser.content_length().value_or(0) > 0)
    return HttpRefusal{413, "nothing here takes a body"};
  if (message.count(http::field::host) != 1)
    return HttpRefusal{400, "a request names the host that it is for, once"};
  HttpRequest request;
  request.method = text_of(message.method_string());
  const std::string target = text_of(message.target());
  const std::size_t question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  if (question < target.size()) request.query = target.substr(question + 1);
  request.host = text_of(message[http::field::host]);
  request.authorization = text_of(message[http::field::authorization]);
  return request;
}

}  // namespace

RequestSoFar read_http_request(std::string_view bytes, std::size_t header_limit) {
  if (bytes.empty()) return std::monostate{};
  // Methods are capital letters. What begins otherwise never becomes a request: browsers that try
  // https here begin with 0x16.
  if (bytes.front() < 'A' || bytes.front() > 'Z')
    return HttpRefusal{400, "this is not HTTP; write http:// and not https://"};
  const std::size_t end = bytes.find(header_end);
  if (end == std::string_view::npos) {
    if (bytes.size() >= header_limit) return too_long(header_limit);
    return std::monostate{};
  }
  const std::size_t size = end + header_end.size();
  if (size > header_limit) return too_long(header_limit);
  return parse(bytes.substr(0, size));
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view field = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = field.find('=');
    if (equals != std::string_view::npos && field.substr(0, equals) == name)
      return std::string(field.substr(equals + 1));
  }
  return std::nullopt;
}

}  // namespace squall::coordinator
