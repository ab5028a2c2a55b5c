#pragma once
// A page as its readers have it: the text without scripts, and the data of its charts.

#include <nlohmann/json.hpp>
#include <string>

namespace squall::tests {

/// What a reader without scripts sees.
inline std::string text_of_page(const std::string& html) {
  const std::size_t body = html.find("<body>");
  return html.substr(body, html.find("<script") - body);
}

inline bool page_says(const std::string& html, const std::string& what) {
  return text_of_page(html).find(what) != std::string::npos;
}

inline nlohmann::json charts_of_page(const std::string& html) {
  const std::string open = "id=\"squall-charts\">";
  const std::size_t from = html.find(open) + open.size();
  return nlohmann::json::parse(html.substr(from, html.find("</script>", from) - from));
}

/// Null where there is none.
inline nlohmann::json chart_called(const nlohmann::json& charts, const std::string& id) {
  for (const nlohmann::json& chart : charts)
    if (chart.at("id") == id) return chart;
  return nullptr;
}

/// Null where there is none.
inline nlohmann::json series_called(const nlohmann::json& chart, const std::string& name) {
  if (chart.is_null()) return nullptr;
  for (const nlohmann::json& series : chart.at("series"))
    if (series.at("name") == name) return series;
  return nullptr;
}

}  // namespace squall::tests
