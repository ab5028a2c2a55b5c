#include "agents/serve/serve_metrics.hpp"

#include <algorithm>
#include <cstdio>

namespace squall::agents {

namespace {

std::string number_text(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", number);
  return text.data();
}

void append_heading(std::string& text, std::string_view name, std::string_view type,
                    std::string_view meaning) {
  (text += "# HELP ").append(name).append(" ").append(meaning).append("\n");
  (text += "# TYPE ").append(name).append(" ").append(type).append("\n");
}

void append_sample(std::string& text, std::string_view name, std::string_view labels,
                   double value) {
  text += name;
  if (!labels.empty()) (text += '{').append(labels).append("}");
  (text += ' ').append(number_text(value)).append("\n");
}

void append_single(std::string& text, std::string_view name, std::string_view type,
                   std::string_view meaning, std::uint64_t value) {
  append_heading(text, name, type, meaning);
  append_sample(text, name, {}, static_cast<double>(value));
}

}  // namespace

void DurationHistogram::record(std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bound = std::lower_bound(bounds.begin(), bounds.end(), seconds);
  ++counts_[static_cast<std::size_t>(bound - bounds.begin())];
  sum_ += seconds;
}

void DurationHistogram::append_to(std::string& text, std::string_view name,
                                  std::string_view meaning) const {
  append_heading(text, name, "histogram", meaning);
  const std::string bucket = std::string(name) + "_bucket";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    below += counts_[i];
    append_sample(text, bucket, "le=\"" + number_text(bounds[i]) + "\"",
                  static_cast<double>(below));
  }
  below += counts_.back();
  append_sample(text, bucket, "le=\"+Inf\"", static_cast<double>(below));
  append_sample(text, std::string(name) + "_sum", {}, sum_);
  append_sample(text, std::string(name) + "_count", {}, static_cast<double>(below));
}

void ServeMetrics::count_request(std::string_view route, unsigned status) {
  ++requests_[{std::string(route), status}];
}

std::string ServeMetrics::prometheus_text() const {
  std::string text;
  append_heading(text, "squall_requests_total", "counter",
                 "Requests answered, by route and status; 499: the client left.");
  for (const auto& [key, count] : requests_)
    append_sample(text, "squall_requests_total",
                  "route=\"" + key.first + "\",status=\"" + std::to_string(key.second) + "\"",
                  static_cast<double>(count));
  append_single(text, "squall_prompt_tokens_total", "counter", "Prompt tokens taken.",
                prompt_tokens);
  append_single(text, "squall_prompt_tokens_reused_total", "counter",
                "Prompt tokens that an earlier request had computed.", reused_tokens);
  append_single(text, "squall_generated_tokens_total", "counter", "Tokens of answers.",
                generated_tokens);
  append_single(text, "squall_requests_running", "gauge", "Requests in the batch.", load.running);
  append_single(text, "squall_requests_waiting", "gauge", "Requests waiting for the batch.",
                load.waiting);
  append_single(text, "squall_batch_limit", "gauge", "Requests that the batch takes at present.",
                load.batch_limit);
  append_heading(text, "squall_kv_pages", "gauge", "Pages of keys and values, by use.");
  append_sample(text, "squall_kv_pages", "use=\"running\"", static_cast<double>(load.pages_in_use));
  append_sample(text, "squall_kv_pages", "use=\"kept\"", static_cast<double>(load.pages_kept));
  const std::size_t used = std::min(load.pages, load.pages_in_use + load.pages_kept);
  append_sample(text, "squall_kv_pages", "use=\"free\"", static_cast<double>(load.pages - used));
  append_single(text, "squall_kv_bytes", "gauge", "Memory of all pages.", load.kv_bytes);
  append_single(text, "squall_connections", "gauge", "Open connections.", connections);
  first_token.append_to(text, "squall_time_to_first_token_seconds",
                        "From the request to its first token.");
  inter_token.append_to(text, "squall_inter_token_seconds",
                        "Between a token and the next of the same answer.");
  whole_answer.append_to(text, "squall_answer_seconds", "From the request to its last token.");
  return text;
}

}  // namespace squall::agents
