// A capacity report written as a page, as Markdown and as text. What others wrote (names of
// scenarios, models, runs) stays text in each of them.

#include <algorithm>

#include "coordinator/pages/page.hpp"
#include "coordinator/plan/output/plan_document.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

namespace {

using Tone = PageCell::Tone;

constexpr std::size_t longest_cell = 400, longest_line = 2000;
constexpr std::size_t widest_text_cell = 60;

// ---- Markdown

std::string for_markdown(const std::string& text, std::size_t most) {
  std::string escaped_text;
  for (const char c : printable(text, most)) {
    if (c == '<') {
      escaped_text += "&lt;";
    } else if (c == '>') {
      escaped_text += "&gt;";
    } else if (c == '&') {
      escaped_text += "&amp;";
    } else {
      if (std::string_view("|\\*`[]_#~!").find(c) != std::string_view::npos) escaped_text += '\\';
      escaped_text += c;
    }
  }
  return escaped_text;
}

std::string markdown_table(const PageTable& table) {
  std::string text;
  if (!table.caption.empty()) text += "**" + for_markdown(table.caption, longest_cell) + "**\n\n";
  text += "|";
  for (const auto& head : table.head) text += " " + for_markdown(head, longest_cell) + " |";
  text += "\n|";
  for (std::size_t i = 0; i < table.head.size(); ++i) {
    const bool number =
        !table.rows.empty() && i < table.rows.front().size() && table.rows.front()[i].number;
    text += number ? "--:|" : ":--|";
  }
  text += "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (const auto& cell : row) text += " " + for_markdown(cell.text, longest_cell) + " |";
    text += "\n";
  }
  return text + "\n";
}

/// Lines indented by four: no mark-up within, whatever they hold.
std::string markdown_code(const std::string& text) {
  std::string code = "    ";
  for (const char c : text) {
    if (c == '\n')
      code += "\n    ";
    else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
      code += c;
    else
      code += c == '\t' ? ' ' : '?';
  }
  return code + "\n\n";
}

std::string markdown_section(const DocumentSection& section) {
  std::string text = "## " + for_markdown(section.heading, longest_cell) + "\n\n";
  for (const auto& each : section.paragraphs) text += for_markdown(each, longest_line) + "\n\n";
  for (const auto& each : section.items) text += "- " + for_markdown(each, longest_line) + "\n";
  if (!section.items.empty()) text += "\n";
  for (const auto& table : section.tables) text += markdown_table(table);
  for (const auto& [heading, body] : section.texts)
    text += "### " + for_markdown(heading, longest_cell) + "\n\n" + markdown_code(body);
  for (const auto& [term, meaning] : section.terms)
    text += "- **" + for_markdown(term, longest_cell) +
            "**: " + for_markdown(meaning, longest_line) + "\n";
  return text;
}

// ---- text

Style style_of(Tone tone) {
  switch (tone) {
    case Tone::good:
      return Style::good;
    case Tone::doubtful:
      return Style::warning;
    case Tone::bad:
      return Style::bad;
    case Tone::quiet:
      return Style::dim;
    case Tone::plain:
      break;
  }
  return Style::plain;
}

std::string text_table(const PageTable& table, const DocumentTextStyle& style) {
  std::string alignment;
  for (std::size_t i = 0; i < table.head.size(); ++i) {
    const bool number =
        !table.rows.empty() && i < table.rows.front().size() && table.rows.front()[i].number;
    alignment += number ? 'r' : 'l';
  }
  TextTable columns(alignment);
  TextTable::Row heading;
  for (const auto& head : table.head)
    heading.push_back({printable(head, widest_text_cell), Style::dim});
  columns.add(heading);
  for (const auto& row : table.rows) {
    TextTable::Row cells;
    for (std::size_t i = 0; i < row.size(); ++i)
      cells.push_back(
          {printable(row[i].text, i + 1 == row.size() ? longest_cell : widest_text_cell),
           style_of(row[i].tone)});
    columns.add(std::move(cells));
  }
  return columns.render(style.width, style.colour);
}

std::string text_section(const DocumentSection& section, const DocumentTextStyle& style) {
  std::string text;
  const auto add = [&](const std::string& sentence, const char* first) {
    bool begun = false;
    for (const auto& line : wrapped(printable(sentence, longest_line), style.width - 4)) {
      text += (begun ? "    " : first) + line + "\n";
      begun = true;
    }
  };
  for (const auto& each : section.paragraphs) add(each, "  ");
  for (const auto& each : section.items) add(each, "  - ");
  for (const auto& table : section.tables) {
    if (!text.empty()) text += "\n";
    if (!table.caption.empty()) text += "  " + printable(table.caption, longest_cell) + "\n";
    text += text_table(table, style);
  }
  if (text.empty()) return {};
  return styled(section.heading, Style::bold, style.colour) + "\n" + text + "\n";
}

}  // namespace

std::string document_page(const PlanDocument& document) {
  Page page(document.title);
  page.verdict(document.tone, document.word, document.why);
  for (const auto& banner : document.banners) page.banner(banner);
  for (const auto& section : document.sections) {
    page.section(section.id, section.heading);
    for (const auto& each : section.paragraphs) page.paragraph(each);
    if (!section.items.empty()) page.list(section.items);
    for (const auto& table : section.tables) page.table(table);
    for (const auto& chart : section.charts) page.chart(chart);
    for (const auto& [heading, body] : section.texts) page.preformatted(heading, body);
    if (!section.terms.empty()) page.glossary(section.terms);
  }
  return page.html();
}

std::string document_markdown(const PlanDocument& document) {
  std::string text = "# " + for_markdown(document.title, longest_cell) + "\n\n";
  text += "**" + for_markdown(document.word, longest_cell) +
          "**: " + for_markdown(document.why, longest_line) + "\n\n";
  for (const auto& banner : document.banners)
    text += "> " + for_markdown(banner, longest_line) + "\n\n";
  for (const auto& section : document.sections) {
    const bool only_charts = section.paragraphs.empty() && section.items.empty() &&
                             section.tables.empty() && section.texts.empty() &&
                             section.terms.empty();
    if (!only_charts) text += markdown_section(section);
  }
  return text;
}

std::string document_text(const PlanDocument& document, const DocumentTextStyle& style) {
  std::string text = styled(printable(document.title, longest_cell), Style::bold, style.colour);
  text += "\n";
  for (const auto& banner : document.banners)
    text +=
        styled("*** " + printable(banner, longest_cell) + " ***", Style::warning, style.colour) +
        "\n";
  text += "\n";
  for (const auto& section : document.sections) text += text_section(section, style);
  for (const auto& line :
       wrapped(printable(document.word + ": " + document.why, longest_line), style.width))
    text += styled(line, style_of(document.tone), style.colour) + "\n";
  return text;
}

}  // namespace squall::coordinator
