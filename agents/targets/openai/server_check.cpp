#include "agents/targets/openai/server_check.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <future>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "agents/broken_pipes.hpp"
#include "agents/targets/openai/http/response_parser.hpp"
#include "scenarios/text/printable_text.hpp"

namespace squall::agents {

namespace asio = boost::asio;
using actors::Failed;
using scenarios::on_one_line;

namespace {

constexpr std::chrono::seconds answer_time{15};
constexpr std::size_t largest_list = 4 << 20;
constexpr std::size_t names_shown = 10;

struct Fetched {
  Trouble trouble;
  unsigned status = 0;
  std::string body, location;
};

asio::awaitable<void> fetch(Dialer& dialer, const std::string request, Fetched& fetched) {
  const auto connection = dialer.new_connection();
  fetched.trouble = co_await dialer.dial(connection);
  if (fetched.trouble) co_return;
  for (std::string_view rest = request; !rest.empty();) {
    const IoResult result = connection->write_some(rest);
    if (result.state == IoResult::State::failed) fetched.trouble = Failed{result.failure};
    if (fetched.trouble) co_return;
    rest.remove_prefix(result.count);
    if (!rest.empty()) co_await connection->wait(result.state);
  }
  ResponseParser parser;
  std::array<char, 16384> buffer;
  for (auto step = ResponseParser::Step::need_more; step != ResponseParser::Step::end;) {
    co_await connection->wait(IoResult::State::wait_read);
    const IoResult result = connection->read_some(buffer);
    std::string_view bytes(buffer.data(), result.count), body;
    if (result.state == IoResult::State::closed) step = parser.closed();
    if (result.state == IoResult::State::failed) fetched.trouble = Failed{result.failure};
    if (result.state == IoResult::State::done)
      while ((step = parser.next(bytes, body)) == ResponseParser::Step::head ||
             step == ResponseParser::Step::body)
        if (step == ResponseParser::Step::body) fetched.body += body;
    if (step == ResponseParser::Step::failed) fetched.trouble = Failed{parser.failure()};
    if (fetched.body.size() > largest_list) fetched.trouble = Failed{"its answer is too large"};
    if (fetched.trouble) co_return;
  }
  fetched.status = parser.head().status;
  fetched.location = parser.head().location;
}

/// On a thread of its own, where a broken pipe is no signal.
Fetched fetch_in_time(const ServerQuestion& question) {
  Fetched fetched;
  fetched.trouble = Failed{"no answer in time"};
  std::exception_ptr error;
  std::thread([&] {
    const BrokenPipesIgnored while_it_lasts;
    try {
      asio::io_context context{1};
      Dialer dialer(context, question.dialing);
      const std::string request =
          "GET " + question.target + " HTTP/1.1\r\n" + question.header_fields + "\r\n";
      Fetched result;
      bool over = false;
      asio::co_spawn(context, fetch(dialer, request, result), [&](std::exception_ptr thrown) {
        error = thrown;
        over = true;
      });
      context.run_for(question.dialing.timeout + answer_time);
      if (over) fetched = std::move(result);
    } catch (...) {
      error = std::current_exception();
    }
  }).join();
  if (error) std::rethrow_exception(error);
  return fetched;
}

std::string advice_for(const std::string& reason) {
  if (reason == "connection refused") return "is it running, and on that port?";
  if (reason == "host name not found") return "is the host's name right?";
  if (reason.starts_with("TLS: the server does not")) return "it may want http:// instead";
  if (reason.starts_with("TLS: certificate is not trusted"))
    return "name its authority's certificate with ca_file";
  if (reason.starts_with("TLS: certificate does not"))
    return "use the host name that the certificate is for";
  if (reason.starts_with("malformed")) return "it may want https:// instead";
  return "is url right?";
}

[[noreturn]] void refuse(const ServerQuestion& question, const std::string& why) {
  throw std::invalid_argument("the server " + question.dialing.server.origin() + " " + why);
}

void refuse_status(unsigned status, const std::string& body, const ServerQuestion& question,
                   const ApiKey& key) {
  const std::string said = "answers HTTP " + std::to_string(status);
  if (status == 401 || status == 403)
    refuse(question, said +
                         (key.empty() ? ": it wants an API key; put it into "
                                      : ": it does not take the API key from ") +
                         question.key_source);
  if (status == 407) refuse(question, said + ": the proxy wants a user name and password");
  if (status >= 500 || status == 429)
    refuse(question, said + ": it is not ready: " + on_one_line(key.removed_from(body)));
}

std::string list_of(const std::vector<std::string>& names, const ApiKey& key) {
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < names_shown; ++i)
    list += (i > 0 ? ", '" : "'") + on_one_line(key.removed_from(names[i]), 100) + "'";
  if (names.size() > names_shown)
    list += " and " + std::to_string(names.size() - names_shown) + " more";
  return list;
}

}  // namespace

ServerFindings read_models(unsigned status, const std::string& body, const ServerQuestion& question,
                           const ApiKey& key) {
  ServerFindings findings{.model = question.wanted_model, .is_squall = false, .warnings = {}};
  if (status != 200) refuse_status(status, body, question, key);
  const auto json = nlohmann::json::parse(body, nullptr, false);
  std::vector<std::string> names;
  if (status == 200 && json.is_object() && json.contains("data") && json["data"].is_array())
    for (const auto& model : json["data"]) {
      if (!model.is_object() || !model.contains("id") || !model["id"].is_string()) continue;
      names.push_back(model["id"]);
      findings.is_squall =
          findings.is_squall || model.value("owned_by", nlohmann::json()) == "squall";
    }
  if (names.empty()) {
    findings.warnings.push_back("the server does not list its models (GET " + question.target +
                                ": HTTP " + std::to_string(status) +
                                "); if requests fail with HTTP 404 too, url may lack '/v1'");
  } else if (findings.model.empty() && names.size() == 1) {
    findings.model = names.front();
  } else if (findings.model.empty()) {
    refuse(question, "has several models; choose one as target.model: " + list_of(names, key));
  } else if (std::ranges::find(names, findings.model) == names.end()) {
    findings.warnings.push_back("the server does not list the model '" + findings.model +
                                "'; it has " + list_of(names, key));
  }
  return findings;
}

ServerFindings check_server(const ServerQuestion& question, const ApiKey& key) {
  const Fetched fetched = fetch_in_time(question);
  if (fetched.trouble) {
    const std::string reason = fetched.trouble->reason;
    refuse(question, "cannot be asked: " + reason + "; " + advice_for(reason));
  }
  if (fetched.status >= 300 && fetched.status < 400)
    refuse(question, "redirects to " + on_one_line(key.removed_from(fetched.location)) +
                         ", which is not followed; set url to where the API is");
  return read_models(fetched.status, fetched.body, question, key);
}

}  // namespace squall::agents
