#include "coordinator/compare/commands/compare_command.hpp"

#include <algorithm>
#include <cstdio>

#include "coordinator/commands/report_file.hpp"
#include "coordinator/commands/run_options.hpp"
#include "coordinator/compare/output/comparison_page.hpp"
#include "coordinator/compare/output/comparison_text.hpp"
#include "coordinator/compare/output/json_comparison.hpp"
#include "coordinator/compare/output/junit_comparison.hpp"
#include "coordinator/compare/run_selection.hpp"
#include "coordinator/live/terminal.hpp"
#include "scenarios/schema/nearest_name.hpp"

namespace squall::coordinator {

namespace {

struct Sides {
  std::vector<std::string> base, run;
};

Sides sides_of(const CompareOptions& options) {
  const bool by_option = !options.base.empty() || !options.run.empty();
  if (by_option && !options.names.empty())
    throw UsageError("name the runs either as BASE RUN or by --base and --run, not both ways");
  if (by_option && (options.base.empty() || options.run.empty()))
    throw UsageError("a comparison has two sides: --base RUN… --run RUN…");
  if (by_option) return {options.base, options.run};
  if (options.names.size() != 2)
    throw UsageError(
        "squall compare BASE RUN takes two names, each of one run or several (tag:main, last:5, "
        "a.json,b.json); with shell patterns: --base old/*.json --run new/*.json");
  return {{options.names[0]}, {options.names[1]}};
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : " ") + name;
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

void check_sides_are_apart(const std::vector<RunFigures>& base,
                           const std::vector<RunFigures>& run) {
  for (const auto& each : base)
    for (const auto& other : run)
      if (each.run == other.run)
        throw UsageError("run " + each.run + " is on both sides; compare it with others");
}

}  // namespace

ComparisonOptions comparison_options(const JudgingOptions& judging) {
  ComparisonOptions options;
  options.gates = gates_of(judging.gates, judging.only_these);
  options.also_shown = {"requests_per_second", "ttft_p95", "e2e_p50", "e2e_p99"};
  for (const auto& figure : judging.shown) {
    gates_of({figure}, true);  // refuses what is no figure
    options.also_shown.push_back(figure);
  }
  const auto& known = comparable_things();
  for (const auto& thing : judging.differing) {
    if (std::find(known.begin(), known.end(), thing) == known.end())
      throw UsageError("--differing does not know '" + thing + "'" +
                       scenarios::nearest_or_all(thing, known, "things"));
    options.differing.insert(thing);
  }
  return options;
}

struct ComparisonFiles::Files {
  ReportFile markdown, junit, json, html;
};

ComparisonFiles::ComparisonFiles(const JudgingOptions& judging)
    : files_(new Files{ReportFile(judging.markdown, "--markdown"),
                       ReportFile(judging.junit, "--junit"), ReportFile(judging.json),
                       ReportFile(judging.html, "--html")}) {}

ComparisonFiles::~ComparisonFiles() = default;

int ComparisonFiles::show(const RunComparison& comparison) {
  const bool terminal = colour_wanted(stdout);
  const std::size_t width = std::clamp<std::size_t>(terminal_width(stdout), 100, 120);
  const std::string text = comparison_text(comparison, {.colour = terminal, .width = width});
  std::fwrite(text.data(), 1, text.size(), stdout);
  bool written = true;
  if (files_->markdown.wanted())
    written = files_->markdown.write(comparison_markdown(comparison)) && written;
  if (files_->junit.wanted())
    written = files_->junit.write(junit_comparison(comparison)) && written;
  if (files_->json.wanted()) written = files_->json.write(json_comparison(comparison)) && written;
  if (files_->html.wanted()) written = files_->html.write(comparison_page(comparison)) && written;
  return written || comparison.ending ? exit_code(comparison) : 1;
}

int compare_command(const CompareOptions& options) {
  const Sides sides = sides_of(options);
  ComparisonOptions comparison = comparison_options(options.judging);
  comparison.paired = options.paired;
  comparison.base_name = joined(sides.base);
  comparison.run_name = joined(sides.run);
  RunSelection selection(store_file(options.store, options.state));
  auto base = selection.find(sides.base);
  auto run = selection.find(sides.run);
  check_sides_are_apart(base, run);
  if (options.paired && base.size() != run.size())
    throw UsageError("--paired needs as many runs on one side as on the other; there are " +
                     std::to_string(base.size()) + " and " + std::to_string(run.size()));
  ComparisonFiles files(options.judging);
  return files.show(compare_runs(std::move(base), std::move(run), comparison));
}

}  // namespace squall::coordinator
