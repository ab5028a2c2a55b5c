#include "coordinator/compare/output/comparison_rows.hpp"

#include "coordinator/compare/output/figure_words.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

std::string verdict_of(const FigureComparison& figure) {
  const std::string better = figure.better ? ", better" : "";
  if (!figure.margin) return "shown only" + better;
  return word(figure.judgement) + better;
}

}  // namespace

const std::vector<std::string>& comparison_headings() {
  static const std::vector<std::string> names{"figure", "base",   "run", "change",
                                              "95 %",   "margin", "p",   "verdict"};
  return names;
}

std::vector<std::string> cells_of(const FigureComparison& figure) {
  const auto median = [&](const std::vector<double>& values, double value) {
    return values.empty() ? "-" : readable_figure(value, figure.kind.unit);
  };
  const bool measured = figure.measured();
  const double worse = figure.kind.more_is_better ? -1 : 1;
  return {figure.figure,
          median(figure.base, figure.base_median),
          median(figure.run, figure.run_median),
          measured ? change_text(figure, figure.change) : "-",
          measured ? interval_text(figure) : "-",
          figure.margin ? change_text(figure, worse * *figure.margin) : "-",
          measured ? p_text(figure.margin ? figure.adjusted_p : figure.p) : "-",
          verdict_of(figure)};
}

std::string side_text(const char* role, const ComparedSide& side) {
  std::string text =
      std::string(role) + "  " + printable(side.name) + ": " + plural(side.runs.size(), "run");
  if (!side.runs.empty()) text += ", " + printable(side.runs.front());
  if (side.runs.size() > 1) text += " .. " + printable(side.runs.back());
  return text;
}

std::vector<std::string> remarks_of(const RunComparison& comparison) {
  std::vector<std::string> remarks;
  for (const auto* side : {&comparison.base, &comparison.run})
    for (const auto& left : side->left_out) remarks.push_back("left out: " + printable(left));
  for (const auto& each : comparison.comparability.accepted)
    remarks.push_back("differs on purpose: " + each.what + ": base " + printable(each.base) +
                      ", run " + printable(each.run));
  for (const auto& warning : comparison.comparability.warnings)
    remarks.push_back("warning: " + printable(warning, 300));
  for (const auto& note : comparison.notes) remarks.push_back(printable(note, 300));
  for (const auto& figure : comparison.figures)
    if (!figure.why.empty()) remarks.push_back(figure.figure + ": " + printable(figure.why, 300));
  return remarks;
}

}  // namespace squall::coordinator
