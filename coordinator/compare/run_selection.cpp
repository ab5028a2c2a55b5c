#include "coordinator/compare/run_selection.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

namespace squall::coordinator {

const char* const naming_of_runs = R"(Runs are named by
  20261121-063341-4f2a      its id, or a beginning of it that only one has
  last, last~2, last:5      the newest, the third newest, the newest five
  tag:NAME                  all that have the tag (squall tag RUN NAME)
  baseline:NAME, or NAME    those of a baseline (squall baseline set NAME RUN…)
  report.json               a file that `squall run --json` wrote, or a run's folder
Several are separated by commas.)";

namespace {

std::vector<std::string> split(const std::vector<std::string>& names) {
  std::vector<std::string> all;
  for (const auto& each : names) {
    std::istringstream parts(each);
    for (std::string part; std::getline(parts, part, ',');)
      if (!part.empty()) all.push_back(part);
  }
  if (all.empty()) throw SelectionError("no run is named; last:5 are the newest five");
  return all;
}

bool is_file(const std::string& name) {
  return name.ends_with(".json") || name.find('/') != std::string::npos;
}

RunFigures figures_of_file(const std::string& name) {
  std::filesystem::path path = name;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) path /= "report.json";
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw SelectionError("cannot read " + path.string() + ": " + std::strerror(errno) +
                         "; a report is what `squall run --json FILE` writes");
  std::ostringstream text;
  text << file.rdbuf();
  try {
    RunFigures figures = figures_of_report(text.str());
    if (figures.run.empty()) figures.run = path.string();
    return figures;
  } catch (const ReportUnreadable& error) {
    throw ReportUnreadable(path.string() + " " + error.what());
  }
}

/// The 5 of "last:5".
std::optional<std::size_t> newest_of(const std::string& name) {
  if (!name.starts_with("last:")) return std::nullopt;
  std::size_t count = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + 5, end, count);
  if (parsed.ec != std::errc{} || parsed.ptr != end || count == 0)
    throw SelectionError("'" + name + "' should be a number of runs, such as last:5");
  return count;
}

bool is_baseline(const RunStore& store, const std::string& name) {
  const auto names = store.baselines();
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// set_baseline() takes no such names; stores of older releases may have some.
void check_names_no_run(const RunStore& store, const std::string& baseline) {
  const auto runs = store.list();
  const bool run_too = std::any_of(runs.begin(), runs.end(), [&](const StoredRun& run) {
    return run.beginning.run.starts_with(baseline);
  });
  if (baseline == "last" || run_too)
    throw SelectionError(
        "'" + baseline + "' names a baseline and a run: write baseline:" + baseline +
        " for the baseline; for the run " + (baseline == "last" ? "last~0" : "more of its id"));
}

}  // namespace

RunStore& RunSelection::store() {
  if (!store_) store_.emplace(file_);
  return *store_;
}

std::vector<StoredRun> RunSelection::stored(const std::string& name) {
  RunStore& runs = store();
  if (const auto newest = newest_of(name)) {
    RunQuery query;
    query.newest = *newest;
    auto found = runs.list(query);
    if (found.size() < *newest)
      throw SelectionError("there are only " + std::to_string(found.size()) +
                           " runs in the store, so no " + name);
    return found;
  }
  if (name.starts_with("tag:")) {
    RunQuery query;
    query.tag = name.substr(4);
    auto found = query.tag.empty() ? std::vector<StoredRun>{} : runs.list(query);
    if (found.empty()) runs.find(name);  // says what is wrong
    return found;
  }
  const bool said = name.starts_with("baseline:");
  const std::string baseline = said ? name.substr(9) : name;
  if (said || is_baseline(runs, baseline)) {
    if (!said) check_names_no_run(runs, baseline);
    std::vector<StoredRun> found;
    for (const auto& run : runs.baseline(baseline)) found.push_back(runs.find(run));
    return found;
  }
  return {runs.find(name)};
}

RunFigures RunSelection::figures_of(const StoredRun& run) {
  RunFigures figures;
  if (run.state == "finished")
    figures = read_stored(store(), run.beginning.run, figures_of_report);
  else
    figures.outcome = run.state;
  figures.run = run.beginning.run;
  return figures;
}

std::vector<RunFigures> RunSelection::find(const std::vector<std::string>& names) {
  std::vector<RunFigures> found;
  const auto add = [&](RunFigures run) {
    const auto same = [&](const RunFigures& each) { return each.run == run.run; };
    if (std::none_of(found.begin(), found.end(), same)) found.push_back(std::move(run));
  };
  for (const auto& name : split(names)) {
    if (is_file(name)) {
      add(figures_of_file(name));
    } else {
      for (const auto& run : stored(name)) add(figures_of(run));
    }
  }
  return found;
}

std::vector<std::string> RunSelection::find_stored(const std::vector<std::string>& names) {
  std::vector<std::string> found;
  for (const auto& name : split(names)) {
    if (is_file(name))
      throw SelectionError(name +
                           " is a file, and a baseline keeps stored runs; squall import takes "
                           "files that squall export wrote into the store");
    for (const auto& run : stored(name))
      if (std::find(found.begin(), found.end(), run.beginning.run) == found.end())
        found.push_back(run.beginning.run);
  }
  return found;
}

}  // namespace squall::coordinator
