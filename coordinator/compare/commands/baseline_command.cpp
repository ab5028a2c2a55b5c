#include "coordinator/compare/commands/baseline_command.hpp"

#include <algorithm>
#include <cstdio>

#include "coordinator/commands/run_options.hpp"
#include "coordinator/compare/output/json_baseline.hpp"
#include "coordinator/compare/run_selection.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace {

/// Runs that may stand for "as it should be". A failed one would teach every later run to fail.
void check_accepted(const std::vector<RunFigures>& runs, bool accept_failed) {
  for (const auto& run : runs) {
    if (!run.usable())
      throw UsageError("run " + run.run + " is " + run.outcome +
                       " and cannot be part of a baseline; leave it out");
    if (run.outcome == "fail" && !accept_failed)
      throw UsageError("run " + run.run +
                       " failed its thresholds; leave it out, or accept it with --accept-failed");
  }
}

/// Whether the runs may stand together; tells why not.
bool agree(const std::vector<RunFigures>& runs) {
  const Comparability comparable = comparability(runs, runs);
  for (const auto& each : comparable.differences)
    std::fprintf(stderr, "squall: the runs differ in %s: %s\n", each.what.c_str(),
                 printable(each.base).c_str());
  for (const auto& warning : comparable.warnings)
    std::fprintf(stderr, "squall: warning: %s\n", printable(warning).c_str());
  return comparable.comparable();
}

int set_baseline(RunSelection& selection, const BaselineOptions& options,
                 std::vector<std::string> runs) {
  for (const auto& run : selection.find_stored(options.runs))
    if (std::find(runs.begin(), runs.end(), run) == runs.end()) runs.push_back(run);
  const auto figures = selection.find(runs);
  check_accepted(figures, options.accept_failed);
  if (!agree(figures)) {
    std::fprintf(stderr, "squall: a baseline needs runs of one kind; nothing was changed\n");
    return exit_code(Judgement::incomparable);
  }
  selection.store().set_baseline(options.name, runs);
  std::printf("baseline %s: %s\n", options.name.c_str(), plural(runs.size(), "run").c_str());
  if (runs.size() < fewest_runs)
    std::printf(
        "%zu more are needed before anything can be judged by it: squall baseline add %s "
        "RUN…\n",
        fewest_runs - runs.size(), options.name.c_str());
  return 0;
}

int list_baselines(RunSelection& selection, bool as_json) {
  const auto names = selection.store().baselines();
  if (as_json) {
    std::vector<NamedBaseline> all;
    for (const auto& name : names) all.push_back({name, selection.store().baseline(name)});
    std::fputs(json_baselines(all).c_str(), stdout);
    return 0;
  }
  for (const auto& name : names) {
    const auto runs = selection.store().baseline(name);
    const auto newest = selection.store().find(runs.back());
    std::printf("%s  %s, newest %s, scenario %s\n", name.c_str(),
                plural(runs.size(), "run").c_str(), runs.back().c_str(),
                printable(newest.beginning.scenario).c_str());
  }
  if (names.empty())
    std::puts("no baselines; squall baseline set NAME last:5 makes one of the newest five runs");
  return 0;
}

int show_baseline(RunSelection& selection, const BaselineOptions& options) {
  const auto runs = selection.store().baseline(options.name);
  if (options.print_json) {
    std::fputs(json_baselines({{options.name, runs}}).c_str(), stdout);
    return 0;
  }
  for (const auto& id : runs) {
    const auto run = selection.store().find(id);
    const auto figure = [&](const char* name) {
      const auto found = run.figures.find(name);
      return found == run.figures.end() ? std::string("-")
                                        : readable_figure(found->second, kind_of_figure(name).unit);
    };
    std::printf("%s  %s  %s  %s tokens/s  ttft p50 %s  p99 %s\n", id.c_str(),
                run.beginning.started_at.c_str(), run.outcome.c_str(),
                figure("tokens_per_second").c_str(), figure("ttft_p50").c_str(),
                figure("ttft_p99").c_str());
  }
  return 0;
}

}  // namespace

int baseline_command(const BaselineOptions& options) {
  RunSelection selection(store_file(options.store, options.state));
  switch (options.action) {
    case BaselineOptions::Action::set:
      return set_baseline(selection, options, {});
    case BaselineOptions::Action::add:
      return set_baseline(selection, options, selection.store().baseline(options.name));
    case BaselineOptions::Action::list:
      return list_baselines(selection, options.print_json);
    case BaselineOptions::Action::show:
      return show_baseline(selection, options);
    case BaselineOptions::Action::check:
      break;
    case BaselineOptions::Action::remove:
      selection.store().remove_baseline(options.name);
      std::printf("baseline %s is no more; its runs are kept\n", options.name.c_str());
      return 0;
  }
  return compare_command({.base = {"baseline:" + options.name},
                          .run = options.runs,
                          .judging = options.judging,
                          .store = options.store,
                          .state = options.state});
}

}  // namespace squall::coordinator
