#include "agents/models/http_transfer.hpp"

#include <array>
#include <cassert>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <curl/curl.h>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "actors/tool_version.hpp"
#include "agents/broken_pipes.hpp"
#include "scenarios/text/words.hpp"

namespace squall::agents {

namespace {

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// "bytes 100-199/1000" (RFC 9110, 14.4); the total may be "*".
void read_content_range(std::string_view value, HttpHead& head) {
  if (!value.starts_with("bytes ")) return;
  value.remove_prefix(6);
  const auto dash = value.find('-');
  const auto slash = value.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos) return;
  head.range_from = whole_number(value.substr(0, dash));
  head.range_total = whole_number(value.substr(slash + 1));
}

/// What curl's callbacks work on. They are called from C, which exceptions must not pass through:
/// they wait here.
class Transfer {
 public:
  Transfer(const HttpOrder& order, HttpReceiver& receiver)
      : order_(order), receiver_(receiver), curl_(curl_easy_init()) {
    if (!curl_) throw std::runtime_error("libcurl cannot be started");
  }

  HttpResult run();

 private:
  struct Cleanup {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
  };

  template <class Value>
  void set(CURLoption option, Value value) {
    [[maybe_unused]] const CURLcode code = curl_easy_setopt(curl_.get(), option, value);
    assert(code == CURLE_OK);
  }
  void set_options();
  void set_limits();
  template <class Ask>
  bool ask(Ask question) noexcept;
  bool tell_head();
  bool may_ask(std::string_view address) noexcept;
  HttpResult result_of(CURLcode code);

  static std::size_t on_header(char* text, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self);
  static int on_moment(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  const HttpOrder& order_;
  HttpReceiver& receiver_;
  std::unique_ptr<CURL, Cleanup> curl_;
  std::unique_ptr<curl_slist, Cleanup> headers_;
  std::array<char, CURL_ERROR_SIZE> why_{};
  HttpHead head_;
  bool head_told_ = false;
  bool stopped_ = false;
  std::string refused_host_;
  std::exception_ptr thrown_;
};

template <class Ask>
bool Transfer::ask(Ask question) noexcept {
  try {
    if (question()) return true;
  } catch (...) {
    thrown_ = std::current_exception();
  }
  stopped_ = true;
  return false;
}

std::size_t Transfer::on_header(char* text, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  HttpHead& head = transfer.head_;
  const std::string_view line(text, size);
  if (line.starts_with("HTTP/")) head = {};  // of a redirect, or an interim answer
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  const std::string name = scenarios::lower(line.substr(0, colon));
  const std::string_view value = scenarios::trimmed(line.substr(colon + 1));
  if (name == "location" && !transfer.may_ask(value)) return 0;  // before anybody is asked there
  if (name == "etag") head.etag = value;
  if (name == "last-modified") head.last_modified = value;
  if (name == "content-range") read_content_range(value, head);
  if (name == "content-length") head.length = whole_number(value);
  return size;
}

/// `address` may be relative to the one that is being asked.
bool Transfer::may_ask(std::string_view address) noexcept {
  if (!order_.may_ask) return true;
  return ask([&] {
    const std::unique_ptr<CURLU, Cleanup> url(curl_url());
    const char* asked = nullptr;
    curl_easy_getinfo(curl_.get(), CURLINFO_EFFECTIVE_URL, &asked);
    if (asked != nullptr) curl_url_set(url.get(), CURLUPART_URL, asked, 0);
    curl_url_set(url.get(), CURLUPART_URL, std::string(address).c_str(), 0);
    char* text = nullptr;
    curl_url_get(url.get(), CURLUPART_HOST, &text, 0);
    std::string host = text == nullptr ? std::string(address) : text;
    curl_free(text);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (order_.may_ask(host)) return true;
    refused_host_ = std::move(host);
    return false;
  });
}

bool Transfer::tell_head() {
  if (head_told_) return true;
  head_told_ = true;
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &head_.status);
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(curl_.get(), CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
    head_.retry_after = std::chrono::seconds(seconds);
  return ask([&] { return receiver_.on_head(head_); });
}

std::size_t Transfer::on_body(char* bytes, std::size_t, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (!transfer.tell_head()) return 0;
  const std::span piece(reinterpret_cast<const std::byte*>(bytes), size);
  return transfer.ask([&] { return transfer.receiver_.on_bytes(piece); }) ? size : 0;
}

int Transfer::on_moment(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(self);
  return transfer.ask([&] { return transfer.receiver_.go_on(); }) ? 0 : 1;
}

void Transfer::set_options() {
  const bool secure = order_.url.starts_with("https://");
  set(CURLOPT_URL, order_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  // As the curl command has it: whom to trust instead of the system's list.
  for (const char* variable : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"})
    if (const char* const file = std::getenv(variable); file != nullptr && *file != '\0')
      set(CURLOPT_CAINFO, file);
  set(CURLOPT_NOSIGNAL, 1L);  // other threads run here
  set(CURLOPT_ERRORBUFFER, why_.data());
  set(CURLOPT_USERAGENT, ("squall/" + std::string(actors::tool_version)).c_str());
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_moment);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
  set(CURLOPT_NOPROGRESS, 0L);
  if (order_.from > 0) {
    set(CURLOPT_RANGE, (std::to_string(order_.from) + "-").c_str());
    if (!order_.if_range.empty()) {
      headers_.reset(curl_slist_append(nullptr, ("If-Range: " + order_.if_range).c_str()));
      set(CURLOPT_HTTPHEADER, headers_.get());
    }
  }
}

void Transfer::set_limits() {
  const HttpLimits& limits = order_.limits;
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, static_cast<long>(limits.redirects));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(limits.slowest));
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(limits.patience.count()));
}

HttpResult Transfer::run() {
  set_options();
  set_limits();
  const BrokenPipesIgnored while_it_lasts;
  const CURLcode code =
      may_ask(order_.url) ? curl_easy_perform(curl_.get()) : CURLE_ABORTED_BY_CALLBACK;
  if (code == CURLE_OK) tell_head();  // an answer without a body
  if (thrown_) std::rethrow_exception(thrown_);
  return result_of(code);
}

HttpResult Transfer::result_of(CURLcode code) {
  HttpResult result;
  result.head = head_;
  if (!refused_host_.empty()) {
    result.error = "leads to the host " + refused_host_ + ", which may not be asked";
    result.may_recover = false;
    return result;
  }
  result.stopped = stopped_;
  result.whole = code == CURLE_OK && !stopped_;
  if (result.whole || stopped_) return result;
  switch (code) {
    case CURLE_TOO_MANY_REDIRECTS:
      result.error = "leads from address to address without end";
      result.may_recover = false;
      return result;
    case CURLE_UNSUPPORTED_PROTOCOL:
      result.error = "leads to an address that is neither http:// nor https://, or is less secure";
      result.may_recover = false;
      return result;
    case CURLE_OPERATION_TIMEDOUT:
      result.error = head_told_ ? "came to a standstill" : "did not answer in time";
      break;
    case CURLE_PARTIAL_FILE:
      result.error = "closed the connection before the end";
      break;
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      result.may_recover = false;
      [[fallthrough]];
    default:
      result.error = why_[0] != '\0' ? why_.data() : curl_easy_strerror(code);
  }
  return result;
}

}  // namespace

HttpResult http_get(const HttpOrder& order, HttpReceiver& receiver) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw std::runtime_error("libcurl cannot be started");
  return Transfer(order, receiver).run();
}

std::string without_secrets(const std::string& url) {
  std::string shown = url.substr(0, url.find_first_of("?#"));
  const auto scheme = shown.find("://");
  if (scheme == std::string::npos) return shown;
  const auto host = scheme + 3;
  const auto at = shown.substr(0, shown.find('/', host)).rfind('@');
  if (at != std::string::npos && at >= host) shown.erase(host, at + 1 - host);
  return shown;
}

}  // namespace squall::agents
