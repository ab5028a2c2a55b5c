#include "coordinator/compare/output/figure_words.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "coordinator/compare/run_comparison.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string signed_percent(double change) {
  const double percent = 100 * change;
  if (!std::isfinite(percent)) return percent < 0 ? "-inf" : "+inf";
  if (percent > 99'999) return ">+99999";
  if (std::abs(percent) < 0.05) return "0.0";  // no "-0.0"
  return formatted(std::abs(percent) < 99.95 ? "%+.1f" : "%+.0f", percent);
}

const char* unit_of(const FigureComparison& figure) {
  return figure.kind.by_difference() ? " points" : " %";
}

std::string names_of(const RunComparison& comparison, Judgement judgement) {
  std::string names;
  for (const auto& each : comparison.figures)
    if (each.margin && each.judgement == judgement) {
      names += (names.empty() ? "" : ", ") + each.figure;
      if (each.measured())
        names += " " + change_text(each, each.change) + " (" + interval_text(each) + ")";
    }
  return names;
}

std::string what_to_do(const RunComparison& comparison) {
  const std::string unit = comparison.paired ? "pair" : "run";
  const std::string a_side = comparison.paired ? "" : " a side";
  if (comparison.more_runs > 0)
    return "; about " + plural(comparison.more_runs, "more " + unit) + a_side + " may decide it";
  return "; longer runs, a quieter machine or wider margins may decide it";
}

}  // namespace

std::string change_text(const FigureComparison& figure, double change) {
  return signed_percent(change) + unit_of(figure);
}

std::string interval_text(const FigureComparison& figure) {
  const bool none = !std::isfinite(figure.low) && !std::isfinite(figure.high);
  if (none || (figure.low <= -1 && !std::isfinite(figure.high))) return "unknown";
  return signed_percent(figure.low) + " .. " + signed_percent(figure.high) + unit_of(figure);
}

std::string p_text(double p) { return p < 0.0001 ? "<0.0001" : formatted("%.4f", p); }

std::string sentence_of(const RunComparison& comparison) {
  switch (comparison.judgement) {
    case Judgement::pass:
      return "PASS: no gated figure is worse by its margin";
    case Judgement::regression:
      return "REGRESSION: " + names_of(comparison, Judgement::regression);
    case Judgement::inconclusive:
      return "INCONCLUSIVE: " + names_of(comparison, Judgement::inconclusive) +
             what_to_do(comparison);
    case Judgement::incomparable: {
      std::string what;
      for (const auto& each : comparison.comparability.differences)
        what += (what.empty() ? "" : ", ") + each.what;
      std::string as_option = what;
      std::erase(as_option, ' ');
      return "INCOMPARABLE: the runs differ in " + what + "; --differing " + as_option +
             " says that it is on purpose";
    }
  }
  return {};
}

}  // namespace squall::coordinator
