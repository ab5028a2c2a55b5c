#include "coordinator/compare/output/comparison_text.hpp"

#include <algorithm>

#include "coordinator/compare/output/comparison_rows.hpp"
#include "coordinator/compare/rank_statistics.hpp"
#include "coordinator/text/markup_text.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

namespace {

Style style_of(const FigureComparison& figure) {
  if (!figure.margin) return Style::dim;
  switch (figure.judgement) {
    case Judgement::pass:
      return Style::good;
    case Judgement::regression:
      return Style::bad;
    default:
      return Style::warning;
  }
}

std::string table_text(const RunComparison& comparison, const ComparisonStyle& style) {
  TextTable table("lrrrrrrl");
  TextTable::Row heading;
  for (const auto& name : comparison_headings()) heading.push_back({name, Style::dim});
  table.add(heading);
  for (const auto& figure : comparison.figures) {
    TextTable::Row row;
    for (const auto& cell : cells_of(figure)) row.push_back({cell});
    row.back().style = style_of(figure);
    table.add(row);
  }
  return table.render(style.width, style.colour);
}

std::string differences_text(const RunComparison& comparison, const ComparisonStyle& style) {
  TextTable table("lll");
  table.add({{"differs", Style::dim}, {"base", Style::dim}, {"run", Style::dim}});
  for (const auto& each : comparison.comparability.differences)
    table.add({{each.what}, {printable(each.base, 60)}, {printable(each.run, 60)}});
  return table.render(style.width, style.colour);
}

Style style_of(const RunComparison& comparison) {
  if (comparison.judgement == Judgement::regression) return Style::bad;
  return exit_code(comparison) == 0 ? Style::good : Style::warning;
}

std::string markdown_row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const auto& cell : cells) row += " " + markdown_text(cell) + " |";
  return row + "\n";
}

}  // namespace

std::string comparison_text(const RunComparison& comparison, const ComparisonStyle& style) {
  std::string text;
  for (const auto& banner : comparison.banners)
    text += styled("*** " + printable(banner) + " ***", Style::warning, style.colour) + "\n";
  text += side_text("base", comparison.base) + "\n" + side_text("run ", comparison.run) +
          (comparison.paired ? "; in pairs, interleaved\n\n" : "\n\n");
  text += comparison.comparability.comparable() ? table_text(comparison, style)
                                                : differences_text(comparison, style);
  text += "\n";
  for (const auto& remark : remarks_of(comparison))
    for (const auto& line : wrapped(remark, style.width - 2)) text += "  " + line + "\n";
  text += "\n";
  const std::string sentence = printable(comparison.sentence, 1000) + " (exit code " +
                               std::to_string(exit_code(comparison)) + ")";
  for (const auto& line : wrapped(sentence, style.width))
    text += styled(line, style_of(comparison), style.colour) + "\n";
  return text;
}

std::string spread_text(const std::vector<RunFigures>& runs) {
  TextTable table("lrrrrr");
  TextTable::Row heading;
  for (const char* name : {"figure", "runs", "median", "spread", "lowest", "highest"})
    heading.push_back({name, Style::dim});
  table.add(heading);
  for (const Gate& gate : usual_gates()) {
    std::vector<double> values;
    for (const auto& run : runs) {
      const auto found = run.figures.find(gate.figure);
      if (run.usable() && found != run.figures.end()) values.push_back(found->second);
    }
    if (values.empty()) continue;
    const FigureUnit unit = kind_of_figure(gate.figure).unit;
    const double median = median_of(values);
    const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
    table.add({{gate.figure},
               {readable_count(values.size())},
               {readable_figure(median, unit)},
               {median > 0 ? readable_share(deviation_of(values) / median) : "-"},
               {readable_figure(*lowest, unit)},
               {readable_figure(*highest, unit)}});
  }
  return table.render(100, false) +
         "\n  spread: median absolute deviation from the median, as a share of it\n";
}

std::string comparison_markdown(const RunComparison& comparison) {
  std::string text = "### " + markdown_text(comparison.sentence) + "\n\n";
  for (const auto& banner : comparison.banners) text += "> " + markdown_text(banner) + "\n\n";
  text += "- " + markdown_text(side_text("base", comparison.base)) + "\n";
  text += "- " + markdown_text(side_text("run", comparison.run)) + "\n\n";
  if (comparison.comparability.comparable()) {
    text += markdown_row(comparison_headings()) + "|:--|--:|--:|--:|--:|--:|--:|:--|\n";
    for (const auto& figure : comparison.figures) text += markdown_row(cells_of(figure));
  } else {
    text += markdown_row({"differs", "base", "run"}) + "|:--|:--|:--|\n";
    for (const auto& each : comparison.comparability.differences)
      text += markdown_row({each.what, each.base, each.run});
  }
  text += "\n";
  for (const auto& remark : remarks_of(comparison)) text += "- " + markdown_text(remark) + "\n";
  return text;
}

}  // namespace squall::coordinator
