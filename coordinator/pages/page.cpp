#include "coordinator/pages/page.hpp"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>

#include "coordinator/pages/content_policy.hpp"
#include "coordinator/pages/page_assets.hpp"
#include "coordinator/text/printable_text.hpp"

namespace squall::coordinator {

namespace {

using Tone = PageCell::Tone;

std::string class_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::good:
      return "good";
    case Tone::doubtful:
      return "doubtful";
    case Tone::bad:
      return "bad";
    case Tone::quiet:
      return "quiet";
  }
  assert(false);
  return "";
}

std::string element(std::string_view tag, std::string_view text) {
  const std::string name(tag);
  return "<" + name + ">" + escaped(text) + "</" + name + ">\n";
}

/// With its class attribute, where there is one.
std::string opened(const std::string& tag, const std::string& classes) {
  return "<" + tag + (classes.empty() ? "" : " class=\"" + classes + "\"") + ">";
}

std::string cell_html(const PageCell& cell, bool heads_row) {
  std::string classes = class_of(cell.tone);
  if (cell.number) classes += classes.empty() ? "number" : " number";
  if (heads_row) return opened("th scope=\"row\"", classes) + escaped(cell.text) + "</th>";
  return opened("td", classes) + escaped(cell.text) + "</td>";
}

/// A column of numbers has its heading over them.
bool is_number_column(const PageTable& table, std::size_t column) {
  return std::ranges::any_of(
      table.rows, [&](const auto& row) { return column < row.size() && row[column].number; });
}

std::string html_escaped(std::string_view text) {
  std::string result;
  for (const char c : text) switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  return result;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\n\t"), text.size());
    std::string_view stretch = text.substr(0, end);
    const bool line_ends = end < text.size() && text[end] == '\n';
    if (line_ends && stretch.ends_with('\r')) stretch.remove_suffix(1);
    result += html_escaped(printable(stretch, stretch.size()));
    if (end < text.size()) result += text[end];
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

std::string json_in_script(std::string json) {
  std::string result;
  result.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      result += "\\u003c";
    else if (c == '>')
      result += "\\u003e";
    else if (c == '&')
      result += "\\u0026";
    else
      result += c;
  }
  return result;
}

Page::Page(std::string title) : title_(std::move(title)) {}

void Page::verdict(Tone tone, std::string_view word, std::string_view why) {
  body_ += opened("section", "verdict " + class_of(tone)) + "\n" + "<p class=\"word\">" +
           escaped(word) + "</p>\n" + element("p", why) + "</section>\n";
}

void Page::banner(std::string_view text) {
  body_ += "<p class=\"banner\" role=\"note\">" + escaped(text) + "</p>\n";
}

void Page::section(std::string_view id, std::string_view heading) {
  sections_.emplace_back(id, heading);
  body_ += "<h2 id=\"" + escaped(id) + "\">" + escaped(heading) + "</h2>\n";
}

void Page::paragraph(std::string_view text) { body_ += element("p", text); }

void Page::list(const std::vector<std::string>& items) {
  if (items.empty()) return;
  body_ += "<ul>\n";
  for (const std::string& item : items) body_ += element("li", item);
  body_ += "</ul>\n";
}

void Page::table(const PageTable& table) {
  // A box that scrolls by itself has to be reachable by keyboard, and to say what it is.
  const std::string_view name = table.caption.empty() ? std::string_view("table") : table.caption;
  body_ += "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"" + escaped(name) +
           "\"><table>\n";
  if (!table.caption.empty()) body_ += element("caption", table.caption);
  if (!table.head.empty()) {
    body_ += "<thead><tr>";
    for (std::size_t i = 0; i < table.head.size(); ++i)
      body_ += opened("th scope=\"col\"", is_number_column(table, i) ? "number" : "") +
               escaped(table.head[i]) + "</th>";
    body_ += "</tr></thead>\n";
  }
  body_ += "<tbody>\n";
  for (const auto& row : table.rows) {
    body_ += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) body_ += cell_html(row[i], i == 0);
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void Page::chart(const Chart& chart) {
  charts_.push_back(chart);
  body_ += "<figure class=\"chart\" id=\"" + escaped(chart.id) + "\"><figcaption>" +
           escaped(chart.title) + "</figcaption></figure>\n";
}

void Page::preformatted(std::string_view heading, std::string_view text) {
  constexpr std::size_t most_lines = 24, most_bytes = 2000;
  const bool long_text = text.size() > most_bytes ||
                         static_cast<std::size_t>(std::ranges::count(text, '\n')) > most_lines;
  // A line end right after the tag would be dropped by the browser, so one is put there.
  const std::string block = "<pre tabindex=\"0\">\n" + escaped(text) + "</pre>";
  if (long_text)
    body_ += "<details><summary>" + escaped(heading) + "</summary>" + block + "</details>\n";
  else
    body_ += (heading.empty() ? "" : element("h3", heading)) + block + "\n";
}

void Page::glossary(const std::vector<std::pair<std::string, std::string>>& terms) {
  body_ += "<dl>\n";
  for (const auto& [term, meaning] : terms) body_ += element("dt", term) + element("dd", meaning);
  body_ += "</dl>\n";
}

namespace {

std::string head_of(const std::string& title) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
         content_policy(page_style(), page_scripts()) +
         "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n"
         "<meta name=\"referrer\" content=\"no-referrer\">\n" +
         element("title", title) + "<style>" + std::string(page_style()) + "</style>\n</head>\n";
}

std::string contents_of(const std::vector<std::pair<std::string, std::string>>& sections) {
  if (sections.size() < 2) return "";
  std::string html = "<nav aria-label=\"Contents\"><ul>\n";
  for (const auto& [id, heading] : sections)
    html += "<li><a href=\"#" + escaped(id) + "\">" + escaped(heading) + "</a></li>\n";
  return html + "</ul></nav>\n";
}

std::string charts_data(const std::vector<Chart>& charts) {
  nlohmann::ordered_json data = nlohmann::ordered_json::array();
  for (const Chart& chart : charts) data.push_back(chart_json(chart));
  using handler = nlohmann::ordered_json::error_handler_t;
  return "<script type=\"application/json\" id=\"squall-charts\">" +
         json_in_script(data.dump(-1, ' ', false, handler::replace)) + "</script>\n";
}

std::string drawn_by() {
  return "<footer>\n<p>Made by squall. One file: nothing is fetched from anywhere.</p>\n"
         "<details><summary>Charts are drawn by " +
         escaped(chart_library_name()) +
         " (MIT licence), which is part of this page</summary><pre>\n" +
         escaped(chart_library_licence()) + "</pre></details>\n</footer>\n";
}

}  // namespace

std::string Page::html() const {
  std::string html = head_of(title_);
  html += "<body>\n<a class=\"skip\" href=\"#content\">Skip to the content</a>\n<header>" +
          element("h1", title_) + "</header>\n";
  if (!charts_.empty())
    html += "<noscript><p class=\"banner\">Scripts are off: the charts of this page (" +
            std::to_string(charts_.size()) +
            ") are not drawn. The tables have their figures.</p></noscript>\n";
  html += contents_of(sections_) + "<main id=\"content\">\n" + body_ + "</main>\n";
  if (!charts_.empty()) html += drawn_by();
  html += charts_data(charts_);
  for (const std::string_view script : page_scripts())
    html += "<script>" + std::string(script) + "</script>\n";
  return html + "</body>\n</html>\n";
}

}  // namespace squall::coordinator
