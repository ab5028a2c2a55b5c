#include "coordinator/campaign/results/campaign_text.hpp"

#include <algorithm>

#include "coordinator/campaign/results/result_tables.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

namespace {

constexpr std::size_t longest_cell = 48;
constexpr std::size_t most_columns = 5;      // with more of them names have to be shorter
constexpr std::size_t room_of_figures = 66;  // columns of the terminal
constexpr std::size_t longest_why = 300;

Style style_of(ResultCell::Tone tone) {
  switch (tone) {
    case ResultCell::Tone::good:
      return Style::good;
    case ResultCell::Tone::doubtful:
      return Style::warning;
    case ResultCell::Tone::bad:
      return Style::bad;
    case ResultCell::Tone::quiet:
      return Style::dim;
    case ResultCell::Tone::plain:
      break;
  }
  return Style::plain;
}

Style style_of(const CampaignResults& results) {
  if (results.exit_code == 0) return Style::good;
  return results.exit_code == 12 ? Style::warning : Style::bad;
}

std::string table_text(const ResultTable& table, const CampaignTextStyle& style) {
  if (table.rows.empty()) return {};
  std::string alignment;
  for (std::size_t i = 0; i < table.head.size(); ++i)
    alignment += table.rows.front()[i].number ? 'r' : 'l';
  TextTable rows(alignment);
  TextTable::Row head;
  for (const auto& each : table.head) head.push_back({each, Style::dim});
  rows.add(std::move(head));
  const bool narrow = table.head.size() > most_columns && style.width < 160;
  const std::size_t name =
      narrow ? std::max<std::size_t>(20, style.width - room_of_figures) : longest_cell;
  for (const auto& row : table.rows) {
    TextTable::Row cells;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();  // the one that wraps
      cells.push_back({printable(row[i].text, last     ? longest_why
                                              : i == 0 ? name
                                                       : longest_cell),
                       style_of(row[i].tone)});
    }
    rows.add(std::move(cells));
  }
  return "\n" + styled(table.caption, Style::bold, style.colour) + "\n" +
         rows.render(style.width, style.colour);
}

/// Whatever means something to Markdown or HTML is written so that it means itself.
std::string for_markdown(const std::string& text) {
  std::string safe;
  for (const char c : printable(text, 1000)) {
    if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '&')
      safe += "&amp;";
    else if (std::string_view("\\`*_{}[]#|~!").find(c) != std::string_view::npos)
      safe += std::string("\\") + c;
    else
      safe += c;
  }
  return safe;
}

std::string table_markdown(const ResultTable& table) {
  if (table.rows.empty()) return {};
  std::string text = "\n## " + for_markdown(table.caption) + "\n\n|", line = "|";
  for (std::size_t i = 0; i < table.head.size(); ++i) {
    text += " " + for_markdown(table.head[i]) + " |";
    line += table.rows.front()[i].number ? "--:|" : ":--|";
  }
  text += "\n" + line + "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (const auto& cell : row) text += " " + for_markdown(cell.text) + " |";
    text += "\n";
  }
  return text;
}

std::string sentence_of(const CampaignResults& results) {
  return results.sentence + " (exit code " + std::to_string(results.exit_code) + ")";
}

std::vector<ResultTable> other_tables(const CampaignResults& results) {
  return {extremes_table(results), front_table(results), gate_table(results),
          trouble_table(results)};
}

}  // namespace

std::string campaign_text(const CampaignResults& results, const CampaignTextStyle& style) {
  std::string text = styled(printable(results.campaign), Style::bold, style.colour) + "\n";
  if (!results.description.empty())
    for (const auto& line : wrapped(printable(results.description, 1000), style.width))
      text += line + "\n";
  for (const auto& banner : results.banners)
    text += styled("*** " + printable(banner) + " ***", Style::warning, style.colour) + "\n";
  text += what_it_was(results) + "\n";
  text += table_text(cell_table(results, false), style);
  for (const auto& table : other_tables(results)) text += table_text(table, style);
  text += "\n";
  for (const auto& note : results.notes)
    for (const auto& line : wrapped(printable(note, 500), style.width)) text += line + "\n";
  for (const auto& line : wrapped(printable(sentence_of(results), 1000), style.width))
    text += styled(line, style_of(results), style.colour) + "\n";
  return text;
}

std::string campaign_markdown(const CampaignResults& results) {
  std::string text = "# " + for_markdown(results.campaign) + "\n\n**" +
                     for_markdown(sentence_of(results)) + "**\n\n";
  if (!results.description.empty()) text += for_markdown(results.description) + "\n\n";
  for (const auto& banner : results.banners) text += "**" + for_markdown(banner) + "**\n\n";
  text += for_markdown(what_it_was(results)) + "\n";
  text += table_markdown(cell_table(results, true));
  for (const auto& table : other_tables(results)) text += table_markdown(table);
  for (const auto& note : results.notes) text += "\n" + for_markdown(note) + "\n";
  return text;
}

}  // namespace squall::coordinator
