#include "coordinator/report/html/report_reading.hpp"

#include <algorithm>
#include <cmath>

#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

const Json nothing;

/// As a duration that can be counted in nanoseconds: a damaged report may tell of a million years.
nanoseconds in_nanoseconds(double seconds) {
  constexpr double most = 9e9;
  return std::chrono::round<nanoseconds>(
      std::chrono::duration<double>(std::clamp(seconds, -most, most)));
}

std::uint64_t whole(double value) {
  return static_cast<std::uint64_t>(std::clamp(value, 0.0, 1e18));
}

}  // namespace

const Json& part(const Json& from, std::initializer_list<const char*> path) {
  const Json* at = &from;
  for (const char* key : path) {
    if (!at->is_object()) return nothing;
    const auto found = at->find(key);
    if (found == at->end()) return nothing;
    at = &*found;
  }
  return *at;
}

const std::vector<Json>& entries(const Json& from) {
  static const std::vector<Json> none;
  const auto* list = from.get_ptr<const Json::array_t*>();
  return list != nullptr ? *list : none;
}

std::string text_in(const Json& from, const char* key) {
  const auto* text = part(from, {key}).get_ptr<const Json::string_t*>();
  return text != nullptr ? *text : std::string();
}

std::optional<double> number_in(const Json& from, const char* key) {
  const Json& value = part(from, {key});
  if (!value.is_number() || !std::isfinite(value.get<double>())) return std::nullopt;
  return value.get<double>();
}

std::uint64_t count_in(const Json& from, const char* key) {
  const Json& value = part(from, {key});
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

bool true_in(const Json& from, const char* key) {
  const Json& value = part(from, {key});
  return value.is_boolean() && value.get<bool>();
}

std::vector<std::string> texts_in(const Json& from, const char* key) {
  std::vector<std::string> texts;
  for (const Json& each : entries(part(from, {key})))
    if (each.is_string()) texts.push_back(each.get<std::string>());
  return texts;
}

std::vector<std::optional<double>> numbers_in(const Json& from, const char* key) {
  std::vector<std::optional<double>> numbers;
  for (const Json& each : entries(part(from, {key})))
    numbers.push_back(each.is_number() ? std::optional(each.get<double>()) : std::nullopt);
  return numbers;
}

std::string duration_text(const std::optional<double>& seconds) {
  return seconds ? readable(in_nanoseconds(*seconds)) : "–";
}

std::string rate_text(const std::optional<double>& per_second) {
  return per_second ? readable_rate(*per_second) : "–";
}

std::string bytes_text(const std::optional<double>& bytes) {
  return bytes ? readable_bytes(whole(*bytes)) : "–";
}

std::string share_text(const std::optional<double>& share) {
  return share ? readable_share(*share) : "–";
}

const Json& percentile_of(const Json& percentiles, double percentile) {
  for (const Json& each : entries(percentiles))
    if (number_in(each, "percentile") == percentile) return each;
  return nothing;
}

std::optional<actors::Histogram> histogram_of(const Json& row) {
  const Json& told = part(row, {"histogram"});
  if (!told.is_object()) return std::nullopt;
  actors::Histogram::Parts parts;
  for (const Json& pair : entries(part(told, {"counts"}))) {
    const auto& values = entries(pair);
    if (values.size() != 2 || !values[0].is_number_unsigned() || !values[1].is_number_unsigned() ||
        values[0].get<std::uint64_t>() >= actors::Histogram::bucket_limit)
      return std::nullopt;
    parts.counts.emplace_back(values[0].get<std::uint32_t>(), values[1].get<std::uint64_t>());
  }
  const auto exact = [&](const char* key) {
    const Json& value = part(told, {key});
    return nanoseconds(value.is_number_integer() ? value.get<std::int64_t>() : 0);
  };
  parts.underflow = count_in(told, "underflow");
  parts.overflow = count_in(told, "overflow");
  parts.sum = exact("sum_ns");
  parts.minimum = exact("minimum_ns");
  parts.maximum = exact("maximum_ns");
  auto histogram = actors::Histogram::from_parts(std::move(parts));
  if (!histogram || histogram->count() == 0) return std::nullopt;
  return histogram;
}

}  // namespace squall::coordinator
