#include "coordinator/store_commands/list_command.hpp"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "coordinator/live/terminal.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"
#include "coordinator/text/text_table.hpp"

namespace squall::coordinator {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t name_limit = 24;

TextTable::Cell figure(const StoredRun& run, const char* name,
                       std::string (*readable_form)(double)) {
  const auto found = run.figures.find(name);
  return {found == run.figures.end() ? "-" : readable_form(found->second)};
}

std::string duration(double seconds) {
  return readable(std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds)));
}

Style style_of(const std::string& outcome) {
  if (outcome == "pass") return Style::good;
  if (outcome == "fail" || outcome == "invalid") return Style::bad;
  return outcome == "running" ? Style::bold : Style::warning;
}

/// "2026-11-21 06:33" of "2026-11-21T06:33:41Z".
std::string minute_of(std::string instant) {
  if (instant.size() > 16 && instant[10] == 'T') {
    instant.resize(16);
    instant[10] = ' ';
  }
  return printable(instant, 20);
}

std::string tags_of(const StoredRun& run) {
  std::string tags;
  for (const auto& tag : run.tags) tags += (tags.empty() ? "" : " ") + tag;
  return printable(tags, 200);
}

TextTable::Cell name_cell(const std::string& text) {
  return {text.empty() ? "-" : printable(text, name_limit)};
}

TextTable::Cell outcome_cell(const StoredRun& run) {
  const std::string outcome = run.state == "finished" ? printable(run.outcome, 20) : run.state;
  return {outcome, style_of(outcome)};
}

struct Column {
  const char* title;
  char side;
  TextTable::Cell (*cell)(const StoredRun& run);
  int place;  // where the width does not suffice, columns with the highest go first; 0: stays
};

using Run = const StoredRun&;
constexpr Column all_columns[]{
    {"run", 'l', [](Run run) { return TextTable::Cell{printable(run.beginning.run, 40)}; }, 0},
    {"started (UTC)", 'l',
     [](Run run) { return TextTable::Cell{minute_of(run.beginning.started_at)}; }, 3},
    {"scenario", 'l', [](Run run) { return name_cell(run.beginning.scenario); }, 0},
    {"model", 'l', [](Run run) { return name_cell(run.model); }, 2},
    {"load", 'l', [](Run run) { return name_cell(run.load); }, 4},
    {"tokens/s", 'r', [](Run run) { return figure(run, "tokens_per_second", readable_rate); }, 0},
    {"ttft p50", 'r', [](Run run) { return figure(run, "ttft_p50", duration); }, 5},
    {"ttft p99", 'r', [](Run run) { return figure(run, "ttft_p99", duration); }, 1},
    {"errors", 'r', [](Run run) { return figure(run, "error_rate", readable_share); }, 0},
    {"outcome", 'l', outcome_cell, 0},
    {"tags", 'l', [](Run run) { return TextTable::Cell{tags_of(run)}; }, 0}};

/// The table of the columns that stay when all from `place` on are left out.
TextTable table_of(const std::vector<StoredRun>& runs, int place) {
  std::string sides;
  TextTable::Row head;
  for (const auto& column : all_columns) {
    if (column.place >= place) continue;
    sides += column.side;
    head.push_back({column.title, Style::dim});
  }
  TextTable table(sides);
  table.add(std::move(head));
  for (const auto& run : runs) {
    TextTable::Row row;
    for (const auto& column : all_columns)
      if (column.place < place) row.push_back(column.cell(run));
    table.add(std::move(row));
  }
  return table;
}

bool fits(const std::string& text, std::size_t width) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (width_of(std::string_view(text).substr(at, end - at)) > width) return false;
    at = end + 1;
  }
  return true;
}

json or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json to_json(const StoredRun& run) {
  return {{"run", run.beginning.run},
          {"state", run.state},
          {"outcome", or_null(run.outcome)},
          {"started_at", run.beginning.started_at},
          {"scenario",
           {{"name", run.beginning.scenario},
            {"hash", run.beginning.scenario_hash},
            {"file", run.beginning.scenario_file}}},
          {"model", or_null(run.model)},
          {"model_fingerprint", or_null(run.model_fingerprint)},
          {"hardware_fingerprint", or_null(run.hardware_fingerprint)},
          {"load", or_null(run.load)},
          {"figures", run.figures},
          {"tags", run.tags},
          {"tool_version", run.beginning.tool_version},
          {"folder", or_null(run.beginning.folder)}};
}

}  // namespace

std::string list_text(const std::vector<StoredRun>& runs, std::size_t width, bool colour) {
  int place = 6;
  while (place > 1 && !fits(table_of(runs, place).render(width, false), width)) --place;
  return table_of(runs, place).render(width, colour);
}

std::string list_json(const std::vector<StoredRun>& runs) {
  json all = json::array();
  for (const auto& run : runs) all.push_back(to_json(run));
  const json out{{"schema", "squall-runs/1"}, {"runs", std::move(all)}};
  return out.dump(2, ' ', false, json::error_handler_t::replace);
}

std::size_t list_width() {
  constexpr std::size_t of_a_file = 200;
  return isatty(STDOUT_FILENO) == 1 ? terminal_width(stdout) : of_a_file;
}

int list_command(const RunStore& store, const StoreOrders& orders) {
  RunQuery query{.scenario = orders.scenario, .tag = orders.tag};
  if (!orders.outcome.empty()) query.outcome = orders.outcome;
  auto runs = store.list(query);
  const std::size_t all = runs.size();
  const std::size_t left_out = orders.newest > 0 && all > orders.newest ? all - orders.newest : 0;
  runs.erase(runs.begin(), runs.begin() + static_cast<std::ptrdiff_t>(left_out));
  if (orders.json) {
    std::printf("%s\n", list_json(runs).c_str());
    return 0;
  }
  if (runs.empty()) {
    const bool any = query.scenario.empty() && query.tag.empty() && !query.outcome;
    std::fputs(any ? "There are no runs in this store; squall run makes one.\n"
                   : "No run in this store is like that; squall list shows what there is.\n",
               stdout);
    return 0;
  }
  std::fputs(list_text(runs, list_width(), colour_wanted(stdout)).c_str(), stdout);
  if (left_out > 0)
    std::printf("  and %s before them: -n 0 lists all\n", plural(left_out, "run").c_str());
  return 0;
}

}  // namespace squall::coordinator
