#pragma once
// Reading a JSON report whose version is not known: what is missing or of another kind is null,
// empty or absent, so that a page leaves it out. Nothing here throws.

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/metrics/histogram.hpp"

namespace squall::coordinator {

using Json = nlohmann::json;

/// What lies at this path of keys; null where nothing does.
const Json& part(const Json& from, std::initializer_list<const char*> path);

/// The entries of an array; none of anything else.
const std::vector<Json>& entries(const Json& from);

std::string text_in(const Json& from, const char* key);  // numbers and the like: empty
std::optional<double> number_in(const Json& from, const char* key);
std::uint64_t count_in(const Json& from, const char* key);  // 0 where there is none
bool true_in(const Json& from, const char* key);
std::vector<std::string> texts_in(const Json& from, const char* key);
std::vector<std::optional<double>> numbers_in(const Json& from, const char* key);

/// Of a figure of the report, in seconds: "12.3 ms", or a dash.
std::string duration_text(const std::optional<double>& seconds);
std::string rate_text(const std::optional<double>& per_second);
std::string bytes_text(const std::optional<double>& bytes);
std::string share_text(const std::optional<double>& share);

/// A list of percentiles' entry for this one; null where there is none.
const Json& percentile_of(const Json& percentiles, double percentile);

/// Of a duration's row: its histogram again. Empty where it is missing or cannot be one.
std::optional<actors::Histogram> histogram_of(const Json& row);

}  // namespace squall::coordinator
