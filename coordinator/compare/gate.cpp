#include "coordinator/compare/gate.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "coordinator/text/readable_numbers.hpp"
#include "scenarios/schema/metric.hpp"
#include "scenarios/schema/nearest_name.hpp"

namespace squall::coordinator {

namespace {

constexpr const char* example = "; write for instance --gate e2e_p99=10%";

/// "p99" of "ttft_p99"; empty for figures that are no durations.
std::string statistic_of(const std::string& figure) {
  for (const auto& metric : scenarios::metric_table) {
    if (metric.kind != scenarios::MetricKind::duration) continue;
    const std::string start = std::string(metric.name) + "_";
    if (figure.rfind(start, 0) != 0) continue;
    const std::string rest = figure.substr(start.size());
    for (const char* known : {"mean", "p50", "p90", "p95", "p99", "p99.9"})
      if (rest == known) return rest;
  }
  return {};
}

bool is_plain_figure(const std::string& figure) {
  return figure == "tokens_per_second" || figure == "requests_per_second" ||
         figure == "error_rate" || figure == "accuracy";
}

std::vector<std::string> all_figures() {
  std::vector<std::string> names{"tokens_per_second", "requests_per_second", "error_rate",
                                 "accuracy"};
  for (const auto& metric : scenarios::metric_table)
    if (metric.kind == scenarios::MetricKind::duration)
      for (const char* statistic : {"mean", "p50", "p90", "p95", "p99", "p99.9"})
        names.push_back(std::string(metric.name) + "_" + statistic);
  return names;
}

void check_figure(const std::string& figure) {
  if (is_plain_figure(figure) || !statistic_of(figure).empty()) return;
  const auto names = all_figures();
  const std::vector<std::string_view> views(names.begin(), names.end());
  const auto near = scenarios::nearest(figure, views);
  throw GateMistake("unknown figure '" + figure + "'" +
                    (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?") + example);
}

double default_margin(const std::string& figure) {
  if (kind_of_figure(figure).by_difference()) return 0.01;
  const std::string statistic = statistic_of(figure);
  const bool tail = statistic == "p95" || statistic == "p99" || statistic == "p99.9";
  return tail ? 0.10 : 0.05;
}

double parse_margin(const std::string& text, const std::string& whole) {
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const std::string rest(end, text.data() + text.size());
  if (error != std::errc{} || (rest != "%" && rest != " %") || !(percent > 0) || percent >= 100)
    throw GateMistake("the margin in '" + whole + "' must be above 0% and below 100%" + example);
  return percent / 100;
}

}  // namespace

FigureKind kind_of_figure(const std::string& figure) {
  if (figure == "tokens_per_second" || figure == "requests_per_second")
    return {true, FigureUnit::per_second};
  if (figure == "error_rate") return {false, FigureUnit::share};
  if (figure == "accuracy") return {true, FigureUnit::share};
  return {false, FigureUnit::seconds};
}

std::string unit_of_figure(const std::string& figure) {
  if (figure == "tokens_per_second") return "tokens/s";
  switch (kind_of_figure(figure).unit) {
    case FigureUnit::seconds:
      return "s";
    case FigureUnit::share:
      return "share";
    case FigureUnit::per_second:
      break;
  }
  return "answers/s";
}

std::string readable_figure(double value, FigureUnit unit) {
  switch (unit) {
    case FigureUnit::seconds:
      return readable(std::chrono::nanoseconds(std::llround(value * 1e9)));
    case FigureUnit::per_second:
      return readable_rate(value);
    case FigureUnit::share:
      return readable_share(value);
  }
  return {};
}

std::vector<Gate> usual_gates() {
  return {{"tokens_per_second", 0.05},
          {"ttft_p50", 0.05},
          {"ttft_p99", 0.10},
          {"tpot_p50", 0.05, true},  // answers of one token have none
          {"error_rate", 0.01}};
}

std::vector<Gate> gates_of(const std::vector<std::string>& changes, bool only) {
  std::vector<Gate> gates = only ? std::vector<Gate>{} : usual_gates();
  for (const auto& change : changes) {
    const bool out = change.rfind('-', 0) == 0;
    const std::size_t equals = change.find('=');
    const std::string figure = change.substr(out ? 1 : 0, equals - (out ? 1 : 0));
    check_figure(figure);
    const auto same = std::find_if(gates.begin(), gates.end(),
                                   [&](const Gate& gate) { return gate.figure == figure; });
    if (out) {
      if (same == gates.end() || equals != std::string::npos)
        throw GateMistake("'" + change + "' takes out a gate that is not there" + example);
      gates.erase(same);
      continue;
    }
    const Gate gate{figure, equals == std::string::npos
                                ? default_margin(figure)
                                : parse_margin(change.substr(equals + 1), change)};
    if (same == gates.end())
      gates.push_back(gate);
    else
      *same = gate;
  }
  if (gates.empty()) throw GateMistake("no figure is left to judge by" + std::string(example));
  if (gates.size() > most_gates)
    throw GateMistake(
        "at most six figures can be gated together, since each makes the others "
        "harder to prove; take one out, such as --gate=-tpot_p50");
  return gates;
}

}  // namespace squall::coordinator
